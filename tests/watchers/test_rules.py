"""The rules as a table: each sentence is a promise, its looks the story, their reasons the outcome."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.builders import (
    BACK_IN_STOCK,
    FACE,
    NEW_LISTING,
    RESALE,
    SEARCH,
    STATUS,
    Look,
    at,
    below,
    decisions,
    drop,
    facts,
    historic_low,
    in_stock,
    nothing,
    observations,
    observed,
    page,
    price,
    sold_out,
    watch,
)
from watchers.history import History
from watchers.kinds import Channel
from watchers.memory import WatchState
from watchers.models import News, Reason
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, EventStatus
from watchers.rules import Decision, decide, rule_sentence, thresholds
from watchers.target import Target
from watchers.watch import Watch

EUROS = PriceKey(Basis.FACE, "EUR")
ALL_IN = PriceKey(Basis.ALL_IN, "USD")

FIRST, NOT_TRUE, TOLD = Reason.FIRST_LOOK, Reason.NOT_TRUE, Reason.ALREADY_TOLD
BELOW, DROPPED, LOW, DEEPER = (
    Reason.BELOW_LIMIT,
    Reason.DROPPED,
    Reason.HISTORIC_LOW,
    Reason.FURTHER_DROP,
)
TAKEN, HELD, REARMED, APPEARED = (
    Reason.TAKEN_AS_TOLD,
    Reason.SECOND_LOOK,
    Reason.REARMED,
    Reason.NEW_PRICE_KEY,
)
TOO_YOUNG, UNKNOWN, OVER = Reason.NOT_ENOUGH_HISTORY, Reason.NOT_KNOWN, Reason.EVENT_OVER
LISTED, RESTOCKED, NEWS = Reason.NEW_LISTING, Reason.BACK_IN_STOCK, Reason.STATUS_CHANGED


@dataclass(frozen=True)
class Case:
    """What is promised, to whom, and the story that shows it."""

    sentence: str
    asked: Watch
    story: tuple[tuple[Look, Reason], ...]


def case(sentence: str, asked: Watch, *story: tuple[Look, Reason]) -> Case:
    return Case(sentence, asked, story)


def days_at(amount: int, days: int, reason: Reason = TOO_YOUNG) -> list[tuple[Look, Reason]]:
    """The same price on so many days."""
    return [(price(amount).later(days=1), reason)] * days


BELOW_90 = [
    case("a price over the limit tells nothing", watch(), (price(90_01), FIRST), (price(90_01), NOT_TRUE)),
    case("a price equal to the limit fires", watch(), (price(95_00), FIRST), (price(90_00), BELOW)),
    case("a price that stays below is told once", watch(), (price(85_00), BELOW), (price(85_00), TOLD)),
    case(
        "what is already true when saved is told if asked for",
        watch(already_true="tell"),
        (price(80_00), BELOW),
    ),
    case(
        "what is already true when saved is taken as told if the person waits",
        watch(already_true="wait"),
        (price(80_00), TAKEN),
        (price(76_01), TOLD),
        (price(76_00), DEEPER),
    ),
    case(
        "a person who waits is told as soon as it becomes true later",
        watch(already_true="wait"),
        (price(95_00), FIRST),
        (price(89_00), BELOW),
    ),
    case(
        "exactly 5 % under the price last told is a further drop",
        watch(),
        (price(80_00), BELOW),
        (price(76_00), DEEPER),
        (price(72_20), DEEPER),
        (price(72_20), TOLD),
    ),
    case("4.9 % under the price last told is not", watch(), (price(80_00), BELOW), (price(76_08), TOLD)),
    case(
        "small steps down add up to a further drop",
        watch(),
        (price(80_00), BELOW),
        (price(78_00), TOLD),
        (price(77_00), TOLD),
        (price(76_00), DEEPER),
    ),
    case(
        "one look over the hysteresis does not re-arm",
        watch(),
        (price(85_00), BELOW),
        (price(92_00), TOLD),
        (price(85_00), TOLD),
        (price(92_00), TOLD),
        (price(89_00), TOLD),
    ),
    case(
        "two looks over the hysteresis re-arm, and the next dip is told",
        watch(),
        (price(85_00), BELOW),
        (price(92_00), TOLD),
        (price(93_00), REARMED),
        (price(95_00), NOT_TRUE),
        (price(89_00), BELOW),
    ),
    case(
        "exactly 2 % over the limit does not re-arm",
        watch(),
        (price(85_00), BELOW),
        *[(price(91_80), TOLD)] * 3,
        (price(91_81), TOLD),
        (price(91_81), REARMED),
    ),
    case(
        "flapping within the hysteresis is told once",
        watch(),
        (price(89_00), BELOW),
        *[(price(91_00), TOLD), (price(91_00), TOLD), (price(89_00), TOLD)] * 4,
    ),
    case(
        "flapping far over the limit every other look is told once",
        watch(),
        (price(89_00), BELOW),
        *[(price(99_00), TOLD), (price(89_00), TOLD)] * 4,
    ),
    case(
        "a look that learns nothing changes nothing",
        watch(),
        (price(95_00), FIRST),
        (nothing(), UNKNOWN),
        (price(89_00), BELOW),
        (nothing(), UNKNOWN),
        (price(89_00), TOLD),
        (price(95_00), TOLD),
        (nothing(), UNKNOWN),
        (price(95_00), REARMED),
    ),
    case(
        "a price that is not known at first is told when it appears",
        watch(),
        (nothing(), UNKNOWN),
        (price(85_00), BELOW),
    ),
    case(
        "a price that disappears fires nothing", watch(), (price(95_00), FIRST), *[(nothing(), UNKNOWN)] * 3
    ),
    case(
        "sold out but priced is no price",
        watch(),
        (in_stock(95_00), FIRST),
        *[(sold_out(50_00), UNKNOWN)] * 2,
        (in_stock(89_00), BELOW),
    ),
    case("another currency is never compared", watch(), *[(price({EUROS: 50_00}), UNKNOWN)] * 3),
    case(
        "another basis than the one asked for is never compared",
        watch(below(basis="all_in")),
        *[(price({FACE: 50_00}), UNKNOWN)] * 2,
        (price({FACE: 50_00, ALL_IN: 95_00}), FIRST),
        (price({FACE: 50_00, ALL_IN: 89_00}), BELOW),
    ),
    case(
        "the watch's filter chooses the basis for every condition",
        watch(below(), drop(10), filters={"basis": "all_in"}),
        *[(price({FACE: 50_00}), UNKNOWN)] * 2,
        (price({FACE: 50_00, ALL_IN: 89_00}), BELOW),
    ),
]

KEYS = [
    case(
        "a price key that appears beside a known one is looked at silently once",
        watch(),
        (price({FACE: 100_00}), FIRST),
        (price({FACE: 100_00, RESALE: 70_00}), APPEARED),
        (price({FACE: 100_00, RESALE: 70_00}), BELOW),
    ),
    case(
        "a price key that appears and is gone again tells nothing",
        watch(),
        (price({FACE: 100_00}), FIRST),
        (price({FACE: 100_00, RESALE: 70_00}), APPEARED),
        (price({FACE: 100_00}), NOT_TRUE),
    ),
    case(
        "a price key that appears later was not true when saved, so waiting does not swallow it",
        watch(already_true="wait"),
        (price({FACE: 100_00}), FIRST),
        (price({FACE: 100_00, RESALE: 70_00}), APPEARED),
        (price({FACE: 100_00, RESALE: 70_00}), BELOW),
    ),
    case(
        "a price key that vanishes fires nothing, and is no drop of the other",
        watch(below(), drop(10)),
        (price({FACE: 100_00, RESALE: 95_00}), FIRST),
        *[(price({FACE: 100_00}), NOT_TRUE)] * 2,
        *[(price({RESALE: 95_00}), NOT_TRUE)] * 2,
    ),
    case(
        "a drop is measured within one key only",
        watch(drop(10)),
        (price({FACE: 100_00, RESALE: 150_00}), FIRST),
        (price({FACE: 100_00, RESALE: 140_00}), NOT_TRUE),
        (price({FACE: 95_00, RESALE: 135_00}), DROPPED),
    ),
    case(
        "a key that comes back is compared with what was told of it",
        watch(),
        (price({FACE: 100_00, RESALE: 80_00}), BELOW),
        (price({FACE: 100_00}), NOT_TRUE),
        (price({FACE: 100_00, RESALE: 79_00}), TOLD),
        (price({FACE: 100_00, RESALE: 76_00}), DEEPER),
    ),
]

DROPS = [
    case(
        "a drop by exactly the percentage fires",
        watch(drop(10)),
        (price(100_00), FIRST),
        (price(90_00), DROPPED),
    ),
    case("a drop by less does not", watch(drop(10)), (price(100_00), FIRST), (price(90_01), NOT_TRUE)),
    case(
        "a fraction of a percent is exact",
        watch(drop(0.1)),
        (price(1000_00), FIRST),
        (price(999_01), NOT_TRUE),
        (price(999_00), DROPPED),
    ),
    case(
        "a percentage without the minimum saving does not fire",
        watch(drop(10, min_saving="15.00")),
        (price(100_00), FIRST),
        (price(90_00), NOT_TRUE),
        (price(85_01), NOT_TRUE),
        (price(85_00), DROPPED),
    ),
    case(
        "a minimum saving without the percentage does not fire",
        watch(drop(20, min_saving="5.00")),
        (price(100_00), FIRST),
        (price(94_00), NOT_TRUE),
        (price(80_00), DROPPED),
    ),
    case(
        "a slow slide fires, because a drop counts from the price when saved",
        watch(drop(10)),
        (price(100_00), FIRST),
        *[(price(cents), NOT_TRUE) for cents in (99_00, 98_00, 97_00, 96_00, 95_00, 94_00, 92_00, 91_00)],
        (price(90_00), DROPPED),
    ),
    case(
        "after that it counts from the price last told",
        watch(drop(10)),
        (price(100_00), FIRST),
        (price(88_00), DROPPED),
        (price(79_21), TOLD),
        (price(79_20), DEEPER),
    ),
    case(
        "a price that rises tells nothing",
        watch(drop(10)),
        (price(100_00), FIRST),
        (price(150_00), NOT_TRUE),
        (price(100_00), NOT_TRUE),
        (price(90_00), DROPPED),
    ),
    case(
        "a drop that has clearly ended counts from the price when saved again",
        watch(drop(10)),
        (price(100_00), FIRST),
        (price(90_00), DROPPED),
        (price(100_00), TOLD),
        (price(100_00), REARMED),
        (price(90_00), DROPPED),
    ),
    case(
        "a drop that leaves nothing further to save re-arms like any other",
        watch(drop(10, min_saving="60.00")),
        (price(100_00), FIRST),
        *[(price(40_00), HELD), (price(40_00), DROPPED), (price(40_00), TOLD)],
        *[(price(100_00), TOLD), (price(100_00), REARMED)],
        (price(40_00), DROPPED),
    ),
    case(
        "a drop from free counts from the first price there is",
        watch(drop(10)),
        (price(0), NOT_TRUE),
        (price(100_00), NOT_TRUE),
        (price(90_00), DROPPED),
    ),
]

LOWS = [
    case(
        "lowest of 30 days needs 14 days of history",
        watch(historic_low(30)),
        *days_at(100_00, 14),
        (price(99_00), TOO_YOUNG),
        (price(98_99).later(days=1), LOW),
    ),
    case(
        "lowest of 3 days needs only 3",
        watch(historic_low(3)),
        *days_at(100_00, 3),
        (price(99_00).later(days=1), LOW),
    ),
    case(
        "a price equal to the lowest is not a new low",
        watch(historic_low(3)),
        *days_at(100_00, 3),
        (price(100_00).later(days=1), NOT_TRUE),
        (price(99_99), LOW),
    ),
    case(
        "a low older than the days asked for does not count",
        watch(historic_low(5)),
        (price(80_00), TOO_YOUNG),
        *days_at(100_00, 4),
        *days_at(100_00, 3, NOT_TRUE),
        (price(99_00), LOW),
    ),
    case(
        "a new low is told once, then only a further step",
        watch(historic_low(3)),
        *days_at(100_00, 3),
        (price(98_00).later(days=1), LOW),
        (price(97_00), TOLD),
        (price(93_10), DEEPER),
    ),
    case(
        "a freak low does not enter the record",
        watch(historic_low(3)),
        *days_at(100_00, 3),
        (price(1_00).later(days=1), HELD),
        (price(100_00), NOT_TRUE),
        (price(99_00), LOW),
    ),
    case(
        "a price of zero does not enter the record, even when it stays",
        watch(historic_low(3)),
        *days_at(100_00, 3),
        (price(0).later(days=1), HELD),
        (price(0), LOW),
        (price(100_00), TOLD),
        (price(102_01), TOLD),
        (price(102_01), REARMED),
        (price(99_00), LOW),
    ),
    case(
        "a price of zero at the first look does not enter the record",
        watch(historic_low(3)),
        (price(0), TOO_YOUNG),
        (price(0), TOO_YOUNG),
        *days_at(100_00, 2),
        (price(100_00).later(days=1), NOT_TRUE),
        (price(99_00), LOW),
    ),
    case(
        "a price that is not known does not break the record",
        watch(historic_low(3)),
        *days_at(100_00, 3),
        (nothing().later(days=1), UNKNOWN),
        (price(99_00), LOW),
    ),
]

SUSPICIOUS = [
    case(
        "more than half off is held until a second look agrees",
        watch(),
        *[(price(200_00), FIRST), (price(200_00), NOT_TRUE)],
        (price(89_00), HELD),
        (price(89_00), BELOW),
    ),
    case(
        "a new low by more than 40 % is held until a second look agrees",
        watch(),
        (price(140_00), FIRST),
        (price(83_00), HELD),
        (price(82_00), BELOW),
    ),
    case(
        "a new low by exactly 40 % is believed at once",
        watch(),
        (price(140_00), FIRST),
        (price(84_00), BELOW),
    ),
    case(
        "a freak low and then the normal price tell nothing",
        watch(below(), drop(10), historic_low(3)),
        (price(100_00), FIRST),
        (price(1_00), HELD),
        *[(price(100_00), NOT_TRUE)] * 2,
    ),
    case(
        "a freak low every other look tells nothing",
        watch(),
        (price(100_00), FIRST),
        *[(price(1_00), HELD), (price(100_00), NOT_TRUE)] * 4,
    ),
    case(
        "a second look that is as wild again does not agree with the first",
        watch(),
        (price(100_00), FIRST),
        (price(45_00), HELD),
        (price(1_00), HELD),
        (price(100_00), NOT_TRUE),
    ),
    case(
        "a look that learns nothing is no second look",
        watch(),
        (price(200_00), FIRST),
        (price(80_00), HELD),
        (nothing(), UNKNOWN),
        (price(80_00), BELOW),
    ),
    case(
        "a further drop that is suspicious is held, too",
        watch(),
        (price(89_00), BELOW),
        (price(20_00), HELD),
        (price(89_00), TOLD),
        (price(20_00), HELD),
        (price(20_00), DEEPER),
    ),
    case(
        "free is held at the first look and told once at the second",
        watch(),
        (price(0), HELD),
        (price(0), BELOW),
        *[(price(0), TOLD)] * 3,
    ),
]

TOGETHER = [
    case(
        "two conditions that become true at once are one alert",
        watch(below(), drop(10)),
        (price(100_00), FIRST),
        (price(89_00), BELOW),
        (price(88_00), TOLD),
    ),
    case(
        "a condition that becomes true later is told for itself",
        watch(below("95.00"), drop(10)),
        (price(100_00), FIRST),
        (price(95_00), BELOW),
        (price(90_00), DROPPED),
    ),
    case(
        "back in stock at a good price is one alert, about the price",
        watch(below(), BACK_IN_STOCK),
        (sold_out(95_00), FIRST),
        (in_stock(85_00), BELOW),
        (in_stock(85_00), TOLD),
    ),
]


def searching(*conditions: dict[str, object]) -> Watch:
    return watch(*(conditions or (dict(NEW_LISTING),)), target=SEARCH)


LISTINGS = [
    case(
        "the first page is a silent baseline",
        searching(),
        (page("a", "b"), FIRST),
        (page("b", "a"), NOT_TRUE),
    ),
    case(
        "an id not seen before is told once",
        searching(),
        (page("a"), FIRST),
        (page("a", "b"), LISTED),
        (page("a", "b"), NOT_TRUE),
    ),
    case(
        "several new ids are one alert", searching(), (page("a"), FIRST), (page("a", "b", "c", "d"), LISTED)
    ),
    case(
        "an id that vanishes and returns is not new",
        searching(),
        (page("a", "b"), FIRST),
        (page("a"), NOT_TRUE),
        (page(), NOT_TRUE),
        (page("a", "b"), NOT_TRUE),
    ),
    case(
        "one empty first page is no baseline",
        searching(),
        (page(), FIRST),
        (page("a"), FIRST),
        (page("a", "b"), LISTED),
    ),
    case(
        "an empty first page counts when a second one agrees",
        searching(),
        (page(), FIRST),
        (page(), FIRST),
        (page("a"), LISTED),
    ),
    case(
        "a look that learns nothing between two empty pages changes nothing",
        searching(),
        (page(), FIRST),
        (Look({"target": SEARCH}), UNKNOWN),
        (page(), FIRST),
        (page("a"), LISTED),
    ),
]

STOCK = [
    case(
        "what is in stock when first seen is no news",
        watch(BACK_IN_STOCK),
        *[(in_stock(), FIRST), (in_stock(), NOT_TRUE)],
    ),
    case(
        "back in stock is told once",
        watch(BACK_IN_STOCK),
        (sold_out(), FIRST),
        (sold_out(), NOT_TRUE),
        (in_stock(), RESTOCKED),
        (in_stock(), NOT_TRUE),
    ),
    case(
        "stock that toggles every look is told once",
        watch(BACK_IN_STOCK),
        (sold_out(), FIRST),
        (in_stock(), RESTOCKED),
        *[(sold_out(), NOT_TRUE), (in_stock(), TOLD)] * 4,
    ),
    case(
        "it is told again after it was gone for two looks",
        watch(BACK_IN_STOCK),
        (sold_out(), FIRST),
        (in_stock(), RESTOCKED),
        *[(sold_out(), NOT_TRUE)] * 2,
        (in_stock(), RESTOCKED),
    ),
    case(
        "availability that is not known changes nothing",
        watch(BACK_IN_STOCK),
        (sold_out(), FIRST),
        (nothing(), UNKNOWN),
        (in_stock(), RESTOCKED),
        (nothing(), UNKNOWN),
        (in_stock(), NOT_TRUE),
    ),
]

STATUSES = [
    case(
        "what is known when first seen is no news",
        watch(STATUS),
        (facts(EventStatus.CANCELLED), FIRST),
        (facts(EventStatus.CANCELLED), NOT_TRUE),
    ),
    *[
        case(
            f"an event that is {status} is news once",
            watch(STATUS),
            (facts(EventStatus.ONSALE), FIRST),
            (facts(status), NEWS),
            (facts(status), NOT_TRUE),
        )
        for status in (EventStatus.CANCELLED, EventStatus.POSTPONED, EventStatus.RESCHEDULED)
    ],
    case(
        "going on or off sale is not announced here",
        watch(STATUS),
        (facts(EventStatus.ONSALE), FIRST),
        (facts(EventStatus.OFFSALE), NOT_TRUE),
        (facts(EventStatus.ONSALE), NOT_TRUE),
    ),
    case(
        "an on-sale date that is announced, then moved, is news twice",
        watch(STATUS),
        (facts(EventStatus.OFFSALE), FIRST),
        (facts(onsale_at=at(days=7)), NEWS),
        (facts(onsale_at=at(days=7)), NOT_TRUE),
        (facts(onsale_at=at(days=8)), NEWS),
    ),
    case(
        "an on-sale date that has passed is no news",
        watch(STATUS),
        (facts(EventStatus.OFFSALE), FIRST),
        (facts(onsale_at=at(days=-7)), NOT_TRUE),
    ),
    case(
        "a presale that is announced is news",
        watch(STATUS),
        (facts(EventStatus.OFFSALE), FIRST),
        (facts(presales={"Fans": at(days=3)}), NEWS),
        (facts(presales={"Fans": at(days=3)}), NOT_TRUE),
        (facts(presales={"Fans": at(days=3), "Card": at(days=4)}), NEWS),
    ),
    case(
        "a presale that has passed is no news",
        watch(STATUS),
        (facts(EventStatus.OFFSALE), FIRST),
        (facts(presales={"Fans": at(days=-3)}), NOT_TRUE),
    ),
    case(
        "a date that moves is news",
        watch(STATUS),
        (facts(starts_on=date(2027, 1, 14)), FIRST),
        (facts(starts_on=date(2027, 1, 15)), NEWS),
    ),
    case(
        "an hour that moves is news, one that becomes known is not",
        watch(STATUS),
        (facts(starts_on=date(2027, 1, 14)), FIRST),
        (facts(starts_on=date(2027, 1, 14), starts_at=datetime(2027, 1, 14, 19, tzinfo=UTC)), NOT_TRUE),
        (facts(starts_on=date(2027, 1, 14), starts_at=datetime(2027, 1, 14, 20, tzinfo=UTC)), NEWS),
    ),
    case(
        "facts that are not said are not changed",
        watch(STATUS),
        (facts(EventStatus.CANCELLED, starts_on=date(2027, 1, 14), onsale_at=at(days=7)), FIRST),
        *[(nothing(), NOT_TRUE)] * 2,
        (facts(EventStatus.CANCELLED, starts_on=date(2027, 1, 14), onsale_at=at(days=7)), NOT_TRUE),
    ),
    case(
        "a status that flips back and forth is told once a day each way",
        watch(STATUS),
        (facts(EventStatus.ONSALE), FIRST),
        (facts(EventStatus.CANCELLED), NEWS),
        (facts(EventStatus.ONSALE), NEWS),
        *[(facts(EventStatus.CANCELLED), TOLD), (facts(EventStatus.ONSALE), TOLD)] * 3,
        (facts(EventStatus.CANCELLED).later(days=1), NEWS),
    ),
]

EVENTS = [
    case(
        "an event that began half a day ago is over",
        watch(),
        (price(95_00, starts_at=at(days=-0.49)), FIRST),
        (price(80_00, starts_at=at(days=-0.5)), OVER),
    ),
    case(
        "a postponed event is not over although its old date has passed",
        watch(below(), STATUS),
        (price(95_00, starts_at=at(days=-2), status=EventStatus.POSTPONED), FIRST),
        (price(80_00, starts_at=at(days=-2), status=EventStatus.POSTPONED), BELOW),
        (price(80_00, starts_at=at(days=40), status=EventStatus.RESCHEDULED), NEWS),
    ),
]

CASES = [
    *(BELOW_90 + KEYS + DROPS + LOWS + SUSPICIOUS),
    *(TOGETHER + LISTINGS + STOCK + STATUSES + EVENTS),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_the_rules_promise_that(case: Case) -> None:
    looks, reasons = zip(*case.story, strict=True)
    decided = decisions(case.asked, list(observations(looks)))
    assert [decision.reason for decision in decided] == list(reasons)
    for decision in decided:
        assert (decision.news is not None) == decision.reason.fires
        assert decision.held == (decision.reason is HELD)


def test_no_two_promises_have_the_same_sentence() -> None:
    sentences = [case.sentence for case in CASES]
    assert len(set(sentences)) == len(sentences)


def newest(asked: Watch, *looks: Look) -> News:
    news = decisions(asked, list(observations(looks)))[-1].news
    assert news is not None
    return news


def test_an_alert_says_what_it_costs_what_it_cost_and_when_the_next_text_comes() -> None:
    said = newest(watch(), price(95_00), price(84_00, name="Lakers v Warriors", url="https://example.org/e"))
    assert (said.basis, said.currency, said.price, said.was) == (Basis.FACE, "USD", 84_00, 95_00)
    assert (said.event_name, said.url) == ("Lakers v Warriors", "https://example.org/e")
    assert said.next_text == "Next text at $79.80 or less, or after it has been over $91.80."


def test_a_drop_is_told_with_the_price_it_is_measured_from() -> None:
    said = newest(watch(drop(10)), price(100_00), price(95_00), price(90_00))
    assert (said.price, said.was) == (90_00, 100_00)


def test_a_further_drop_is_told_with_the_price_last_told() -> None:
    said = newest(watch(), price(100_00), price(80_00), price(79_00), price(70_00))
    assert (said.reason, said.price, said.was) == (DEEPER, 70_00, 80_00)


def test_of_two_keys_that_fire_the_price_that_includes_most_is_told() -> None:
    both_over = price({RESALE: 95_00, ALL_IN: 96_00})
    said = newest(watch(), both_over, price({RESALE: 70_00, ALL_IN: 80_00}))
    assert (said.basis, said.price) == (Basis.ALL_IN, 80_00)


def test_several_new_listings_name_the_first_and_count_the_others() -> None:
    said = newest(searching(), page("a"), page("a", "b", "c", "d"))
    assert (said.event_name, said.detail) == ("Event b", "and 2 more")


def test_an_alert_that_is_not_about_a_price_still_says_the_price() -> None:
    said = newest(watch(BACK_IN_STOCK), sold_out(99_00), in_stock(99_00))
    assert (said.reason, said.price, said.currency) == (RESTOCKED, 99_00, "USD")


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        (facts(EventStatus.ONSALE), facts(EventStatus.CANCELLED), "cancelled"),
        (facts(EventStatus.POSTPONED), facts(EventStatus.ONSALE), "no longer postponed"),
        (
            facts(starts_on=date(2027, 1, 14)),
            facts(EventStatus.RESCHEDULED, starts_on=date(2027, 2, 1)),
            "rescheduled; moved from 14 Jan 2027 to 01 Feb 2027",
        ),
        (facts(EventStatus.OFFSALE), facts(onsale_at=at(days=1)), "on sale 21 Nov 12:00 UTC"),
        (facts(onsale_at=at(days=1)), facts(onsale_at=at(days=2)), "on sale moved to 22 Nov 12:00 UTC"),
        (
            facts(EventStatus.OFFSALE),
            facts(presales={"Fans": at(days=1)}),
            "presale Fans 21 Nov 12:00 UTC",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_status_alert_says_what_became_known(before: Look, after: Look, detail: str) -> None:
    assert newest(watch(STATUS), before, after).detail == detail


def test_a_time_with_a_fraction_of_a_millisecond_is_not_moved_by_being_stored() -> None:
    precise = at(days=7) + timedelta(microseconds=123_456)
    known = History().after(observed(when=at(), onsale_at=precise))
    assert known.facts is not None
    assert known.facts.onsale_at == at(days=7) + timedelta(milliseconds=123)


def test_a_watch_that_comes_later_counts_drops_from_the_price_it_was_saved_at() -> None:
    before = History().after(observed(100_00, when=at(0)))
    (first,) = decisions(watch(drop(10)), [observed(90_00, when=at(1))], before)
    assert first.reason is DROPPED
    assert first.news is not None
    assert first.news.was == 100_00


def test_a_price_last_seen_days_ago_is_not_what_the_person_saw_when_saving() -> None:
    before = History().after(observed(100_00, when=at(0)))
    first, second = decisions(
        watch(drop(10)), [observed(90_00, when=at(days=2)), observed(81_00, when=at(1, days=2))], before
    )
    assert (first.reason, second.reason) == (FIRST, DROPPED)


@pytest.mark.parametrize("already_true", ["tell", "wait"])
def test_a_freak_low_at_the_first_look_does_not_stand_for_the_price_when_saved(already_true: str) -> None:
    before = History().after(observed(80_00, when=at(0))).after(observed(80_00, when=at(1)))
    held, first, further = decisions(
        watch(already_true=already_true),
        [observed(1_00, when=at(2)), observed(80_00, when=at(3)), observed(76_00, when=at(4))],
        before,
    )
    assert held.reason is HELD
    assert first.reason is (BELOW if already_true == "tell" else TAKEN)
    assert further.reason is DEEPER


def test_a_watch_saved_after_a_freak_low_counts_drops_from_the_price_before_it() -> None:
    before = History().after(observed(100_00, when=at(0))).after(observed(1_00, when=at(1)))
    first, second = decisions(
        watch(drop(10)), [observed(100_00, when=at(2)), observed(90_00, when=at(3))], before
    )
    assert (first.reason, second.reason) == (FIRST, DROPPED)


def test_a_price_key_known_before_the_watch_but_away_at_its_first_look_is_waited_for() -> None:
    before = History().after(observed({FACE: 100_00, RESALE: 95_00}, when=at(0)))
    asked = watch(already_true="wait")
    (first,) = decisions(asked, [observed({FACE: 100_00}, when=at(1))], before)
    wanted = thresholds(asked, first.state, asked.targets[0].id).fires_at
    assert wanted[str(FACE)] == 90_00
    assert wanted[str(RESALE)] > 1_000_000_000


def test_the_lowest_price_that_re_arms_anything_is_asked_for() -> None:
    asked = watch(below("90.00"), below("80.00"))
    (told,) = decisions(asked, [observed(79_00)])
    wanted = thresholds(asked, told.state, asked.targets[0].id)
    assert wanted.rearms_at == {str(FACE): 81_61}
    assert wanted.fires_at == {str(FACE): 75_05}


def test_an_observation_that_is_not_newer_is_not_decided_again() -> None:
    asked, seen = watch(), observed(80_00, when=at(1))
    first = decide(asked, WatchState(), History(), seen)
    again = decide(asked, first.state, History(), seen)
    assert (first.reason, again.reason) == (BELOW, Reason.OUT_OF_DATE)
    assert again.state is first.state


def test_a_decision_repeated_after_a_crash_tells_nobody_twice() -> None:
    """The memory was saved, the board was not: the next look is decided on the old history."""
    asked = watch(below(), NEW_LISTING, BACK_IN_STOCK, STATUS, target=SEARCH)
    before = History()
    for quiet in observations(
        [
            Look({"target": SEARCH, "prices": 100_00, "listed": ["a"]}),
            *[Look({**sold_out().said, "target": SEARCH, "status": EventStatus.ONSALE})] * 2,
        ]
    ):
        before = before.after(quiet)
    happening = Look(
        {
            "target": SEARCH,
            "prices": 80_00,
            "listed": ["a", "b"],
            "availability": in_stock().said["availability"],
            "status": EventStatus.CANCELLED,
        }
    )
    first, second = observations([happening, happening], since=at(3))
    told = decide(asked, WatchState(), before, first)
    assert {verdict.reason for verdict in told.verdicts} == {BELOW, LISTED, RESTOCKED, NEWS}
    again = decide(asked, told.state, before, second)
    assert again.news is None
    assert again.state == told.state


def test_a_look_from_before_the_alert_is_none_of_the_two_that_re_arm() -> None:
    """The memory was saved, the board was not: its last look is older than the alert."""
    before = History().after(observed(100_00, when=at(0)))
    told = decide(watch(), WatchState(), before, observed(80_00, when=at(1)))
    assert told.reason is BELOW
    first = decide(watch(), told.state, before, observed(100_00, when=at(2)))
    second_look = before.after(observed(100_00, when=at(2)))
    second = decide(watch(), first.state, second_look, observed(100_00, when=at(3)))
    assert (first.reason, second.reason) == (TOLD, REARMED)


MARKETS = {"markets": [{"provider": "ticketmaster", "item": "E1"}, {"provider": "steam", "item": "440"}]}
HERE, THERE = watch(target=MARKETS).targets


def of_markets(*looks: tuple[Target, int], asked: Watch | None = None) -> list[Decision]:
    """What each look means to a watch on two markets, one under $90 unless said otherwise."""
    asked, state, decided = asked or watch(target=MARKETS), WatchState(), list[Decision]()
    histories = {HERE: History(), THERE: History()}
    for minutes, (target, cents) in enumerate(looks):
        now = observed(cents, when=at(minutes), target=target)
        decided.append(decide(asked, state, histories[target], now))
        state, histories[target] = decided[-1].state, histories[target].after(now)
    return decided


@pytest.mark.parametrize(
    ("sentence", "looks", "reason"),
    [
        ("the same price on both is told once", [(HERE, 85_00), (THERE, 85_00)], TOLD),
        ("a dearer price elsewhere is no news", [(HERE, 80_00), (THERE, 95_00), (THERE, 89_00)], TOLD),
        ("nor is one that is a little cheaper", [(HERE, 80_00), (THERE, 76_01)], TOLD),
        ("a further step under it is", [(HERE, 80_00), (THERE, 76_00)], BELOW),
        ("nothing is cheaper than free", [(HERE, 0), (HERE, 0), (THERE, 1_00)], TOLD),
        (
            "a further drop that is dearer than what is told elsewhere is no news",
            [(HERE, 85_00), (THERE, 70_00), (HERE, 80_00)],
            TOLD,
        ),
        (
            "when it is over there, it may be told here",
            [(HERE, 80_00), (THERE, 89_00), (HERE, 95_00), (HERE, 95_00), (THERE, 89_00)],
            BELOW,
        ),
    ],
)
def test_of_several_markets(sentence: str, looks: list[tuple[Target, int]], reason: Reason) -> None:
    assert of_markets(*looks)[-1].reason is reason, sentence


def test_a_person_who_waits_takes_the_best_of_several_markets_as_told() -> None:
    asked = watch(target=MARKETS, already_true="wait")
    decided = of_markets((HERE, 80_00), (THERE, 89_00), (THERE, 84_00), (THERE, 76_00), asked=asked)
    assert [one.reason for one in decided] == [TAKEN, TAKEN, TOLD, DEEPER]


def test_a_price_of_another_key_elsewhere_keeps_nothing_back() -> None:
    asked = watch(target=MARKETS)
    first = decide(asked, WatchState(), History(), observed({FACE: 80_00}, when=at(0), target=HERE))
    other = decide(asked, first.state, History(), observed({RESALE: 85_00}, when=at(1), target=THERE))
    assert (first.reason, other.reason) == (BELOW, BELOW)


def test_what_is_kept_back_by_another_market_is_asked_about_all_the_same() -> None:
    asked = watch(target=MARKETS)
    state = of_markets((HERE, 80_00), (THERE, 89_00))[-1].state
    assert thresholds(asked, state, THERE.id).fires_at == {str(FACE): 90_00}
    assert rule_sentence(asked, state, THERE.id, FACE) == "Next alert at $76 or less."


def test_back_in_stock_is_told_of_every_market() -> None:
    asked = watch(below(), BACK_IN_STOCK, target=MARKETS)
    first = decide(asked, WatchState(), History(), observed(80_00, when=at(0), target=HERE))
    gone = observed(when=at(1), target=THERE, availability=Availability.UNAVAILABLE)
    state = decide(asked, first.state, History(), gone).state
    back = observed(85_00, when=at(2), target=THERE, availability=Availability.AVAILABLE)
    assert decide(asked, state, History().after(gone), back).reason is RESTOCKED


def test_several_markets_are_remembered_apart() -> None:
    first, second = of_markets((HERE, 80_00), (THERE, 70_00))
    assert (first.reason, second.reason) == (BELOW, BELOW)
    assert first.episode != second.episode


def test_the_memory_of_a_watch_survives_being_stored() -> None:
    story = [price({FACE: 100_00, RESALE: 80_00}), in_stock({FACE: 89_00}), facts(EventStatus.CANCELLED)]
    state = decisions(watch(below(), STATUS, BACK_IN_STOCK), list(observations(story)))[-1].state
    assert WatchState.model_validate(state.to_fields()) == state


def test_channels_do_not_change_a_decision() -> None:
    story = list(observations([price(95_00), price(80_00)]))
    by_text, by_mail = watch(notify=[Channel.SMS]), watch(notify=[Channel.EMAIL])
    assert decisions(by_text, story) == decisions(by_mail, story)
