"""Several boards in one run: who is ticked here, who by a message, and what they hear of each other."""

import base64
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from tests.fake_provider import FakeProvider, item, item_id
from tests.fakes import FaultyDocuments
from tests.world import MINUTE, PLACES, World, below
from watchers import board as boards
from watchers import fanout, homes, worker
from watchers.board import Board, path, to_document
from watchers.documents import Document, Put, Query, Update
from watchers.errors import ProviderUnavailableError, StoreUnavailableError
from watchers.fanout import Message, Topic, is_over
from watchers.quota import Budget, Ledger, Quota
from watchers.resharding import reshard
from watchers.shards import shard_of
from watchers.tick import Report
from watchers.worker import Round, poll, work

ITEMS = [f"i{number}" for number in range(12)]


def a_world(boards: int, quota: Quota | None = None) -> World:
    """Twelve items on so many boards, each seen at 100.00."""
    world = World(provider=FakeProvider(quota) if quota else FakeProvider())
    for name in ITEMS:
        world.shop.costs(name, 100_00)
        world.save(below(target=item(name)), name)
    run(world)
    reshard(world.documents, "shop", boards, quota=world.shop.quota, holder="h", now=world.now)
    run(world)
    return world


def run(world: World, later: timedelta = MINUTE, key: str | None = None, **also: Any) -> Round:
    world.now += later
    world.runs += 1
    shops = also.pop("shops", {world.shop.name: world.shop})
    return work(
        world.documents, PLACES, shops, also.pop("sweep", lambda _: Counter()),
        run=key or f"run-{world.runs}", now=world.now, every=MINUTE, seconds=30, **also,
    )  # fmt: skip


def deliver(
    world: World, message: Message, sweep: Callable[[datetime], Counter[str]] | None = None
) -> Report:
    return poll(
        world.documents, PLACES, world.shop, sweep or (lambda _: Counter()),
        message=message, now=world.now, every=MINUTE, seconds=30,
    )  # fmt: skip


class Published(list[Message]):
    """In the place of a topic: takes every message but those about boards that are ``lost``."""

    def __init__(self, *lost: str) -> None:
        super().__init__()
        self.lost = lost

    def __call__(self, messages: Sequence[Message]) -> set[str]:
        self.extend(one for one in messages if one.board not in self.lost)
        return {one.board for one in self}


# ── who is ticked ────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_topic_every_board_is_ticked_here() -> None:
    world = a_world(4)
    world.shop.asked.clear()
    done = run(world)
    assert [report.board for report in done.reports] == [f"shop-{shard}" for shard in range(4)]
    assert world.shop.asked == Counter(dict.fromkeys(ITEMS, 1))
    assert done.to_json()["calls"] == {"shop": sum(report.calls for report in done.reports)}


def test_a_new_watch_lies_on_one_board_alone() -> None:
    world = a_world(4)
    new = [f"new{number}" for number in range(6)]
    for name in new:
        world.save(below(target=item(name)), name)
    world.shop.asked.clear()
    run(world)
    assert world.shop.asked == Counter(dict.fromkeys([*ITEMS, *new], 1))
    for board in homes.every(world.documents, "shop"):
        assert {shard_of(target_id, 4) for target_id in board.rows} <= {board.shard}


def test_a_run_that_publishes_ticks_nothing_and_says_so() -> None:
    world, published = a_world(4), Published()
    world.shop.asked.clear()
    done = run(world, publish=published)
    assert done.to_json()["boards_published"] == [f"shop-{shard}" for shard in range(4)]
    assert [(one.board, one.shards, one.run) for one in published] == [
        (f"shop-{shard}", 4, done.run) for shard in range(4)
    ]
    assert (done.reports, world.shop.asked) == ((), Counter())
    assert done.operations["writes"] == 0
    for message in published:
        deliver(world, message)
    assert world.shop.asked == Counter(dict.fromkeys(ITEMS, 1))


def test_one_board_is_ticked_here_though_there_is_a_topic() -> None:
    world, published = a_world(1), Published()
    assert [report.board for report in run(world, publish=published).reports] == ["shop-0"]
    assert not published


