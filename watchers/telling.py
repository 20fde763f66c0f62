"""One watch, one observation: decide, and make the outcome durable before anything else moves on.

The alerts and the watch's new memory are written together or not at all, against the version that was
read. Whoever loses a race reads again and decides again on what the winner left; deciding the same thing
twice gives the same alert ids, and creating one twice is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from watchers import alerts, jobs
from watchers.documents import SERVER_TIME, Create, Document, Documents, Put, Update
from watchers.errors import ConflictError
from watchers.history import History
from watchers.jobs import Job, Places
from watchers.memory import LastTold
from watchers.models import Alert, Observation
from watchers.rules import Decision, decide
from watchers.watch import Channel

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one watch: its job as it stands now, the decision, and the alerts that were created."""

    job: Job
    decision: Decision
    alerts: tuple[Alert, ...] = ()


def tell(
    documents: Documents,
    places: Places,
    document: Document,
    before: History,
    now: Observation,
    *,
    dry_run: bool = False,
) -> Told | None:
    """Decide what ``now`` means to the watch in ``document`` and record it.

    Returns:
        What happened, or ``None`` when the watch has meanwhile stopped watching this target.

    Raises:
        ConflictError: it kept changing; the target must be looked at again.
        StoreUnavailableError: nothing is known; the same.
        UnreadableJobError: the document is not a job.
    """
    current: Document | None = document
    for _ in range(ATTEMPTS):
        if current is None or now.target.id not in (job := jobs.read_job(current)).targets:
            return None
        decision = decide(job.watch, job.state, before, now)
        created = tuple(_alerts(job, decision, now.at))
        after = _remembering(job, decision, created, now.at)
        if dry_run or after.state == job.state:
            return Told(after, decision, created)
        try:
            documents.commit(
                Update(current.path, _memory(job, after, now.target.id), current.version),
                *_creations(documents, created, raced=current is not document),
                *_status(places, after, created, now.at),
            )
        except ConflictError:
            current = documents.get(current.path)
            continue
        return Told(after, decision, created)
    raise ConflictError(f"watch {document.id} kept changing")


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


def _alerts(job: Job, decision: Decision, now: datetime) -> Iterator[Alert]:
    """One alert a channel. All of one step share a code, so that a person sees them as one."""
    if decision.news is None:
        return
    step = (job.watch_id, job.rule_version, decision.episode, decision.step)
    code = alerts.alert_code(alerts.alert_id(*step, ""))
    for channel in job.watch.notify:
        yield Alert(
            id=alerts.alert_id(*step, channel),
            uid=job.uid,
            watch_id=job.watch_id,
            channel=channel,
            code=code,
            news=decision.news,
            created_at=now,
            due_at=now,
            also_by_email=channel is not Channel.EMAIL and Channel.EMAIL in job.watch.notify,
        )


def _creations(documents: Documents, created: Sequence[Alert], *, raced: bool) -> list[Create]:
    """The alerts to write; after a lost race, those that exist already are left as they are."""
    return [
        alerts.creation(alert)
        for alert in created
        if not raced or documents.get(alerts.path(alert.id)) is None
    ]


def _status(places: Places, job: Job, created: tuple[Alert, ...], now: datetime) -> list[Put]:
    return [Put(places.status(job.uid, job.watch_id), job.status_fields(now))] if created else []
