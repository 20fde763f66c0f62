"""The same event on several markets, as the catalogue groups it."""

from datetime import UTC, datetime

from store.sqlite import SqliteDocuments
from tests.markets import Market, World, entry, face
from watchers import verdicts
from watchers.catalog import same
from watchers.events import normalised

ONE = entry(
    "tickets", "t1", face(5400), name="Lakers vs. Warriors", venue="Crypto.com Arena", city="Los Angeles"
)
OTHER = entry(
    "seats", "s1", face(4900), name="Golden State Warriors at Los Angeles Lakers", venue="Crypto.com Arena",
    city="Los Angeles",
)  # fmt: skip
PARKING = entry("seats", "s2", face(900), name="Parking: Lakers vs. Warriors", venue="Crypto.com Arena Lot")


def test_two_wordings_of_one_game_are_one_and_its_parking_is_not() -> None:
    world = World(Market("tickets", ONE), Market("seats", OTHER, PARKING), groups=None)
    found = world.catalog.search("lakers")
    assert sorted(len(one.markets) for one in found.events) == [1, 2]


def test_what_somebody_called_not_the_same_stays_apart() -> None:
    documents, events = SqliteDocuments(":memory:"), [normalised(ONE), normalised(OTHER)]
    assert same.groups(documents, events) == [[0, 1]]
    pair = verdicts.pair(*events)
    assert pair
    verdicts.remember(documents, pair, datetime.now(UTC))
    assert same.groups(documents, events) == [[0], [1]]
