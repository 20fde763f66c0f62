"""How pages say what a watch asks for, what is known, and how long ago. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo

from watchers.models import Reason
from watchers.money import Basis, decimal_amount, exponent, minor_units, spoken
from watchers.shops import shop as shop  # noqa: PLC0414 - pages say it with all the other words
from watchers.target import Search, Target
from watchers.watch import BackInStock, Below, Condition, Drop, HistoricLow, Markets, NewListing, Watch

BASES = {
    "any": "Any kind of price",
    Basis.FACE: "Face value (fees come on top)",
    Basis.ALL_IN: "All-in (with all fees)",
    Basis.RESALE: "Resale (asked by another fan; fees may come on top)",
    Basis.LISTING: "List price of a shop (taxes may follow)",
}
BASIS = {
    Basis.FACE: "face value, fees come on top",
    Basis.ALL_IN: "all-in, with all fees",
    Basis.RESALE: "resale, fees may come on top",
    Basis.LISTING: "list price, taxes may follow",
}
BASIS_NAME = {
    Basis.FACE: "face value",
    Basis.ALL_IN: "all-in",
    Basis.RESALE: "resale",
    Basis.LISTING: "list price",
}
_BASIS_OF_LIMIT: Mapping[str, str] = {
    "any": "",
    **{basis: f" {name}" for basis, name in BASIS_NAME.items()},
}
REASONS = {
    Reason.BELOW_LIMIT: "under your limit",
    Reason.DROPPED: "dropped as much as you asked for",
    Reason.HISTORIC_LOW: "lower than on any of the days you named",
    Reason.FURTHER_DROP: "dropped further",
    Reason.NEW_LISTING: "newly listed",
    Reason.BACK_IN_STOCK: "available again",
    Reason.STATUS_CHANGED: "changed",
    Reason.TEST: "a test that somebody asked for",
    Reason.CODE: "a code that somebody asked for",
}


_JUST_NOW = timedelta(seconds=10)
_A_DAY = timedelta(days=1)


def condition(asked: Condition, currency: str | None = None) -> str:
    """``at or under $90.00``. ``currency``: of the prices that are known, for a saving in money."""
    match asked:
        case Below():
            return f"at or under {exact(asked.limit, asked.currency)}{_BASIS_OF_LIMIT[asked.basis]}"
        case Drop():
            return _drop(asked, currency)
        case HistoricLow():
            return f"lowest in {asked.days} days{_BASIS_OF_LIMIT[asked.basis]}"
        case NewListing():
            return "new dates"
        case BackInStock():
            return "back in stock"
    return "on-sale dates, cancelled or moved"


def _drop(asked: Drop, currency: str | None) -> str:
    basis = _BASIS_OF_LIMIT[asked.basis]
    if asked.min_saving is None:
        return f"{asked.percent:g} % off{basis}"
    saving = f"{asked.min_saving} (in the shop's currency)"
    if currency:
        saving = spoken(minor_units(asked.min_saving, currency), currency)
    return f"{asked.percent:g} % and at least {saving} off{basis}"


def exact(minor: int, currency: str) -> str:
    """``$90.00``: a limit with all its digits, so that nobody wonders what was understood."""
    text = spoken(minor, currency)
    amount = decimal_amount(minor, currency)
    is_cut = exponent(currency) and amount == amount.to_integral_value()
    return f"{text}.{'0' * exponent(currency)}" if is_cut else text


def asked_of(watch: Watch) -> str:
    """What is watched, in one line."""
    targets = watch.target.markets if isinstance(watch.target, Markets) else (watch.target,)
    return "; ".join(map(_target, targets))


def _target(target: Target) -> str:
    country = f" ({target.country})" if target.country else ""
    if target.search is None:
        return f"{shop(target.provider)} {target.item}{country}"
    return f"{shop(target.provider)} search: {_search(target.search)}{country}"


def _search(search: Search) -> str:
    place = ", ".join(filter(None, (search.city, search.country)))
    parts = (search.keyword, search.category, place, _days(search.date_from, search.date_to))
    return ", ".join(filter(None, (*parts, "/".join(search.weekdays))))


def _days(first: date | None, last: date | None) -> str:
    said = (f"from {_day(first)}" if first else "", f"to {_day(last)}" if last else "")
    return " ".join(filter(None, said))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def weekday(day: date) -> str:
    """``Sat 9 Jan 2027``."""
    return f"{day:%a} {_day(day)}"


UNKNOWN_THERE = frozenset({"not_found", "missing", "bad_id"})
"""Why a look failed, where the shop knows nothing by the id."""


def many(number: int, what: str) -> str:
    """``1 call``, ``2,000 calls``."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def span(length: timedelta) -> str:
    """``40 s``, ``5 min``, ``2 h``, ``3 days``."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    if seconds < 3600:  # noqa: PLR2004
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 2 * 86400 else f"{seconds // 86400} days"


def ago(at: datetime, now: datetime) -> str:
    """``5 min ago``."""
    return "just now" if now - at < _JUST_NOW else f"{span(now - at)} ago"


def moment(at: datetime, zone: tzinfo) -> str:
    """``14 Jun 19:30``, on the person's own clock."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """``07:00`` of something within a day from now; with its date when it is further off."""
    return f"{at.astimezone(zone):%H:%M}" if abs(at - now) < _A_DAY else moment(at, zone)


def second(at: datetime, now: datetime, zone: tzinfo) -> str:
    """``10:40:09`` of something today; with its date when it was another day."""
    local = at.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M:%S}" if is_today else f"{local.day} {local:%b %H:%M:%S}"
