"""How a watch stands: what the worker says of it, what was seen, what was paid before, and why it told."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from watchers import jobs, next_text, price_history, why
from watchers.documents import Document
from watchers.jobs import Job, UnreadableJobError
from watchers.money import PriceKey
from watchers.observation import Availability
from watchers.rows import Row
from watchers.rules import rule_sentence
from watchers.target import Target
from watchers.watch import Watch
from web import feed, monitors
from web.api.models import (
    LookedAt,
    PriceHistory,
    PriceStep,
    PriceSteps,
    SeenPrice,
    SeenTarget,
    Standing,
    Told,
    Why,
    money,
)
from web.api.operation import Call, Operation, Reply
from web.api.paging import whole
from web.api.problems import ProblemError
from web.api.shape import Shape
from web.api.watches import existing
from web.plans import Plans
from web.site import site


class Since(Shape):
    """How far back."""

    days: Annotated[
        int,
        BeforeValidator(whole),
        Field(ge=1, le=730, description="So many days back, 1 to 730.", examples=[90]),
    ] = 90


def show(call: Call, watch_id: str) -> Reply:
    """How it stands now."""
    source = existing(call.uid, watch_id)
    job = _job(call.uid, watch_id)
    is_said = job is not None and job.says_of(source)
    said = None if is_said else site().documents.get(site().places.status(call.uid, watch_id))
    known = said.fields if said else (job.status_fields() if job else {})
    watch, plans = monitors.read(source.fields), site().plans()
    rows = _rows(watch, plans)
    state = _state(source, watch, known, rows)
    served = plans.of(watch) if watch and state in ("watching", "snoozed") else []
    return Reply(
        Standing(
            id=watch_id,
            state=state,
            reasons=tuple(map(str, known.get("reasons", ()))) if state == "refused" else (),
            told=_told(job),
            targets=tuple(map(_target, rows)),
            prices=tuple(_prices(watch, rows)) if watch else (),
            rules=tuple(next_text.each(_rules(job, rows))) if job else (),
            served=tuple(dict.fromkeys(one.said for one in served)),
            warnings=tuple(dict.fromkeys(one.warning for one in served if one.warning)),
        )
    )


def _job(uid: str, watch_id: str) -> Job | None:
    """The worker's copy, where it is this person's and can be read."""
    document = site().documents.get(site().places.job(watch_id))
    try:
        job = jobs.read_job(document) if document else None
    except UnreadableJobError:
        return None
    return job if job and job.uid == uid and job.deleted_at is None else None


def _rows(watch: Watch | None, plans: Plans) -> list[Row]:
    known = [target for target in watch.targets if target.provider in site().providers] if watch else []
    found = plans.rows(known)
    return [found[target.id] for target in known if target.id in found]


def _state(source: Document, watch: Watch | None, known: Mapping[str, Any], rows: Sequence[Row]) -> Any:
    copied_at = known.get("source_updated_at")
    if copied_at is None or copied_at < source.updated_at:
        return "saving"
    if known.get("state") == "refused" or watch is None:
        return "refused"
    if watch.status != "active":
        return watch.status
    if any(row.is_blind(site().now()) for row in rows):
        return "blind"
    is_snoozed = watch.snoozed_until is not None and watch.snoozed_until > site().now()
    return "snoozed" if is_snoozed else "watching"


def _told(job: Job | None) -> Told | None:
    told = job.state.last_told if job else None
    if told is None:
        return None
    return Told(at=told.at, amount=money(told.price, told.currency), currency=told.currency)


def _target(row: Row) -> SeenTarget:
    said = row.history.availability
    return SeenTarget(
        id=row.target.id,
        provider=row.target.provider,
        availability=said[-1].value if said else Availability.UNKNOWN,
        seen_at=row.history.seen_at,
        is_blind=row.is_blind(site().now()),
    )


def _prices(watch: Watch, rows: Sequence[Row]) -> Iterator[SeenPrice]:
    for row in rows:
        for key in sorted(row.history.prices):
            runs = row.history.runs(key)
            if watch.wants(key) and runs:
                yield SeenPrice(
                    target=row.target.id,
                    provider=row.target.provider,
                    basis=key.basis,
                    currency=key.currency,
                    amount=money(runs[-1].value, key.currency) or "",
                    seen_at=runs[-1].last_at,
                )


def _rules(job: Job, rows: Sequence[Row]) -> Iterator[tuple[PriceKey, str]]:
    for row in rows:
        for key in sorted(row.history.prices):
            if sentence := rule_sentence(job.watch, job.state, row.target.id, key):
                yield key, sentence


def history(call: Call, watch_id: str) -> Reply:
    """Its targets' past prices."""
    watch = monitors.read(existing(call.uid, watch_id).fields)
    asked: Since = call.query
    since = site().now() - timedelta(days=asked.days)
    found = [_steps(target, since) for target in (watch.targets if watch else ())]
    return Reply(PriceHistory(id=watch_id, prices=tuple(one for several in found for one in several)))


def _steps(target: Target, since: Any) -> list[PriceSteps]:
    series = price_history.past(site().documents, target.id, since)
    return [
        PriceSteps(
            target=target.id,
            provider=target.provider,
            basis=key.basis,
            currency=key.currency,
            complete_since=series.since,
            steps=tuple(
                PriceStep(since=step.since, until=step.until, amount=money(step.price, key.currency) or "")
                for step in steps
            ),
        )
        for key, steps in series.steps.items()
    ]


def explain(call: Call, watch_id: str) -> Reply:
    """Its recent looks, decided again."""
    existing(call.uid, watch_id)
    job = _job(call.uid, watch_id)
    if job is None:
        raise ProblemError(409, "The worker has not picked this watch up, or refused it: see its state.")
    own = [alert for alert in feed.latest(call.uid).alerts if alert.watch_id == watch_id]
    said = why.explain(site().documents, job, own)
    targets = tuple(
        LookedAt.model_validate({name: value for name, value in one.items() if name != "asked"})
        for one in said["targets"]
    )
    return Reply(Why(id=watch_id, state=said["state"], not_replayed=said["not_replayed"], targets=targets))


_TAG = "Watches"
_ONE = "/watches/{watch_id}"

OPERATIONS = (
    Operation(
        name="getWatchState", method="GET", path=f"{_ONE}/state", run=show, tag=_TAG,
        summary="How a watch stands: seen, told, refused, blind", answers={200: Standing},
    ),
    Operation(
        name="getWatchHistory", method="GET", path=f"{_ONE}/history", run=history, tag=_TAG,
        summary="Past prices, as steps", query=Since, answers={200: PriceHistory}, example_query="days=30",
        details="A price that stood is one step; between two steps nothing is known.",
    ),
    Operation(
        name="explainWatch", method="GET", path=f"{_ONE}/why", run=explain, tag=_TAG,
        summary="Why it told, and why not", answers={200: Why}, refusals=(409,),
        details="Nothing is logged for each look: the recent looks are decided again by the same rules.",
    ),
)  # fmt: skip
