"""What people change of their own contacts: take one away, agree to texts, or take that back.

Pages and API do the same here, as compare-and-set against the person as they stand now.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from notifiers import contacts, owners
from notifiers.proofs import Kind
from watchers.documents import Document, Update, Write
from watchers.errors import ConflictError, StoreUnavailableError
from web.account import consents, network, questions
from web.site import site

_ATTEMPTS = 5


def remove(uid: str, kind: Kind) -> None:
    """Take one away.

    Raises:
        LastContactError: they sign in by it.
        StoreUnavailableError: nothing is known; the same may be done again.
    """
    _commit(lambda: owners.removing(site().documents, uid, kind))


def consent(uid: str, *, agrees: bool) -> bool:
    """Agree to texts, or take it back; whether there is a number to text to.

    Raises:
        StoreUnavailableError: nothing is known; the same may be done again.
    """

    def writes() -> tuple[Write, ...]:
        known = site().documents.get(contacts.path(uid))
        if known is None or not known.fields.get(Kind.PHONE):
            return ()
        return (Update(known.path, _consented(known, agrees=agrees), known.version),)

    return _commit(writes)


def ticked() -> dict[str, Any]:
    """What is kept of agreeing here and now: which words were read, and on which network."""
    return consents.ticked(network.network(questions.here()), site().limits.per_day)


def _consented(known: Document, *, agrees: bool) -> dict[str, Any]:
    number, now = str(known.fields[Kind.PHONE]), site().now()
    if agrees:
        return consents.given(known.fields, number, ticked(), now)
    return consents.withdrawn(known.fields, number, ticked(), now)


def _commit(writes: Callable[[], Sequence[Write]]) -> bool:
    """Write what is to be written as things stand now; whether that was anything."""
    for attempt in range(_ATTEMPTS):
        wanted = writes()
        try:
            if wanted:
                site().documents.commit(*wanted)
        except ConflictError:
            time.sleep(0.02 * attempt)
            continue
        return bool(wanted)
    raise StoreUnavailableError("the person kept changing")
