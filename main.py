"""Entry points of the deployed functions: translate in, call one function, translate out.

===================== ============ ====================================================================
ticket_monitor_worker HTTP         Cloud Scheduler, OIDC: one run of the worker
poll_board            CloudEvent   Pub/Sub, when there are several boards: one tick of one board
copy_monitor_job      CloudEvent   Firestore, a person's watch was written
deliver_alert         CloudEvent   Firestore, an alert was created
web                   HTTP         people, and Twilio's webhooks
===================== ============ ====================================================================

Everything is built once, on first use; importing this module reads no settings and opens nothing.
"""

import json
import logging
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import flask
import functions_framework
from cloudevents.http import CloudEvent

from watchers import expiry
from watchers.documents import Document, Documents
from watchers.kinds import Channel
from watchers.loading import collect_rarely, without_collecting
from watchers.places import due_alerts
from watchers.providers.base import Provider
from watchers.settings import Settings
from watchers.usage import Meter

if TYPE_CHECKING:
    from notifiers.base import Notifier
    from notifiers.limits import Limits
    from notifiers.means import Means
    from notifiers.twilio.verify import TwilioVerify
    from watchers.caller import Doorkeeper
    from watchers.fanout import Publish
    from web.account.doors import Doors

log = logging.getLogger("main")

SWEEP_FOR = timedelta(seconds=30)
SWEEP_AT_ONCE = 2000  # alerts
LATE = timedelta(minutes=15)
BOARDS_FRESH_FOR = timedelta(seconds=10)  # for pages; see web/boards.py
A_MINUTE = timedelta(minutes=1)
ERASURES_EVERY = timedelta(minutes=15)  # between two looks for what has broken off
A_LINE_EVERY = timedelta(seconds=30)  # runs that come more often say nothing while nothing happens


@dataclass(frozen=True)
class Parts:
    """What the functions are made of."""

    settings: Settings
    documents: Documents
    providers: dict[str, Provider]
    switched_off: dict[str, str]
    limits: "Limits"
    publish: "Publish | None"

    @cached_property
    def notifiers(self) -> "dict[Channel, Notifier]":
        """The channels that are on; those that are off are said once, when somebody is first to be told."""
        from notifiers import from_env

        on, off = from_env(os.environ)
        off.pop(Channel.PUSH, None)  # nobody misses it who did not set it up
        _say_off(off.values())
        return on

    @cached_property
    def verify(self) -> "TwilioVerify | None":
        """Who makes the codes of phones, where that is not us; a wrong setting is said, and not used."""
        if not os.environ.get("TWILIO_VERIFY_SERVICE_SID", "").strip():
            return None
        from notifiers.errors import NotConfiguredError
        from notifiers.twilio import verify

        try:
            return verify.from_env(os.environ)
        except NotConfiguredError as exc:
            _say_off([str(exc)])
            return None

    @cached_property
    def channels(self) -> "dict[Channel, str]":
        """Each way of telling people, ``on`` or why it is off."""
        from notifiers import from_env

        on, off = from_env(os.environ)
        return dict.fromkeys(on, "on") | off

    @cached_property
    def doorkeeper(self) -> "Doorkeeper | None":
        """Who asks the worker's callers for a token, where one is asked for besides IAM."""
        from watchers.caller import Doorkeeper

        expected = self.settings.caller
        return Doorkeeper(expected) if expected else None

    @cached_property
    def meter(self) -> Meter:
        """Counts document operations for the operator."""
        return Meter(self.documents)

    @property
    def means(self) -> "Means":
        """What telling people takes."""
        from notifiers.links import Links
        from notifiers.means import Means

        links = Links(self.settings.public_url, self.settings.secret_key)
        places, verify = self.settings.places, self.verify
        return Means(self.documents, self.notifiers, links, self.limits, places, verify)

    def sweep(self, now: datetime) -> Counter[str]:
        """Deliver what is due in the outbox."""
        found = self.documents.find(due_alerts(now + self.limits.longest_grouping, SWEEP_AT_ONCE))
        if not found:
            return Counter()
        _say_late(found, now)
        with without_collecting():
            from notifiers.deliver import sweep

        return sweep(self.means, now=now, deadline=now + SWEEP_FOR, limit=SWEEP_AT_ONCE, found=found)


