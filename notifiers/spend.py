"""What texts may cost the installation in a month, in segments: a limit that is kept, whoever sends.

One document a month, ``spend/2026-11``, holds what was taken. A sender takes a few at once, so that a
thousand texts do not queue for one document, and gives back what it did not use; one that dies in between
has spent them. So the count may be too high by a few, and is never too low.
"""

import logging
import random
import time
from datetime import UTC, datetime
from typing import Self

from watchers.documents import Create, Documents, Update
from watchers.errors import ConflictError, StoreUnavailableError

log = logging.getLogger(__name__)

COLLECTION = "spend"
_ATTEMPTS = 8
_SAID_AT = (50, 80, 100)  # percent of the month's segments
_PAUSE = 0.05  # seconds at most between two attempts; who comes first is left to chance


def path(now: datetime) -> str:
    """The month's document; months are UTC's, as the vendor bills them."""
    return f"{COLLECTION}/{now.astimezone(UTC):%Y-%m}"


def spent(documents: Documents, now: datetime) -> int:
    """How many segments were taken this month."""
    document = documents.get(path(now))
    return int(document.fields["segments"]) if document else 0


class Allowance:
    """What one sender may still send; use it in a ``with`` block, which gives back what is left.

    Args:
        documents: The database.
        limit: Segments a month for everybody.
        now: Which month.
        block: How many to take at once.
    """

    def __init__(self, documents: Documents, limit: int, now: datetime, *, block: int = 1) -> None:
        self._documents, self._limit, self._path, self._block = documents, limit, path(now), block
        self._left = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self, segments: int) -> bool:
        """Whether so many more may be sent; they then count as spent.

        Raises:
            StoreUnavailableError: nothing is known; it may be asked again later.
        """
        if self._left < segments:
            self._left += self._reserve(segments - self._left)
        if self._left < segments:
            return False
        self._left -= segments
        return True

    def put_back(self, segments: int) -> None:
        """So many of those taken were not used: somebody else has sent it."""
        self._left += segments

    def give_back(self) -> None:
        """Return what was taken and not used; best effort: it may stay counted."""
        if self._left:
            try:
                self._add(-self._left, at_least=-self._left)
            except StoreUnavailableError:
                return
            self._left = 0

    def _reserve(self, missing: int) -> int:
        return self._add(max(missing, self._block), at_least=missing)

    def _add(self, wanted: int, *, at_least: int) -> int:
        """Count ``wanted`` more, or what is left if that is ``at_least`` enough; how many were granted."""
        for _ in range(_ATTEMPTS):
            document = self._documents.get(self._path)
            taken = int(document.fields["segments"]) if document else 0
            granted = min(wanted, self._limit - taken)
            if granted < at_least:
                return 0
            fields = {"segments": taken + granted}
            try:
                self._documents.commit(
                    Update(self._path, fields, document.version) if document else Create(self._path, fields)
                )
            except ConflictError:
                time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 - nobody must guess it
                continue
            _say_passed(taken, taken + granted, self._limit)
            return granted
        raise StoreUnavailableError(f"{self._path} kept changing")


def _say_passed(before: int, after: int, limit: int) -> None:
    """Each part of the month's segments, when it is passed: while there is time to do something about it."""
    for percent in _SAID_AT:
        if 100 * before < percent * limit <= 100 * after:
            log.warning("texts.spent", extra={"percent": percent, "segments": after, "limit": limit})
