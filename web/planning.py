"""What ``scout.py plan`` says: how often everything is looked at, and which watches cannot be served well."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from watchers import plan
from watchers.documents import Documents, Query
from watchers.jobs import Job, UnreadableJobError, read_job
from watchers.places import Places
from watchers.target import Target
from web import words
from web.plans import Plans

_MOST = 20  # watches that are named


def everything(
    plans: Plans, documents: Documents, places: Places, states: Mapping[str, str]
) -> dict[str, Any]:
    """Each provider, and every watch that cannot be served well. Reads every watch once.

    ``states``: of each provider, ``on`` or why it is off.
    """
    return {
        "providers": [_provider(name, state, plans) for name, state in states.items()],
        "watches": list(_badly_served(plans, documents, places)),
    }


def _provider(name: str, state: str, plans: Plans) -> dict[str, Any]:
    entry: dict[str, Any] = {"provider": name, "state": state, "is_watched": plans.is_watched(name)}
    known = plans.of_provider(name)
    if known is None:
        return entry
    return entry | {
        "calls": known.calls,
        "calls_left": known.calls_left,
        "calls_now": known.calls_now,
        "calls_said": plan.calls_left(known),
        "free_at": known.free_at.isoformat() if known.free_at else None,
        "calls_a_day": round(known.calls_a_day),
        "calls_a_round": known.calls_a_round,
        "targets": len(known.turns),
        "mean_seconds": _seconds(known.mean),
        "worst_seconds": _seconds(known.worst),
        "slow": known.slow,
        "blind": known.blind,
        "ticked_at": known.ticked_at.isoformat() if known.ticked_at else None,
        "warning": plan.capacity(known),
    }


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else round(length.total_seconds())


def _badly_served(plans: Plans, documents: Documents, places: Places) -> Iterator[dict[str, Any]]:
    for document in documents.find(Query(places.worker_collection)):
        try:
            job = read_job(document)
        except UnreadableJobError:
            continue  # nobody is told about it either
        served = plans.of(job.watch) if job.targets else []
        if warnings := list(dict.fromkeys(one.warning for one in served if one.warning)):
            yield {"watch": job.watch_id, "name": job.watch.name, "warnings": warnings}


def one(plans: Plans, job: Job, states: Mapping[str, str]) -> dict[str, Any]:
    """How each target of one watch is served, or why that cannot be said."""
    state = job.watch.status if job.targets or job.watch.status != "active" else "refused"
    served = {known.target.id: known.to_json() for known in plans.of(job.watch)} if job.targets else {}
    targets = [
        served.get(target.id)
        or {"target": target.id, "said": _why_not(plans, target, state, states), "warning": None}
        for target in job.watch.targets
    ]
    return {"watch": job.watch_id, "name": job.watch.name, "state": state, "targets": targets}


def _why_not(plans: Plans, target: Target, state: str, states: Mapping[str, str]) -> str:
    if state != "active":
        return f"It is not looked at: the watch is {state}."
    switched = states.get(target.provider, "there is no such provider")
    if switched != "on":
        return f"It is not looked at: {target.provider} is switched off ({switched})."
    return plans.why_not(target)


# ── in lines ─────────────────────────────────────────────────────────────────────────────────────────────


def table(said: Mapping[str, Any]) -> Iterator[str]:
    """``everything`` as an operator reads it."""
    for entry in said["providers"]:
        yield from _rows(entry)
    shown = said["watches"]
    yield f"watches that cannot be served well: {len(shown) or 'none'}"
    for entry in shown[:_MOST]:
        yield f"  {entry['watch']}  {entry['name']}"
        yield from (f"    {warning}" for warning in entry["warnings"])
    if len(shown) > _MOST:
        yield f"  … and {len(shown) - _MOST} more; --json lists them all"


def _rows(entry: Mapping[str, Any]) -> Iterator[str]:
    name = f"{entry['provider']:18}"
    if entry["state"] != "on":
        yield f"{name}off: {entry['state']}"
    elif "targets" not in entry:
        why = "this cannot be worked out" if entry["is_watched"] else "nobody watches anything there yet"
        yield f"{name}on; {why}"
    else:
        yield f"{name}{_calls(entry)}; {words.many(entry['targets'], 'target')}, {entry['blind']:,} blind"
        if entry["mean_seconds"] is not None:
            mean, worst = (timedelta(seconds=entry[f"{which}_seconds"]) for which in ("mean", "worst"))
            often = f"about every {plan.span(mean)} on average, every {plan.span(worst)} at worst"
            calls = words.many(entry["calls_a_round"], "call")
            yield f"{'':18}looked at {often}; a look at all takes {calls}"
        if entry["warning"]:
            yield f"{'':18}{entry['warning']}"


def _calls(entry: Mapping[str, Any]) -> str:
    again = entry["free_at"] and f"{datetime.fromisoformat(entry['free_at']):%d %b %H:%M:%S} UTC"
    return f"{entry['calls_said']}, the next one at {again}" if again else str(entry["calls_said"])


def lines(said: Mapping[str, Any]) -> Iterator[str]:
    """``one`` as an operator reads it."""
    yield f"{said['name']} ({said['state']})"
    for target in said["targets"]:
        yield f"  {target['target']}: {target['said']}"
        if target["warning"]:
            yield f"    {target['warning']}"
