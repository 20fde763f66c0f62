"""How everything is doing, as values: for the page, ``scout.py status`` and ``/metrics``.

Nothing here costs a read per watch, person or alert: boards are read once each, everything else is counted by
the database or lies in one document. Nothing is personal.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from notifiers import spend
from notifiers.standing import Standing, standing
from watchers import mishaps, plan
from watchers.board import Board
from watchers.documents import Query
from watchers.history import moment
from watchers.kinds import Channel
from watchers.mishaps import Mishap
from watchers.places import REFUSED
from watchers.plan import Plan
from watchers.rows import Row
from watchers.target import Target
from watchers.usage import Usage
from web.plans import Plans
from web.site import Site

FREE_READS, FREE_WRITES, FREE_DELETES = 50_000, 20_000, 20_000
"""Operations a day that Firestore does not charge for: https://firebase.google.com/docs/firestore/pricing"""
_WORST = 3  # blind targets that are named


@dataclass(frozen=True, slots=True)
class Blind:
    """A target that is not seen, since when, why, and how many watch it."""

    target: Target
    since: datetime
    why: str
    watchers: int

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "target": self.target.id,
            "since": self.since.isoformat(),
            "why": self.why,
            "watchers": self.watchers,
        }


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of one board: when, how long, and how many looks it made and how many of them failed."""

    at: datetime
    board: str
    milliseconds: int
    asked: int
    calls: int
    failed: int
    alerts: int


@dataclass(frozen=True, slots=True)
class OfProvider:
    """One provider.

    Attributes:
        name: Its name.
        state: ``on``, or why it is off.
        known: What its boards come to; ``None``: nobody watches it, or that cannot be worked out.
        is_watched: Whether it has a board.
        failures: Why looks fail now, by code, and at how many targets.
        ticks: Its last ticks, newest first.
        blind: The targets that are not seen, the longest first.
    """

    name: str
    state: str
    known: Plan | None = None
    is_watched: bool = False
    failures: Mapping[str, int] = field(default_factory=dict)
    ticks: tuple[Tick, ...] = ()
    blind: tuple[Blind, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        said: dict[str, Any] = {"provider": self.name, "state": self.state, "is_watched": self.is_watched}
        if self.known is None:
            return said
        known = self.known
        return said | {
            "calls": known.calls,
            "calls_left": known.calls_left,
            "free_at": known.free_at.isoformat() if known.free_at else None,
            "targets": len(known.turns),
            "slow": known.slow,
            "blind": len(self.blind),
            "worst_blind": [one.to_json() for one in self.blind[:_WORST]],
            "failures": dict(self.failures),
            "down_since": known.down_since.isoformat() if known.down_since else None,
            "ticked_at": known.ticked_at.isoformat() if known.ticked_at else None,
            "warning": plan.capacity(known),
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """How everything is doing at one moment.

    Attributes:
        at: When it was gathered.
        providers: All of them, in the order of the form.
        channels: Each way of telling people, ``on`` or why it is off.
        ticks: The last ticks of all boards, newest first.
        mishaps: Boards that could not be ticked lately, newest first.
        ticked_at: When a board was saved last; ``None``: never.
        patience: After how long without a tick the worker does not run.
        outbox: How it stands.
        segments, segments_in_all: Of texts this month: taken, and the cap.
        text_price: Dollars a segment.
        usage: Document operations of today.
        people, watches, refused: How many there are; watches that go on.
        store, version: What the database is, and what runs here.
    """

    at: datetime
    providers: tuple[OfProvider, ...]
    channels: Mapping[str, str]
    ticks: tuple[Tick, ...]
    mishaps: tuple[Mishap, ...]
    ticked_at: datetime | None
    patience: timedelta
    outbox: Standing
    segments: int
    segments_in_all: int
    text_price: Decimal
    usage: Usage
    people: int
    watches: int
    refused: int
    store: str
    version: str

    @property
    def is_late(self) -> bool:
        """Whether the worker does not run: there are boards, and none was saved for too long."""
        return self.ticked_at is not None and self.at - self.ticked_at > self.patience

    @property
    def targets(self) -> int:
        """How many targets are watched."""
        return sum(len(one.known.turns) for one in self.providers if one.known)

    @property
    def blind(self) -> list[Blind]:
        """Every target that is not seen, the longest first."""
        return sorted((blind for one in self.providers for blind in one.blind), key=lambda blind: blind.since)

    @property
    def spent(self) -> Decimal:
        """What this month's texts cost, in dollars: an estimate by segments."""
        return self.text_price * self.segments

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        outbox = asdict(self.outbox) | {
            "oldest": self.outbox.oldest.isoformat() if self.outbox.oldest else None,
            "ended": {":".join(key): number for key, number in self.outbox.ended.items()},
            "failed": dict(self.outbox.failed),
        }
        return {
            "at": self.at.isoformat(),
            "providers": [one.to_json() for one in self.providers],
            "channels": dict(self.channels),
            "ticks": [asdict(one) | {"at": one.at.isoformat()} for one in self.ticks],
            "boards_failed": [{"at": one.at.isoformat(), "board": one.board} for one in self.mishaps],
            "ticked_at": self.ticked_at.isoformat() if self.ticked_at else None,
            "worker_runs": not self.is_late,
            "outbox": outbox,
            "spend": {
                "segments": self.segments,
                "segments_in_all": self.segments_in_all,
                "dollars": str(self.spent),
            },
            "document_operations_today": {
                "reads": self.usage.reads,
                "writes": self.usage.writes,
                "deletes": self.usage.deletes,
            },
            "people": self.people,
            "watches": self.watches,
            "targets": self.targets,
            "refused": self.refused,
            "store": self.store,
            "version": self.version,
        }


