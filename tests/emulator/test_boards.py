"""Several boards of one provider, ticked side by side: worker → Pub/Sub → poll_board → phone.

Real: both emulators, the push with its redelivery, and a process for each function.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.goods import Event
from tests.emulator.chain import Chain, Someone, below, eventually
from tests.emulator.functions import Function, records
from tests.pubsub_emulator import publish, push, running_pubsub, why_missing
from watchers import homes
from watchers.fanout import Message
from watchers.quota import Quota
from watchers.resharding import reshard
from watchers.shards import board_of

pytestmark = pytest.mark.emulator

BOARDS = 3


@dataclass
class Fleet:
    """A worker with a topic, and the function that its messages call."""

    chain: Chain
    emulator: str
    topic: str
    worker: Function
    poller: Function

    def run(self) -> dict[str, Any]:
        """A run, and everything that follows from it."""
        report = self.chain.post(self.worker.url)
        assert report["boards_published"] == [f"ticketmaster-{shard}" for shard in range(BOARDS)]
        eventually(lambda: self.finished(report["run"]) == BOARDS)
        self.chain.settle()
        return report

    def finished(self, run: str) -> int:
        """How many boards were ticked in a run."""
        return sum(run in board.runs for board in homes.every(self.chain.documents, "ticketmaster"))

    def send(self, *bodies: bytes) -> None:
        """Messages by hand."""
        for body in bodies:
            publish(self.emulator, self.topic, body)

    def said(self, event: str) -> list[dict[str, Any]]:
        """What the function logged under this name."""
        return [one for one in records(self.poller.lines()) if one["event"] == event]


@pytest.fixture(scope="module")
def pubsub() -> Iterator[str]:
    if reason := why_missing():
        pytest.skip(reason)
    with running_pubsub() as emulator:
        yield emulator


@pytest.fixture
def shows(chain: Chain) -> dict[str, tuple[Someone, Event]]:
    """Somebody who waits for a show under 50, for each of some shows, on every board some."""
    found: dict[str, tuple[Someone, Event]] = {}
    boards = set[str]()
    while len(found) < 2 * BOARDS or len(boards) < BOARDS:
        person, show = chain.someone(), chain.show(face="60")
        watch = f"fleet-{person.uid}"
        chain.save(person, watch, below(show, "50.00"))
        (target,) = chain.job(watch)["targets"]
        boards.add(board_of(target, BOARDS))
        found[watch] = (person, show)
    return found


@pytest.fixture
def fleet(chain: Chain, pubsub: str, shows: dict[str, tuple[Someone, Event]]) -> Iterator[Fleet]:
    chain.run()
    spread(chain, BOARDS)
    topic = f"projects/{chain.project}/topics/boards-{len(chain.functions)}"
    more = {"PUBSUB_EMULATOR_HOST": pubsub, "BOARDS_TOPIC": topic.rsplit("/", 1)[1]}
    settings = {**chain.settings, **more}
    with (
        Function("ticket_monitor_worker", "http", settings, chain.folder) as worker,
        Function("poll_board", "cloudevent", settings, chain.folder) as poller,
    ):
        for function in (worker, poller):
            chain.functions[f"{function.target} on {function.port}"] = function  # its log is read, too
            function.wait_until_ready()
        push(pubsub, topic, poller.url)
        yield Fleet(chain, pubsub, topic, worker, poller)
    assert shows
    spread(chain, 1)


def spread(chain: Chain, boards: int) -> None:
    now = datetime.now(UTC)
    quota = Quota(1_000_000, timedelta(days=1), 50)
    holder = f"reshard-{now.isoformat()}"
    reshard(chain.documents, "ticketmaster", boards, quota=quota, holder=holder, now=now)


def test_every_board_is_ticked_by_its_message_and_everybody_is_texted_once(
    fleet: Fleet, shows: dict[str, tuple[Someone, Event]]
) -> None:
    chain = fleet.chain
    fleet.run()
    for person, show in shows.values():
        chain.market.set_price(show.id, "face", "48")
        assert chain.texts(person) == []

    report = fleet.run()

    assert [len(chain.texts(person)) for person, _ in shows.values()] == [1] * len(shows)
    assert report["boards"] == []
    told = [one for one in fleet.said("tick.done") if one["run"] == report["run"]]
    assert sorted(one["board"] for one in told) == report["boards_published"]
    fleet.run()
    assert [len(chain.texts(person)) for person, _ in shows.values()] == [1] * len(shows)


def test_messages_that_come_again_and_messages_that_make_no_sense_do_nothing(
    fleet: Fleet, shows: dict[str, tuple[Someone, Event]]
) -> None:
    chain = fleet.chain
    first = fleet.run()
    for _, show in shows.values():
        chain.market.set_price(show.id, "face", "48")
    again = [json.dumps(Message(name, first["run"], BOARDS).to_json()).encode() for name in boards_of(first)]
    nonsense = [b"no JSON", b'{"board": "nobody-0", "run": "r1"}']

    fleet.send(*nonsense, *again, *again)
    eventually(lambda: len(unknown(fleet)) == len(nonsense), within=60)
    eventually(lambda: len(skipped(fleet, "already_run")) >= 2 * BOARDS, within=60)

    assert [chain.texts(person) for person, _ in shows.values()] == [[]] * len(shows)
    before = fleet.said("poll_board.unknown")
    fleet.run()
    assert [len(chain.texts(person)) for person, _ in shows.values()] == [1] * len(shows)
    assert fleet.said("poll_board.unknown") == before, "they were taken, and do not come again"


def test_messages_to_a_function_that_is_down_come_again_when_it_is_back(
    fleet: Fleet, shows: dict[str, tuple[Someone, Event]]
) -> None:
    chain = fleet.chain
    fleet.run()
    for _, show in shows.values():
        chain.market.set_price(show.id, "face", "48")
    fleet.poller.kill()
    report = chain.post(fleet.worker.url)
    assert len(report["boards_published"]) == BOARDS
    assert fleet.finished(report["run"]) == 0

    fleet.poller.ensure_running()
    eventually(lambda: fleet.finished(report["run"]) == BOARDS, within=60)
    chain.settle()

    assert [len(chain.texts(person)) for person, _ in shows.values()] == [1] * len(shows)


def boards_of(report: dict[str, Any]) -> list[str]:
    return list(report["boards_published"])


def unknown(fleet: Fleet) -> set[str]:
    """The messages that made no sense; under load one may be pushed twice, which does nothing either."""
    return {one["event_id"] for one in fleet.said("poll_board.unknown")}


def skipped(fleet: Fleet, why: str) -> list[dict[str, Any]]:
    return [one for one in fleet.said("tick.done") if one.get("skipped") == why]
