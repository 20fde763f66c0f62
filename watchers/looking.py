"""One answer about one target: tell those it concerns, then let the target's row move on.

The row moves only when everybody concerned was told: a watch that could not be recorded, or a bug that
everybody meets, keeps the whole observation unseen, so that a later tick decides it again. Those who were
told are not told twice. A job nobody can read is passed over, and a bug that only some watches meet, or that
stays, must not blind the others: the row moves, and those watches are asked again at every look.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from watchers import encoding
from watchers.documents import Documents
from watchers.history import History, milliseconds
from watchers.observation import Observation
from watchers.places import Places
from watchers.rows import EVERYBODY, Gate, Interest, Row

if TYPE_CHECKING:
    from watchers.models import Alert
    from watchers.telling import Told

PATIENCE = 3  # looks kept unseen for a bug that nobody concerned escapes


class Looked(msgspec.Struct):
    """What one observation led to; ``failures`` counts watches by why they were not told.

    ``changed``: it said something else than the one before; ``moved``: the row has moved on to it.
    """

    alerts: "list[Alert]"
    held: int
    failures: Counter[str]
    changed: bool
    moved: bool = True


UNEVENTFUL = Looked([], 0, Counter(), changed=False)
"""It said what the look before it said, and nobody had to be asked."""


def look(
    documents: Documents,
    places: Places,
    row: Row,
    now: Observation,
    *,
    due_at: Callable[[], datetime] | None = None,
    told: Callable[[], None] = lambda: None,
    dry_run: bool = False,
) -> Looked:
    """Tell everybody whom ``now`` concerns; move the row if nothing was left undone.

    ``due_at``: when alerts that are created now are to be sent (``telling.tell``). ``told`` is called as soon
    as some were.

    Raises:
        StoreError: nobody could be looked up; the row did not move.
        ValueError: this is no observation of the row's target, or none that a board could keep; the same.
    """
    if now.target.id != row.target.id or now.at.tzinfo is None:
        raise ValueError(
            f"asked about {row.target.id}, answered about {now.target.id} at {now.at.isoformat()}"
        )
    if row.repeats_with(now):
        return UNEVENTFUL
    now = row.history.comparable(now)
    history = row.history.after(now)
    changed = _values(history) != _values(row.history)
    if changed:
        _refuse_unkeepable(row, history)
    interests, outcomes = list(row.concerned(now)), dict[str, "Told | str"]()
    if interests or row.fresh:
        from watchers.concerned import tell_all  # noqa: PLC0415 - the rules are loaded by the first news

        outcomes = tell_all(documents, places, row, interests, now, due_at=due_at, told=told, dry_run=dry_run)
    crashed = [watch_id for watch_id, one in outcomes.items() if one == "crashed"]
    looked = _looked(outcomes, changed=changed)
    row.asked_ms, row.urgent = milliseconds(now.at), bool(looked.held or looked.failures["unrecorded"])
    if looked.failures["unrecorded"] or _is_for_later(row, crashed, outcomes):
        row.failures = row.failures + 1 if crashed else 0
        return structs.replace(looked, changed=False, moved=False)
    _reset_gate(row, interests, outcomes)
    row.failures, row.unseen_why, row.fresh = 0, "", tuple(crashed)
    row.record(history)
    if not (changed or outcomes or interests):
        row.settle(now)
    return looked


def _is_for_later(row: Row, crashed: list[str], outcomes: "Mapping[str, Told | str]") -> bool:
    """Whether a bug is new and nobody escaped it: then it may soon be mended, and the news can wait."""
    is_new = not set(crashed) <= set(row.fresh) and row.failures < PATIENCE
    return is_new and all(isinstance(outcome, str) for outcome in outcomes.values())


def _refuse_unkeepable(row: Row, history: History) -> None:
    """What comes of a provider's bug must not reach the board, which it would spoil for everybody.

    Raises:
        ValueError: what was seen cannot be written, or not read again.
    """
    try:
        encoding.unpacked(
            encoding.packed(replace(row, history=history)), milliseconds(history.seen_at or row.since)
        )
    except (TypeError, encoding.UnreadableBoardError) as exc:
        raise ValueError(f"what was seen of {row.target.id} cannot be kept") from exc


def _looked(outcomes: "Mapping[str, Told | str]", *, changed: bool) -> Looked:
    told = [outcome for outcome in outcomes.values() if not isinstance(outcome, str)]
    return Looked(
        alerts=[alert for one in told for alert in one.alerts],
        held=sum(one.decision.held for one in told),
        failures=Counter(one for one in outcomes.values() if isinstance(one, str) and one != "gone"),
        changed=changed,
    )


def _reset_gate(row: Row, interests: list[Interest], outcomes: "Mapping[str, Told | str]") -> None:
    """Everybody behind the gate was asked: shut it there, and open it where they want to be asked next."""
    if EVERYBODY in interests:
        row.gate = Gate()
    for interest in interests:
        row.gate.narrow(interest)
    for one in outcomes.values():
        if not isinstance(one, str):
            one.open(row.gate, row.target.id)


def _values(history: History) -> tuple[object, ...]:
    """What was seen, without when."""
    latest = {key: runs[-1].value for key, runs in history.prices.items() if runs}
    availability = history.availability[-1].value if history.availability else None
    return latest, availability, history.facts, len(history.listed.digests) if history.listed else None
