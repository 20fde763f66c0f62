"""What is known of what somebody is about to watch: what its market says, and what is recorded of its prices.

Its market is asked only where nobody did in the last five minutes, out of the calls kept for people, and for
each person so often. Its board is read, and two chunks of history at most. What is not known is left out, and
why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace
from pydantic import ValidationError

from watchers import price_history, rules, suggesting
from watchers.catalog.catalog import REMEMBERED
from watchers.catalog.inquiry import Answered
from watchers.errors import StoreUnavailableError
from watchers.history import History
from watchers.language import say
from watchers.money import PriceKey
from watchers.observation import Availability, Observation, Price
from watchers.price_history import Series
from watchers.rows import Row
from watchers.suggesting import Record
from watchers.target import Target
from watchers.watch import read_target
from web import forms, words
from web.forms import Form
from web.plans import Plans
from web.site import site


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known.

    Attributes:
        target: What would be watched; of several markets the first. ``None``: nothing that could be.
        plans: The boards that were read for it.
        now: The time (aware UTC).
        seen: What its market says; ``why`` not, as a sentence, where it does not.
        row: What its board knows.
        series: Its past prices.
        records: What that comes to, by kind of price.
        is_unknown: Whether its market says that it knows nothing by this id.
    """

    target: Target | None
    plans: Plans
    now: datetime
    seen: Observation | None = None
    why: str = ""
    row: Row | None = None
    series: Series | None = None
    records: Mapping[PriceKey, Record] = field(default_factory=dict)
    is_unknown: bool = False

    @property
    def before(self) -> History:
        """What a new watch would find."""
        return self.row.history if self.row else History()

    @property
    def latest(self) -> Observation | None:
        """The latest that was seen, by whomever, as a look of now; ``None``: nobody ever saw it."""
        if self.seen is not None:
            return replace(self.seen, at=self.now)
        if self.target is None or self.row is None or self.row.history.seen_at is None:
            return None
        return _of_row(self.target, self.row, self.now)

    @property
    def is_over(self) -> bool:
        """Whether it is an event that has taken place."""
        return self.latest is not None and rules.is_over(self.latest)

    @property
    def currency(self) -> str | None:
        """In which its prices are."""
        return next((key.currency for key in self.records), None)

    def of_basis(self, basis: str) -> Mapping[PriceKey, Record]:
        """The records that a condition on this basis speaks of; ``any``: all."""
        return {key: one for key, one in self.records.items() if basis in ("any", key.basis)}


def target_of(form: Form) -> Target | None:
    """What a form would watch; of several markets the first. ``None`` where that cannot be told."""
    asked = forms.document(form)["target"]
    if "markets" in asked:
        asked = next(iter(asked["markets"]), {})
    try:
        target = read_target(asked)
    except ValidationError:
        return None
    return target if target.provider in site().providers else None


def unseen() -> Sight:
    """Of nothing yet."""
    return Sight(None, site().plans(), site().now())


def over(target: Target, plans: Plans) -> str | None:
    """That an event has taken place, as a sentence, where anything here knows it; nobody is asked."""
    catalog, now = site().catalog, site().now()
    seen = catalog.known(target) if catalog else None
    row = plans.rows([target]).get(target.id) if target.provider in site().providers else None
    known = Sight(target, plans, now, seen, row=row)
    latest = known.latest
    return past(latest) if latest and known.is_over else None


def unknown(target: Target, uid: str) -> str | None:
    """That its market knows nothing by this id, as a sentence; asked only where nobody did just now."""
    catalog = site().catalog
    if catalog is None or target.search is not None or catalog.known(target):
        return None
    if site().providers.get(target.provider) != "on" or site().searches.wait(uid, site().now()):
        return None
    if not catalog.look(target).is_unknown:
        return None
    return say("{shop} knows nothing by this id: check it.", shop=words.shop(target.provider))


def past(seen: Observation) -> str:
    """``This took place on Sat 9 Jan 2027 …``."""
    day = seen.starts_on or (seen.starts_at.date() if seen.starts_at else seen.at.date())
    return say(
        "This took place on {day}: it is over. Search for another date, or watch any date.",
        day=words.weekday(day),
    )


def sight(target: Target | None, uid: str) -> Sight:
    """What is known of a target; of what the database does not tell, nothing. Never raises.

    Args:
        target: One item or search.
        uid: For whom its market is asked.
    """
    if target is None:
        return unseen()
    plans, now = site().plans(), site().now()
    answered = _looked(target, uid)
    seen = answered.seen
    try:
        row = plans.rows([target]).get(target.id)
        since = now - REMEMBERED
        runs = row.history.prices if row else None
        series = price_history.read_target(site().documents, target.id, since, runs)
    except StoreUnavailableError:
        row, series = None, None
    records = _records(seen, row, series)
    return Sight(target, plans, now, seen, str(answered.why), row, series, records, answered.is_unknown)


def _looked(target: Target, uid: str) -> Answered:
    catalog = site().catalog
    if catalog is None:
        return Answered(None)
    if seen := catalog.known(target):
        return Answered(seen)
    if (state := site().providers.get(target.provider)) != "on":
        shop = words.shop(target.provider)
        return Answered(None, say("{shop} is switched off here: {why}.", shop=shop, why=state))
    if wait := site().searches.wait(uid, site().now()):
        said = say("You have searched very often just now. Look again in {span}.", span=words.span(wait))
        return Answered(None, said)
    answered = catalog.look(target)
    if answered.seen:
        return Answered(answered.seen)
    said = say("{shop} was not seen: {why}", shop=words.shop(target.provider), why=answered.why)
    return replace(answered, why=said)


def _records(seen: Observation | None, row: Row | None, series: Series | None) -> dict[PriceKey, Record]:
    now = dict(seen.buyable_prices) if seen else {}
    steps = series.steps if series else {}
    lows = row.history.lows if row else {}
    keys = sorted({*now, *steps})
    at = seen.at if seen else site().now()
    found = {key: suggesting.record(key, now.get(key), at, steps.get(key, ()), lows.get(key)) for key in keys}
    return {key: one for key, one in found.items() if one}


def _of_row(target: Target, row: Row, now: datetime) -> Observation:
    history, facts = row.history, row.history.facts
    latest = {key: runs[-1] for key, runs in history.prices.items() if runs}
    newest = max((run.last_ms for run in latest.values()), default=0)
    return Observation(
        target,
        now,
        status=facts.status if facts else None,
        starts_at=facts.starts_at if facts else None,
        starts_on=facts.starts_on if facts else None,
        availability=history.availability[-1].value if history.availability else Availability.UNKNOWN,
        prices=tuple(Price(*key, run.value) for key, run in latest.items() if run.last_ms == newest),
    )
