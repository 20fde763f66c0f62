"""How pages say what a watch asks for, what is known, and how long ago. Pure."""

from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from watchers import dates
from watchers.language import Sayings, say, say_many, to_say
from watchers.models import Reason
from watchers.money import Basis, decimal_amount, exponent, minor_units, spoken
from watchers.next_text import BASIS_NAME as BASIS_NAME  # noqa: PLC0414 - pages say it with all the other words
from watchers.shops import shop as shop  # noqa: PLC0414 - as above
from watchers.target import Search, Target
from watchers.watch import BackInStock, Below, Condition, Drop, HistoricLow, Markets, NewListing, Watch
from web.forms import ANY_DROP

BASES = Sayings(
    {
        "any": to_say("Any kind of price"),
        Basis.FACE: to_say("Face value (fees come on top)"),
        Basis.ALL_IN: to_say("All-in (with all fees)"),
        Basis.RESALE: to_say("Resale (asked by another fan; fees may come on top)"),
        Basis.LISTING: to_say("List price of a shop (taxes may follow)"),
    }
)
BASIS = Sayings(
    {
        Basis.FACE: to_say("face value, fees come on top"),
        Basis.ALL_IN: to_say("all-in, with all fees"),
        Basis.RESALE: to_say("resale, fees may come on top"),
        Basis.LISTING: to_say("list price, taxes may follow"),
    }
)
REASONS = Sayings(
    {
        Reason.BELOW_LIMIT: to_say("under your limit"),
        Reason.DROPPED: to_say("dropped as much as you asked for"),
        Reason.HISTORIC_LOW: to_say("lower than on any of the days you named"),
        Reason.FURTHER_DROP: to_say("dropped further"),
        Reason.NEW_LISTING: to_say("newly listed"),
        Reason.BACK_IN_STOCK: to_say("available again"),
        Reason.STATUS_CHANGED: to_say("changed"),
        Reason.TEST: to_say("a test that somebody asked for"),
        Reason.CODE: to_say("a code that somebody asked for"),
    }
)


_JUST_NOW = timedelta(seconds=10)
_A_DAY = timedelta(days=1)


def condition(asked: Condition, currency: str | None = None) -> str:
    """``at or under $90.00``. ``currency``: of the prices that are known, for a saving in money."""
    match asked:
        case Below():
            limit = exact(asked.limit, asked.currency)
            return say("at or under {limit}{basis}", limit=limit, basis=_of_limit(asked.basis))
        case Drop():
            return _drop(asked, currency)
        case HistoricLow():
            return say("lowest in {days} days{basis}", days=asked.days, basis=_of_limit(asked.basis))
        case NewListing():
            return say("new dates")
        case BackInStock():
            return say("back in stock")
    return say("on-sale dates, cancelled or moved")


def _of_limit(basis: Basis | Literal["any"]) -> str:
    return "" if basis == "any" else f" {BASIS_NAME[basis]}"


def _drop(asked: Drop, currency: str | None) -> str:
    basis, percent = _of_limit(asked.basis), f"{asked.percent:g}"
    if asked.min_saving is None and asked.percent == ANY_DROP:
        return say("any drop{basis}", basis=basis)
    if asked.min_saving is None:
        return say("{percent} % off{basis}", percent=percent, basis=basis)
    saving = say("{amount} (in the shop's currency)", amount=asked.min_saving)
    if currency:
        saving = spoken(minor_units(asked.min_saving, currency), currency)
    return say("{percent} % and at least {saving} off{basis}", percent=percent, saving=saving, basis=basis)


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
    asked = f"{_search(target.search)}{country}"
    return say("{shop} search: {asked}", shop=shop(target.provider), asked=asked)


def _search(search: Search) -> str:
    place = ", ".join(filter(None, (search.city, search.country)))
    parts = (search.keyword, search.category, place, _days(search.date_from, search.date_to))
    return ", ".join(filter(None, (*parts, "/".join(map(say, search.weekdays)))))


def _days(first: date | None, last: date | None) -> str:
    said = (
        say("from {day}", day=_day(first)) if first else "",
        say("to {day}", day=_day(last)) if last else "",
    )
    return " ".join(filter(None, said))


def _day(day: date) -> str:
    return dates.full(day)


def weekday(day: date) -> str:
    """``Sat 9 Jan 2027``."""
    return f"{dates.weekday(day)} {dates.full(day)}"


UNKNOWN_THERE = frozenset({"not_found", "missing", "bad_id"})
"""Why a look failed, where the shop knows nothing by the id."""


def many(number: int, what: str) -> str:
    """``1 call``, ``2,000 calls``."""
    match what:
        case "call":
            return say_many("{number} call", "{number} calls", number)
        case "target":
            return say_many("{number} target", "{number} targets", number)
        case "offer":
            return say_many("{number} offer", "{number} offers", number)
        case "alert":
            return say_many("{number} alert", "{number} alerts", number)
        case "segment":
            return say_many("{number} segment", "{number} segments", number)
    return f"{number:,} {what}{'s' * (number != 1)}"


def span(length: timedelta) -> str:
    """``40 s``, ``5 min``, ``2 h``, ``3 days``."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    if seconds < 3600:  # noqa: PLR2004
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return say_many("{number} day", "{number} days", seconds // 86400)


def ago(at: datetime, now: datetime) -> str:
    """``5 min ago``."""
    return say("just now") if now - at < _JUST_NOW else say("{length} ago", length=span(now - at))


def moment(at: datetime, zone: tzinfo) -> str:
    """``14 Jun 19:30``, on the person's own clock."""
    local = at.astimezone(zone)
    return f"{dates.short(local)} {local:%H:%M}"


def event_time(at: datetime, zone: tzinfo, *, is_local: bool = False) -> str:
    """``Sat 9 Jan 2027 19:30 (local time)``; where that is not known, on the person's own clock.

    A moment in UTC is one whose own clock is not known, unless it ``is_local``.
    """
    if is_local or at.utcoffset():
        return say("{when} (local time)", when=f"{weekday(at)} {at:%H:%M}")
    local = at.astimezone(zone)
    return say("{when} (your time)", when=f"{weekday(local)} {local:%H:%M}")


def event_day(starts_at: datetime | None, starts_on: date | None, zone: tzinfo) -> str:
    """When an event is, as far as that is announced; empty while it is not.

    Providers say the day only as it is at the venue: where it is that of the moment, so is the clock.
    """
    if starts_at:
        return event_time(starts_at, zone, is_local=starts_on == starts_at.date())
    return weekday(starts_on) if starts_on else ""


def clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """``07:00`` of something within a day from now; with its date when it is further off."""
    return f"{at.astimezone(zone):%H:%M}" if abs(at - now) < _A_DAY else moment(at, zone)


def second(at: datetime, now: datetime, zone: tzinfo) -> str:
    """``10:40:09`` of something today; with its date when it was another day."""
    local = at.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M:%S}" if is_today else f"{dates.short(local)} {local:%H:%M:%S}"
