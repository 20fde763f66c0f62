"""A tick from edge to edge: what people are told, what is asked upstream, and what it costs."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.fake_provider import FACE, RESALE, FakeProvider, item, item_id, raises
from tests.fakes import FaultyDocuments
from tests.world import AFTER_THE_LEASE, MINUTE, PLACES, World, below
from watchers import board
from watchers.asking import GIVE_UP_AFTER, at_once
from watchers.documents import Delete, Put, Query, Update, Write
from watchers.encoding import _Packed, encode
from watchers.errors import (
    DocumentTooLargeError,
    ProviderRejectedError,
    ProviderUnavailableError,
    StoreUnavailableError,
)
from watchers.history import milliseconds
from watchers.logs import TRACE
from watchers.observation import Availability, ItemCondition, Observation, Price
from watchers.providers.base import Fetched, concurrency
from watchers.quota import Budget, Ledger, Quota
from watchers.rules import decide
from watchers.target import Target
from watchers.tick import tick

DAY = timedelta(days=1)
A = item_id("a")
FIRST = ("below_limit", 8500)


@pytest.fixture
def world() -> World:
    """Item ``a`` costs 100.00, and two looks have seen it."""
    world = World()
    world.save(below())
    world.minutes(10000, 10000)
    return world


def events(caplog: pytest.LogCaptureFixture, *names: str) -> list[str]:
    return [record.message for record in caplog.records if record.message in names]


def many(world: World, number: int, **also: Any) -> list[str]:
    """So many items at 100.00, each with a watch of its own."""
    names = [f"i{one}" for one in range(number)]
    for name in names:
        world.shop.costs(name, 10000)
        world.save(below(target=item(name), **also), name)
    return names


# ── the story ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_baseline_tells_nothing(world: World) -> None:
    assert world.alerts() == []
    assert world.job().state.of(A).tracks["face_USD"].reference == 10000


def test_a_drop_under_the_limit_is_told_once_on_every_channel(world: World) -> None:
    world.minutes(8500, 8500, 8500, 8600, 8500)
    assert world.told() == [("email", *FIRST), ("sms", *FIRST)]
    assert len({alert.code for alert in world.alerts()}) == 1
    assert world.status()["last_told"]["price"] == 8500


def test_six_percent_further_is_told_once_more_and_four_percent_is_not(world: World) -> None:
    world.minutes(8500, 8160, 7990, 7990)
    assert world.texts() == [FIRST, ("further_drop", 7990)]


def test_a_rise_past_the_hysteresis_and_a_new_drop_is_told_again(world: World) -> None:
    world.minutes(8500, 9500, 9500, 8500, 8500)
    assert world.texts() == [FIRST, FIRST]


def test_a_rise_within_the_hysteresis_or_for_one_look_only_is_one_episode(world: World) -> None:
    world.minutes(8500, 9100, 9100, 9100, 8500, 9500, 8500)
    assert world.texts() == [FIRST]


def test_an_edited_rule_starts_anew(world: World) -> None:
    world.minutes(8500)
    world.save(below("87.00"))
    world.minutes(8500, 8500)
    assert world.texts() == [FIRST, FIRST]


def test_a_new_name_does_not_start_anew(world: World) -> None:
    world.minutes(8500)
    world.save(below(name="Warriors"))
    world.minutes(8500, 8500)
    assert world.texts() == [FIRST]
    assert world.job().watch.name == "Warriors"


def test_a_paused_watch_is_told_nothing_and_its_target_is_not_asked(world: World) -> None:
    world.save(below(status="paused"))
    world.minutes(10000)
    asked = world.shop.asked["a"]
    world.minutes(8500, 8500)
    assert (world.texts(), world.shop.asked["a"]) == ([], asked)
    assert world.board().rows == {}
    assert world.status()["state"] == "paused"


def test_a_resumed_watch_is_told_what_became_true_meanwhile(world: World) -> None:
    world.save(below(status="paused"))
    world.minutes(10000, 8500)
    world.save(below())
    world.minutes(8500, 8500)
    assert world.texts() == [FIRST]


def test_a_resumed_watch_is_not_told_again_what_it_was_told(world: World) -> None:
    world.minutes(8500)
    world.save(below(status="paused"))
    world.minutes(8500)
    world.save(below())
    world.minutes(8500, 8500, 9500, 9500, 8500)
    assert world.texts() == [FIRST, FIRST]


def test_a_price_key_that_appeared_while_a_watch_was_paused_is_told_after_its_silent_look(
    world: World,
) -> None:
    """Another watch keeps the target on the board, so the key is no news there when the first returns."""
    world.save(below("1.00"), "other", "u2")
    world.minutes(10000)
    world.save(below(status="paused"))
    world.minutes(10000)
    world.shop.prices["a"][RESALE] = 8000
    world.minute()
    world.minute()
    world.save(below())
    for _ in range(3):
        world.minute()
    assert world.texts() == [("below_limit", 8000)]


def test_the_same_amount_written_otherwise_does_not_start_anew(world: World) -> None:
    world.minutes(8500)
    world.save(below("90"))
    world.minutes(8500, 8500)
    assert world.texts() == [FIRST]


def test_a_killed_tick_costs_no_more_calls_than_a_tick_can_make(world: World) -> None:
    world.shop.quota = Quota(calls=10_000, per=timedelta(days=1), per_second=1)
    spent = world.board().ledger.spent
    world.killed(lambda documents: world.tick(documents, seconds=10), before=2)
    world.now += AFTER_THE_LEASE
    world.tick(seconds=10)
    ours = world.shop.quota.without_people()
    assert world.board().ledger.spent - spent == math.ceil(10 * ours.per_second) + concurrency(ours) + 1


def test_a_board_document_without_its_fields_is_built_anew(world: World) -> None:
    world.minutes(8500)
    world.documents.commit(Put("boards/shop-0", {"nothing": "of a board"}))
    world.minutes(8500, 8000)
    assert world.texts() == [FIRST, ("further_drop", 8000)]


def test_a_deleted_watch_is_told_nothing_and_leaves_the_board(world: World) -> None:
    assert world.remove() == "deleted"
    world.minutes(8500, 8500)
    assert (world.texts(), world.board().rows) == ([], {})
    assert world.status()["state"] == "deleted"


def test_an_undeleted_watch_goes_on_where_it_was(world: World) -> None:
    world.minutes(8500)
    world.remove()
    world.minutes(8500)
    world.save(below())
    world.minutes(8500, 8500)
    assert world.texts() == [FIRST]
    world.minutes(9500, 9500, 8500)
    assert world.texts() == [FIRST, FIRST]


def test_two_people_watching_one_target_ask_it_once(world: World) -> None:
    world.save(below("95.00"), "w2", "u2")
    asked = world.shop.asked["a"]
    report = world.minutes(8500)[0]
    assert (world.shop.asked["a"] - asked, report.calls) == (1, 1)
    assert world.texts("w1") == world.texts("w2") == [FIRST]
    assert {alert.uid for alert in world.alerts("w2")} == {"u2"}
    assert world.board().rows[A].watchers == 2


def test_one_who_leaves_takes_nobody_along(world: World) -> None:
    world.save(below(), "w2", "u2")
    world.minutes(10000)
    world.remove("w2", "u2")
    world.minutes(8500)
    assert (world.texts("w1"), world.texts("w2")) == ([FIRST], [])
    assert world.board().rows[A].watchers == 1


def test_a_watch_that_is_true_when_saved_is_told_or_waits_as_its_owner_chose() -> None:
    world = World()
    world.save(below(), "tell")
    world.save(below(already_true="wait"), "wait")
    world.minutes(8500, 8500)
    assert (world.texts("tell"), world.texts("wait")) == ([FIRST], [])
    world.minutes(7900)
    assert world.texts("wait") == [("further_drop", 7900)]


def test_a_moved_watch_asks_the_new_target_and_no_longer_the_old_one(world: World) -> None:
    world.shop.costs("b", 8000)
    world.save(below(target=item("b")))
    world.minutes(8500)
    assert (list(world.board().rows), world.texts()) == ([item_id("b")], [("below_limit", 8000)])


def test_one_event_on_two_markets_is_told_by_whichever_drops(world: World) -> None:
    world.shop.costs("b", 10000)
    world.save(below(target={"markets": [item("a"), item("b")]}))
    world.minutes(10000)
    world.shop.costs("b", 8500)
    world.minutes(10000, 8600)
    assert world.texts() == [FIRST], "a dearer price of the same thing is no news"
    world.minutes(8000)
    assert world.texts() == [FIRST, ("below_limit", 8000)]


def test_a_slow_slide_is_told_against_the_price_when_saved() -> None:
    world = World()
    world.save(below(conditions=[{"kind": "drop", "percent": 10}]))
    world.minutes(*range(10000, 8800, -100))
    assert world.texts() == [("dropped", 9000)]


def test_a_new_listing_is_told_once_and_one_that_returns_is_not_new() -> None:
    world = World()
    search = {"provider": "shop", "search": {"keyword": "Lakers"}}
    world.save(below(target=search, conditions=[{"kind": "new_listing"}]))
    for listings in (["a"], ["a"], ["a", "b"], ["a"], ["a", "b"], []):
        world.shop.listings["Lakers"] = listings
        world.minute()
    assert world.texts() == [("new_listing", None)]


def test_back_in_stock_is_told_once(world: World) -> None:
    world.save(below(conditions=[{"kind": "back_in_stock"}]))
    world.minutes(10000)
    world.shop.sold_out = {"a"}
    world.minutes(10000, 10000)
    world.shop.sold_out = set()
    world.minutes(10000, 10000)
    assert [reason for reason, _ in world.texts()] == ["back_in_stock"]


def test_a_used_one_is_not_told_to_who_waits_for_a_new_one_to_be_cheaper(world: World) -> None:
    sold: dict[str, Any] = {}

    def answer(target: Target, now: datetime) -> Observation:
        prices = (Price(FACE.basis, FACE.currency, sold["cents"]),)
        return Observation(target, now, prices=prices, condition=sold["condition"])

    world.save(below())
    world.shop.answers["a"] = answer
    for sold["cents"], sold["condition"] in (
        *[(10_000, ItemCondition.NEW)] * 3,
        *[(8_000, ItemCondition.USED)] * 3,
        (8_200, ItemCondition.NEW),
    ):
        world.minutes(None)
    assert world.texts() == [("below_limit", 8_200)]


def test_a_freak_price_is_held_until_a_second_look_agrees(world: World) -> None:
    assert [report.held for report in world.minutes(2000, 10000)] == [1, 0]
    assert world.texts() == []
    world.minutes(2000, 2000)
    assert world.texts() == [("below_limit", 2000)]


# ── could not see is never nothing is there ──────────────────────────────────────────────────────────────

BLIND_LOOKS: Mapping[str, Any] = {
    "not found": {"failures": {"a": "not_found"}},
    "no price": {"prices": {}},
    "down": {"down": ProviderUnavailableError("shop answered 503")},
    "wrong key": {"down": ProviderRejectedError("shop refuses the key")},
    "a bug": {"down": TypeError("unhashable")},
    "a bug about one": {"answers": {"a": raises(KeyError("min"))}},
}


def seeing_badly(world: World, what: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let the shop fail; what was before."""
    before = {name: getattr(world.shop, name) for name in what}
    for name, value in what.items():
        setattr(world.shop, name, value)
    return before


