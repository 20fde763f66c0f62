"""Boards for pages: read and opened once for all people, and nobody waits for what another reads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from unittest.mock import patch

import pytest

from store.sqlite import SqliteDocuments
from tests.builders import ITEM, START, at, observed
from watchers import board as boards
from watchers import encoding
from watchers.board import Board
from watchers.documents import Document, Put
from watchers.errors import StoreUnavailableError
from watchers.looking import look
from watchers.places import Places
from watchers.rows import Row
from watchers.target import Target
from web.boards import Boards

NAME = "ticketmaster-0"
OTHER = Target("ticketmaster", "another00")


class Slow(SqliteDocuments):
    """A store whose reads are counted, and wait until they may go on."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.reads, self.is_reading, self.may_go = 0, Event(), Event()
        self.may_go.set()

    def get(self, path: str) -> Document | None:
        self.reads += 1
        self.is_reading.set()
        assert self.may_go.wait(10)
        return super().get(path)


@pytest.fixture
def documents() -> Slow:
    return Slow()


@pytest.fixture
def opened() -> Iterator[list[int]]:
    """When what was opened was seen last, one entry a row that was opened."""
    found = list[int]()
    really = encoding.unpacked

    def unpacked(content: bytes, seen_ms: int) -> object:
        found.append(seen_ms)
        return really(content, seen_ms)

    with patch.object(encoding, "unpacked", unpacked):
        yield found


def tick(documents: SqliteDocuments, minute: int, price_of_item: int = 90_00) -> None:
    """Both targets are looked at, the other one at 90.00 as ever, and the board is saved."""
    known = boards.peek(documents, NAME).rows
    rows = {target.id: known.get(target.id) or Row(target, START) for target in (ITEM, OTHER)}
    for row in rows.values():
        price = price_of_item if row.target == ITEM else 90_00
        look(documents, Places(), row, observed(price, when=at(minute), target=row.target))
    board = Board(NAME, rows=rows, cursor=at(minute))
    documents.commit(Put(boards.path(NAME), boards.to_document(board)))


def seen_by(shared: Boards, documents: SqliteDocuments) -> dict[str, Row]:
    """The rows as a page looks at them."""
    rows = shared.board(documents, NAME).rows
    shared.open(rows.values())
    return rows


def test_a_row_that_was_looked_at_once_more_is_not_opened_again(documents: Slow, opened: list[int]) -> None:
    shared = Boards()
    for minute in range(3):  # from the second look on the same is noted without opening the row
        tick(documents, minute)
    seen_by(shared, documents)
    for minute in (3, 4):
        tick(documents, minute)
        opened.clear()
        rows = seen_by(shared, documents)
        assert opened == []
        fresh = boards.peek(documents, NAME).rows
        assert [row.history for row in rows.values()] == [row.history for row in fresh.values()]
        assert rows[ITEM.id].history.seen_at == at(minute)
    tick(documents, 5, price_of_item=80_00)
    opened.clear()
    rows = seen_by(shared, documents)
    assert len(opened) == 1, "what moved is opened, and nothing else"
    assert [run.value for (runs,) in [rows[ITEM.id].history.prices.values()] for run in runs] == [
        90_00,
        80_00,
    ]
    assert rows[OTHER.id].history == boards.peek(documents, NAME).rows[OTHER.id].history


def test_nobody_waits_for_the_reading_while_something_recent_is_there(documents: Slow) -> None:
    shared = Boards(timedelta(minutes=1))
    tick(documents, 0)
    before = shared.board(documents, NAME)
    tick(documents, 1)
    documents.is_reading.clear()
    documents.may_go.clear()
    with ThreadPoolExecutor(1) as pool:
        shared._kept[NAME].read_at -= 60  # noqa: SLF001 - no longer fresh, but not old
        reading = pool.submit(shared.board, documents, NAME)
        assert documents.is_reading.wait(10)
        assert shared.board(documents, NAME) is before
        documents.may_go.set()
        assert reading.result(10).cursor == at(1)
    assert shared.board(documents, NAME).cursor == at(1)


def test_with_nothing_recent_all_wait_for_one_reading(documents: Slow) -> None:
    shared = Boards(timedelta(minutes=1))
    tick(documents, 0)
    documents.reads = 0
    documents.may_go.clear()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(shared.board, documents, NAME) for _ in range(4)]
        assert documents.is_reading.wait(10)
        documents.may_go.set()
        found = [one.result(10) for one in asked]
    assert documents.reads == 1
    assert all(one is found[0] for one in found)


def test_a_reading_that_fails_lets_the_next_one_try(documents: Slow) -> None:
    shared = Boards(timedelta(minutes=1))
    tick(documents, 0)
    with patch.object(documents, "get", side_effect=StoreUnavailableError("away")):
        for _ in range(2):
            with pytest.raises(StoreUnavailableError):
                shared.board(documents, NAME)
    assert shared.board(documents, NAME).cursor == at(0)


def test_a_target_that_left_the_board_is_not_remembered(documents: Slow) -> None:
    shared = Boards()
    for minute in range(2):
        tick(documents, minute)
    seen_by(shared, documents)
    left = boards.peek(documents, NAME)
    del left.rows[OTHER.id]
    documents.commit(Put(boards.path(NAME), boards.to_document(left)))
    assert list(seen_by(shared, documents)) == [ITEM.id]
    assert list(shared._kept[NAME].opened) == [ITEM.id]  # noqa: SLF001 - memory, which nobody else can see
