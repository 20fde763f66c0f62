"""What is said of a price: each case's id is what it shows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.deal import Verdict, deal
from watchers.price_history import Step

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def days(*prices: tuple[int, float]) -> list[Step]:
    """Steps that end now, oldest first: a price in cents, and for how many days it stood."""
    steps: list[Step] = []
    at = NOW - sum((span * DAY for _, span in prices), timedelta(0))
    for price, span in prices:
        steps.append(Step(at, at + span * DAY, price))
        at += span * DAY
    return steps


LONG = days((10_000, 40), (9_500, 30), (9_000, 2), (9_600, 30))
ALWAYS = "good: lowest in 102 days, as long as it has been watched; 17 % under the median of 4 prices"
BRIEF = ((8_000, 0.01), (8_100, 0.01)) * 5
CASES = {
    "a record is the longest one": (8_000, LONG, (), ALWAYS),
    "a record of a month is not one of a quarter": (
        9_300, LONG, (), "usual: lowest in 30 days; 3 % under the median of 4 prices",
    ),
    "no record is claimed where it was as low before": (
        9_600, LONG, (), "usual: 4 % under the median of 3 prices",
    ),
    "a price over the median is dear": (12_000, LONG, (), "dear: 25 % over the median of 4 prices"),
    "other markets count": (8_000, LONG, (8_100, 9_000), f"{ALWAYS}; cheapest of 3 markets"),
    "a cheaper market is said": (
        9_600, LONG, (9_100,), "usual: 4 % under the median of 3 prices; $5 over the cheapest of 2 markets",
    ),
    "two prices in two days say nothing": (
        8_000, days((10_000, 1), (9_000, 1)), (), "low confidence: only 2 earlier prices in 2 days",
    ),
    "a year of one price is not a history either": (
        8_000, days((10_000, 365)), (), "low confidence: only 1 earlier price in 365 days",
    ),
    "nothing is known at all": (8_000, [], (), "low confidence: no earlier price is known"),
    "markets are compared without a history": (
        8_000, [], (8_000,), "as cheap as the best of 2 markets; low confidence: no earlier price is known",
    ),
    "the price that stands is not its own past": (
        8_000, [*days((9_000, 1)), Step(NOW, NOW, 8_000)], (),
        "low confidence: only 1 earlier price in 1 day",
    ),
    "how long a price stood counts, not how often it was seen": (
        9_000, days((10_000, 60), *BRIEF), (), "good: 10 % under the median of 11 prices",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("price", "steps", "others", "said"), CASES.values(), ids=CASES)
def test_what_is_said_of_a_price(price: int, steps: Sequence[Step], others: Sequence[int], said: str) -> None:
    assert str(deal(price, "USD", steps, NOW, others=others)) == said


def test_what_came_before_the_record_is_complete_is_no_time_watched() -> None:
    assert "7 days" in str(deal(1, "USD", LONG, NOW, since=NOW - 7 * DAY))
    assert not deal(1, "USD", LONG, NOW, since=NOW - 7 * DAY).is_confident


def test_a_verdict_comes_with_its_clauses() -> None:
    said = deal(8_000, "USD", LONG, NOW).to_json()
    assert said["verdict"] == "good"
    assert said["clauses"]
    assert said["is_confident"]


STEPS = st.lists(st.tuples(st.integers(1, 10**7), st.floats(0, 400)), max_size=30).map(
    lambda pairs: days(*pairs)
)


@given(st.integers(1, 10**7), STEPS, st.lists(st.integers(1, 10**7), max_size=5))
def test_whatever_was_seen_there_is_a_sentence_and_no_verdict_without_confidence(
    price: int, steps: list[Step], others: list[int]
) -> None:
    found = deal(price, "USD", steps, NOW, others=others)
    assert found.clauses
    assert found.is_confident or found.verdict is Verdict.UNKNOWN


@given(st.integers(1, 10**7), STEPS)
def test_a_lower_price_is_never_judged_worse(price: int, steps: list[Step]) -> None:
    order = [Verdict.GOOD, Verdict.USUAL, Verdict.DEAR]
    higher, lower = deal(price + 1, "USD", steps, NOW), deal(price, "USD", steps, NOW)
    if Verdict.UNKNOWN not in (higher.verdict, lower.verdict) and not {price, price + 1} & {
        one.price for one in steps
    }:
        assert order.index(lower.verdict) <= order.index(higher.verdict)
