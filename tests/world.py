"""The worker from edge to edge: people's documents in; alerts, jobs, statuses and boards out.

One world is one database, one provider and one time that a test moves on. Everything is looked at through
the documents, as the next process would find them.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from store.entries import microseconds
from store.sqlite import SqliteDocuments
from tests.fake_provider import FakeProvider, item
from tests.fakes import Crash, FaultyDocuments
from watchers import alerts, board, jobs
from watchers.board import Board
from watchers.documents import Delete, Document, Documents, Put, Query, Write
from watchers.jobs import Job
from watchers.models import Alert
from watchers.places import Places
from watchers.tick import Report, tick
from watchers.tiers import Tier, Tiers

MINUTE = timedelta(minutes=1)
AFTER_THE_LEASE = board.LEASE + timedelta(seconds=1)
PLACES = Places()


def below(price: str = "90.00", **also: Any) -> dict[str, Any]:
    """A watch of item ``a`` that waits for a price."""
    condition = {"kind": "below", "price": price, "currency": "USD"}
    return {
        "name": "Lakers",
        "target": item("a"),
        "conditions": [condition],
        "notify": ["sms", "email"],
    } | also


class MortalDocuments(FaultyDocuments):
    """After a crash this process does nothing more: not even what stands in a ``finally``."""

    def __init__(self, inner: Documents) -> None:
        super().__init__(inner)
        self.dead = False
        self._one_at_a_time = Lock()  # so that "the third commit" means something among threads

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        with self._one_at_a_time:
            try:
                return super().commit(*writes)
            except Crash:
                self.dead = True
                raise

    def _refuse_when_down(self) -> None:
        if self.dead:
            raise Crash
        super()._refuse_when_down()


class DatedDocuments(SqliteDocuments):
    """SQLite in memory with the test's time, which only has to be later than the machine's."""

    def __init__(self) -> None:
        super().__init__(":memory:")

    def be(self, now: datetime) -> None:
        """Write with this time from now on; time never goes back."""
        with self._transaction() as database:
            database.execute("UPDATE clock SET last = max(last, ?)", (microseconds(now),))


class World:
    """A database, a shop, and a time."""

    def __init__(self, documents: Documents | None = None, provider: FakeProvider | None = None) -> None:
        self.documents: Documents = documents or DatedDocuments()
        self.shop = provider or FakeProvider()
        self.tiers = Tiers({"basic": Tier(watches=10_000)})
        self._now = datetime(2100, 1, 1, 12, 0, tzinfo=UTC)
        self.runs = 0

    @property
    def now(self) -> datetime:
        """The time."""
        return self._now

    @now.setter
    def now(self, now: datetime) -> None:
        self._now = now
        if isinstance(self.documents, DatedDocuments):
            self.documents.be(now)

    # ── what people do ───────────────────────────────────────────────────────────────────────────────────

    def save(self, fields: Mapping[str, Any], watch: str = "w1", uid: str = "u1") -> str:
        """A person saves a watch, and its event is delivered."""
        self.documents.commit(Put(PLACES.source(uid, watch), fields))
        return self.event(watch, uid)

    def remove(self, watch: str = "w1", uid: str = "u1") -> str:
        """A person deletes a watch, and its event is delivered."""
        self.documents.commit(Delete(PLACES.source(uid, watch)))
        return self.event(watch, uid)

    def event(self, watch: str = "w1", uid: str = "u1", documents: Documents | None = None) -> str:
        """Something happened to a watch's document."""
        store = documents or self.documents
        return jobs.copy_watch(
            store, PLACES, self.shop.refusal, uid=uid, watch_id=watch, now=self.now, tiers=self.tiers
        )

    # ── what the worker does ─────────────────────────────────────────────────────────────────────────────

    def tick(self, documents: Documents | None = None, *, run: str | None = None, **also: Any) -> Report:
        """One tick, now."""
        self.runs += 1
        key = run or f"run-{self.runs}"
        store = documents or self.documents
        return tick(store, PLACES, self.shop, board_name="shop-0", run=key, now=self.now, **also)

    def minutes(self, *prices: int | None, name: str = "a") -> list[Report]:
        """A tick a minute, with the item's face price at each; ``None`` is not published."""
        return [self.after(MINUTE, price, name=name) for price in prices]

    def after(self, pause: timedelta, price: int | None, *, name: str = "a") -> Report:
        """A tick after a pause."""
        self.now += pause
        self.shop.costs(name, price)
        return self.tick()

    def minute(self, documents: Documents | None = None, **also: Any) -> Report:
        """A minute later, one tick."""
        self.now += MINUTE
        return self.tick(documents, **also)

    def killed(self, act: Callable[[Documents], object], *, before: int = 0, after: int = 0) -> bool:
        """Do ``act``, and die at its ``before``-th or ``after``-th commit. Whether it came to that."""
        documents = MortalDocuments(self.documents)
        if before:
            documents.crash_before(before)
        if after:
            documents.crash_after(after)
        try:
            act(documents)
        except Crash:
            return True
        return False

    # ── what stands there afterwards ─────────────────────────────────────────────────────────────────────

    def alerts(self, watch: str | None = None) -> list[Alert]:
        """Everything in the outbox, oldest first."""
        stored = map(alerts.from_document, self.documents.find(Query(alerts.COLLECTION)))
        mine = [alert for alert in stored if watch in (None, alert.watch_id)]
        return sorted(mine, key=lambda alert: (alert.created_at, alert.watch_id, alert.channel))

    def told(self, watch: str | None = None) -> list[tuple[str, str, int | None]]:
        """The same as (channel, reason, price)."""
        return [(str(one.channel), str(one.news.reason), one.news.price) for one in self.alerts(watch)]

    def texts(self, watch: str | None = None) -> list[tuple[str, int | None]]:
        """What was told by text, as (reason, price); every text must have its e-mail."""
        told = self.told(watch)
        by_text = [(reason, price) for channel, reason, price in told if channel == "sms"]
        by_mail = [(reason, price) for channel, reason, price in told if channel == "email"]
        assert by_text == by_mail
        return by_text

    def job_document(self, watch: str = "w1") -> Document:
        """The worker's copy as it is stored."""
        document = self.documents.get(PLACES.job(watch))
        assert document is not None
        return document

    def job(self, watch: str = "w1") -> Job:
        """The worker's copy."""
        return jobs.read_job(self.job_document(watch))

    def status(self, watch: str = "w1", uid: str = "u1") -> Mapping[str, Any]:
        """What the person's clients read."""
        document = self.documents.get(PLACES.status(uid, watch))
        return document.fields if document else {}

    def board(self) -> Board:
        """The board as it was last saved."""
        return board.peek(self.documents, "shop-0")


def at_once(*acts: Callable[[], Any]) -> Sequence[Any]:
    """Everything at the same time; results in order."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(act) for act in acts]]
