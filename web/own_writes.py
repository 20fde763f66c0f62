"""What somebody just did through a page is on their own page at once, before the worker has copied it.

Whatever is not a mere look and was not refused may have written: the snapshot of whoever did it is marked, and
their next page looks for itself. What was done in another way shows as soon as its trigger has run.
"""

from flask import Response, request

from web import entry, snapshot
from web.site import site

_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


def mark(answer: Response) -> Response:
    """After each request."""
    if request.method not in _LOOKS and answer.status_code < 400 and (uid := entry.who()):  # noqa: PLR2004
        snapshot.mark(site().documents, uid, _watch_id())
    return answer


def _watch_id() -> str:
    """The one watch that the address names; else any of them may be meant."""
    return str((request.view_args or {}).get("watch_id", snapshot.EVERYTHING))
