"""What a person changes about a watch in one word: snooze, stop, bought, resume, below.

``snooze`` and its like are pure: from the fields of the person's own document to the fields that change, none
where it is so already. ``plan`` and ``apply`` do it by compare-and-set, and only to that person's document;
the worker learns of it as of any other change. What ends a watch is never refused; anything else must leave a
watch that ``watchers.asked.read_watch`` accepts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from watchers.asked import Refusal, read_watch
from watchers.documents import Document, Documents, Update
from watchers.errors import ConflictError, Fault, StoreUnavailableError, WatchRefusedError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.places import Places
from watchers.watch import Watch

Fields = Mapping[str, Any]
Change = Callable[[Fields], dict[str, Any]]

ATTEMPTS = 5
GONE = to_say("This watch does not exist any more. Nothing more will come from it.")
NO_LIMIT = to_say("This watch has no price limit, so there is none to change.")
OTHER_CURRENCY = to_say(
    "This watch counts in {currency}. Write the price in {currency}, or as a plain number."
)
_SAME_TIME = timedelta(minutes=1)  # a button pressed twice is one snooze
_WHERE = re.compile(r"conditions \d+(, \w+)?|maxPrice|date_to|snoozed_until")


def snooze(fields: Fields, until: datetime) -> dict[str, Any]:
    """Tell nothing before ``until``; what is found meanwhile is kept, and told then."""
    known = fields.get("snoozed_until")
    if isinstance(known, datetime) and abs(known - until) < _SAME_TIME:
        return {}
    return {"snoozed_until": until}


def stop(fields: Fields) -> dict[str, Any]:
    """Watch nothing until resumed; what has ended stays so, and takes no seat again."""
    return {} if fields.get("status") == "ended" else _changed(fields, {"status": "paused"})


def bought(fields: Fields) -> dict[str, Any]:
    """Watch nothing any more."""
    return _changed(fields, {"status": "ended"})


def resume(fields: Fields) -> dict[str, Any]:
    """Watch, and tell at once."""
    return _changed(fields, {"status": "active", "snoozed_until": None})


def below(fields: Fields, amount: Decimal, means: Callable[[str], bool] | None = None) -> dict[str, Any]:
    """A new limit, for every ``below`` condition. ``means``: whether the amount may be of this currency.

    Raises:
        WatchRefusedError: there is no limit to change, or it counts in another currency.
    """
    if "eventId" in fields:  # the plain shape of the first generation
        _require_currency(["USD"], means)
        whole = amount == amount.to_integral_value()
        return _changed(fields, {"maxPrice": int(amount) if whole else float(amount)})
    said = fields.get("conditions")
    conditions = list(said) if isinstance(said, list | tuple) else []
    limits = [one for one in conditions if _is_limit(one)]
    if not limits:
        raise WatchRefusedError([NO_LIMIT])
    _require_currency([str(one.get("currency")) for one in limits], means)
    lowered = [{**one, "price": f"{amount:f}"} if _is_limit(one) else one for one in conditions]
    return _changed(fields, {"conditions": lowered})


def _is_limit(condition: object) -> bool:
    return isinstance(condition, Mapping) and condition.get("kind") == Kind.BELOW


def _require_currency(currencies: list[str], means: Callable[[str], bool] | None) -> None:
    for currency in currencies if means else ():
        if means and not means(currency):
            raise WatchRefusedError([say(OTHER_CURRENCY, currency=currency)])


def _changed(fields: Fields, wanted: Fields) -> dict[str, Any]:
    """Those that are not so yet; a status that was never written is ``active``."""
    known = {"status": "active", **fields}
    return {name: value for name, value in wanted.items() if known.get(name) != value}


# ── doing it ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Planned:
    """A change that is allowed: the document as it was read, what to write, and the watch it becomes.

    ``watch`` is ``None`` only where a document that is no watch is stopped.
    """

    source: Document
    writes: tuple[Update, ...]
    watch: Watch | None


def plan(
    documents: Documents,
    places: Places,
    refusal: Refusal,
    change: Change,
    *,
    uid: str,
    watch_id: str,
    now: datetime,
) -> Planned:
    """What to commit for this change of one of this person's watches.

    Raises:
        WatchRefusedError: with sentences: the watch is gone, or cannot be changed like that.
    """
    source = documents.get(places.source(uid, watch_id))
    if source is None:
        raise WatchRefusedError([GONE])
    changes = change(source.fields)
    watch = _read({**source.fields, **changes}, refusal, now, is_ending=changes.keys() <= {"status"})
    return Planned(source, (Update(source.path, changes, source.version),) if changes else (), watch)


def apply(
    documents: Documents,
    places: Places,
    refusal: Refusal,
    change: Change,
    *,
    uid: str,
    watch_id: str,
    now: datetime,
) -> Planned:
    """Change the watch; returns what was done. Doing it again changes nothing.

    Raises:
        WatchRefusedError: as ``plan``.
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    for _ in range(ATTEMPTS):
        planned = plan(documents, places, refusal, change, uid=uid, watch_id=watch_id, now=now)
        try:
            if planned.writes:
                documents.commit(*planned.writes)
        except ConflictError:
            continue
        return planned
    raise StoreUnavailableError(f"watch {watch_id} kept changing")


def _read(fields: Fields, refusal: Refusal, now: datetime, *, is_ending: bool) -> Watch | None:
    try:
        return read_watch(fields, refusal, now)
    except WatchRefusedError as refused:
        if is_ending and fields.get("status") in ("paused", "ended"):
            return None
        raise WatchRefusedError([_worded(one) for one in refused.faults]) from None


def _worded(fault: Fault) -> str:
    """What ``read_watch`` says, without the name of a field that whoever presses a button does not see."""
    said = fault.said if _WHERE.fullmatch(fault.place) else str(fault)
    return said[:1].upper() + said[1:]
