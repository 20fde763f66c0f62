"""The calls that are kept for people: searches, and ``scout.py look``.

They lie in a document of their own, ``purses/{provider}``, so that nobody who searches waits for a tick, and
no tick for somebody who searches. Whoever asks draws a few calls at once, and they count as made, whether
they are made or not. Several processes may draw at the same time; together they are never over.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec.structs import replace

from watchers.clocks import Moment, stopwatch
from watchers.documents import Create, Document, Documents, Update
from watchers.errors import ConflictError, OutOfQuotaError, StoreError, StoreUnavailableError
from watchers.language import Saying, to_say
from watchers.ledger import Ledger
from watchers.quota import Budget, Quota

log = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds that a person may have to wait for others
_A_CALL = 2.0  # seconds in which one call is made and answered, before others may go on
_ATTEMPTS = 8
_SPENT = (
    to_say("the calls that are kept for people are spent for now."),
    to_say("the calls that are kept for people are spent; try again at {time} UTC."),
    to_say("the calls that are kept for people are spent; try again at {time} UTC on {day}."),
)
_BLOCKED = (
    to_say("it said to wait for now."),
    to_say("it said to wait; try again at {time} UTC."),
    to_say("it said to wait; try again at {time} UTC on {day}."),
)


def path(provider: str) -> str:
    """Where the purse lies."""
    return f"purses/{provider}"


class Drawn(Budget):
    """Calls drawn for one person; ``version`` is the document's with which they count as made.

    While nobody drew since, whoever has it knows better than the document which of them were made, and
    when: hand it to the next ``draw`` once no call is made with it any more.
    """

    version = ""


def draw(  # noqa: PLR0913 - whose, how many, and the world
    documents: Documents,
    provider: str,
    quota: Quota,
    now: Moment,
    *,
    calls: int = 1,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = stopwatch,
    closed: Drawn | None = None,
) -> Drawn:
    """A purse of at most ``calls`` from the slice of the provider's ``quota`` that people have.

    One read and one write. The calls must be made soon; those that are not, are lost. Whose turn would come
    only after ``patience`` seconds are not drawn. What ``closed`` did not spend is there again, if nobody
    drew since.

    Raises:
        OutOfQuotaError: none is left; the message is a sentence that says when to try again.
        StoreUnavailableError: too many people drew at the same time; nothing was drawn.
    """
    ours, began = quota.for_people(), clock()
    if not ours.calls:
        why = Saying("may be asked so seldom that no call is kept for people.")
        raise OutOfQuotaError(f"{provider} {why}", why)
    for _ in range(_ATTEMPTS):
        document = documents.get(path(provider))
        is_ours = closed is not None and document is not None and closed.version == document.version
        known = closed.ledger if closed and is_ours else _ledger(document)
        before = known.advanced(ours, now)
        drawn, seconds = _reserved(provider, ours, before, now, calls=calls, patience=patience)
        after = before.with_calls(drawn, before.time + 1000 * seconds)
        try:
            version = _write(documents, provider, document, after)
        except ConflictError:
            continue
        purse = Drawn(
            ours, before, now, sleep,
            at_most=drawn, until=began + seconds, even=False, began=began, clock=clock,
        )  # fmt: skip
        purse.version = version
        return purse
    raise StoreUnavailableError(f"{provider}: too many people are asking at once")


def remember(documents: Documents, provider: str, quota: Quota, purse: Budget) -> None:
    """Have whoever draws next heed it too, if the provider said when it may be asked again.

    One read and one write then, else none. Best effort: a database that refuses costs nobody the answer.
    """
    told = purse.ledger
    if told.clock is None or told.blocked_until is None:
        return
    try:
        for _ in range(_ATTEMPTS):
            document = documents.get(path(provider))
            ledger = _ledger(document).advanced(quota.for_people(), told.clock)
            if ledger.blocked >= told.blocked:
                return
            with suppress(ConflictError):
                _write(documents, provider, document, replace(ledger, blocked=told.blocked))
                return
    except StoreError as exc:
        log.warning("purse.block_lost", extra={"provider": provider, "why": type(exc).__name__})


def _reserved(
    provider: str, quota: Quota, ledger: Ledger, now: Moment, *, calls: int, patience: float
) -> tuple[int, float]:
    """How many calls can be had, and within how many seconds nobody else makes any."""
    waits = [0.0]
    pretended = Budget(
        quota, ledger, now, waits.append,
        at_most=calls, until=patience, even=False, began=0.0, clock=lambda: 0.0,
    )  # fmt: skip
    while pretended.made < calls:
        try:
            pretended.take()
        except OutOfQuotaError:
            break
    if not pretended.made:
        why = _why_none(pretended, now.at)
        raise OutOfQuotaError(f"{provider}: {why}", why)
    return pretended.made, max(waits) + _A_CALL * pretended.made


def _why_none(pretended: Budget, now: datetime) -> Saying:
    free_at = pretended.free_at
    if pretended.ledger.blocked_until:
        return _until(_BLOCKED, free_at, now)
    if free_at is not None and free_at <= now:  # the limit leaves some; it is their turn that is late
        return Saying("its calls for people are in use at this moment; try again in half a minute.")
    return _until(_SPENT, free_at, now)


def _until(texts: tuple[str, str, str], free_at: datetime | None, now: datetime) -> Saying:
    """Of three sentences the one for a time that is unknown, of today, or of another day."""
    for_now, today, another_day = texts
    if free_at is None:
        return Saying(for_now)
    minute = (max(free_at, now) + timedelta(minutes=1)).replace(second=0, microsecond=0)
    values = {"time": f"{minute:%H:%M}", "day": f"{minute:%Y-%m-%d}"}
    return Saying(today if minute.date() == now.date() else another_day, values)


def _ledger(document: Document | None) -> Ledger:
    if document is None:
        return Ledger()
    return Ledger.from_document(document.fields.get("ledger") or {}, document.updated_at)


def _write(documents: Documents, provider: str, read: Document | None, ledger: Ledger) -> str:
    fields = {"ledger": ledger.to_document()}
    write = Update(read.path, fields, read.version) if read else Create(path(provider), fields)
    return documents.commit(write)[0]