@pytest.mark.parametrize("how", BLIND_LOOKS)
@pytest.mark.parametrize("price", [8500, 10000])
def test_an_error_between_two_equal_answers_changes_nothing_and_tells_nothing(
    world: World, how: str, price: int
) -> None:
    world.minutes(price)
    told, job, history = world.told(), world.job(), world.board().rows[A].history
    sees_well = seeing_badly(world, BLIND_LOOKS[how])
    for _ in range(4):
        world.minute()
    seeing_badly(world, sees_well)
    assert (world.told(), world.job()) == (told, job)
    assert world.board().rows[A].history.prices == history.prices
    world.after(timedelta(hours=2), price)
    assert (world.told(), world.job()) == (told, job)


@pytest.mark.parametrize("how", BLIND_LOOKS)
def test_an_error_between_available_and_available_is_not_back_in_stock(world: World, how: str) -> None:
    world.save(below(conditions=[{"kind": "back_in_stock"}]))
    world.minutes(10000, 10000)
    sees_well = seeing_badly(world, BLIND_LOOKS[how])
    world.minute()
    seeing_badly(world, sees_well)
    world.after(timedelta(hours=1), 10000)
    assert world.texts() == []


# ── one that is bad among many that are good ─────────────────────────────────────────────────────────────


def garbage(name: str) -> Any:
    """What a provider with a bug might answer."""
    return {
        "none": lambda *_: None,
        "text": lambda *_: "<html>",
        "other target": lambda _, now: Observation(
            Target(provider="shop", item="z"), now, prices=(Price(*FACE, 100),)
        ),
        "text for a price": lambda target, now: Observation(target, now, prices=(Price(*FACE, "85"),)),  # type: ignore[arg-type]
        "no price": lambda target, now: Observation(target, now, prices=(Price(*FACE, None),)),  # type: ignore[arg-type]
        "naive time": lambda target, now: Observation(
            target, now.replace(tzinfo=None), prices=(Price(*FACE, 8500),)
        ),
        "unknown status": lambda target, now: Observation(target, now, status="gone"),  # type: ignore[arg-type]
        "unknown availability": lambda target, now: Observation(target, now, availability="maybe"),  # type: ignore[arg-type]
        "bytes": lambda target, now: Observation(target, now, status=b"x", prices=(Price(*FACE, 8500),)),  # type: ignore[arg-type]
    }[name]


