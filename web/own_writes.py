"""What somebody just did through a page is on their own page at once, before the worker has copied it.

Whoever writes watches or alerts in a request says so (``of``): their person's snapshot is marked once the
request is over, and their next page looks for itself. Who only lets go of what was held says nothing: a page
looks at that anyway. Nothing is marked that nobody spoke of, and what was done in another way shows once its
trigger has run.
"""

from flask import Response, g

from web import snapshot
from web.site import site


def of(uid: str, *what: str) -> None:
    """This request writes these of a person's watches, or ``snapshot.ALERTS``, or ``snapshot.EVERYTHING``.

    It is said before the write: one of which nothing is known may have been done.
    """
    if what:
        g.setdefault("written", {}).setdefault(uid, set()).update(what)


def mark(answer: Response) -> Response:
    """After each request."""
    settle()
    return answer


def settle() -> None:
    """Mark what was said so far; for who shows a page in the request that wrote."""
    for uid, what in g.pop("written", {}).items():
        snapshot.mark(site().documents, uid, *what)
