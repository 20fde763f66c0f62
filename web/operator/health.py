"""``/healthz``: this process is up. ``/readyz``: what it needs to be of use is there; said in words if not.

``/readyz`` also says how long ago the worker's last tick was, and fails when that is too long: whoever asks
from outside (an uptime check, a cron job elsewhere) notices a worker that is down and cannot say so itself.

Anybody may ask, so nothing secret or personal is said, and the database is asked once in ``REMEMBERED``
seconds at most, whoever asks how often.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response

from watchers import homes
from watchers.errors import StoreError
from watchers.places import changed_since
from web import words
from web.operator.facts import patience
from web.site import Site, site

pages = Blueprint("health", __name__)

REMEMBERED = 10.0  # seconds
_NO_ANSWER = "database: no answer"


@pages.get("/healthz")
@pages.get("/health")  # *.run.app keeps paths that end in z to itself
def alive() -> Response:
    """Up; asks nothing."""
    return Response("ok\n", mimetype="text/plain")


@pages.get("/readyz")
@pages.get("/ready")
def ready() -> Response:
    """``ok`` and how old the last tick is, or 503 with a line for each thing that is wrong."""
    surroundings = site()
    try:
        known = surroundings.memo.of("ready", REMEMBERED, lambda: _known(surroundings))
    except StoreError:  # it hangs, and whoever asked first is still waiting
        known = _Known((_NO_ANSWER,))
    if known.troubles:
        said = "".join(f"{trouble}\n" for trouble in known.troubles)
        return Response(said, 503, {"Retry-After": str(round(REMEMBERED))}, mimetype="text/plain")
    said = "ok\n"
    if known.ticked_at is not None:
        said += f"worker: last tick {words.span(surroundings.now() - known.ticked_at)} ago\n"
    return Response(said, mimetype="text/plain")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is wrong, in words, and when a tick last finished."""

    troubles: tuple[str, ...] = ()
    ticked_at: datetime | None = None


def _known(surroundings: Site) -> _Known:
    """One read for each provider that is watched."""
    troubles = list(_of_settings(surroundings))
    try:
        found = homes.find(surroundings.documents)
        ticked_at = max(filter(None, map(homes.ticked_at, found.values())), default=None)
        troubles += _of_worker(surroundings, ticked_at)
    except StoreError:
        return _Known((*troubles, _NO_ANSWER))
    return _Known(tuple(troubles), ticked_at)


def _of_settings(surroundings: Site) -> Iterator[str]:
    if not surroundings.asked:
        yield "settings: no provider is switched on"
    channels = surroundings.channels()
    if channels and "on" not in channels.values():
        yield "settings: no channel is switched on, so nobody can be told"


def _of_worker(surroundings: Site, ticked_at: datetime | None) -> Iterator[str]:
    """That it does not run; where it never did, what says so is that somebody waits for it."""
    since = ticked_at
    if since is None:
        first = surroundings.documents.find(changed_since(surroundings.places, None, 1))
        since = first[0].updated_at if first else None
    if since is None or surroundings.now() - since <= patience(surroundings):
        return
    span = words.span(surroundings.now() - since)
    yield f"worker: no tick for {span}" if ticked_at else f"worker: never ticked, and watches wait for {span}"
