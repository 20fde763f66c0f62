"""Why a watch fired, and why it did not: the recent observations decided again.

Nothing is logged for each look. Because ``decide`` is pure and the board keeps recent looks, the same
answers come out again. What a watch was actually told is in the outbox; this shows the reasoning.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from watchers import next_text
from watchers.documents import Documents
from watchers.history import History, Run, Runs, moment
from watchers.homes import Peek
from watchers.jobs import Job
from watchers.language import Sayings, say, to_say
from watchers.memory import WatchState
from watchers.models import Alert, Reason
from watchers.money import PriceKey, spoken
from watchers.news import headline
from watchers.observation import Availability, Observation, Price
from watchers.rows import Row
from watchers.rules import Decision, decide, rule_sentence
from watchers.target import Target
from watchers.watch import Condition, NewListing, StatusChange, Watch

NOT_REPLAYED = to_say("Announcements and new listings are not replayed; what was told is below.")
REASONS = Sayings(
    {
        Reason.BELOW_LIMIT: to_say("at or under the limit"),
        Reason.DROPPED: to_say("dropped enough"),
        Reason.HISTORIC_LOW: to_say("lowest of the days asked for"),
        Reason.FURTHER_DROP: to_say("dropped further"),
        Reason.NEW_LISTING: to_say("newly listed"),
        Reason.BACK_IN_STOCK: to_say("available again"),
        Reason.STATUS_CHANGED: to_say("announced or changed"),
        Reason.TEST: to_say("a test message"),
        Reason.CODE: to_say("a one-time code"),
        Reason.FIRST_LOOK: to_say("first look, not true yet"),
        Reason.TAKEN_AS_TOLD: to_say("already true when saved"),
        Reason.NOT_TRUE: to_say("not true"),
        Reason.ALREADY_TOLD: to_say("already told"),
        Reason.REARMED: to_say("clearly false again: counts anew"),
        Reason.SECOND_LOOK: to_say("waits for a second look"),
        Reason.NEW_PRICE_KEY: to_say("a kind of price not published before"),
        Reason.NOT_ENOUGH_HISTORY: to_say("not watched long enough"),
        Reason.NOT_KNOWN: to_say("not known"),
        Reason.OUT_OF_DATE: to_say("older than what is known"),
        Reason.EVENT_OVER: to_say("the event is over"),
    }
)
"""Every reason in a few words, for people; documents and JSON keep the codes."""

_UNREPLAYABLE = (NewListing, StatusChange)  # the board keeps only the latest of what these are decided on

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Explained:
    """One look: what was seen, in words, and what it meant to the watch."""

    at: datetime
    target_id: str
    seen: str
    decision: Decision


def replay(job: Job, row: Row) -> list[Explained]:
    """Decide the looks that the row still remembers again, since what is asked now was asked.

    Looks in a row that saw the same are shown once or twice: the first, and the last. Announcements and
    listings are not among them; the board keeps only the latest.
    """
    asked_at = datetime.fromisoformat(job.rule_version).replace(microsecond=0)  # as past looks are
    state, before, explained = WatchState(), History(), list[Explained]()
    for now in _looks(row.target, row.history):
        if now.at >= asked_at:
            decision = decide(job.watch, state, before, now)
            state = decision.state
            explained.append(Explained(now.at, row.target.id, _seen(now), decision))
        before = before.after(now)
    return explained


def _looks(target: Target, history: History) -> Iterator[Observation]:
    every_run: list[Run[Any]] = [run for runs in history.prices.values() for run in runs]
    every_run.extend(history.availability)
    moments = sorted({ms for run in every_run for ms in (run.first_ms, run.last_ms)})
    for ms in moments:
        prices = {key: _value(runs, ms) for key, runs in history.prices.items()}
        yield Observation(
            target,
            moment(ms),
            availability=_value(history.availability, ms) or Availability.UNKNOWN,
            prices=tuple(Price(*key, low) for key, low in prices.items() if low is not None),
        )


def _value(runs: Runs[V], ms: int) -> V | None:
    return next((run.value for run in runs if run.first_ms <= ms <= run.last_ms), None)


def _seen(now: Observation) -> str:
    prices = [_priced(key, price) for key, price in now.buyable_prices.items()]
    return ", ".join(prices) or (
        say("not available") if now.availability is Availability.UNAVAILABLE else say("no price")
    )


def _priced(key: PriceKey, price: int) -> str:
    return f"{spoken(price, key.currency)} {key.basis.replace('_', '-')}"


def explain(documents: Documents, job: Job, alerts: Iterable[Alert]) -> dict[str, Any]:
    """Everything about one watch, for an operator: state, rule, recent looks, and what was sent."""
    peek = Peek(documents)
    return {
        "watch": job.watch_id,
        "name": job.watch.name,
        "state": "watching" if job.targets else "deleted" if job.deleted_at else "stopped",
        "not_replayed": say(NOT_REPLAYED) if any(map(_is_unreplayable, job.watch.conditions)) else None,
        "targets": [_explained(peek, job, target) for target in job.targets.values()],
        "alerts": [
            {
                "at": alert.created_at,
                "code": alert.code,
                "channel": str(alert.channel),
                "reason": str(alert.news.reason),
                "state": str(alert.state),
                "why": alert.why,
            }
            for alert in sorted(alerts, key=lambda alert: alert.created_at)
        ],
    }


def _explained(peek: Peek, job: Job, target: Target) -> dict[str, Any]:
    row = peek.row(target.id)
    said = {"target": target.id, "asked": target.to_document(), "state": "not looked at yet", "rule": None}
    if row is None:
        return said | {"looks": []}
    state = _state(row)
    keys = [PriceKey.parse(name) for name in job.state.of(target.id).tracks]
    rules = [(key, rule) for key in keys if (rule := rule_sentence(job.watch, job.state, target.id, key))]
    looks = [_told(job.watch, explained) for explained in replay(job, row)]
    return said | {
        "state": state,
        "rule": " ".join(next_text.each(rules)) or None,
        "looks": looks,
    }


def _state(row: Row) -> str:
    seen_at = row.history.seen_at
    seen = f"last seen {seen_at:%d %b %H:%M:%S} UTC" if seen_at else "never seen"
    failed = f"; the last look failed: {row.unseen_why}" if row.unseen_why else ""
    return f"{'blind, ' if row.blind else ''}{seen}{failed}"


def _told(watch: Watch, explained: Explained) -> dict[str, Any]:
    """One look without what cannot be known again; its reason is ``None`` when nothing is left to say."""
    every = explained.decision.verdicts
    kept = [one for one in every if not _is_unreplayable(watch.conditions[one.condition])]
    verdicts = [
        {
            "condition": one.condition,
            "price_key": str(one.key) if one.key else None,
            "reason": str(one.reason),
        }
        for one in kept
    ]
    reason = str(headline(kept).reason) if kept or not every else None
    return {"at": explained.at, "seen": explained.seen, "reason": reason, "verdicts": verdicts}


def _is_unreplayable(condition: Condition) -> bool:
    return isinstance(condition, _UNREPLAYABLE)
