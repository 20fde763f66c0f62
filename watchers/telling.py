"""One watch, one observation: decide, and make the outcome durable before anything else moves on.

The alerts and the watch's new memory are written together or not at all, against the version that was
read. Whoever loses a race reads again and decides again on what the winner left; deciding the same thing
twice gives the same alert ids, and creating one twice is refused.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from watchers import alerts, jobs
from watchers.documents import SERVER_TIME, Create, Document, Documents, Put, Update
from watchers.errors import ConflictError
from watchers.history import History, moment
from watchers.jobs import Job
from watchers.logs import TRACE
from watchers.memory import LastTold
from watchers.models import Alert, AlertState, News, PastPrice
from watchers.money import PriceKey
from watchers.observation import Observation
from watchers.places import Places
from watchers.rows import Gate
from watchers.rules import Decision, decide, thresholds

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one watch: its job as it stands now, the decision, and the alerts that were created."""

    job: Job
    decision: Decision
    alerts: tuple[Alert, ...] = ()

    def open(self, gate: Gate, target_id: str) -> None:
        """Let through what the watch wants to be asked about next."""
        at = thresholds(self.job.watch, self.job.state, target_id)
        gate.widen(at.fires_at, at.rearms_at, jobs.waits_for(self.job.watch))


def tell(
    documents: Documents,
    places: Places,
    document: Document,
    before: History,
    now: Observation,
    *,
    due_at: Callable[[], datetime] | None = None,
    dry_run: bool = False,
) -> Told | None:
    """Decide what ``now`` means to the watch in ``document`` and record it.

    ``due_at``: when an alert that is created now is to be sent; at once, if nothing is said.

    Returns:
        What happened, or ``None`` when the watch has meanwhile stopped watching this target.

    Raises:
        ConflictError: it kept changing; the target must be looked at again.
        StoreUnavailableError: nothing is known; the same.
        UnreadableJobError: the document is not a job.
    """
    current: Document | None = document
    for _ in range(ATTEMPTS):
        if current is None or (planned := _planned(places, current, before, now, due_at)) is None:
            return None
        if dry_run or not planned.memory:
            return planned.told
        raced = current is not document
        try:
            documents.commit(*planned.memory, *_creations(documents, planned.told.alerts, raced=raced))
        except ConflictError:
            current = documents.get(current.path)
            continue
        return planned.told
    raise ConflictError(f"watch {document.id} kept changing")


def tell_together(
    documents: Documents,
    places: Places,
    found: Sequence[Document],
    before: History,
    now: Observation,
    *,
    due_at: Callable[[], datetime] | None = None,
) -> list[Told | None]:
    """As ``tell`` for each of them, recorded in one commit: a thousand people do not wait for each other.

    Raises:
        ConflictError, StoreUnavailableError, UnreadableJobError: one of them was in the way, and ``tell`` is
            to be asked of each; repeating what was recorded is harmless.
    """
    planned = [_planned(places, document, before, now, due_at) for document in found]
    writes = [write for one in planned if one and one.memory for write in one.memory]
    creations = [alerts.creation(alert) for one in planned if one and one.memory for alert in one.told.alerts]
    if writes:
        documents.commit(*writes, *creations)
    return [one.told if one else None for one in planned]


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a watch is to be told, and how that is remembered; nothing to remember when nothing happened."""

    told: Told
    memory: tuple[Update | Put, ...] = ()


def _planned(
    places: Places,
    document: Document,
    before: History,
    now: Observation,
    due_at: Callable[[], datetime] | None,
) -> _Planned | None:
    """``None`` when the watch has meanwhile stopped watching this target."""
    if now.target.id not in (job := jobs.read_job(document)).targets:
        return None
    decision = _with_background(decide(job.watch, job.state, before, now), before, now)
    created = tuple(_alerts(job, decision, now.at, due_at() if due_at else now.at))
    after = _remembering(job, decision, created, now.at)
    if after.state == job.state:
        return _Planned(Told(after, decision, created))
    memory = Update(document.path, _memory(job, after, now.target.id), document.version)
    said = Put(places.status(after.uid, after.watch_id), after.status_fields())
    return _Planned(Told(after, decision, created), (memory, said))


def _memory(job: Job, after: Job, target_id: str) -> dict[str, Any]:
    """What to write of the job; the board must learn of it even if this tick never gets to save it.

    A first look needs no such note: until it is saved, the board keeps it as one that is wanted.
    """
    noted = {} if job.awaits_first_look(target_id) else {"updated_at": SERVER_TIME}
    return after.memory_fields() | noted


def _remembering(job: Job, decision: Decision, created: tuple[Alert, ...], now: datetime) -> Job:
    state = decision.state
    if created and decision.news:
        news = decision.news
        told = LastTold(
            at=now, reason=news.reason, code=created[0].code, price=news.price, currency=news.currency
        )
        state = state.model_copy(update={"last_told": told})
    return replace(job, state=state)


def _with_background(decision: Decision, before: History, now: Observation) -> Decision:
    """The news with what it is about, and the prices that led to it."""
    news = decision.news
    if news is None:
        return decision
    return replace(decision, news=replace(news, target_id=now.target.id, recent=_recent(news, before, now)))


def _recent(news: News, before: History, now: Observation) -> tuple[PastPrice, ...]:
    """Each price since the record began, once, when it was first seen; of one item, not of a whole search."""
    if news.price is None or news.basis is None or news.currency is None or now.listings is not None:
        return ()
    runs = before.prices.get(PriceKey(news.basis, news.currency), ())
    return (*(PastPrice(moment(run.first_ms), run.value) for run in runs), PastPrice(now.at, news.price))


def _alerts(job: Job, decision: Decision, now: datetime, due_at: datetime) -> Iterator[Alert]:
    """One alert a channel. All of one step share a code, so that a person sees them as one."""
    if decision.news is None:
        return
    step = (job.watch_id, job.rule_version, decision.episode, decision.step)
    code = alerts.alert_code(alerts.alert_id(*step, ""))
    for channel in job.watch.notify:
        alert = Alert(
            id=alerts.alert_id(*step, channel),
            uid=job.uid,
            watch_id=job.watch_id,
            channel=channel,
            code=code,
            news=decision.news,
            created_at=now,
            also=tuple(other for other in job.watch.notify if other is not channel),
            trace=TRACE.get(),
            **alerts.arriving(channel, due_at),
        )
        yield _snoozed(alert, job.watch.snoozed_until, due_at)


def _snoozed(alert: Alert, until: datetime | None, due_at: datetime) -> Alert:
    """Kept until the person wants to hear of it again; where they look by themselves it stands at once."""
    if until is None or until <= due_at or alert.due_at is None:
        return alert
    return replace(alert, state=AlertState.HELD, due_at=until, held_until=until, why="snoozed")


def _creations(documents: Documents, created: Sequence[Alert], *, raced: bool) -> list[Create]:
    """The alerts to write; after a lost race, those that exist already are left as they are."""
    return [
        alerts.creation(alert)
        for alert in created
        if not raced or documents.get(alerts.path(alert.id)) is None
    ]