def _say_late(found: Sequence[Document], now: datetime) -> None:
    """What should have been looked at long ago: somebody must find out why nobody did."""
    late = [due for one in found if (due := one.fields["due_at"]) < now - LATE]
    if late:
        oldest = min(late)
        waits = round((now - oldest).total_seconds())
        log.warning(
            "outbox.late",
            extra={"alerts": len(late), "oldest": oldest.isoformat(), "oldest_seconds": waits},
        )


@cache
def parts() -> Parts:
    """Read the settings and build everything, once a process."""
    with without_collecting():
        return _built()


def _built() -> Parts:
    from notifiers.limits import Limits
    from store import open_documents
    from watchers import logs, providers
    from watchers.fanout import Topic

    logs.configure()  # what is wrong with a setting is a line like any other
    settings = Settings.from_env(os.environ)
    logs.configure(settings.secrets, settings.project, service=settings.service, version=settings.version)
    asked, off = providers.from_env(os.environ)
    _say_off(f"{one.name}: {one.why}" for one in off)
    limits = Limits.from_env(os.environ)
    documents = open_documents(settings.store, project=settings.project, database=settings.database)
    publish = Topic(settings.boards_topic).publish if settings.boards_topic else None
    return Parts(settings, documents, asked, {one.name: one.why for one in off}, limits, publish)


def _say_off(reasons: Iterable[str]) -> None:
    for why in reasons:
        log.warning("switched_off", extra={"why": why})


@functions_framework.http
def ticket_monitor_worker(request: flask.Request) -> tuple[dict[str, Any], int]:
    """Run the worker once; with ``?dry_run=1`` nobody is told.

    ``?reconcile=1`` is the daily look at the vendor's list instead. Who may call it, IAM says, and
    ``watchers/caller.py`` once more where that is set.
    """
    with without_collecting():
        from watchers import logs, mishaps
        from watchers.clocks import read_clocks
        from watchers.worker import run_key, work

        scout = _begin()
    now = datetime.now(UTC)
    if turned_away := _turned_away(scout, request, now):
        return turned_away
    if request.args.get("reconcile") == "1":
        return _reconciled(scout, now)
    settings, is_dry = scout.settings, request.args.get("dry_run") == "1"
    run = run_key(request.headers.get, now, uuid.uuid4().hex)
    logs.TRACE.set(logs.TRACE.get() or logs.trace_of_run(run))
    if not is_dry and is_first(now, settings.tick_every):
        _resume_erasures(scout, now)
        _forget_expired(scout, now)
    done = work(
        scout.documents,
        settings.places,
        scout.providers,
        scout.sweep,
        run=run,
        now=now,
        every=settings.every,
        seconds=settings.tick_seconds,
        grouping=scout.limits.grouping,
        keep=settings.price_history,
        dry_run=is_dry,
        runs_every=settings.tick_every,
        publish=scout.publish,
        clocks=read_clocks,
    )
    if done.failed:
        mishaps.note(scout.documents, done.failed, now)
    said = done.to_json()
    worth_a_line = settings.tick_every >= A_LINE_EVERY or done.failed or said["alerts"] or done.swept
    log.log(
        logging.INFO if worth_a_line else logging.DEBUG,
        "run.done",
        extra={name: value for name, value in said.items() if name != "boards"}
        | {"ticked": len(done.reports), "failed": len(done.failed), "dry_run": is_dry},
    )
    return said, 503 if done.failed else 200


