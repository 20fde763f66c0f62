"""What became of news that was held: is it wanted, and what is the price by now."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from notifiers.freshness import Freshness, Snoozed, Unwanted
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import MINUTE, NEWS, NOW, TARGET, an_alert, save_price, save_watch
from watchers import board, encoding, expiry
from watchers.documents import Put
from watchers.history import History
from watchers.models import AlertState, News, Reason
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.places import Places
from watchers.rows import Row

HELD = an_alert(state=AlertState.HELD, news=replace(NEWS, target_id=TARGET.id))
LATER = NOW + timedelta(hours=3)


def now_says(documents: SqliteDocuments, **news: Any) -> News:
    """What the held news says now."""
    alert = replace(HELD, news=replace(HELD.news, **news))
    said = Freshness(documents, Places()).of(alert, LATER)
    assert isinstance(said, News)
    return said


def said_of_price(news: News) -> tuple[object, int | None]:
    return news.now_at, news.now_price


# ── wanted ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "paused"}, Unwanted("paused")),
        ({"status": "ended"}, Unwanted("ended")),
        ({"deleted_at": NOW}, Unwanted("deleted")),
        ({"snoozed_until": LATER + MINUTE}, Snoozed(LATER + MINUTE)),
        ({"snoozed_until": LATER}, HELD.news),
        ({"status": "ended", "snoozed_until": LATER + MINUTE}, Unwanted("ended")),
        ({}, HELD.news),
    ],
)
def test_held_news_is_wanted_as_long_as_its_watch_runs(
    documents: SqliteDocuments, asked: dict[str, Any], found: object
) -> None:
    save_watch(documents, **asked)

    assert Freshness(documents, Places()).of(HELD, LATER) == found


def test_news_of_a_watch_that_was_deleted_is_unwanted(documents: SqliteDocuments) -> None:
    documents.commit(Put(Places().job("w1"), {"deleted_at": NOW}))

    assert Freshness(documents, Places()).of(HELD, LATER) == Unwanted("deleted")


def test_news_of_a_watch_that_nobody_knows_is_told(documents: SqliteDocuments) -> None:
    assert Freshness(documents, Places()).of(HELD, LATER) == HELD.news


def test_news_of_a_watch_that_was_deleted_so_long_ago_that_nothing_says_so_is_unwanted(
    documents: SqliteDocuments,
) -> None:
    freshness = Freshness(documents, Places())
    assert freshness.of(HELD, HELD.created_at + expiry.DELETED) == HELD.news
    assert freshness.of(HELD, HELD.created_at + expiry.DELETED + MINUTE) == Unwanted("deleted")


def test_a_watch_that_cannot_be_read_is_no_reason_to_keep_silent(documents: SqliteDocuments) -> None:
    documents.commit(Put(Places().job("w1"), {"watch": "no watch"}))
    save_price(documents, 8400, 9700)

    assert said_of_price(now_says(documents)) == (LATER, 9700)


def test_a_test_is_of_no_watch_and_always_wanted(documents: SqliteDocuments) -> None:
    news = replace(NEWS, reason=Reason.TEST)

    assert Freshness(documents, Places()).of(replace(HELD, news=news), LATER) == news


# ── the price now ────────────────────────────────────────────────────────────────────────────────────────


def test_it_says_what_the_price_is_now(documents: SqliteDocuments) -> None:
    save_watch(documents)
    save_price(documents, 8400, 9700)

    said = now_says(documents)

    assert said_of_price(said) == (LATER, 9700)
    assert replace(said, now_at=None, now_price=None) == HELD.news


def test_a_price_that_is_still_the_same_is_said_too(documents: SqliteDocuments) -> None:
    save_watch(documents)
    save_price(documents, 11200, 8400, 8400)

    assert said_of_price(now_says(documents)) == (LATER, 8400)


def test_a_price_that_the_last_look_did_not_find_is_gone(documents: SqliteDocuments) -> None:
    save_watch(documents)
    save_price(documents, 8400, None)

    assert said_of_price(now_says(documents)) == (LATER, None)


def test_what_was_sold_out_at_the_last_look_has_no_price(documents: SqliteDocuments) -> None:
    save_watch(documents)
    price = Price(Basis.ALL_IN, "USD", 8400)
    looks = (
        Observation(target=TARGET, at=NOW, prices=(price,)),
        Observation(target=TARGET, at=NOW + MINUTE, prices=(price,), availability=Availability.UNAVAILABLE),
    )
    save_row(documents, *looks)

    assert said_of_price(now_says(documents)) == (LATER, None)


@pytest.mark.parametrize(
    "about",
    [
        {"price": None},
        {"basis": None},
        {"currency": None},
        {"target_id": None},
        {"target_id": "ticketmaster-000000000000"},
        {"provider": "nobody"},
    ],
)
def test_news_about_nothing_that_has_a_price_here_says_what_it_said(
    documents: SqliteDocuments, about: dict[str, Any]
) -> None:
    save_watch(documents)
    save_price(documents, 8400, 9700)

    said = now_says(documents, **about)

    assert said == replace(HELD.news, **about)
    assert said_of_price(said) == (None, None)


def test_prices_of_another_kind_are_not_taken_for_it(documents: SqliteDocuments) -> None:
    save_watch(documents)
    save_price(documents, 8400, 9700)

    assert said_of_price(now_says(documents, currency="EUR")) == (LATER, None)
    assert said_of_price(now_says(documents, basis=Basis.FACE)) == (LATER, None)


def test_a_source_that_cannot_be_seen_says_nothing_of_now(documents: SqliteDocuments) -> None:
    save_watch(documents)
    save_row(documents, Observation(target=TARGET, at=NOW), blind=True)

    assert said_of_price(now_says(documents)) == (None, None)


def test_a_source_that_was_never_seen_says_nothing_of_now(documents: SqliteDocuments) -> None:
    save_watch(documents)
    save_row(documents)

    assert said_of_price(now_says(documents)) == (None, None)


def test_looks_that_are_not_on_the_full_second_count_as_they_are(documents: SqliteDocuments) -> None:
    save_watch(documents)
    at = NOW + timedelta(milliseconds=1234, microseconds=567)
    save_row(documents, Observation(target=TARGET, at=at, prices=(Price(Basis.ALL_IN, "USD", 8800),)))

    assert said_of_price(now_says(documents)) == (LATER, 8800)


def test_each_board_is_read_once_a_sweep(documents: SqliteDocuments) -> None:
    save_watch(documents)
    save_price(documents, 8400, 9700)
    freshness = Freshness(documents, Places())
    freshness.priced(HELD.news, LATER)
    reads = documents.operations["reads"]

    for _ in range(5):
        freshness.priced(HELD.news, LATER)

    assert documents.operations["reads"] == reads


def save_row(documents: SqliteDocuments, *looks: Observation, blind: bool = False) -> None:
    history = History()
    for look in looks:
        history = history.after(look)
    rows = {TARGET.id: Row(TARGET, since=NOW, history=history, blind=blind)}
    documents.commit(Put(board.path("ticketmaster-0"), {"blob": encoding.encode(rows)}))


def test_a_board_that_was_not_saved_since_says_nothing_of_now(documents: SqliteDocuments) -> None:
    save_price(documents, 8400, 9700)
    news = replace(NEWS, target_id=TARGET.id, observed_at=NOW + MINUTE)

    assert Freshness(documents, Places()).priced(news, LATER) == news
