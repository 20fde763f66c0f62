"""Many people told at once: in few commits, and in the end as if each had been told for themselves."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.fake_provider import item
from tests.fakes import FaultyDocuments
from tests.world import AFTER_THE_LEASE, PLACES, World, below
from watchers import concerned, telling
from watchers.documents import Create, Documents, Update, Write
from watchers.errors import StoreUnavailableError
from watchers.rules import Decision, decide
from watchers.tick import Report

PEOPLE = 60
ODD = "w07"  # the one watch that is in the way


def watchers(number: int = PEOPLE) -> World:
    """So many people who watch one item; their first look is behind them."""
    world = World()
    for n in range(number):
        world.save(below(name=f"Watch w{n:02}", notify=["sms", "app"]), watch=f"w{n:02}", uid=f"u{n}")
    world.minutes(95_00)
    return world


def drop(world: World, documents: Documents | None = None, **also: Any) -> Report:
    """A minute later it costs less than everybody wants to pay."""
    world.shop.costs("a", 80_00)
    return world.minute(documents, **also)


def told(world: World) -> Counter[str]:
    """How many texts about each watch there are to be sent."""
    return Counter(alert.watch_id for alert in world.alerts() if alert.channel == "sms")


EVERYBODY = Counter({f"w{n:02}": 1 for n in range(PEOPLE)})
ALL_BUT_THE_ODD_ONE = EVERYBODY - Counter({ODD: 1})


def is_about(watch_id: str, writes: Sequence[Write]) -> bool:
    return any(write.path == PLACES.job(watch_id) for write in writes)


def telling_writes(writes: Sequence[Write]) -> bool:
    return any(isinstance(write, Create) and write.path.startswith("alerts/") for write in writes)


# ── few commits ──────────────────────────────────────────────────────────────────────────────────────────


def test_sixty_watches_are_told_in_three_commits() -> None:
    world = watchers()
    documents = FaultyDocuments(world.documents)
    commits: list[bool] = []
    documents.before_commit = lambda writes: commits.append(telling_writes(writes))

    report = drop(world, documents)

    assert commits.count(True) == 3
    assert told(world) == EVERYBODY
    assert report.alerts == 2 * PEOPLE


def test_whoever_sends_is_told_as_soon_as_some_are_recorded() -> None:
    world = watchers()
    seen: list[int] = []

    drop(world, told=lambda: seen.append(len(world.alerts())))

    assert len(seen) == 3
    assert min(seen) < 2 * PEOPLE
    assert max(seen) == 2 * PEOPLE


def test_nobody_is_sent_for_when_nobody_is_told() -> None:
    world, seen = watchers(), list[int]()

    world.shop.costs("a", 94_00)
    world.minute(told=lambda: seen.append(1))

    assert (seen, world.alerts()) == ([], [])


def test_a_dry_run_records_nothing_for_anybody() -> None:
    world = watchers()

    report = drop(world, dry_run=True)

    assert len(report.would_tell) == 2 * PEOPLE
    assert world.alerts() == []


# ── somebody is in the way ───────────────────────────────────────────────────────────────────────────────


@dataclass
class Trouble:
    """Something that goes wrong with one watch."""

    documents: FaultyDocuments
    world: World
    monkeypatch: pytest.MonkeyPatch

    def unreadable(self) -> None:
        """Its copy is nonsense."""
        job = self.world.job_document(ODD)
        self.world.documents.commit(Update(job.path, {"watch": {"colour": "red"}}, job.version))

    def overtaken(self) -> None:
        """Its owner renames it just before it is recorded."""

        def rename(writes: Sequence[Write]) -> None:
            if is_about(ODD, writes):
                self.documents.before_commit = None
                self.world.save(below(name="Renamed", notify=["sms", "app"]), watch=ODD, uid="u7")

        self.documents.before_commit = rename

    def crashing(self) -> None:
        """A bug meets it, and it alone."""

        def decided(watch: Any, *rest: Any) -> Decision:
            if watch.name == f"Watch {ODD}":
                raise ZeroDivisionError
            return decide(watch, *rest)

        self.monkeypatch.setattr(telling, "decide", decided)

    def refused(self) -> None:
        """The database takes nothing that it is part of."""

        def refuse(writes: Sequence[Write]) -> None:
            if is_about(ODD, writes):
                raise StoreUnavailableError("not this one")

        self.documents.before_commit = refuse

    def nothing(self) -> None:
        """All is well."""


TROUBLES = [Trouble.nothing, Trouble.unreadable, Trouble.overtaken, Trouble.crashing, Trouble.refused]
in_every_trouble = pytest.mark.parametrize("trouble", TROUBLES, ids=lambda one: one.__name__)


def outcome(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Trouble], None], *, together: int
) -> tuple[object, ...]:
    """Everything that stands there after a tick in which so many are told together."""
    world = watchers()
    documents = FaultyDocuments(world.documents)
    with monkeypatch.context() as patched:
        patched.setattr(concerned, "TOGETHER", together)
        trouble(Trouble(documents, world, patched))
        report = drop(world, documents)
    alerts = sorted((one.watch_id, one.channel, one.state) for one in world.alerts())
    (news,) = {replace(one.news, watch_name="") for one in world.alerts()}
    (row,) = world.board().rows.values()
    seen = (row.failures, row.fresh, row.history, report.failures, report.alerts, report.changes)
    return alerts, news, [remembered(world, n) for n in range(PEOPLE)], *seen


def remembered(world: World, number: int) -> tuple[object, ...]:
    """What is kept of one watch; not the code of its alert, which differs from world to world."""
    state = world.job_document(f"w{number:02}").fields["state"]
    last_told = world.status(f"w{number:02}", f"u{number}").get("last_told") or {}
    return {**state, "last_told": None}, last_told.get("price"), last_told.get("at")


@in_every_trouble
def test_telling_together_ends_as_telling_one_by_one(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Trouble], None]
) -> None:
    one_by_one = outcome(monkeypatch, trouble, together=1)

    assert outcome(monkeypatch, trouble, together=concerned.TOGETHER) == one_by_one


@pytest.mark.parametrize(
    ("trouble", "failures", "missed"),
    [
        (Trouble.unreadable, {"unreadable": 1}, 1),
        (Trouble.overtaken, {}, 0),
        (Trouble.crashing, {"crashed": 1}, 1),
        (Trouble.refused, {"unrecorded": 1}, 1),
    ],
    ids=["unreadable", "overtaken", "crashing", "refused"],
)
def test_one_that_is_in_the_way_keeps_the_news_from_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Trouble], None],
    failures: dict[str, int],
    missed: int,
) -> None:
    world = watchers()
    documents = FaultyDocuments(world.documents)
    with monkeypatch.context() as patched:
        trouble(Trouble(documents, world, patched))
        report = drop(world, documents)

    assert told(world) == (ALL_BUT_THE_ODD_ONE if missed else EVERYBODY)
    assert report.failures == failures


@pytest.mark.parametrize("trouble", [Trouble.crashing, Trouble.refused], ids=["crashing", "refused"])
def test_who_was_in_the_way_is_told_by_the_next_tick_and_nobody_twice(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Trouble], None]
) -> None:
    world = watchers()
    documents = FaultyDocuments(world.documents)
    with monkeypatch.context() as patched:
        trouble(Trouble(documents, world, patched))
        drop(world, documents)

    world.minute()

    assert told(world) == EVERYBODY


# ── nobody knows whether it was written ──────────────────────────────────────────────────────────────────


class Forgetful(FaultyDocuments):
    """Writes what tells people, and then says that it does not know whether it did."""

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        versions = super().commit(*writes)
        if telling_writes(writes) and len(writes) > 10:
            raise StoreUnavailableError("the answer was lost")
        return versions


def test_a_commit_that_was_written_and_whose_answer_was_lost_tells_nobody_twice() -> None:
    world = watchers()

    drop(world, Forgetful(world.documents))
    world.minute()

    assert told(world) == EVERYBODY
    assert Counter(alert.channel for alert in world.alerts()) == {"sms": PEOPLE, "app": PEOPLE}


@pytest.mark.parametrize("line", range(1, 7))
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_worker_that_dies_at_any_commit_tells_everybody_once(line: int, side: str) -> None:
    world = watchers(30)

    died = world.killed(lambda documents: drop(world, documents), **{side: line})
    world.now += AFTER_THE_LEASE
    world.tick()
    world.minute()

    assert died or line > 4, "a claim, two times fifteen or more, the board"
    assert set(told(world).values()) == {1}
    assert len(told(world)) == 30


def test_no_more_are_told_together_than_one_commit_takes() -> None:
    """Each of them writes its memory, its status, and an alert for every channel there is."""
    assert concerned.TOGETHER * (2 + 4) <= 500


def test_an_item_that_one_person_watches_needs_no_company() -> None:
    world = watchers(1)
    world.save(below(target=item("b")), watch="other")

    drop(world)

    assert told(world) == Counter({"w00": 1})