def _turned_away(scout: Parts, request: flask.Request, now: datetime) -> tuple[dict[str, Any], int] | None:
    """What is answered to a caller who may not run the worker; ``None``: this one may."""
    if (doorkeeper := scout.doorkeeper) is None:
        return None
    from watchers.caller import RefusedCallerError
    from watchers.google_keys import KeysAwayError

    try:
        doorkeeper.admit(request.headers.get("Authorization"), now)
    except RefusedCallerError as exc:
        log.warning("worker.caller_refused", extra={"why": exc.why})
        return {"why": "refused"}, 401
    except KeysAwayError:
        log.warning("worker.caller_unknown", extra={"why": "no_certificates"})
        return {"why": "no_certificates"}, 503
    return None


def is_first(now: datetime, runs_every: timedelta) -> bool:
    """Whether a run is the first of its quarter of an hour, however seldom runs come."""
    return timedelta(seconds=now.timestamp()) % ERASURES_EVERY < max(runs_every, A_MINUTE)


def _resume_erasures(scout: Parts, now: datetime) -> None:
    """Go on with what has broken off; that it cannot is no reason not to tick."""
    from notifiers.personal.erasure import resume
    from watchers.errors import StoreError

    try:
        resume(scout.documents, scout.settings.places, now)
    except StoreError as exc:
        log.warning("erasures.not_resumed", extra={"why": type(exc).__name__})


def _forget_expired(scout: Parts, now: datetime) -> None:
    """Delete what is over, where the database does not do so by itself; nor is this a reason not to tick."""
    from watchers.errors import StoreError

    try:
        gone = expiry.forget(scout.documents, scout.settings.places, now)
    except StoreError as exc:
        log.warning("expired.not_forgotten", extra={"why": type(exc).__name__})
    else:
        log.log(logging.INFO if gone else logging.DEBUG, "expired.forgotten", extra={"documents": gone})


def _reconciled(scout: Parts, now: datetime) -> tuple[dict[str, Any], int]:
    from notifiers.errors import NotifierUnavailableError
    from notifiers.reconcile import reconcile

    try:
        return reconcile(scout.means, now=now).to_json(), 200
    except NotifierUnavailableError as exc:
        log.warning("reconcile.failed", extra={"why": exc.code})
        return {"why": exc.code}, 503


@functions_framework.cloud_event
def poll_board(event: CloudEvent) -> None:
    """Tick the board that a Pub/Sub message names: ``{"board": "steam-3", "shards": 8, "run": "…"}``."""
    from watchers import logs
    from watchers.clocks import read_clocks
    from watchers.fanout import Message, is_over
    from watchers.shards import provider_of
    from watchers.worker import poll

    scout, now = _begin(), datetime.now(UTC)
    try:
        message = Message.from_event(event.data)
        provider = scout.providers[provider_of(message.board)]
    except (KeyError, ValueError):
        log.error("poll_board.unknown", extra={"event_id": str(event["id"])})  # noqa: TRY400 - it says it all
        return
    logs.TRACE.set(message.trace or logs.TRACE.get())
    if is_over(event.get("time"), now):
        log.warning("poll_board.over", extra={"board": message.board, "run": message.run})
        return
    poll(
        scout.documents,
        scout.settings.places,
        provider,
        scout.sweep,
        message=message,
        now=now,
        every=scout.settings.every,
        seconds=scout.settings.tick_seconds,
        grouping=scout.limits.grouping,
        keep=scout.settings.price_history,
        clocks=read_clocks,
    )


