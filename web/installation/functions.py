"""The functions as they are deployed, who calls them, and whether they are called: scheduler and triggers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from web.doctor import Finding
from web.installation.expected import DEAD_LETTERS, EVENT_FUNCTIONS, FUNCTIONS, JOB, WORKER
from web.installation.google import Google, MissingError, UnseenError
from web.installation.wanted import DEFAULT_DATABASE

PATIENCE = timedelta(minutes=10)
"""An event, or a run that should have been, waits no longer while all is well."""
_ALL = 100


@dataclass(frozen=True)
class Deployed:
    """Where an installation is, and what its functions were found to be."""

    google: Google
    region: str
    now: datetime
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def here(self) -> str:
        """``projects/p/locations/r``."""
        return f"projects/{self.google.project}/locations/{self.region}"

    def environment(self, name: str = WORKER) -> Mapping[str, str]:
        """The plain settings of a function."""
        found: Mapping[str, str] = self._service(name).get("environmentVariables", {})
        return found

    def secrets(self, name: str = WORKER) -> list[dict[str, str]]:
        """The secret settings of a function: which secret, in which version."""
        return list(self._service(name).get("secretEnvironmentVariables", []))

    def _service(self, name: str) -> Mapping[str, Any]:
        service: Mapping[str, Any] = self.functions.get(name, {}).get("serviceConfig", {})
        return service

    def database_of(self, name: str) -> str:
        """The Firestore database that this function works over."""
        return self.environment(name).get("FIRESTORE_DATABASE") or DEFAULT_DATABASE

    @property
    def database(self) -> str:
        """The one that the worker works over."""
        return self.database_of(WORKER)

    @property
    def tick_every(self) -> timedelta:
        """How often the worker is to be called."""
        said = self.environment().get("TICK_EVERY_SECONDS", "60")
        return timedelta(seconds=int(said) if said.isdigit() else 60)


def look_at_functions(deployed: Deployed) -> Iterator[Finding]:
    """Each function: is it there, sound, run as its own account, on its newest revision?"""
    for name, (account, _) in FUNCTIONS.items():
        try:
            found = deployed.google.get("cloudfunctions", f"v2/{deployed.here}/functions/{name}")
        except UnseenError as exc:
            yield Finding("WRONG", name, str(exc))
            continue
        deployed.functions[name] = found
        yield _sound(deployed, name, account, found)
        yield from _traffic(deployed, name)
    yield from _one_release(deployed)
    yield from _one_database(deployed)


def _sound(deployed: Deployed, name: str, account: str, found: Mapping[str, Any]) -> Finding:
    state, runs_as = found.get("state"), found.get("serviceConfig", {}).get("serviceAccountEmail", "")
    if state != "ACTIVE":
        said = "; ".join(one.get("message", "") for one in found.get("stateMessages", []))
        return Finding("WRONG", name, f"is {state}: {said or 'run deploy/deploy.sh'}")
    if not runs_as.startswith(f"{account}@"):
        return Finding(
            "WRONG", name, f"runs as {runs_as or 'nobody known'}, not as {account}: run deploy/deploy.sh"
        )
    return Finding(
        "ok", name, f"runs {deployed.environment(name).get('RELEASE', 'a release without a name')}"
    )


def _traffic(deployed: Deployed, name: str) -> Iterator[Finding]:
    service = deployed.google.get("run", f"v2/{deployed.here}/services/{name}")
    newest = service.get("latestReadyRevision", "").rpartition("/")[2]
    for one in service.get("trafficStatuses", []):
        revision = one.get("revision", "").rpartition("/")[2]
        if one.get("percent") and revision and revision != newest:
            said = f"{one['percent']} % of its traffic goes to {revision}, an older one"
            over, wanted = _answers_from(deployed, name, revision), deployed.database_of(name)
            if over not in (None, wanted):
                said = f"{said} over the database {over}, not {wanted}: run deploy/restore.sh to its end"
                yield Finding("WRONG", name, said)
            else:
                yield Finding("off", name, f"{said}: rolled back; upgrade.sh ends that")


def _answers_from(deployed: Deployed, name: str, revision: str) -> str | None:
    """Over which database a revision works; ``None``: that was not shown."""
    try:
        found = deployed.google.get("run", f"v2/{deployed.here}/services/{name}/revisions/{revision}")
    except UnseenError:
        return None
    env = {one["name"]: one.get("value") for one in found.get("containers", [{}])[0].get("env", [])}
    return env.get("FIRESTORE_DATABASE") or DEFAULT_DATABASE


def _one_release(deployed: Deployed) -> Iterator[Finding]:
    releases = {deployed.environment(name).get("RELEASE", "") for name in deployed.functions}
    if len(releases) > 1:
        said = f"functions were deployed from {len(releases)} releases: run deploy/upgrade.sh to the end"
        yield Finding("WRONG", "release", said)


def _one_database(deployed: Deployed) -> Iterator[Finding]:
    databases = {deployed.database_of(name) for name in deployed.functions}
    if len(databases) > 1:
        said = f"functions work over {' and '.join(sorted(databases))}: run deploy/restore.sh to its end"
        yield Finding("WRONG", "database", said)


def look_at_scheduler(deployed: Deployed) -> Iterator[Finding]:
    """Whether the worker is called, well, and in time."""
    job = deployed.google.get("cloudscheduler", f"v1/{deployed.here}/jobs/{JOB}")
    if job.get("state") != "ENABLED":
        said = f"is {job.get('state')}: gcloud scheduler jobs resume {JOB} --location={deployed.region}"
        yield Finding("WRONG", "scheduler", said)
        return
    if code := job.get("status", {}).get("code"):
        said = f"its last call failed (code {code}): see the worker's log, and `{WORKER} is called by` below"
        yield Finding("WRONG", "scheduler", said)
    yield _last_run(deployed, job)
    yield from _token(deployed, job)


def _last_run(deployed: Deployed, job: Mapping[str, Any]) -> Finding:
    if "lastAttemptTime" not in job:
        return Finding("WRONG", "scheduler", "never called the worker: look again in a minute")
    age = deployed.now - datetime.fromisoformat(job["lastAttemptTime"]).astimezone(UTC)
    said = f"called the worker {int(age.total_seconds())} s ago ({job.get('schedule', '')})"
    late = age > deployed.tick_every + PATIENCE
    return Finding("WRONG" if late else "ok", "scheduler", said)


def _token(deployed: Deployed, job: Mapping[str, Any]) -> Iterator[Finding]:
    target, service = job.get("httpTarget", {}), deployed.functions.get(WORKER, {}).get("serviceConfig", {})
    uri, audience = service.get("uri", ""), target.get("oidcToken", {}).get("audience", "")
    if uri and audience.rstrip("/") != uri.rstrip("/"):
        yield Finding(
            "WRONG",
            "scheduler",
            f"its token is for {audience or 'nobody'}, not for {uri}: run deploy/deploy.sh",
        )
    deadline, timeout = (
        float(job.get("attemptDeadline", "180s").rstrip("s")),
        service.get("timeoutSeconds", 0),
    )
    if deadline < timeout:
        said = (
            f"gives up after {deadline:.0f} s, before the worker's {timeout} s are over: run deploy/deploy.sh"
        )
        yield Finding("WRONG", "scheduler", said)


def look_at_triggers(deployed: Deployed) -> Iterator[Finding]:
    """Whether events reach the functions: the trigger, its subscription, and how long one has waited."""
    for name in EVENT_FUNCTIONS:
        if name in deployed.functions:
            yield from _trigger(deployed, name, deployed.functions[name].get("eventTrigger", {}))
    for subscription in DEAD_LETTERS:
        waiting = _latest(deployed, "num_undelivered_messages", subscription)
        if waiting:
            said = f"{waiting:.0f} messages that no try could deliver: docs/runbooks says what to do"
            yield Finding("WRONG", subscription, said)


def _trigger(deployed: Deployed, name: str, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    what = f"{name}'s trigger"
    try:
        found = deployed.google.get("eventarc", f"v1/{wanted.get('trigger', '')}")
        subscription = found.get("transport", {}).get("pubsub", {}).get("subscription", "")
        kept = deployed.google.get("pubsub", f"v1/{subscription}")
    except MissingError:
        yield Finding("WRONG", what, "is gone: no event reaches the function; run deploy/deploy.sh")
        return
    faults = list(_faults(deployed, found, kept, wanted))
    yield from (Finding("WRONG", what, fault) for fault in faults)
    if not faults:
        yield Finding("ok", what, "is alive")


def _faults(
    deployed: Deployed, found: Mapping[str, Any], kept: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[str]:
    for part, said in found.get("conditions", {}).items():
        if said.get("code") not in (None, "OK", 0):
            yield f"{part}: {said.get('message') or said['code']}"
    filters = {one["attribute"]: one["value"] for one in found.get("eventFilters", [])}
    heard = filters.get("database", deployed.database)
    if heard != deployed.database:
        said = "delete the function and run deploy/deploy.sh"
        yield f"hears of the database {heard}, and the worker works over {deployed.database}: {said}"
    if wanted.get("retryPolicy") != "RETRY_POLICY_RETRY":
        yield "a failed event is not tried again: run deploy/deploy.sh"
    if kept.get("state", "ACTIVE") != "ACTIVE":
        yield f"its subscription is {kept['state']}: run deploy/deploy.sh"
    waited = _latest(deployed, "oldest_unacked_message_age", kept.get("name", "").rpartition("/")[2])
    if waited > PATIENCE.total_seconds():
        yield f"an event has waited for {waited / 60:.0f} minutes: see the function's log"


def _latest(deployed: Deployed, metric: str, subscription: str) -> float:
    """The newest figure of a subscription, zero where there is none."""
    series = deployed.google.every(
        "monitoring",
        f"v3/projects/{deployed.google.project}/timeSeries",
        "timeSeries",
        filter=f'metric.type="pubsub.googleapis.com/subscription/{metric}"'
        f' AND resource.labels.subscription_id="{subscription}"',
        **{
            "interval.startTime": (deployed.now - PATIENCE).isoformat(),
            "interval.endTime": deployed.now.isoformat(),
            "pageSize": str(_ALL),
        },
    )
    newest = [one["points"][0]["value"] for one in series if one.get("points")]
    return max((float(next(iter(value.values()))) for value in newest), default=0.0)