def test_what_could_not_be_published_is_ticked_here() -> None:
    world, published = a_world(4), Published("shop-1", "shop-3")
    done = run(world, publish=published)
    assert [one.board for one in published] == ["shop-0", "shop-2"]
    assert [report.board for report in done.reports] == ["shop-1", "shop-3"]


def test_a_dry_run_publishes_nothing() -> None:
    world, published = a_world(4), Published()
    assert len(run(world, publish=published, dry_run=True).reports) == 4
    assert not published


def test_a_message_that_comes_again_does_nothing() -> None:
    world = a_world(4)
    message = Message("shop-2", "r1", 4)
    deliver(world, message)
    world.now += MINUTE
    world.shop.asked.clear()
    assert [deliver(world, message).skipped for _ in range(2)] == ["already_run"] * 2
    assert not world.shop.asked


def test_two_deliveries_at_once_ask_once() -> None:
    world = a_world(2)
    world.now += MINUTE
    world.shop.asked.clear()
    second: list[Report] = []
    world.shop.while_asking = lambda: second.append(deliver(world, Message("shop-1", "r1", 2)))
    deliver(world, Message("shop-1", "r1", 2))
    assert [report.skipped for report in second] == ["busy"]
    assert set(world.shop.asked.values()) == {1}


def test_a_late_message_about_a_board_that_is_gone_does_nothing() -> None:
    world = a_world(4)
    reshard(world.documents, "shop", 2, quota=world.shop.quota, holder="h2", now=world.now)
    world.now += MINUTE
    assert deliver(world, Message("shop-3", "r1", 4)).skipped == "not_named"
    assert len(world.documents.find(Query("boards"))) == 2


def test_a_message_that_knows_too_few_boards_loses_nothing() -> None:
    world = a_world(4)
    world.now += MINUTE
    assert deliver(world, Message("shop-1", "r1", 2)).targets == len(on(1, 4))
    assert [board.shards for board in homes.every(world.documents, "shop")] == [4] * 4


def on(shard: int, n: int) -> set[str]:
    """The targets that belong on a board."""
    return {item_id(name) for name in ITEMS if shard_of(item_id(name), n) == shard}


def test_an_uneventful_run_reads_the_home_once_and_each_other_board_once() -> None:
    world = a_world(4)
    run(world, later=timedelta(minutes=5))
    for board in homes.every(world.documents, "shop"):
        stored = world.documents.get(path(board.name))
        assert stored
        later = world.now + timedelta(hours=1)  # past the overlap in which jobs are read again
        world.documents.commit(Update(stored.path, {"cursor": later}, stored.version))
    done = run(world)
    assert done.operations == {"reads": 4 + 4, "writes": 8}, "the boards, and a look for jobs by each"


