"""What somebody just did through a page is on their own page at once, before the worker has copied it.

Whatever is not a mere look and was not refused may have written: the snapshot of whoever did it is marked,
and their next page looks for itself. What was done in another way shows as soon as its trigger has run.
"""

from collections.abc import Iterable

from flask import Response, g, request

from web import entry, monitors, snapshot
from web.site import site

_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


def mark(answer: Response) -> Response:
    """After each request."""
    if request.method not in _LOOKS and answer.status_code < 400 and (uid := entry.who()):  # noqa: PLR2004
        snapshot.mark(site().documents, uid, *_watch_ids())
    return answer


def of(watch_ids: Iterable[str]) -> None:
    """What this request writes, where its address does not say so."""
    g.written = tuple(filter(monitors.is_id, watch_ids))


def _watch_ids() -> Iterable[str]:
    """The one watch that the address names, or what was said; else any of them may be meant."""
    named = (request.view_args or {}).get("watch_id")
    written: tuple[str, ...] = g.pop("written", ())
    if not written and named and monitors.is_id(str(named)):
        return (str(named),)
    return written or (snapshot.EVERYTHING,)
