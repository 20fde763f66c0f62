"""Somebody who was erased comes back under the same id: only once all that was theirs is gone.

What is still deleted cannot be told from what they would begin anew, so nothing is begun before it is over.
"""

from watchers.documents import Document, Documents
from watchers.language import say

COLLECTION = "erasures"


class StillErasedError(Exception):
    """The deletion under this id is not over; nothing was written. Its text says to try again."""

    def __init__(self) -> None:
        super().__init__(
            say("What was kept under this account is still being deleted. Try again in some minutes.")
        )


def path(uid: str) -> str:
    """Where it is kept how far the erasure of this person has come."""
    return f"{COLLECTION}/{uid}"


def require_over(documents: Documents, person: Document | None) -> None:
    """Let back in whoever was never erased, or wholly. One read where they were.

    Raises:
        StillErasedError: it has broken off, or is being done at this moment.
    """
    if person is None or person.fields.get("erased_at") is None:
        return
    standing = documents.get(path(person.id))
    if standing and standing.fields["deleted_at"] is None:
        raise StillErasedError
