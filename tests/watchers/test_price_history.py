"""Price history: whatever dies or repeats, what is read back is what the board saw, in order and once."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.sqlite import SqliteDocuments
from tests.builders import FACE, ITEM, RESALE, START, observed
from tests.fakes import Crash, FaultyDocuments
from tests.histories import RULES
from watchers import encoding, expiry, price_history
from watchers.documents import Documents, Query, Update, Write
from watchers.errors import ConflictError
from watchers.history import KEPT_RUNS, Run, Runs
from watchers.money import PriceKey
from watchers.places import Places
from watchers.price_history import (
    PATIENCE,
    WAITING,
    Series,
    Step,
    append,
    archive,
    collection,
    highest,
    lowest,
    read,
    read_target,
    ripe,
    typical,
)
from watchers.rows import Row

KEEP = timedelta(days=730)
EVER = datetime(2000, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=pytest.mark.emulator)])
def store(request: pytest.FixtureRequest) -> Iterator[Documents]:
    if request.param == "firestore":
        yield request.getfixturevalue("firestore_documents")
        return
    documents = SqliteDocuments(":memory:")
    yield documents
    documents.close()


@pytest.fixture
def documents() -> Iterator[SqliteDocuments]:
    documents = SqliteDocuments(":memory:")
    yield documents
    documents.close()


def a_row() -> Row:
    return Row(ITEM, since=START)


def seen(row: Row, *prices: int | Mapping[PriceKey, int] | None, every: timedelta = HOUR) -> datetime:
    """The row looks so often, and finds these prices; when it looked last."""
    now = max((runs[-1].last_at for runs in row.history.prices.values()), default=START)
    for price in prices:
        now += every
        row.history = row.history.after(observed(price, when=now))
    return now


def chunks(documents: Documents) -> list[str]:
    return [document.id for document in documents.find(Query(collection(ITEM.id)))]


def told(series: Series, key: PriceKey = FACE) -> list[int]:
    return [step.price for step in series.steps.get(key, ())]


def spent(documents: Documents, act: Callable[[], object]) -> dict[str, int]:
    before = Counter(documents.operations)
    act()
    return {name: count for name, count in (Counter(documents.operations) - before).items() if count}


# ── what is true, whatever happens ───────────────────────────────────────────────────────────────────────


@dataclass
class Board:
    """A board of one row, as ticks load and save it; and all that any saved look has seen."""

    documents: FaultyDocuments
    saved: bytes = field(default_factory=lambda: encoding.encode({ITEM.id: a_row()}))
    truth: dict[PriceKey, list[Run[int]]] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        return encoding.decode(self.saved)[ITEM.id]

    def tick(self, prices: Mapping[PriceKey, int], now: datetime, fate: str) -> None:
        """A tick that may die before or after its append is committed, or before it is saved."""
        row = self.row
        row.history = row.history.after(observed(prices, when=now))
        if fate == "dies before":
            self.documents.crash_before(1)
        if fate == "dies after":
            self.documents.crash_after(1)
        self.documents.down = fate == "store is down"
        try:
            archive(self.documents, [row], now, KEEP)
            if fate == "repeated":
                archive(self.documents, [row], now, KEEP)
        except Crash:
            return
        finally:
            self.documents.down = False
            self.documents.crash_before(10**9)
            self.documents.crash_after(10**9)
        if fate in ("saved", "repeated", "store is down"):
            self.saved = encoding.encode({ITEM.id: row})
            for key, price in prices.items():
                self.truth[key] = _endless(self.truth.get(key, []), price, now)

    def everything(self) -> dict[PriceKey, tuple[Step, ...]]:
        return {
            key: tuple(Step(_second(run.first_ms), _second(run.last_ms), run.value) for run in runs)
            for key, runs in self.truth.items()
        }


def _endless(runs: list[Run[int]], price: int, now: datetime) -> list[Run[int]]:
    ms = round(now.timestamp() * 1000)
    if runs and runs[-1].value == price:
        return [*runs[:-1], runs[-1]._replace(last_ms=ms)]
    return [*runs, Run(price, ms, ms)]


def _second(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)


fates = st.sampled_from(
    ["saved"] * 6 + ["repeated", "dies before", "dies after", "dies late", "store is down"]
)
a_look = st.tuples(
    st.dictionaries(st.sampled_from([FACE, RESALE]), st.integers(1, 3), max_size=2),
    st.sampled_from([1_000, 61_234, 3_600_500, 400_000_000]),
    fates,
)


@settings(RULES, max_examples=120)
@given(st.lists(a_look, min_size=10, max_size=70), st.sampled_from([1, 60, 100_000]))
def test_what_is_read_is_what_was_seen_in_order_and_once(
    looks: list[tuple[dict[PriceKey, int], int, str]], full: int
) -> None:
    """Chunks that are full at once, after a while, and never. Where more than two are kept, two are read."""
    inner = SqliteDocuments(":memory:")
    board, now = Board(FaultyDocuments(inner)), START
    down_in_a_row = 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(price_history, "FULL", full)
        patched.setattr(price_history, "SHOWN", 1000)
        patched.setattr(price_history, "THREADS", 1)
        for prices, pause, fate in looks:
            now += timedelta(milliseconds=pause)
            down_in_a_row = down_in_a_row + 1 if fate == "store is down" else 0
            board.tick(prices, now, "saved" if down_in_a_row > 1 else fate)
        assert dict(read(board.documents, board.row, EVER).steps) == board.everything()
    inner.close()


def test_the_same_holds_on_every_store(store: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_history, "FULL", 60)
    monkeypatch.setattr(price_history, "SHOWN", 1000)
    board, now = Board(FaultyDocuments(store)), START
    fated = ["saved", "repeated", "dies after", "saved", "dies before", "saved", "dies late"]
    for number in range(60):
        now += HOUR
        prices = {FACE: 1 + number * 7 % 5} | ({RESALE: number // 2} if number % 3 else {})
        board.tick(prices, now, fated[number % len(fated)])
    assert dict(read(store, board.row, EVER).steps) == board.everything()
    assert len(chunks(store)) > 2


def test_a_run_that_a_lost_tick_closed_too_early_is_mended(documents: SqliteDocuments) -> None:
    row = a_row()
    now = seen(row, *range(1, WAITING + 1))
    lost = encoding.decode(encoding.encode({ITEM.id: row}))[ITEM.id]
    append(documents, lost, seen(lost, 99), KEEP)  # and dies: nobody ever hears of 99
    now = seen(row, WAITING, WAITING, 50)
    append(documents, row, now, KEEP)
    steps = read(documents, row, EVER).steps[FACE]
    assert [step.price for step in steps] == [*range(1, WAITING + 1), 50]
    assert steps[-2].until == now - HOUR


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_is_ripe_when_enough_closed_runs_of_one_price_wait() -> None:
    row = a_row()
    assert not ripe(row, START)
    assert not ripe(row, seen(row, *range(WAITING)))
    assert ripe(row, seen(row, 1000))


def test_two_prices_do_not_add_up() -> None:
    row = a_row()
    assert not ripe(row, seen(row, *({FACE: one, RESALE: one} for one in range(WAITING))))


def test_a_row_is_ripe_when_a_closed_run_has_waited_for_a_week() -> None:
    row = a_row()
    now = seen(row, 1, 2)
    assert not ripe(row, now)
    assert ripe(row, now + PATIENCE)
    assert not ripe(a_row(), now + PATIENCE)


def test_what_is_in_the_history_does_not_wait(documents: SqliteDocuments) -> None:
    row = a_row()
    append(documents, row, seen(row, *range(WAITING + 1)), KEEP)
    stored = encoding.decode(encoding.encode({ITEM.id: row}))[ITEM.id]
    assert not ripe(stored, START + PATIENCE * 9)
    assert ripe(stored, seen(stored, *range(100, 100 + WAITING)))


def test_nothing_falls_off_the_board_when_two_appends_in_a_row_fail(documents: SqliteDocuments) -> None:
    down, row = FaultyDocuments(documents), a_row()
    now = seen(row, *range(WAITING + 1))
    down.down = True
    for price in (100, 101):
        assert archive(down, [row], now, KEEP) == {"history_unavailable": 1}
        now = seen(row, price)
    down.down = False
    assert archive(down, [row], now, KEEP) == {"archived": 1}
    assert told(read_target(documents, ITEM.id, EVER)) == [*range(WAITING + 1), 100]


def test_prices_that_change_several_times_a_second_are_all_kept(documents: SqliteDocuments) -> None:
    row = a_row()
    for price in range(60):
        now = seen(row, price, every=timedelta(milliseconds=130))
        archive(documents, [row], now, KEEP)
        row = encoding.decode(encoding.encode({ITEM.id: row}))[ITEM.id]
    assert told(read(documents, row, EVER)) == [*range(60)]


# ── what it costs ────────────────────────────────────────────────────────────────────────────────────────


def test_an_append_is_one_read_and_one_write(store: Documents) -> None:
    row = a_row()
    for prices in (range(8), range(20, 28)):
        now = seen(row, *prices)
        assert spent(store, lambda now=now: append(store, row, now, KEEP)) == {"reads": 1, "writes": 1}  # type: ignore[misc]
    assert told(read(store, row, EVER)) == [*range(8), *range(20, 28)]


def test_an_append_of_what_is_there_already_writes_nothing(store: Documents) -> None:
    row = a_row()
    now = seen(row, *range(8))
    append(store, row, now, KEEP)
    row.archived, row.chunk = {}, 0  # the board was lost, or never saved
    assert spent(store, lambda: append(store, row, now, KEEP)) == {"reads": 1}
    assert row.archived == {FACE: row.history.runs(FACE)[-2].last_ms}


def test_nothing_closed_costs_nothing(documents: SqliteDocuments) -> None:
    row = a_row()
    now = seen(row, 1, 1, 1)
    assert spent(documents, lambda: append(documents, row, now, KEEP)) == {}
    assert spent(documents, lambda: archive(documents, [row], now + PATIENCE * 2, KEEP)) == {}


@pytest.mark.parametrize("full", [1, 100_000])
def test_a_chart_is_one_or_two_reads(store: Documents, monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    monkeypatch.setattr(price_history, "FULL", full)
    row = a_row()
    for start in range(0, 64, 8):
        append(store, row, seen(row, *range(start, start + 8)), KEEP)
    assert spent(store, lambda: read(store, row, EVER)) == {"reads": 2 if full == 1 else 1}


# ── chunks ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_chunk_stays_as_it_is_and_the_next_begins(
    store: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_history, "FULL", 1)
    row = a_row()
    for start in (0, 8):
        append(store, row, seen(row, *range(start, start + 8)), KEEP)
    assert (chunks(store), row.chunk) == (["0", "1"], 1)
    assert told(read(store, row, EVER)) == [*range(16)]


def test_a_chart_that_more_is_kept_than_says_from_when_it_is_complete(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_history, "FULL", 1)
    row, begun = a_row(), []
    for start in range(0, 80, 8):
        begun.append(seen(row, *range(start, start + 8)))
        append(documents, row, begun[-1], KEEP)
    series = read(documents, row, EVER)
    assert series.since == begun[-2]
    assert told(series)[-16:] == [*range(64, 80)]
    assert read(documents, row, begun[-1]).since == begun[-1]


def test_chunks_are_found_again_by_a_board_that_was_lost(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_history, "FULL", 1)
    row = a_row()
    for start in (0, 8):
        now = seen(row, *range(start, start + 8))
        append(documents, row, now, KEEP)
    anew = Row(ITEM, since=now)
    anew.history = anew.history.after(observed(50, when=now + HOUR))
    append(documents, anew, seen(anew, 51), KEEP)
    assert (chunks(documents), anew.chunk) == (["0", "1", "2"], 2)
    assert told(read(documents, anew, EVER))[-9:] == [*range(8, 15), 50, 51]  # 15 was never closed


def test_a_chunk_stays_small_whatever_the_prices_are(documents: SqliteDocuments) -> None:
    row, sizes = a_row(), []
    for number in range(60):
        prices = ({FACE: (number * 8 + one) * 104_729**2 % 10**12, RESALE: one} for one in range(8))
        append(documents, row, seen(row, *prices, every=timedelta(seconds=86_399)), KEEP)
        (chunk,) = documents.find(Query(collection(ITEM.id)))
        sizes.append(len(chunk.fields["blob"]))
    grown = max(later - sooner for sooner, later in pairwise(sizes))
    assert price_history.FULL + 20 * grown < 200_000


@pytest.mark.parametrize("newest", [True, False])
def test_a_damaged_chunk_is_said_and_the_rest_is_shown(
    store: Documents, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, newest: bool
) -> None:
    monkeypatch.setattr(price_history, "FULL", 1)
    row = a_row()
    for start in (0, 20):
        append(store, row, seen(row, *range(start, start + 15)), KEEP)
    damaged = store.get(f"{collection(ITEM.id)}/{1 if newest else 0}")
    assert damaged
    store.commit(Update(damaged.path, {"blob": b"\x01junk"}, damaged.version))
    with caplog.at_level(logging.ERROR):
        series = read(store, row, EVER)
    assert series.damaged == (1 if newest else 0,)
    assert told(series)[-KEPT_RUNS:] == [*range(20, 35)][-KEPT_RUNS:]
    assert ("price_history.damaged", damaged.path) in [
        (record.message, getattr(record, "chunk", "")) for record in caplog.records
    ]


def test_after_a_damaged_chunk_the_next_one_is_begun(store: Documents) -> None:
    row = a_row()
    append(store, row, seen(row, *range(8)), KEEP)
    damaged = store.get(f"{collection(ITEM.id)}/0")
    assert damaged
    store.commit(Update(damaged.path, {"blob": b""}, damaged.version))
    append(store, row, seen(row, *range(20, 28)), KEEP)
    assert (chunks(store), row.chunk) == (["0", "1"], 1)
    assert told(read(store, row, EVER))[-8:] == [*range(20, 28)]


# ── how long ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_older_than_the_setting_leaves_its_chunk(store: Documents) -> None:
    row, keep = a_row(), timedelta(days=10)
    append(store, row, seen(row, *range(8)), keep)
    now = seen(row, *range(20, 40), every=timedelta(days=1))
    append(store, row, now, keep)
    steps = read_target(store, ITEM.id, EVER).steps[FACE]
    assert min(step.until for step in steps) >= now - keep


def test_a_chunk_goes_when_its_last_price_is_older_than_the_setting(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_history, "FULL", 1)
    row, keep = a_row(), timedelta(days=5)
    for start in range(0, 40, 8):
        now = seen(row, *range(start, start + 8), every=timedelta(hours=6))
        append(documents, row, now, keep)
    kept = documents.get(f"{collection(ITEM.id)}/4")
    assert kept
    assert kept.fields["expires_at"] == row.history.runs(FACE)[-2].last_at + keep
    assert expiry.forget(documents, Places(), now) == 2
    assert chunks(documents) == ["2", "3", "4"]
    append(documents, row, seen(row, *range(40, 48)), keep)
    assert chunks(documents) == ["2", "3", "4", "5"]


def test_when_all_chunks_are_gone_the_next_has_the_number_of_the_row(documents: SqliteDocuments) -> None:
    row = a_row()
    row.chunk, row.archived = 4, {FACE: 1}
    append(documents, row, seen(row, *range(8)), KEEP)
    assert (chunks(documents), row.chunk) == (["4"], 4)


def test_with_zero_days_there_is_no_history(documents: SqliteDocuments) -> None:
    row = a_row()
    now = seen(row, *range(KEPT_RUNS))
    assert archive(documents, [row], now, timedelta(0)) == {}
    assert (chunks(documents), row.archived) == ([], {})


# ── what fails ───────────────────────────────────────────────────────────────────────────────────────────


def interrupted(documents: Documents, meanwhile: Callable[[], object]) -> FaultyDocuments:
    """Somebody else comes first, once."""
    faulty = FaultyDocuments(documents)

    def first(_writes: tuple[Write, ...]) -> None:
        faulty.before_commit = None
        meanwhile()

    faulty.before_commit = first
    return faulty


@pytest.mark.parametrize("there_is_one", [True, False])
def test_a_conflict_leaves_the_row_as_it_is_and_the_next_try_mends_it(
    store: Documents, *, there_is_one: bool
) -> None:
    row = a_row()
    if there_is_one:
        append(store, row, seen(row, *range(8)), KEEP)
    now = seen(row, *range(20, 28))
    other = encoding.decode(encoding.encode({ITEM.id: row}))[ITEM.id]
    before = (dict(row.archived), row.chunk)
    contended = interrupted(store, lambda: append(store, other, now, KEEP))
    with pytest.raises(ConflictError):
        append(contended, row, now, KEEP)
    assert (row.archived, row.chunk) == before
    assert archive(store, [row], now, KEEP) == {"archived": 1}
    assert told(read(store, row, EVER)) == [*(range(8) if there_is_one else ()), *range(20, 28)]


def test_one_poisoned_row_does_not_stop_the_others(
    documents: SqliteDocuments, caplog: pytest.LogCaptureFixture
) -> None:
    good, poisoned = a_row(), a_row()
    poisoned.target = replace(ITEM, item="E2")
    for row in (good, poisoned):
        now = seen(row, *range(8))
    runs: Any = poisoned.history.runs(FACE)
    broken: Runs[Any] = (Run(None, runs[0].first_ms, runs[0].last_ms), *runs[1:])
    poisoned.history = replace(poisoned.history, prices={FACE: broken})
    with caplog.at_level(logging.ERROR):
        outcomes = archive(documents, [poisoned, good], now, KEEP)
    assert outcomes == {"archived": 1, "history_crashed": 1}
    assert poisoned.archived == {}
    assert "price_history.crashed" in [record.message for record in caplog.records]


def test_too_many_at_once_are_put_off_and_those_with_most_to_lose_go_first(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_history, "AT_ONCE", 1)
    calm, restless = a_row(), a_row()
    restless.target = replace(ITEM, item="E2")
    seen(calm, *range(8))
    now = seen(restless, *range(10))
    assert archive(documents, [calm, restless], now, KEEP) == {"archived": 1, "history_put_off": 1}
    assert (bool(calm.archived), bool(restless.archived)) == (False, True)


# ── what a chart shows ───────────────────────────────────────────────────────────────────────────────────


def test_between_two_steps_nothing_is_drawn(documents: SqliteDocuments) -> None:
    row = a_row()
    seen(row, 5, 5, None, None, 6)
    first, second = read(documents, row, EVER).steps[FACE]
    assert (first.since, first.until) == (START + HOUR, START + 2 * HOUR)
    assert (second.since, second.until) == (START + 5 * HOUR, START + 5 * HOUR)


def test_a_chart_begins_where_it_was_asked_to(documents: SqliteDocuments) -> None:
    row = a_row()
    seen(row, 4, 5, 5, 5, 6)
    series = read(documents, row, START + 3 * HOUR)
    assert series.since == START + 3 * HOUR
    assert series.steps == {
        FACE: (
            Step(START + 3 * HOUR, START + 4 * HOUR, 5),
            Step(START + 5 * HOUR, START + 5 * HOUR, 6),
        )
    }


def test_nothing_known_is_no_steps(documents: SqliteDocuments) -> None:
    assert read(documents, a_row(), EVER) == Series(EVER)
    assert (lowest(()), highest(()), typical(())) == (None, None, None)


def test_lowest_highest_and_typical_of_some_steps() -> None:
    def step(hours: float, price: int) -> Step:
        return Step(START, START + timedelta(hours=hours), price)

    steps = (step(1, 90), step(5, 100), step(0, 10), step(3, 120))
    assert (lowest(steps), highest(steps), typical(steps)) == (10, 120, 100)
    assert typical((step(0, 3), step(0, 1), step(0, 2))) == 2