@functions_framework.cloud_event
def copy_monitor_job(event: CloudEvent) -> None:
    """Copy a person's watch to the worker. Only the document's name is taken from the event."""
    from notifiers.personal.erasure import is_of_nobody
    from notifiers.release import release
    from watchers.jobs import copy_watch
    from watchers.providers import cannot_see, refusal

    scout = _begin()
    match _document(event).split("/"):
        case ["artifacts", app_id, "users", uid, "ticket_monitors", watch_id]:
            places, now = scout.settings.places, datetime.now(UTC)
            if app_id == places.app_id and not is_of_nobody(scout.documents, places, uid, watch_id, now):
                tiers = scout.limits.tiers
                copied = partial(
                    copy_watch, scout.documents, places, refusal, cannot_see=cannot_see, tiers=tiers
                )
                if copied(uid=uid, watch_id=watch_id, now=now) == "copied":  # a snooze may have ended
                    release(scout.documents, uid, {"snoozed"}, now, watch_ids={watch_id})
        case _:
            log.error("copy_monitor_job.unknown", extra={"event_id": str(event["id"])})


@functions_framework.cloud_event
def deliver_alert(event: CloudEvent) -> None:
    """Deliver an alert that was just created. What is left behind, the worker's sweep finds."""
    from notifiers.deliver import deliver

    scout = _begin()
    match _document(event).split("/"):
        case ["alerts", alert_id]:
            deliver(alert_id, scout.means, now=datetime.now(UTC))
        case _:
            log.error("deliver_alert.unknown", extra={"event_id": str(event["id"])})


@functions_framework.http
def web(request: flask.Request) -> flask.Response:
    """Everything people see: a whole Flask application behind one function."""
    from werkzeug.wrappers import Response

    _begin()
    return Response.from_app(_web_app(), request.environ)  # type: ignore[return-value]


@cache
def _web_app() -> flask.Flask:
    from notifiers.learning import learn
    from watchers.catalog import Catalog
    from watchers.plan import shortest
    from watchers.providers import PROVIDERS, refusal
    from web.app import create_app
    from web.boards import Boards
    from web.site import Site

    collect_rarely()
    scout = parts()
    settings = scout.settings
    site = Site(
        channels=lambda: scout.channels,
        store=settings.store.partition(":")[0],
        version=settings.version,
        text_price=settings.text_price,
        metrics_token=settings.metrics_token,
        tick_every=settings.tick_every,
        meter=scout.meter,
        documents=scout.documents,
        places=settings.places,
        refusal=refusal,
        secret_key=settings.secret_key or "",
        public_url=settings.public_url,
        local_person=settings.local_person,
        providers={name: scout.switched_off.get(name, "on") for name in PROVIDERS},
        asked=scout.providers,
        shortest=shortest(settings.every, settings.tick_every),
        boards=Boards(min(BOARDS_FRESH_FOR, settings.tick_every / 4)),
        operators=settings.operators,
        catalog=Catalog(scout.documents, scout.providers, scout.switched_off),
        now=lambda: datetime.now(UTC),
        learn=lambda alert_id, report: learn(alert_id, report, scout.means, now=datetime.now(UTC)),
        limits=scout.limits,
        twilio_token=os.environ.get("TWILIO_AUTH_TOKEN", "").strip() or None,
        doors=_doors(scout),
    )
    return create_app(site, json.loads(settings.sandbox_links or "[]"))


def _doors(scout: Parts) -> "Doors":
    from web.account.doors import Doors
    from web.account.firebase import Firebase

    settings = scout.settings
    project = settings.firebase_project
    return Doors(
        countries=settings.sms_countries,
        codes_per_hour=settings.codes_per_hour,
        proxies=settings.trusted_proxies,
        ways=lambda: scout.notifiers,
        verify=scout.verify,
        firebase=Firebase(project, settings.firebase_certs_url) if project else None,
    )


def _begin() -> Parts:
    """Everything a call needs; its trace (of an event's request, too) goes with every log line."""
    from watchers import logs

    logs.TRACE.set(logs.trace_of(flask.request.headers.get))
    scout = parts()
    scout.meter.note(datetime.now(UTC))
    return scout


def _document(event: CloudEvent) -> str:
    """``alerts/a1``: the path of the document an event is about, whatever its body says.

    Firestore sends names as UTF-8, which WSGI reads as Latin-1.
    """
    path = str(event.get("document") or str(event.get("subject", "")).removeprefix("documents/"))
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return path