def gather(site: Site, *, why: bool = True) -> Facts:
    """Look at everything once. ``why``: also at failed alerts, one by one, for their codes.

    Raises:
        StoreUnavailableError: nothing is known.
    """
    documents, now, plans = site.documents, site.now(), site.plans()
    providers = tuple(_of_provider(name, state, plans, now) for name, state in site.providers.items())
    saved = [board.saved_at for one in providers for board in _boards(plans, one) if board.saved_at]
    channels = {str(channel): state for channel, state in site.channels().items()}
    on = [channel for channel in Channel if channels.get(channel, "on") == "on"]
    return Facts(
        at=now,
        providers=providers,
        channels=channels,
        ticks=tuple(sorted((tick for one in providers for tick in one.ticks), key=_when, reverse=True)),
        mishaps=tuple(mishaps.latest(documents)),
        ticked_at=max(saved, default=None),
        patience=patience(site),
        outbox=standing(documents, now, on, why=why),
        segments=spend.spent(documents, now),
        segments_in_all=site.limits.segments_in_all,
        text_price=site.text_price,
        usage=site.meter.today(now) if site.meter else Usage(),
        people=documents.count(Query("people")),
        watches=documents.count(Query(site.places.worker_collection, ("seated",), "==", value=True)),
        refused=documents.count(Query(REFUSED)),
        store=site.store,
        version=site.version,
    )


def patience(site: Site) -> timedelta:
    """After how long without a tick the worker does not run."""
    return plan.QUIET + 2 * max(site.shortest, site.tick_every)


def of_target(row: Row) -> Blind:
    """What is said of a target that is not seen."""
    since = moment(row.seen_ms) if row.seen_ms else row.since
    return Blind(row.target, since, row.unseen_why or "not_asked", row.watchers)


def _when(tick: Tick) -> datetime:
    return tick.at


def _boards(plans: Plans, one: OfProvider) -> list[Board]:
    return plans.boards(one.name) if one.state == "on" else []


def _of_provider(name: str, state: str, plans: Plans, now: datetime) -> OfProvider:
    if state != "on":
        return OfProvider(name, state)
    boards = plans.boards(name)
    rows = [row for board in boards for row in board.rows.values()]
    return OfProvider(
        name,
        state,
        plans.of_provider(name),
        is_watched=bool(boards),
        failures=Counter(row.unseen_why for row in rows if row.failures and row.unseen_why),
        ticks=tuple(sorted(_ticks(boards), key=_when, reverse=True)),
        blind=tuple(
            sorted(map(of_target, (row for row in rows if row.is_blind(now))), key=lambda one: one.since)
        ),
    )


def _ticks(boards: list[Board]) -> Iterator[Tick]:
    for board in boards:
        for said in board.ticks:
            numbers = (said["ms"], said["asked"], said["calls"], said["failed"], said["alerts"])
            yield Tick(said["at"].astimezone(UTC), board.name, *numbers)
