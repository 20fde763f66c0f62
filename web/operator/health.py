"""``/healthz``: this process is up. ``/readyz``: what it needs to be of use is there; said in words if not.

Anybody may ask, so nothing secret or personal is said, and the database is asked once in ``REMEMBERED``
seconds at most, whoever asks how often.
"""

from collections.abc import Iterator

from flask import Blueprint, Response

from watchers import homes
from watchers.errors import StoreError
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
    """``ok``, or 503 with a line for each thing that is wrong."""
    surroundings = site()
    try:
        troubles = surroundings.memo.of("ready", REMEMBERED, lambda: list(_troubles(surroundings)))
    except StoreError:  # it hangs, and whoever asked first is still waiting
        troubles = [_NO_ANSWER]
    said = "".join(f"{trouble}\n" for trouble in troubles) or "ok\n"
    answer = Response(said, status=503 if troubles else 200, mimetype="text/plain")
    if troubles:
        answer.headers["Retry-After"] = str(round(REMEMBERED))
    return answer


def _troubles(surroundings: Site) -> Iterator[str]:
    """What is wrong, in words; one read for each provider that is watched."""
    if not surroundings.asked:
        yield "settings: no provider is switched on"
    channels = surroundings.channels()
    if channels and "on" not in channels.values():
        yield "settings: no channel is switched on, so nobody can be told"
    try:
        found = homes.find(surroundings.documents)
    except StoreError:
        yield _NO_ANSWER
        return
    saved = max((home.updated_at for home in found.values()), default=None)
    if saved is not None and surroundings.now() - saved > patience(surroundings):
        yield f"worker: no tick for {words.span(surroundings.now() - saved)}"
