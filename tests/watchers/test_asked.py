"""What a person asks for is read whole or refused whole, in sentences that name the field and the cure."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import BACK_IN_STOCK, NEW_LISTING, START, STATUS, below, drop, historic_low
from tests.histories import RULES
from watchers.asked import MAX_BYTES, read_watch
from watchers.errors import WatchRefusedError
from watchers.kinds import Channel
from watchers.providers import cannot_see
from watchers.target import Target
from watchers.watch import Below, Filters, Watch

KINDS = "below, drop, historic_low, new_listing, back_in_stock, status"
PLAIN_NUMBER = 'write an amount as a plain number such as "90.00".'


def nothing_refused(_target: Target, _filters: Filters) -> str | None:
    return None


def asked(**changed: Any) -> dict[str, Any]:
    """A good document, with some fields changed."""
    return {
        "name": "Lakers v Warriors under $90",
        "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
        "conditions": [below()],
        **changed,
    }


def priced(price: object, **more: Any) -> dict[str, Any]:
    return asked(conditions=[{**below(), "price": price, **more}])


def searching(**search: Any) -> dict[str, Any]:
    return asked(target={"provider": "ticketmaster", "search": search})


def read(fields: Any) -> Watch:
    return read_watch(fields, nothing_refused, START)


def refused(fields: Any) -> tuple[str, ...]:
    with pytest.raises(WatchRefusedError) as refusal:
        read(fields)
    return refusal.value.reasons


# ── what is accepted ─────────────────────────────────────────────────────────────────────────────────────


def test_the_documents_own_example_is_accepted() -> None:
    document = {
        "name": "Lakers v Warriors under $90",
        "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
        "conditions": [
            {"kind": "below", "price": "90.00", "currency": "USD", "basis": "any"},
            {"kind": "drop", "percent": 15, "min_saving": "5.00"},
            {"kind": "historic_low", "days": 30},
            {"kind": "new_listing"},
            {"kind": "back_in_stock"},
            {"kind": "status"},
        ],
        "already_true": "tell",
        "notify": ["sms", "email"],
        "status": "active",
    }
    watch = read(document)
    assert len(watch.conditions) == 6
    assert watch.notify == (Channel.SMS, Channel.EMAIL)


def test_a_search_and_several_markets_are_accepted() -> None:
    search = {
        "keyword": "Lakers",
        "city": "Los Angeles",
        "country": "US",
        "date_from": "2026-12-01",
        "date_to": "2026-12-31",
        "category": "sports",
    }
    markets = [
        {"provider": "ticketmaster", "item": "a"},
        {"provider": "steam", "item": "440", "country": "DE"},
    ]
    assert read(searching(**search)).targets[0].search is not None
    assert [target.provider for target in read(asked(target={"markets": markets})).targets] == [
        "ticketmaster",
        "steam",
    ]


@pytest.mark.parametrize(
    ("price", "limit"), [("90.00", 90_00), ("90", 90_00), (90, 90_00), (89.9, 89_90), (" 0.01 ", 1)]
)
def test_a_price_may_be_text_or_a_number(price: object, limit: int) -> None:
    (condition,) = read(priced(price)).conditions
    assert isinstance(condition, Below)
    assert condition.limit == limit


def test_ten_conditions_are_possible() -> None:
    assert len(read(asked(conditions=[below()] * 10)).conditions) == 10


def test_a_channel_named_twice_is_told_once() -> None:
    """Two alerts with one id could never be written together."""
    assert read(asked(notify=["sms", "sms"])).notify == (Channel.SMS,)


def test_today_has_not_passed_while_it_is_today_anywhere() -> None:
    evening_in_los_angeles = datetime(2026, 11, 21, 4, tzinfo=UTC)
    fields = searching(keyword="Lakers", date_to="2026-11-20")
    assert read_watch(fields, nothing_refused, evening_in_los_angeles).name


# ── the plain shape of the first generation ──────────────────────────────────────────────────────────────


def test_the_plain_shape_is_a_ticketmaster_watch_under_a_price() -> None:
    watch = read({"eventId": "vvG1", "eventName": "Lakers", "maxPrice": 90, "status": "ACTIVE"})
    (condition,) = watch.conditions
    assert isinstance(condition, Below)
    assert (watch.name, watch.targets[0].provider, watch.targets[0].item) == (
        "Lakers",
        "ticketmaster",
        "vvG1",
    )
    assert (condition.price, condition.currency, watch.status) == (Decimal(90), "USD", "active")


@pytest.mark.parametrize("until", [None, datetime(2026, 12, 1, 8, tzinfo=UTC)])
def test_the_plain_shape_may_be_snoozed(until: datetime | None) -> None:
    watch = read({"eventId": "vvG1", "maxPrice": 90, "status": "active", "snoozed_until": until})
    assert watch.snoozed_until == until


def test_a_snooze_that_is_no_time_is_refused_in_the_plain_shape_too() -> None:
    for until in ("soon", "2026-12-01T08:00:00", [8]):
        assert refused({"eventId": "vvG1", "maxPrice": 90, "snoozed_until": until}) == (
            'snoozed_until: write a time with its zone, such as "2026-12-31T18:00:00Z".',
        )


def test_the_plain_shape_without_a_name_is_named_after_its_event() -> None:
    assert read({"eventId": "vvG1", "maxPrice": "90.00"}).name == "vvG1"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"maxPrice": "90,00"}, f"maxPrice: {PLAIN_NUMBER}"),
        ({"maxPrice": None}, f"maxPrice: {PLAIN_NUMBER}"),
        ({"maxPrice": 9.999}, "maxPrice: write the price with at most 2 digits behind the point (USD)."),
        ({"eventId": 5}, "eventId: write this as text."),
        ({"eventId": ""}, "eventId: must not be empty."),
        ({"eventId": None}, "eventId: must not be empty."),
        ({"eventName": "x" * 201}, "eventName: at most 200 characters."),
        ({"status": "COMPLETE"}, "status: choose one of active, paused or ended."),
        ({"status": 5}, "status: choose one of active, paused or ended."),
        ({"zip": "90001"}, "zip: this field is not known; remove it."),
    ],
)
def test_a_fault_in_the_plain_shape_is_named_in_its_own_words(changed: dict[str, Any], sentence: str) -> None:
    assert refused({"eventId": "vvG1", "eventName": "Lakers", "maxPrice": 90} | changed) == (sentence,)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────

NO_PRICES: tuple[object, ...] = ("1e9", 1e20, -5, math.nan, math.inf, True, "90,00", "$90", "", None, [])
REFUSALS: list[tuple[Any, str]] = [
    (asked(colour="red"), "colour: this field is not known; remove it."),
    (priced("90", colour="red"), "conditions 1, colour: this field is not known; remove it."),
    (
        asked(target={"provider": "steam", "item": "440", "phone": "+1"}),
        "target, phone: this field is not known; remove it.",
    ),
    (searching(keyword="a", radius=5), "target, search, radius: this field is not known; remove it."),
    (asked(filters={"row": 5}), "filters, row: this field is not known; remove it."),
    (asked(name="x" * 100_000), f"The watch is too large: at most {MAX_BYTES:,} characters in all."),
    (asked(name="x" * 201), "name: at most 200 characters."),
    (asked(name="  "), "name: must not be empty."),
    (asked(name=5), "name: write this as text."),
    *[(priced(one), f"conditions 1, price: {PLAIN_NUMBER}") for one in NO_PRICES],
    (priced(0), "conditions 1, price: an amount must be over 0 and at most 1,000,000."),
    (priced(1e9), "conditions 1, price: an amount must be over 0 and at most 1,000,000."),
    (priced(2_000_000), "conditions 1, price: an amount must be over 0 and at most 1,000,000."),
    (priced(90.123), "conditions 1, below: write the price with at most 2 digits behind the point (USD)."),
    (
        priced("90.5", currency="JPY"),
        "conditions 1, below: write the price with at most 0 digits behind the point (JPY).",
    ),
    (priced("90", currency="usd"), 'conditions 1, currency: three capital letters, such as "USD".'),
    (priced("90", currency=5), "conditions 1, currency: write this as text."),
    (priced("90", basis="net"), "conditions 1, basis: choose one of face, all_in, resale, listing or any."),
    (asked(filters={"basis": "net"}), "filters, basis: choose one of face, all_in, resale, listing."),
    (searching(keyword="a", date_to="2026-11-18"), "date_to: 2026-11-18 has passed; choose a later day."),
    (
        searching(keyword="a", date_from="2026-12-05", date_to="2026-12-01"),
        "target, search: date_from must not be later than date_to.",
    ),
    (searching(keyword="a", date_to="soon"), 'target, search, date_to: write a date such as "2026-12-31".'),
    (searching(), "target, search: a search needs a keyword, a city or a category."),
    (searching(keyword=" "), "target, search, keyword: must not be empty."),
    (searching(keyword="a", country="usa"), 'target, search, country: two capital letters, such as "US".'),
    (asked(conditions=[]), "conditions: at least 1 is needed."),
    (asked(conditions=[below()] * 11), "conditions: at most 10 are possible."),
    (asked(conditions=below()), "conditions: write this as a list."),
    (asked(conditions=[5]), "conditions 1: this needs fields of its own, in braces."),
    (asked(conditions=[{"kind": "rise"}]), f"conditions 1: choose one of {KINDS}."),
    (asked(conditions=[{}]), 'conditions 1: say which kind it is, such as {"kind": "below"}.'),
    (asked(conditions=[dict(NEW_LISTING), drop(0)]), "conditions 2, percent: must be over 0."),
    (asked(conditions=[drop(100)]), "conditions 1, percent: must be under 100."),
    (asked(conditions=[drop(math.nan)]), "conditions 1, percent: must be a plain number."),
    (asked(conditions=[historic_low(1)]), "conditions 1, days: must be at least 2."),
    (asked(conditions=[historic_low() | {"days": 2.5}]), "conditions 1, days: must be a whole number."),
    (
        asked(target={"provider": "steam", "item": "440", "search": {"keyword": "a"}}),
        "target: a target has either an item or a search.",
    ),
    (asked(target={"provider": "steam"}), "target: a target has either an item or a search."),
    (asked(target=5), "target: this needs fields of its own, in braces."),
    (
        asked(target={"provider": "Ticket Master", "item": "a"}),
        'target, provider: a provider\'s name, such as "ticketmaster".',
    ),
    (asked(target={"markets": []}), "target, markets: at least 1 is needed."),
    (
        asked(target={"markets": [{"provider": "steam", "item": "440"}] * 11}),
        "target, markets: at most 10 are possible.",
    ),
    (
        asked(target={"markets": [{"provider": "steam", "item": "440"}, {"provider": "steam"}]}),
        "target, markets 2: a target has either an item or a search.",
    ),
    (
        asked(target={"markets": [{"provider": "steam", "item": "440"}], "item": "440"}),
        "target, markets, item: this field is not known; remove it.",
    ),
    (asked(notify=["fax"]), "notify 1: choose one of sms, email, push or app."),
    (asked(notify="sms"), "notify: write this as a list."),
    (asked(notify=[]), "notify: at least 1 is needed."),
    (asked(already_true="maybe"), "already_true: choose one of tell or wait."),
    (asked(status="done"), "status: choose one of active, paused or ended."),
]


@pytest.mark.parametrize(("fields", "sentence"), REFUSALS, ids=[sentence for _, sentence in REFUSALS])
def test_a_fault_is_refused_with_one_sentence(fields: Any, sentence: str) -> None:
    assert refused(fields) == (sentence,)


@pytest.mark.parametrize("fields", [5, None, "watch", [], [asked()], True], ids=str)
def test_what_is_no_document_is_refused(fields: object) -> None:
    assert refused(fields) == ('A watch is an object with fields, such as {"name": "Lakers under $90", …}.',)


def test_names_of_fields_that_are_no_text_are_refused() -> None:
    assert refused({(1, 2): 3}) == ("The watch could not be read: names of fields are text.",)


def test_every_fault_is_said_at_once() -> None:
    fields = asked(name="", conditions=[{**below(), "price": -5}, {"kind": "rise"}], notify=["fax"], colour=1)
    assert len(refused(fields)) == 5


def test_an_empty_document_says_what_is_needed() -> None:
    assert refused({}) == ("name: this is needed.", "target: this is needed.", "conditions: this is needed.")


def test_a_sentence_never_repeats_a_long_or_unprintable_name() -> None:
    (reason,) = refused(asked(**{"\x1b[31m" + "x" * 5000: 1}))
    assert reason.isprintable()
    assert len(reason) < 100


def test_what_a_provider_refuses_is_said_once() -> None:
    markets = {"markets": [{"provider": "steam", "item": "440"}, {"provider": "steam", "item": "441"}]}
    with pytest.raises(WatchRefusedError) as refusal:
        read_watch(asked(target=markets), lambda _target, _filters: "No such shop.", START)
    assert refusal.value.reasons == ("No such shop.",)


# ── what can never fire ──────────────────────────────────────────────────────────────────────────────────

EVENT = {"provider": "ticketmaster", "item": "vvG1zZ9abc"}
GAME = {"provider": "steam", "item": "440"}
GULLS = {"provider": "ticketmaster", "search": {"keyword": "gulls"}}
ALL_SIX = [below(), drop(), historic_low(), dict(NEW_LISTING), dict(BACK_IN_STOCK), dict(STATUS)]

AN_ITEM = "an item lists nothing new; choose a search, or another condition."
A_SEARCH = "a search has no dates or status of its own; choose one event by its id, or new_listing."
NO_STOCK = "Steam never says that a game is sold out; choose below, drop or historic_low."
NO_STATUS = "Steam announces no dates or changes; choose below, drop or historic_low."
LISTING_ONLY = "Steam publishes listing prices only; choose listing or any."
NO_LISTING = "Ticketmaster publishes face, all-in and resale prices; choose one of these, or any."


def seen_by_all(target: Any, *conditions: Any, **fields: Any) -> tuple[str, ...]:
    """Why such a watch is refused, asking every provider what it can see; nothing when it is accepted."""
    document = asked(target=target, conditions=[dict(one) for one in conditions], **fields)
    try:
        read_watch(document, nothing_refused, START, cannot_see=cannot_see)
    except WatchRefusedError as refusal:
        return refusal.reasons
    return ()


NEVER: list[tuple[Any, list[Any], tuple[str, ...]]] = [
    (EVENT, [NEW_LISTING], (f"conditions 1: {AN_ITEM}",)),
    (GULLS, [STATUS], (f"conditions 1: {A_SEARCH}",)),
    (GAME, [BACK_IN_STOCK], (f"conditions 1: {NO_STOCK}",)),
    (GAME, [STATUS], (f"conditions 1: {NO_STATUS}",)),
    (GAME, [below(basis="face")], (f"conditions 1, basis: {LISTING_ONLY}",)),
    (GAME, [drop(basis="resale")], (f"conditions 1, basis: {LISTING_ONLY}",)),
    (GAME, [historic_low(basis="all_in")], (f"conditions 1, basis: {LISTING_ONLY}",)),
    (EVENT, [below(basis="listing")], (f"conditions 1, basis: {NO_LISTING}",)),
    (GULLS, [drop(basis="listing")], (f"conditions 1, basis: {NO_LISTING}",)),
    (GAME, [STATUS, NEW_LISTING], (f"conditions 1: {NO_STATUS}", f"conditions 2: {AN_ITEM}")),
    ({"markets": [GULLS, GAME]}, [STATUS], (f"conditions 1: {A_SEARCH}", f"conditions 1: {NO_STATUS}")),
    ({"markets": [GAME, {**GAME, "item": "441"}]}, [STATUS], (f"conditions 1: {NO_STATUS}",)),
]


@pytest.mark.parametrize(("target", "conditions", "reasons"), NEVER, ids=[" ".join(one[2]) for one in NEVER])
def test_a_watch_that_can_never_fire_is_refused_with_every_reason(
    target: Any, conditions: list[Any], reasons: tuple[str, ...]
) -> None:
    assert seen_by_all(target, *conditions) == reasons


@pytest.mark.parametrize("target", [EVENT, GULLS, GAME], ids=["event", "search", "game"])
def test_all_six_kinds_on_one_target_are_accepted(target: Any) -> None:
    assert seen_by_all(target, *ALL_SIX) == ()


@pytest.mark.parametrize(
    ("target", "condition"),
    [
        (GULLS, NEW_LISTING),
        (GULLS, BACK_IN_STOCK),
        (EVENT, STATUS),
        (EVENT, BACK_IN_STOCK),
        (EVENT, below(basis="resale")),
        (GAME, below(basis="listing")),
        ({"markets": [EVENT, GAME]}, STATUS),
        ({"markets": [GAME, EVENT]}, below(basis="face")),
        ({"markets": [EVENT, GULLS]}, NEW_LISTING),
    ],
    ids=str,
)
def test_one_condition_that_may_fire_on_one_target_is_enough(target: Any, condition: Any) -> None:
    assert seen_by_all(target, condition) == ()


def test_a_basis_that_the_watchs_own_filter_keeps_out_can_never_fire() -> None:
    reason = "conditions 1, basis: the filter lets face prices through only; choose face or any."
    assert seen_by_all(EVENT, below(basis="resale"), filters={"basis": "face"}) == (reason,)
    assert seen_by_all(EVENT, below(basis="any"), filters={"basis": "face"}) == ()
    assert seen_by_all(EVENT, below(basis="face"), filters={"basis": "face"}) == ()


def test_without_asking_the_providers_only_what_none_could_see_is_refused() -> None:
    assert refused(asked(conditions=[dict(NEW_LISTING)])) == (f"conditions 1: {AN_ITEM}",)
    assert refused(searching(keyword="gulls") | {"conditions": [dict(STATUS)]}) == (
        f"conditions 1: {A_SEARCH}",
    )
    assert read(asked(target=GAME, conditions=[dict(STATUS)])).name


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@RULES
@given(json_values)
def test_arbitrary_json_is_refused_and_never_a_crash(fields: Any) -> None:
    assert all(refused(fields))


@st.composite
def nearly_good(draw: st.DrawFn) -> dict[str, Any]:
    """A good document with anything at all somewhere in it."""
    document: dict[str, Any] = json.loads(
        json.dumps(draw(st.sampled_from([asked(), searching(keyword="a"), {"eventId": "a", "maxPrice": 5}])))
    )
    place: Any = document
    for _ in range(draw(st.integers(0, 3))):
        inner = [one for one in (place.values() if isinstance(place, dict) else place) if _holds(one)]
        if inner:
            place = draw(st.sampled_from(inner))
    if isinstance(place, list):
        place.append(draw(json_values))
    else:
        place[draw(st.sampled_from([*place, "extra", "basis", "kind"]))] = draw(json_values)
    return document


def _holds(value: object) -> bool:
    return isinstance(value, dict | list) and bool(value)


@RULES
@given(nearly_good())
def test_a_good_document_with_anything_in_it_is_read_or_refused_in_sentences(fields: dict[str, Any]) -> None:
    watch, reasons = outcome(fields)
    if watch is None:
        assert reasons
    else:
        assert Watch.model_validate(watch.model_dump(mode="json")) == watch
    for reason in reasons:
        assert reason.endswith(".")
        assert ": " in reason
        assert reason.isprintable()


def outcome(fields: Any) -> tuple[Watch | None, tuple[str, ...]]:
    try:
        return read(fields), ()
    except WatchRefusedError as refusal:
        return None, refusal.reasons