@pytest.mark.parametrize("runs", [3, 6])
def test_where_the_quota_is_short_each_board_has_its_turn(runs: int) -> None:
    world = a_world(8, Quota(5000, timedelta(days=1), 1000))
    polled = [report.board for _ in range(runs) for report in run(world).reports]
    assert Counter(polled) == Counter({f"shop-{shard}": runs // 3 for shard in range(8)})


def test_the_first_watch_of_a_provider_gets_its_board_though_others_have_many() -> None:
    world = a_world(4)
    other = FakeProvider()
    other.name = "fair"
    shop, world.shop = world.shop, other
    other.costs("a", 100_00)
    world.save(below(target={"provider": "fair", "item": "a"}), "w-fair")
    world.shop = shop
    done = run(world, shops={"shop": shop, "fair": other})
    assert [report.board for report in done.reports] == ["shop-0", "shop-1", "shop-2", "shop-3", "fair-0"]
    assert other.asked == Counter(a=1)


def test_boards_of_an_older_release_are_ticked_and_are_homes_from_then_on() -> None:
    world = a_world(1)
    stored = world.documents.get(path("shop-0"))
    assert stored
    older = {name: value for name, value in stored.fields.items() if name not in ("first", "shards")}
    world.documents.commit(Put(stored.path, older))
    assert [report.targets for report in run(world).reports] == [len(ITEMS)]
    assert set(homes.find(world.documents)) == {"shop"}


# ── what they hear of each other ─────────────────────────────────────────────────────────────────────────


class Refusing(FakeProvider):
    """Tells whoever asks to ask nothing for an hour."""

    until: datetime | None = None

    def fetch(self, _batch: Any, budget: Budget, now: datetime) -> Any:
        budget.take()
        self.calls += 1
        self.until = now + timedelta(hours=1)
        budget.block_until(self.until)
        raise ProviderUnavailableError("not now")


def test_a_provider_that_says_stop_to_one_board_is_not_asked_by_the_next_ones() -> None:
    world = a_world(4)
    world.shop = Refusing()
    done = run(world)
    assert (world.shop.calls, [report.calls for report in done.reports]) == (1, [1, 0, 0, 0])
    assert run(world).to_json()["calls"] == {"shop": 0}


def test_what_the_home_was_told_goes_with_the_messages() -> None:
    world, published = a_world(4), Published()
    refusing = world.shop = Refusing()
    world.now += MINUTE
    assert deliver(world, Message("shop-0", "r0", 4)).calls == 1
    run(world, publish=published)
    assert [one.blocked_until for one in published] == [refusing.until] * 4
    assert [deliver(world, one).calls for one in published] == [0, 0, 0, 0]
    assert refusing.calls == 1


@pytest.mark.parametrize("told", [1, 3])
def test_what_another_board_was_told_goes_with_the_next_runs_messages(told: int) -> None:
    world, published = a_world(4), Published()
    refusing = world.shop = Refusing()
    world.now += MINUTE
    assert deliver(world, Message(f"shop-{told}", "r0", 4)).calls == 1
    assert run(world).to_json()["calls"] == {"shop": 0}, "the home heeds it, too"
    run(world, publish=published)
    assert [one.blocked_until for one in published] == [refusing.until] * 4
    assert [deliver(world, one).calls for one in published] == [0, 0, 0, 0]
    assert refusing.calls == 1
    run(world, later=timedelta(hours=1))
    assert refusing.calls > 1, "it was an hour, and not for ever"


def test_what_the_home_was_told_later_counts_and_not_what_was_told_before() -> None:
    world, published = a_world(4), Published()
    refusing = world.shop = Refusing()
    world.now += MINUTE
    deliver(world, Message("shop-3", "r0", 4))
    before = refusing.until
    world.now += MINUTE
    deliver(world, Message("shop-0", "r1", 4))
    run(world, publish=published)
    assert {one.blocked_until for one in published} == {refusing.until}
    assert homes.told_until(home(world)) == before != refusing.until


def test_who_was_told_no_more_than_it_knew_tells_nobody() -> None:
    world = a_world(4)
    world.now += MINUTE
    before = home(world).version
    until = world.now + timedelta(hours=2)
    assert deliver(world, Message("shop-3", "r0", 4, until)).blocked_until == until
    assert home(world).version == before


def test_a_home_that_is_being_ticked_is_told_afterwards_and_keeps_what_it_has_seen() -> None:
    world = a_world(4)
    ticking = claim(world)
    until = world.now + timedelta(hours=1)

    def end(_seconds: float) -> None:
        boards.save(world.documents, ticking, "r-home")

    assert homes.tell(world.documents, "shop", until, world.now, end)
    assert homes.told_until(home(world)) == until
    assert "r-home" in home(world).fields["runs"]


def test_a_home_that_is_ticked_for_long_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = a_world(4)
    world.shop = Refusing()
    world.now += MINUTE
    ticking = claim(world)
    monkeypatch.setattr(homes, "_PAUSE", 0.0)
    assert deliver(world, Message("shop-3", "r0", 4)).calls == 1
    boards.save(world.documents, ticking, "r-home")
    assert homes.told_until(home(world)) is None
    assert "home.not_told" in [one.message for one in caplog.records]


def test_a_home_that_was_saved_meanwhile_is_told_at_the_next_attempt() -> None:
    world = a_world(4)
    busy = FaultyDocuments(world.documents)
    until, paused = world.now + timedelta(hours=1), list[float]()

    def save(_writes: object) -> None:
        busy.before_commit = None
        world.documents.commit(Update(path("shop-0"), {"down_since": world.now}, home(world).version))

    busy.before_commit = save
    assert homes.tell(busy, "shop", until, world.now, paused.append)
    assert (homes.told_until(home(world)), len(paused)) == (until, 1)


def test_a_shorter_wait_never_takes_the_place_of_a_longer_one() -> None:
    world = a_world(4)
    until = world.now + timedelta(hours=1)
    assert homes.tell(world.documents, "shop", until, world.now)
    before = home(world).version
    assert homes.tell(world.documents, "shop", until - MINUTE, world.now)
    assert (homes.told_until(home(world)), home(world).version) == (until, before)
    assert not homes.tell(world.documents, "nobody", until, world.now)


def test_a_database_that_goes_away_loses_no_report(caplog: pytest.LogCaptureFixture) -> None:
    world = a_world(4)
    world.shop = Refusing()
    world.now += MINUTE
    with patch.object(homes, "tell", side_effect=StoreUnavailableError):
        assert deliver(world, Message("shop-3", "r0", 4)).calls == 1
    assert "home.not_told" in [one.message for one in caplog.records]


def home(world: World) -> Document:
    found = world.documents.get(path("shop-0"))
    assert found
    return found


def claim(world: World) -> Board:
    found = boards.claim(world.documents, "shop-0", "r-home", world.shop.quota, world.now, at_most=0)
    assert isinstance(found, Board)
    return found


def test_the_boards_of_a_run_ask_no_more_than_the_provider_allows() -> None:
    world = a_world(4, Quota(48, timedelta(days=1), 1000))
    before = world.shop.calls
    for _ in range(60):
        run(world, later=timedelta(minutes=15))
    assert world.shop.calls <= 48
    assert world.shop.calls > before


# ── what a message finds is sent ─────────────────────────────────────────────────────────────────────────


def test_alerts_of_a_message_are_swept_from_here_and_nothing_is_where_there_are_none() -> None:
    world = a_world(2)
    swept: list[str] = []

    def sweep(_at: datetime) -> Counter[str]:
        swept.append(threading.current_thread().name)
        return Counter()

    world.now += MINUTE
    deliver(world, Message("shop-0", "r1", 2), sweep)
    assert swept == []
    for name in ITEMS:
        world.shop.costs(name, 80_00)
    world.now += MINUTE
    assert deliver(world, Message("shop-0", "r2", 2), sweep).alerts
    assert swept[-1] == "MainThread"


def test_a_sweep_that_fails_is_logged_and_the_message_is_done(caplog: pytest.LogCaptureFixture) -> None:
    world = a_world(1)
    world.shop.costs(ITEMS[0], 80_00)
    world.now += MINUTE

    def fail(_at: datetime) -> Counter[str]:
        raise StoreUnavailableError("away")

    assert deliver(world, Message("shop-0", "r1", 1), fail).alerts
    assert "sweep.failed" in [one.message for one in caplog.records]


# ── a board that fills up ────────────────────────────────────────────────────────────────────────────────


def test_a_board_that_fills_up_says_once_what_to_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = a_world(2)
    size = len(to_document(next(homes.every(world.documents, "shop")))["blob"])
    monkeypatch.setattr("watchers.board._FILLING", size + 40)
    for number in range(40):
        world.save(below(target=item(f"more{number}")), f"more{number}")
    for _ in range(3):
        run(world)
    said = [vars(one) for one in caplog.records if one.message == "board.filling"]
    assert sorted(one["board"] for one in said) == ["shop-0", "shop-1"]
    assert {one["run_this"] for one in said} == {"scout.py reshard shop 4"}


# ── the message ──────────────────────────────────────────────────────────────────────────────────────────


def event(said: object) -> dict[str, Any]:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return {"message": {"data": base64.b64encode(body).decode()}}


@pytest.mark.parametrize(
    "message",
    [
        Message("steam-3", "r1", 8, datetime(2026, 11, 20, 12, tzinfo=UTC)),
        Message("steam-0", "r1", 1),
        Message("steam-3", "r1"),
    ],
)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    assert Message.from_event(event(message.to_json())) == message


@pytest.mark.parametrize(
    "said",
    [
        {"board": "steam-3", "run": "r1", "shards": 3},
        {"board": "steam-0", "run": "r1", "shards": 0},
        {"board": "steam-0", "run": "r1", "shards": "1"},
        {"board": "steam-0", "run": "r1", "shards": True},
        {"board": "steam-0", "run": ""},
        {"board": "steam-0", "run": 5},
        {"board": "steam-0", "run": "r1", "blocked_until": "soon"},
        {"board": "steam-0", "run": "r1", "blocked_until": 7},
        {"board": "steam-00", "run": "r1"},
        {"board": None, "run": "r1"},
        [],
        "steam-0",
        b"\xff",
    ],
    ids=str,
)
def test_what_is_no_message_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="no message about a board"):
        Message.from_event(event(said))


@pytest.mark.parametrize(
    ("published_at", "expected"),
    [
        ("2026-11-20T12:00:00Z", False),
        ("2026-11-20T11:58:00.5Z", False),
        ("2026-11-20T11:57:59Z", True),
        ("2026-11-20T12:30:00Z", False),
        ("2026-11-20T11:00:00", False),
        ("yesterday", False),
        (None, False),
    ],
)
def test_a_message_is_over_when_newer_runs_have_followed(published_at: str | None, expected: bool) -> None:
    assert is_over(published_at, datetime(2026, 11, 20, 12, tzinfo=UTC)) is expected


class Client:
    """The vendor's publisher: each message's future fails, hangs or succeeds, or it cannot even be asked."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[dict[str, Any]] = []

    def publish(self, topic: str, data: bytes, **_: object) -> Future[str]:
        assert topic == "projects/p/topics/boards"
        outcome, future = self.outcomes.pop(0), Future[str]()
        if outcome == "refused":
            raise PermissionError
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        elif outcome != "hangs":
            self.sent.append(json.loads(data))
            future.set_result("m1")
        return future


def test_only_what_was_surely_taken_counts_as_published(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fanout, "_SECONDS", 0.01)
    topic = Topic("projects/p/topics/boards")
    client = Client("taken", ConnectionError("a-secret"), "hangs", "refused", "taken")
    vars(topic)["_client"] = client
    messages = [Message(f"steam-{shard}", "r1", 5) for shard in range(5)]
    assert topic.publish(messages) == {"steam-0", "steam-4"}
    assert client.sent == [messages[0].to_json(), messages[4].to_json()]
    (said,) = [vars(one) for one in caplog.records if one.levelno == logging.ERROR]
    assert (said["msg"], said["boards"]) == ("boards.not_published", 3)
    assert said["why"] == ["ConnectionError", "PermissionError", "TimeoutError"]
    assert "a-secret" not in caplog.text


def test_the_ledger_of_a_home_that_says_nothing_is_no_obstacle() -> None:
    world = a_world(2)
    stored = world.documents.get(path("shop-0"))
    assert stored
    world.documents.commit(Update(stored.path, {"ledger": None}, stored.version))
    assert len(run(world).reports) == 2
    assert Ledger.from_document({}).blocked_until is None
    assert worker.Round("r", (), (), {}).to_json()["boards_published"] == []
    assert Board("shop-1").shards == 1


def test_a_message_carries_the_trace_of_the_run() -> None:
    body = json.dumps(Message("steam-0", "r1", trace="a" * 32).to_json()).encode()
    data = {"message": {"data": base64.b64encode(body).decode()}}
    assert Message.from_event(data).trace == "a" * 32
    assert "trace" not in Message("steam-0", "r1").to_json()


def test_a_trace_that_is_none_is_left_out_and_the_board_is_ticked_all_the_same() -> None:
    body = json.dumps({"board": "steam-0", "run": "r1", "trace": "../../etc"}).encode()
    message = Message.from_event({"message": {"data": base64.b64encode(body).decode()}})
    assert (message.board, message.trace) == ("steam-0", None)