GARBAGE = (
    *("none", "text", "other target", "text for a price", "no price", "naive time"),
    *("unknown status", "unknown availability", "bytes"),
)


@pytest.mark.parametrize("what", GARBAGE)
@pytest.mark.parametrize("seen_before", [True, False], ids=["seen before", "never seen"])
def test_garbage_about_one_target_stops_nobody_else(what: str, seen_before: bool) -> None:
    world = World()
    many(world, 3)
    if seen_before:
        world.minute()
    world.shop.answers["i1"] = garbage(what)
    world.minute()
    world.after(MINUTE, 8500, name="i0")
    world.after(MINUTE, 8500, name="i2")
    assert world.texts("i0") == world.texts("i2") == [FIRST]
    assert world.texts("i1") == []
    assert len(world.board().rows) == 3
    if seen_before:
        del world.shop.answers["i1"]
        world.after(timedelta(hours=1), 8500, name="i1")
        assert world.texts("i1") == [FIRST]


@pytest.mark.parametrize("answer", [None, "text", 7])
def test_a_batch_answered_with_garbage_stops_no_other_batch(
    answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(provider=FakeProvider(batch=1))
    many(world, 3)
    world.minute()
    fetch = world.shop.fetch
    bad = item_id("i0")
    monkeypatch.setattr(
        world.shop, "fetch", lambda batch, *rest: answer if batch[0].id == bad else fetch(batch, *rest)
    )
    world.after(MINUTE, 8500, name="i2")
    assert world.texts() == [FIRST]
    assert world.board().rows[bad].failures == 1


SEARCH = {"provider": "shop", "search": {"keyword": "Lakers"}}


def test_a_search_that_shows_a_watched_item_is_a_look_at_it_too() -> None:
    world = World()
    world.save(below(target=SEARCH, conditions=[{"kind": "new_listing"}]), "search", "u1")
    world.save(below(), "item", "u2")
    world.shop.listings["Lakers"], world.shop.shows = ["a"], True
    world.minutes(100_00)
    world.shop.failures["a"] = "not_found"
    world.minutes(80_00, 80_00, 80_00)
    assert world.texts("item") == [("below_limit", 80_00)]
    assert world.texts("search") == []


def test_a_search_shows_nothing_of_an_item_that_nobody_watches() -> None:
    world = World()
    world.save(below(target=SEARCH, conditions=[{"kind": "new_listing"}]), "search", "u1")
    world.shop.listings["Lakers"], world.shop.shows = ["a"], True
    report = world.minutes(100_00)[0]
    assert (report.asked, report.targets) == (1, 1)


def test_an_answer_about_a_target_nobody_asked_for_is_ignored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, z = world.shop.fetch, Target(provider="shop", item="z")

    def more(*asked: Any) -> Fetched:
        observations = fetch(*asked).observations
        return Fetched({**observations, z.id: Observation(z, world.now)}, {"shop-y": "not_found"})

    monkeypatch.setattr(world.shop, "fetch", more)
    assert world.minutes(8500)[0].failures == {}
    assert (world.texts(), list(world.board().rows)) == ([FIRST], [A])


def test_a_provider_that_cannot_group_its_targets_is_asked_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def batches(_targets: object) -> list[list[Target]]:
        raise ValueError("no app id")

    many(world, 2)
    world.minute()
    monkeypatch.setattr(world.shop, "batches", batches)
    world.shop.answers["i0"] = raises(ValueError("no app id"))
    assert world.minutes(8500)[0].failures == {"crashed": 1}
    assert world.texts() == [FIRST]
    assert set(events(caplog, "provider.crashed")) == {"provider.crashed"}


BAD_JOBS: Mapping[str, Mapping[str, Any]] = {
    "no watch": {"watch": None},
    "a rule of another age": {"watch": {"name": "Old", "eventId": "a"}},
    "no state": {"state": None},
    "no thresholds": {"fires_at": None, "rearms_at": None},
    "odd thresholds": {"fires_at": {A: "low"}, "rearms_at": {A: 3}},
    "odd keys": {"fires_at": {A: {"price": 10000}}},
    "odd memory": {"state": {"targets": {A: {"tracks": {"price": {"reference": 1}}}}}},
    "odd left": {"left": None},
}


@pytest.mark.parametrize("how", BAD_JOBS)
def test_a_job_that_nobody_can_read_stops_nobody_else(world: World, how: str) -> None:
    world.save(below(), "bad", "u2")
    document = world.job_document("bad")
    world.documents.commit(Update(document.path, BAD_JOBS[how], document.version))
    world.save(below(), "w3", "u3")
    world.minutes(10000, 8500, 9500, 9500, 8500, 7900)
    expected = [FIRST, FIRST, ("further_drop", 7900)]
    assert (world.texts("w1"), world.texts("w3")) == (expected, expected)


@pytest.mark.parametrize("how", BAD_JOBS)
def test_a_job_that_goes_bad_later_stops_nobody_else(world: World, how: str) -> None:
    world.save(below(), "bad", "u2")
    world.minutes(10000)
    document = world.job_document("bad")
    world.documents.commit(Update(document.path, BAD_JOBS[how], document.version))
    world.minutes(8500, 9500, 9500, 8500, 7900)
    assert world.texts("w1") == [FIRST, FIRST, ("further_drop", 7900)]


def test_a_bug_met_by_one_watch_silences_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crashing(watch: Any, *rest: Any) -> Any:
        if watch.name == "Poison":
            raise ZeroDivisionError
        return decide(watch, *rest)

    world.save(below(name="Poison"), "poison", "u2")
    world.minutes(10000)
    monkeypatch.setattr("watchers.telling.decide", crashing)
    reports = world.minutes(8500, 9500, 9500, 8500, 7900)
    assert world.texts("w1") == [FIRST, FIRST, ("further_drop", 7900)]
    assert reports[0].failures == {"crashed": 1}
    assert set(events(caplog, "watch.crashed", "target.crashed")) == {"watch.crashed"}
    monkeypatch.setattr("watchers.telling.decide", decide)
    world.minutes(7900)
    assert world.texts("poison") == [("below_limit", 7900)]


def test_a_bug_that_one_watch_keeps_meeting_alone_silences_nobody_else_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashing(watch: Any, *rest: Any) -> Any:
        if watch.name == "Poison":
            raise ZeroDivisionError
        return decide(watch, *rest)

    world.save(below("97.00", name="Poison"), "poison", "u2")
    world.minutes(10000)
    monkeypatch.setattr("watchers.telling.decide", crashing)
    world.minutes(*[9600] * 16)  # concerns nobody else
    asked = world.shop.asked["a"]
    world.minutes(9600, 8500, 9500, 9500, 8500)
    assert world.shop.asked["a"] == asked + 5
    assert world.texts("w1") == [FIRST, FIRST]


def test_a_bug_met_by_everybody_keeps_the_news_for_when_it_is_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    search = {"provider": "shop", "search": {"keyword": "Lakers"}}
    world.save(below(target=search, conditions=[{"kind": "new_listing"}]))
    world.shop.listings["Lakers"] = ["a"]
    world.minute()
    world.shop.listings["Lakers"] = ["a", "b"]
    with monkeypatch.context() as patch:
        patch.setattr("watchers.telling.decide", lambda *_: 1 // 0)
        world.minute()
        world.minute()
    world.now += timedelta(hours=1)
    world.tick()
    assert world.texts() == [("new_listing", None)]


# ── the database ─────────────────────────────────────────────────────────────────────────────────────────


def _away_for(world: World, watch: str) -> FaultyDocuments:
    """The world's database, which does not answer when this watch is to be recorded."""
    documents = FaultyDocuments(world.documents)

    def unavailable(writes: tuple[Write, ...]) -> None:
        if writes[0].path == PLACES.job(watch):
            raise StoreUnavailableError("the test took the database down")

    documents.before_commit = unavailable
    return documents


def test_an_alert_that_could_not_be_written_is_told_by_the_next_tick(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.save(below(), "w2", "u2")
    world.minutes(10000)
    documents = _away_for(world, "w1")
    world.shop.costs("a", 8500)
    report = world.minute(documents)
    assert (report.failures, report.alerts) == ({"unrecorded": 1}, 2)
    assert (world.texts("w1"), world.texts("w2")) == ([], [FIRST])
    assert world.board().rows[A].history.runs(FACE)[-1].value == 10000
    world.now += timedelta(seconds=10)
    world.tick()
    assert (world.texts("w1"), world.texts("w2")) == ([FIRST], [FIRST])
    assert events(caplog, "watch.unrecorded") == ["watch.unrecorded"]


def test_whoever_was_told_while_another_was_not_can_be_told_again(world: World) -> None:
    """The price is back before the tick that makes up for it: the one who was told must re-arm."""
    world.save(below(), "w2", "u2")
    world.minutes(10000)
    documents = _away_for(world, "w1")
    world.shop.costs("a", 8500)
    world.minute(documents)
    world.minutes(10000, 10000, 10000, 8500)
    assert (world.texts("w1"), world.texts("w2")) == ([FIRST], [FIRST, FIRST])


def test_an_alert_that_was_written_though_nobody_said_so_is_told_once(world: World) -> None:
    documents = FaultyDocuments(world.documents)

    def written_and_lost(writes: tuple[Write, ...]) -> None:
        if writes[0].path == PLACES.job("w1"):
            documents.before_commit = None
            world.documents.commit(*writes)
            raise StoreUnavailableError("the answer was lost")

    documents.before_commit = written_and_lost
    world.shop.costs("a", 8500)
    world.minute(documents)
    world.minutes(10000, 10000, 10000, 8500)
    assert world.texts() == [FIRST, FIRST]


def test_a_tick_without_a_database_says_so_and_the_next_one_runs(world: World) -> None:
    documents = FaultyDocuments(world.documents)
    documents.down = True
    with pytest.raises(StoreUnavailableError):
        world.minute(documents)
    world.minutes(8500)
    assert world.texts() == [FIRST]


def test_a_corrupt_board_is_rebuilt_from_the_jobs_and_tells_nobody_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.minutes(8500)
    document = world.documents.get(board.path("shop-0"))
    assert document is not None
    world.documents.commit(Update(document.path, {"blob": b"\x00garbage"}, document.version))
    world.minutes(8500, 8500)
    assert (world.texts(), list(world.board().rows)) == ([FIRST], [A])
    assert events(caplog, "board.unreadable")[:1] == ["board.unreadable"]
    world.minutes(9500, 9500, 8500)
    assert world.texts() == [FIRST, FIRST]


def damage(world: World) -> None:
    """Spoil what is rarely needed of every row: history and gate."""
    document, rows = world.documents.get(board.path("shop-0")), world.board().rows
    assert document is not None
    for row in rows.values():
        row.closed, row.mark = _Packed(b"\xc1"), 0
    world.documents.commit(Update(document.path, {"blob": encode(rows)}, document.version))


def test_whoever_watches_a_damaged_row_is_told_later_news(caplog: pytest.LogCaptureFixture) -> None:
    """Without a price nothing else would ask for them: what they wait for stood in the gate that was lost."""
    world, stock = World(), [Availability.UNAVAILABLE]
    world.shop.answers["a"] = lambda target, now: Observation(target, now, availability=stock[0])
    world.save(below(conditions=[{"kind": "back_in_stock"}]))
    for _ in range(3):
        world.minute()
    before = world.board().rows[A].gate
    damage(world)
    world.minute()
    lost = [record.__dict__["target"] for record in caplog.records if record.message == "row.unreadable"]
    assert lost == [A]
    row = world.board().rows[A]
    assert (row.gate, row.gate.demand.kinds) == (before, {"back_in_stock": 1})
    for stock[0] in (Availability.UNAVAILABLE, Availability.AVAILABLE) * 2:
        world.minutes(None, None)
    assert len(world.texts()) == 2


def test_who_was_told_of_a_price_is_not_told_again_because_a_row_was_damaged(world: World) -> None:
    world.minutes(8500)
    damage(world)
    world.minutes(8500, 9500, 9500, 8500)
    assert world.texts() == [FIRST, FIRST]


def a_year_ahead(world: World) -> None:
    """One tick while the machine's clock is wrong; what the database dates, it dates rightly."""
    when = world.now + 365 * DAY
    tick(world.documents, PLACES, world.shop, board_name="shop-0", run="ahead", now=when)


@pytest.mark.parametrize("price", [None, 10000, 9500])
def test_a_clock_that_was_a_year_ahead_stops_nobody_once_it_is_right(world: World, price: int | None) -> None:
    world.shop.costs("a", price)
    a_year_ahead(world)
    calls = world.shop.calls
    world.minutes(10000, 10000, 8500, 8500)
    assert world.shop.calls - calls == 4
    assert world.texts() == [FIRST]
    row = world.board().rows[A]
    assert row.history.seen_at == world.now
    first, last = milliseconds(world.now - MINUTE), milliseconds(world.now)
    assert row.history.prices[FACE][-1] == (8500, first, last, 2)


def test_who_failed_or_was_first_looked_at_a_year_ahead_is_asked_again(world: World) -> None:
    world.save(below(target=item("b")), "w2")
    world.shop.failures["a"] = "not_found"
    world.shop.costs("b", 10000)
    a_year_ahead(world)
    world.shop.failures.clear()
    asked = world.shop.asked.copy()
    world.minutes(8500, 8500)  # after a failure it rests twice as long
    assert world.texts("w1") == [FIRST]
    assert world.shop.asked - asked == {"a": 1, "b": 2}
    row = world.board().rows[item_id("b")]
    assert row.since < world.now == row.history.seen_at


def test_jobs_restored_from_a_backup_are_not_told_again_what_stands_in_the_outbox(world: World) -> None:
    before = world.job_document()
    world.minutes(8500)
    world.documents.commit(Put(before.path, before.fields), Delete(board.path("shop-0")))
    world.minutes(8500, 8500)
    assert world.texts() == [FIRST]
    assert world.job().state.of(A).tracks["face_USD"].told == 8500


def test_a_lost_board_is_rebuilt_from_the_jobs_and_tells_nobody_again(world: World) -> None:
    world.minutes(8500)
    world.documents.commit(Delete(board.path("shop-0")))
    world.minutes(8500, 8500, 9500, 9500, 8500)
    assert world.texts() == [FIRST, FIRST]


def test_a_board_that_is_too_large_is_a_clear_error_and_the_calls_are_still_counted() -> None:
    world = World()
    random = Random(4)  # noqa: S311 - incompressible, not secret
    for number in range(1_150):
        name = random.randbytes(990).hex()
        world.shop.costs(name, 10000)
        world.save(below(target=item(name)), f"w{number}")
    with pytest.raises(DocumentTooLargeError, match=r"boards/shop-0 .*scout.py reshard shop 2"):
        world.minute()
    stored = world.documents.get(board.path("shop-0"))
    assert stored is not None
    ledger = Ledger.from_document(stored.fields["ledger"])
    assert (ledger.spent, stored.fields["lease"]) == (world.shop.calls, None)


# ── the quota ────────────────────────────────────────────────────────────────────────────────────────────


def spent(world: World) -> int:
    return world.board().ledger.spent


def test_the_quota_is_never_exceeded_however_often_a_tick_dies() -> None:
    world = World(provider=FakeProvider(Quota(calls=100, per=DAY, per_second=1e6), batch=1))
    many(world, 30)
    random = Random(1)  # noqa: S311 - a made-up day
    for _ in range(2):
        began, calls = world.now, world.shop.calls
        while world.now < began + DAY:
            if random.random() < 0.3:
                world.killed(world.tick, after=random.randint(1, 3))
            else:
                world.tick()
            world.now += random.choice([MINUTE, 3 * MINUTE, 11 * MINUTE])
        assert world.shop.calls - calls <= 100
        world.now = began + DAY
    assert world.shop.calls > 60


@pytest.mark.parametrize("ticks_before", [0, 3], ids=["of the first tick", "of a new window's first tick"])
def test_a_crash_loop_does_not_exceed_the_quota(ticks_before: int) -> None:
    world = World(provider=FakeProvider(Quota(calls=100, per=DAY, per_second=1e6), batch=1))
    many(world, 30)
    for _ in range(ticks_before):
        world.minute()
    world.now += ticks_before * DAY
    calls = world.shop.calls
    for _ in range(60):
        assert world.killed(world.tick, before=2)
        world.now += AFTER_THE_LEASE
    assert world.shop.calls - calls <= 100 * (0.05 + 60 * AFTER_THE_LEASE / DAY) + 1


def test_the_calls_of_a_tick_that_died_count_as_made() -> None:
    world = World(provider=FakeProvider(Quota(calls=200, per=DAY, per_second=1e6), batch=1))
    many(world, 30)
    assert world.killed(world.tick, before=2)
    calls = world.shop.calls
    assert 0 < calls <= spent(world) == 9
    world.now += AFTER_THE_LEASE
    world.tick()
    assert world.shop.calls == calls


def test_without_a_call_left_everything_stays_due() -> None:
    world = World(provider=FakeProvider(Quota(calls=100, per=DAY, per_second=1e6), batch=1))
    many(world, 30)
    report = world.minute()
    assert (report.asked, report.calls, report.left_due) == (4, 4, 26)
    report = world.minute()
    assert (report.asked, report.calls, report.left_due) == (0, 0, 30)
    assert not report.failures


class Pages(FakeProvider):
    """A search takes five calls, and is worth nothing before the last."""

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """See ``Provider``."""
        answer = super().fetch(batch, budget, now)
        for _ in range(4 if batch[0].search else 0):
            budget.take()
        return answer


def test_searches_of_many_pages_are_read_and_leave_calls_to_others() -> None:
    """A quota of two calls a minute: five are never together, by an even pace."""
    world = World(provider=Pages(Quota(calls=3200, per=DAY, per_second=1e6)))
    for number in range(4):
        search = {"provider": "shop", "search": {"keyword": f"s{number}"}}
        world.save(below(target=search, conditions=[{"kind": "new_listing"}]), f"search{number}")
    names = many(world, 10)
    world.now += DAY
    for _ in range(240):
        world.minute()
    looks = {name: world.shop.asked[name] for name in [*names, "s0", "s1", "s2", "s3"]}
    rows = [row for row in world.board().rows.values() if row.target.search]
    assert min(looks.values()) >= 10
    assert all(row.history.seen_at and row.history.seen_at > world.now - timedelta(hours=1) for row in rows)
    assert [row.cost for row in rows] == [5] * 4


def test_with_too_few_calls_everybody_gets_their_turn() -> None:
    world = World(provider=FakeProvider(Quota(calls=1440, per=DAY, per_second=1e6), batch=1))
    names = many(world, 10)
    world.now += DAY  # the head start
    for _ in range(100):
        world.minute()
    asked = [world.shop.asked[name] for name in names]
    assert max(asked) - min(asked) <= 2


# ── who is asked, and when ───────────────────────────────────────────────────────────────────────────────


def test_a_target_rests_between_two_looks(world: World) -> None:
    asked = world.shop.asked["a"]
    for _ in range(30):
        world.now += timedelta(seconds=10)
        world.tick()
    assert world.shop.asked["a"] - asked == 5


def test_a_look_is_not_put_off_by_a_scheduler_that_calls_a_little_early(world: World) -> None:
    asked = world.shop.asked["a"]
    for _ in range(10):
        world.now += timedelta(seconds=57)
        world.tick()
    assert world.shop.asked["a"] - asked == 10


def test_a_second_look_comes_first_and_at_once() -> None:
    world = World(provider=FakeProvider(Quota(calls=2880, per=DAY, per_second=1e6), batch=1))
    names = many(world, 12)
    world.now += DAY / 2
    world.minute()
    for _ in range(200):
        world.now += MINUTE
        world.shop.costs("i7", 2000)
        if world.tick().held:
            break
    asked = world.shop.asked["i7"]
    world.now += timedelta(seconds=30)
    world.tick()
    assert world.shop.asked["i7"] == asked + 1
    assert world.texts(names[7]) == [("below_limit", 2000)]


def test_failing_targets_back_off_and_starve_nobody() -> None:
    world = World(provider=FakeProvider(Quota(calls=4320, per=DAY, per_second=1e6), batch=1))
    names = many(world, 10)
    for name in names[:4]:
        world.shop.answers[name] = raises(ProviderUnavailableError("shop answered 500"))
    world.minute()
    world.now += timedelta(hours=1)
    for _ in range(240):
        world.minute()
    bad, good = ([world.shop.asked[name] for name in part] for part in (names[:4], names[4:]))
    assert max(bad) <= 14
    assert min(good) >= 100


def test_a_target_that_fails_is_logged_once_and_once_more_when_it_is_seen_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.shop.failures["a"] = "not_found"
    caplog.set_level(logging.INFO)
    for _ in range(10):
        world.minute()
    world.shop.failures.clear()
    world.after(timedelta(hours=1), 10000)
    names = ("target.not_observed", "target.observed_again")
    assert events(caplog, *names) == list(names)


def test_new_watches_of_what_is_sold_out_do_not_starve_the_others() -> None:
    world = World(provider=FakeProvider(Quota(calls=2880, per=DAY, per_second=1e6), batch=1))
    names = many(world, 8)
    world.now += DAY / 2
    for _ in range(10):
        world.minute()
    world.shop.sold_out = set(names[:4])
    for number, name in enumerate(names[:4]):
        world.save(below(target=item(name)), f"new{number}", "u2")
    before = world.shop.asked.copy()
    for _ in range(40):
        world.minute()
    asked = [world.shop.asked[name] - before[name] for name in names]
    assert min(asked) > 0.6 * max(asked)  # twice the watchers are worth the square root of two in looks
    world.shop.sold_out = set()
    for name in names[:4]:
        world.shop.costs(name, 8500)
    for _ in range(10):
        world.minute()
    assert [len(world.texts(f"new{number}")) for number in range(4)] == [1, 1, 1, 1]


# ── a provider that is down ──────────────────────────────────────────────────────────────────────────────


def test_an_outage_is_logged_once_when_it_starts_and_once_when_it_ends(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    many(world, 3)
    world.minute()
    caplog.clear()
    world.shop.down = ProviderUnavailableError("shop answered 503")
    reports = [world.minute() for _ in range(30)]
    assert sum(report.failures["unavailable"] for report in reports) >= 4
    world.shop.down = None
    for _ in range(61):
        world.minute()
    assert events(caplog, "provider.down", "provider.up") == ["provider.down", "provider.up"]
    assert world.board().down_since is None


def test_a_refused_key_is_logged_once_for_the_whole_outage(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.shop.down = ProviderRejectedError("shop refuses the key: set SHOP_API_KEY")
    for _ in range(20):
        world.minute()
    assert events(caplog, "provider.rejected") == ["provider.rejected"]


def test_one_target_that_is_refused_is_no_outage(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.shop.batch = 1
    many(world, 5)
    world.minute()
    world.shop.answers["i3"] = raises(ProviderUnavailableError("shop answered 500"))
    for _ in range(120):
        world.minute()
    assert events(caplog, "provider.down", "provider.up") == []


def test_an_outage_spares_the_quota() -> None:
    world = World(provider=FakeProvider(batch=1))
    many(world, 100)
    world.minute()
    world.shop.down = ProviderUnavailableError("shop answered 503")
    assert world.minute().calls <= GIVE_UP_AFTER + at_once(world.shop.quota, 100)


def test_after_an_outage_everything_is_looked_at_soon() -> None:
    world = World(provider=FakeProvider(batch=1))
    names = many(world, 5)
    world.minute()
    world.shop.down = ProviderUnavailableError("shop answered 503")
    for _ in range(180):
        world.minute()
    world.shop.down = None
    for name in names:
        world.shop.costs(name, 8500)
    for _ in range(6):
        world.minute()
    assert [len(world.texts(name)) for name in names] == [1] * 5


def test_an_hour_without_a_look_is_blind_and_the_next_look_sees_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.shop.failures["a"] = "malformed"
    reports = [world.minute() for _ in range(59)]
    assert reports[-1].blind == 0
    assert [world.minute().blind for _ in range(3)] == [0, 1, 1]
    assert world.board().rows[A].blind
    world.shop.failures.clear()
    assert world.after(timedelta(hours=1), 10000).blind == 0
    assert events(caplog, "targets.blind") == ["targets.blind", "targets.blind"]


# ── time, dry runs, cost ─────────────────────────────────────────────────────────────────────────────────


def test_whoever_waits_for_their_turn_under_a_short_quota_is_not_blind(world: World) -> None:
    """Nine calls a day: a look every three hours is as planned, a day without one is not."""
    world.shop.quota = Quota(calls=10, per=DAY, per_second=1e6)
    world.minutes(85_00)
    for _ in range(8 * 60):
        world.minute()
    assert not any(row.blind for row in world.board().rows.values())
    world.shop.down = ProviderUnavailableError("shop answered 503")
    for _ in range(8 * 60):
        world.minute()
    assert all(row.blind for row in world.board().rows.values())


def test_a_tick_stops_in_time_and_leaves_the_rest_due(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(provider=FakeProvider(batch=1))
    names = many(world, 200)
    world.minute()  # folds them in, which takes its time too
    fetch = world.shop.fetch

    def slowly(*asked: Any) -> Fetched:
        time.sleep(0.2)
        return fetch(*asked)

    monkeypatch.setattr(world.shop, "fetch", slowly)
    report = world.minute(seconds=0.5)
    assert 8 <= report.asked < 200
    assert report.left_due == 200 - report.asked
    world.minute()
    assert {world.shop.asked[name] for name in names} <= {2, 3}
    assert min(world.shop.asked[name] for name in names) == 2


def test_a_tick_without_any_time_loses_no_watch() -> None:
    world = World()
    many(world, 3)
    assert world.minute(seconds=0).asked == 0
    assert world.minute().asked == 3


def test_a_dry_run_leaves_no_trace_but_the_calls(world: World) -> None:
    world.save(below(), "w2", "u2")
    before = world.documents.find(Query(PLACES.worker_collection))
    rows, calls = world.board().rows, spent(world)
    world.shop.costs("a", 8500)
    report = world.minute(dry_run=True)
    assert {entry["watch"] for entry in report.would_tell} == {"w1", "w2"}
    assert report.would_tell[0]["reason"] == "below_limit"
    assert world.alerts() == []
    assert world.documents.find(Query(PLACES.worker_collection)) == before
    assert (world.board().rows, spent(world)) == (rows, calls + 1)
    world.tick(run="run-3")
    assert world.texts("w1") == world.texts("w2") == [FIRST]


def test_a_dry_run_does_not_use_up_the_run_it_was_started_in(world: World) -> None:
    world.shop.costs("a", 8500)
    world.minute(dry_run=True, run="nine o'clock")
    assert world.tick(run="nine o'clock").skipped is None


def test_an_uneventful_tick_costs_two_reads_and_two_writes_however_many_watch() -> None:
    world = World()
    for number in range(300):
        world.shop.costs(f"i{number}", 10000)
        for person in range(5):
            watch = below(f"{50 + person}.00", target=item(f"i{number}"))
            world.save(watch, f"w{number}-{person}", f"u{person}")
    for _ in range(4):
        world.minute()
    for price in (10100, 10000, 9900):
        world.shop.costs("i7", price)
        report = world.minute()
        assert (report.asked, dict(report.operations)) == (300, {"reads": 2, "writes": 2})


def test_an_alert_costs_in_proportion_to_those_concerned(world: World) -> None:
    for person in range(40):
        world.save(below(f"{50 + person}.00"), f"p{person}", f"u{person}")
    for _ in range(4):
        world.minute()
    world.shop.costs("a", 8550)
    report = world.minute()
    concerned = 1 + 4  # w1 at 90.00, and 86.00 to 89.00
    assert report.alerts == 2 * concerned
    assert report.operations["writes"] == 2 + concerned * (1 + 2 + 1)
    assert report.operations["reads"] == 2 + concerned
    assert world.minute().operations == {"reads": 1 + concerned, "writes": 2}
    world.minute()
    assert world.minute().operations == {"reads": 2, "writes": 2}


def test_an_eventless_tick_is_not_worth_a_line(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world.minutes(10000)
    assert caplog.records == []


def test_no_log_line_holds_what_a_watch_or_a_page_says(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world.save(below(name="Call +14155550123"), "w2", "u2")
    world.minutes(10000, 8500)
    world.shop.answers["a"] = raises(ProviderUnavailableError("shop answered 503"))
    world.minute()
    assert "+14155550123" not in caplog.text
    assert "https://" not in caplog.text


# ── what is said of a quota, and of what was created ─────────────────────────────────────────────────────


def quota_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.message.startswith("quota.")]


def test_a_quota_that_is_nearly_spent_is_said_once_until_it_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World(provider=FakeProvider(Quota(calls=20, per=DAY, per_second=1e6), batch=1))
    many(world, 4)
    for _ in range(72):
        world.now += timedelta(minutes=20)
        world.tick()
    assert quota_lines(caplog) == ["quota.low"]
    world.now += 2 * DAY
    world.tick()
    assert quota_lines(caplog) == ["quota.low", "quota.ample"]


def test_a_quota_of_minutes_is_spent_and_free_again_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World(provider=FakeProvider(Quota(calls=4, per=timedelta(minutes=5), per_second=1e6), batch=1))
    many(world, 30)
    for _ in range(20):
        world.minute()
    assert not quota_lines(caplog)


def test_each_alert_that_is_created_is_said_with_the_trace_of_its_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.save(below())
    token = TRACE.set("a" * 32)
    try:
        world.minutes(10000, 8500)
    finally:
        TRACE.reset(token)
    created = [record.__dict__ for record in caplog.records if record.message == "alert.created"]
    assert sorted(one["channel"] for one in created) == ["email", "sms"]
    assert {one["trace"] for one in created} == {alert.trace for alert in world.alerts()} == {"a" * 32}


def test_a_dry_run_creates_nothing_and_says_so_by_silence(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.save(below())
    world.minutes(10000)
    world.shop.costs("a", 8500)
    world.minute(dry_run=True)
    assert "alert.created" not in caplog.messages
