"""How often something may be done, counted in the database, because every request may meet another process.

A count is of one key (a contact, a network, a country, all) in a sliding window: of this window, and the part
of the last one that still reaches into it. That is never less than was really done within the last window by
more than the evenness of the last one allows, and costs one small document whatever the limit. Keys are
digests; who counts something that could be found out by trying names it by ``proofs.hidden``.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from watchers import expiry
from watchers.documents import Create, Document, Documents, Update, Write

COLLECTION = "throttles"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    """``key`` may ``most`` times in ``per``."""

    key: str
    most: int
    per: timedelta

    @property
    def path(self) -> str:
        """Where it is counted."""
        named = f"{self.key}\x1f{int(self.per.total_seconds())}"
        return f"{COLLECTION}/{hashlib.sha256(named.encode()).hexdigest()}"


class TooOftenError(Exception):
    """It was done as often as it may be; ``wait`` is how long until it may again, at the earliest."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too often")
        self.wait = wait


def counting(documents: Documents, limits: Sequence[Limit], now: datetime) -> list[Write]:
    """The writes that count it once more, for the commit that does it.

    Raises:
        TooOftenError: one of the limits is reached. Nothing is counted.
    """
    found = documents.get_many([limit.path for limit in limits])
    counts = [_count(limit, document, now) for limit, document in zip(limits, found, strict=True)]
    full = [
        limit for limit, count in zip(limits, counts, strict=True) if _level(limit, count, now) >= limit.most
    ]
    if full:
        raise TooOftenError(max(_until_less(limit, now) for limit in full))
    return [
        _written(limit, count, document) for limit, count, document in zip(limits, counts, found, strict=True)
    ]


def _window(limit: Limit, now: datetime) -> int:
    return (now - _EPOCH) // limit.per


def _count(limit: Limit, document: Document | None, now: datetime) -> dict[str, int]:
    """This window's number, how often in it, and how often in the one before."""
    window = _window(limit, now)
    known: Mapping[str, Any] = document.fields if document else {}
    match window - int(known.get("window", -1)):
        case 0:
            return {"window": window, "now": int(known["now"]), "before": int(known["before"])}
        case 1:
            return {"window": window, "now": 0, "before": int(known["now"])}
    return {"window": window, "now": 0, "before": 0}


def _level(limit: Limit, count: Mapping[str, int], now: datetime) -> int:
    passed = ((now - _EPOCH) % limit.per) / limit.per
    return count["now"] + ceil(count["before"] * (1 - passed))


def _until_less(limit: Limit, now: datetime) -> timedelta:
    return limit.per - (now - _EPOCH) % limit.per


def _written(limit: Limit, count: Mapping[str, int], document: Document | None) -> Write:
    counts_until = _EPOCH + (count["window"] + 2) * limit.per
    fields = {**count, "now": count["now"] + 1, expiry.FIELD: counts_until}
    return Update(document.path, fields, document.version) if document else Create(limit.path, fields)
