"""One event of what several markets say: facts, the best price among like, and what is never compared."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.markets import NOW, SHOW_DAY, all_in, entry, face
from watchers.catalog.merged import Merged, merged
from watchers.money import Basis
from watchers.observation import Availability, EventStatus, ItemCondition, Observation, Price
from watchers.target import Target

LONDON = ZoneInfo("Europe/London")


def bests(one: Merged) -> list[tuple[str, str, int, str, int]]:
    return [
        (best.price.basis, best.price.currency, best.price.low, best.market.target.provider, best.of)
        for best in one.best
    ]


def test_the_best_price_is_one_of_its_basis_and_currency() -> None:
    one = merged(
        [
            entry("a", "1", face(5000), all_in(6100)),
            entry("b", "2", face(4000), face(3000, "GBP")),
            entry("c", "3", all_in(5900), Price(Basis.RESALE, "USD", 100)),
        ]
    )
    assert bests(one) == [
        ("all_in", "USD", 5900, "c", 2),
        ("face", "USD", 4000, "b", 2),
        ("face", "GBP", 3000, "b", 1),
        ("resale", "USD", 100, "c", 1),
    ]
    assert (one.event.min_price, one.event.basis, one.event.provider) == (Decimal(59), Basis.ALL_IN, "c")


@pytest.mark.parametrize(
    "said", [{"availability": Availability.UNAVAILABLE}, {"status": EventStatus.CANCELLED}]
)
def test_what_cannot_be_bought_is_never_best(said: dict[str, object]) -> None:
    one = merged([entry("a", "1", face(100), **said), entry("b", "2", face(5000))])
    assert bests(one) == [("face", "USD", 5000, "b", 1)]
    assert len(one.markets) == 2


def test_used_is_not_compared_with_new() -> None:
    used = entry("a", "1", Price(Basis.LISTING, "USD", 100), condition=ItemCondition.USED)
    new = entry("b", "2", Price(Basis.LISTING, "USD", 900), condition=ItemCondition.NEW)
    assert [best.price.low for best in merged([used, new]).best] == [900, 100]


def test_what_one_says_nothing_of_another_says() -> None:
    at = datetime(2026, 12, 31, 19, 30, tzinfo=LONDON)
    bare = entry("a", "1", venue=None, url=None)
    full = entry("b", "2", starts_at=at, region="England", performers=("Night Tram",))
    event = merged([bare, full]).event
    assert (event.venue, event.state, event.time, event.timezone) == (
        "Hall", "England", time(19, 30), "Europe/London",
    )  # fmt: skip
    assert event.performers == ("Night Tram",)
    assert event.url == "https://b.example/2"


def test_the_hour_of_another_day_is_not_taken() -> None:
    at = datetime(2027, 1, 1, 19, 30, tzinfo=UTC)
    eve = entry("a", "1", category="music", region="England")
    event = merged([eve, entry("b", "2", starts_on=date(2027, 1, 1), starts_at=at)]).event
    assert (event.date, event.time) == (SHOW_DAY, None)


def test_unknown_stays_unknown() -> None:
    silent = Observation(Target("a", "1"), NOW)
    event = merged([silent, silent]).event
    assert (event.min_price, event.available, event.listings, event.url) == (None, None, None, None)


@pytest.mark.parametrize(
    ("said", "available"), [("UA", True), ("NN", False), ("NU", None), ("NA", True), ("U", None)]
)
def test_it_is_available_when_any_market_says_so_and_gone_only_when_all_do(
    said: str, available: bool | None
) -> None:
    kinds = {"A": Availability.AVAILABLE, "N": Availability.UNAVAILABLE, "U": Availability.UNKNOWN}
    one = merged([entry("m", str(number), availability=kinds[kind]) for number, kind in enumerate(said)])
    assert one.event.available is available


def test_a_mean_is_told_only_where_a_single_market_says_one() -> None:
    one = entry("a", "1", face(100, average=300, high=500))
    assert merged([one]).event.average_price == Decimal(3)
    both = merged([one, entry("b", "2", face(200, average=700, high=900))]).event
    assert (both.min_price, both.max_price, both.average_price) == (Decimal(1), Decimal(9), None)


prices = st.lists(
    st.builds(Price, st.sampled_from(Basis), st.sampled_from(["USD", "KRW"]), st.integers(1, 10**6)),
    max_size=4,
    unique_by=lambda price: price.key,
).map(tuple)
entries = st.lists(
    st.builds(
        lambda market, prices, availability, condition: entry(
            market, "1", *prices, availability=availability, condition=condition
        ),
        st.sampled_from("abc"),
        prices,
        st.sampled_from(Availability),
        st.sampled_from([None, *ItemCondition]),
    ),
    min_size=1,
    max_size=6,
)


@given(entries)
def test_no_like_price_that_can_be_bought_is_ever_under_the_best(same: list[Observation]) -> None:
    one = merged(same)
    lowest = {(best.market.condition, best.price.key): best.price.low for best in one.best}
    buyable = [
        ((market.condition, price.key), price.low)
        for market in one.markets
        for price in market.prices
        if market.availability is not Availability.UNAVAILABLE
    ]
    assert {kind for kind, _ in buyable} == lowest.keys()
    assert all(lowest[kind] <= low for kind, low in buyable)


def test_json_has_every_field_of_the_lineage_and_prices_in_major_units() -> None:
    said = merged([entry("a", "1", face(5450, high=9000))]).to_json()
    wanted = {
        "name", "venue", "city", "state", "date", "time", "min_price", "max_price", "average_price",
        "available", "url", "image",
    }  # fmt: skip
    assert wanted <= said.keys()
    assert (said["min_price"], said["date"], said["image"]) == (54.5, "2026-12-31", None)
    assert said["best"][0]["low"] == said["markets"][0]["prices"][0]["low"] == 54.5
