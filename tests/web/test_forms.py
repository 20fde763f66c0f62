"""The form and its document stand for each other; what cannot be watched is said beside its field."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.web.kit import PROVIDERS, refusal
from watchers import providers
from watchers.asked import read_watch
from watchers.language import speaking
from watchers.watch import Watch
from web import faults, forms
from web.faults import FormRefusedError
from web.forms import Form

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ITEM = {"provider": "ticketmaster", "item": "vvG1zZ9abc"}
SEARCH = {
    "provider": "ticketmaster",
    "search": {
        "keyword": "Lakers",
        "city": "Los Angeles",
        "country": "US",
        "date_from": "2026-12-01",
        "date_to": "2026-12-31",
    },
}
GOOD = replace(forms.blank(PROVIDERS), name="Lakers", what="item", item="vvG1zZ9abc", price="90.00")


def _document(**changes: Any) -> dict[str, Any]:
    document = {
        "name": "Lakers under $90",
        "target": ITEM,
        "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
        "already_true": "tell",
        "notify": ["sms", "email"],
        "status": "active",
    }
    return document | changes


ROUND_TRIPS = {
    "a limit": _document(),
    "a limit of one basis": _document(
        conditions=[{"kind": "below", "price": "90.50", "currency": "GBP", "basis": "all_in"}]
    ),
    "a drop": _document(conditions=[{"kind": "drop", "percent": 15, "min_saving": "5"}]),
    "a drop of half a percent more, without a saving": _document(
        conditions=[{"kind": "drop", "percent": 12.5}]
    ),
    "a low": _document(conditions=[{"kind": "historic_low", "days": 30}]),
    "new dates of a search": _document(target=SEARCH, conditions=[{"kind": "new_listing"}]),
    "back in stock": _document(conditions=[{"kind": "back_in_stock"}]),
    "status": _document(conditions=[{"kind": "status"}]),
    "everything, by e-mail, only if it drops further, paused": _document(
        target=SEARCH,
        conditions=[
            {"kind": "below", "price": "90.00", "currency": "USD", "basis": "face"},
            {"kind": "drop", "percent": 15, "min_saving": "5", "basis": "face"},
            {"kind": "historic_low", "days": 30, "basis": "face"},
            {"kind": "new_listing"},
            {"kind": "back_in_stock"},
            {"kind": "status"},
        ],
        already_true="wait",
        notify=["email"],
        status="paused",
    ),
    "told everywhere, and snoozed": _document(
        notify=["sms", "email", "push", "app"], snoozed_until=datetime(2026, 12, 1, 8, tzinfo=UTC)
    ),
    "told on the page alone": _document(notify=["app"]),
    "another country's shop": _document(target={"provider": "steam", "item": "620", "country": "GB"}),
    "what the form has no field for": _document(
        target={"provider": "ticketmaster", "search": {"category": "sports", "weekdays": ["sat"]}},
        filters={"sections": ["A"], "weekdays": ["sat", "sun"]},
    ),
}


def _read(document: dict[str, Any]) -> Watch:
    return read_watch(document, refusal, NOW)


@pytest.mark.parametrize("document", ROUND_TRIPS.values(), ids=ROUND_TRIPS.keys())
def test_a_document_shown_and_saved_again_is_the_same_document(document: dict[str, Any]) -> None:
    watch = _read(document)
    assert forms.beyond(watch) is None
    assert faults.checked(forms.filled(watch), watch, PROVIDERS, refusal, NOW) == document


@pytest.mark.parametrize("document", ROUND_TRIPS.values(), ids=ROUND_TRIPS.keys())
def test_a_form_that_was_sent_over_the_wire_is_the_same_form(document: dict[str, Any]) -> None:
    form = forms.filled(_read(document))
    wire = {name: "on" if text is True else text for name, text in _fields(form).items() if text is not False}
    assert forms.posted(wire) == form


def _fields(form: Form) -> dict[str, Any]:
    return {name: getattr(form, name) for name in Form.__dataclass_fields__}


def test_the_plain_shape_of_the_first_generation_is_shown_as_a_limit() -> None:
    watch = _read({"eventId": "vvG1zZ9abc", "eventName": "Lakers", "maxPrice": 90, "status": "active"})
    form = forms.filled(watch)
    assert (form.name, form.item, form.price, form.currency, form.below) == (
        "Lakers",
        "vvG1zZ9abc",
        "90.00",
        "USD",
        True,
    )


BEYOND = {
    "the items of several markets": _document(
        target={"markets": [ITEM, {"provider": "ticketmaster", "search": {"keyword": "a"}}]}
    ),
    "same kind": _document(
        conditions=[{"kind": "historic_low", "days": 30}, {"kind": "historic_low", "days": 365}]
    ),
    "different kinds of prices": _document(
        conditions=[
            {"kind": "below", "price": "90", "currency": "USD"},
            {"kind": "drop", "percent": 15, "basis": "face"},
        ]
    ),
}


@pytest.mark.parametrize(("words", "document"), BEYOND.items(), ids=BEYOND.keys())
def test_a_watch_that_would_lose_something_is_not_shown_in_the_form(
    words: str, document: dict[str, Any]
) -> None:
    assert words in (forms.beyond(_read(document)) or "")


def test_one_event_on_several_markets_goes_through_the_form_unchanged() -> None:
    both = [ITEM, {"provider": "steam", "item": "620", "country": "GB"}]
    watch = _read(_document(target={"markets": both}))
    form = forms.filled(watch)
    assert (form.what, forms.markets_of(form.markets)) == ("markets", both)
    assert forms.document(form, watch)["target"] == {"markets": both}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[1]", '[{"provider": "a"}]', '[{"provider": "a", "item": "b", "search": "c"}]']
)
def test_what_is_no_list_of_items_is_no_markets(text: str) -> None:
    assert forms.markets_of(text) is None


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("name", {"name": ""}, "This is needed."),
    ("name", {"name": "x" * 300}, "At most 200 characters."),
    ("provider", {"provider": ""}, "Choose a shop."),
    ("provider", {"provider": "<script>"}, "Choose a shop."),
    ("provider", {"provider": "seatgeek"}, "switched off here: SEATGEEK_CLIENT_ID is not set."),
    (
        "provider",
        {"what": "markets", "markets": '[{"provider": "seatgeek", "item": "1"}]'},
        "switched off here: SEATGEEK_CLIENT_ID is not set.",
    ),
    ("item", {"what": "markets", "markets": "[]"}, "Search for the event anew"),
    ("item", {"item": ""}, "Must not be empty."),
    ("item", {"item": "unknown"}, "There is no such event."),
    ("item", {"item": "x" * 2001}, "At most 2000 characters."),
    ("country", {"country": "USA"}, "Two capital letters"),
    ("keyword", {"what": "search"}, "A search needs a keyword, a city or a category."),
    ("keyword", {"what": "search", "keyword": "x" * 300}, "At most 200"),
    ("city", {"what": "search", "city": "x" * 300}, "At most 200"),
    ("country", {"what": "search", "keyword": "a", "country": "1"}, "Two capital letters"),
    (
        "date_to",
        {"what": "search", "keyword": "a", "date_to": "2026-11-18"},
        "has passed; choose a later day.",
    ),
    ("date_to", {"what": "search", "keyword": "a", "date_to": "soon"}, 'Write a date such as "2026-12-31".'),
    ("date_from", {"what": "search", "keyword": "a", "date_from": "1.12.2026"}, "Write a date"),
    (
        "date_to",
        {"what": "search", "keyword": "a", "date_from": "2027-02-01", "date_to": "2027-01-01"},
        "The first day must not be later than the last day.",
    ),
    ("conditions", {"below": False}, "Tick at least one."),
    ("conditions", {"new_listing": True}, "only be found by a search"),
    ("price", {"price": ""}, "This is needed."),
    ("price", {"price": "1e9"}, "plain number"),
    ("price", {"price": "1000000000"}, "at most 1,000,000"),
    ("price", {"price": "2000000"}, "at most 1,000,000"),
    ("price", {"price": "-5"}, "plain number"),
    ("price", {"price": "NaN"}, "plain number"),
    ("price", {"price": "0"}, "over 0"),
    ("price", {"price": "90.001"}, "2 digits behind the point"),
    ("price", {"price": "1,234"}, "“1,234” is not clear"),
    ("price", {"price": "€90"}, "not clear"),
    ("min_saving", {"min_saving": "5"}, "A saving counts with “Any drop”"),
    ("percent", {"drop": True, "any_drop": True}, "choose one of both"),
    ("currency", {"currency": "dollars"}, "Three capital letters"),
    ("currency", {"currency": ""}, "This is needed."),
    ("percent", {"drop": True, "percent": ""}, "This is needed."),
    ("percent", {"drop": True, "percent": "much"}, "Must be a plain number."),
    ("percent", {"drop": True, "percent": "100"}, "Must be under 100"),
    ("percent", {"drop": True, "percent": "NaN"}, "plain number"),
    ("min_saving", {"drop": True, "min_saving": "-1"}, "plain number"),
    ("days", {"historic_low": True, "days": "1"}, "at least 2"),
    ("days", {"historic_low": True, "days": "1.5"}, "Must be a whole number."),
    ("days", {"historic_low": True, "days": "9" * 6}, "at most 730"),
    ("basis", {"basis": "cheap"}, "hoose one of"),
    ("already_true", {"already_true": "maybe"}, "Choose one of"),
    ("notify", {"sms": False, "email": False}, "Tick at least one."),
]


@pytest.mark.parametrize(
    ("field", "changes", "sentence"),
    MISTAKES,
    ids=[f"{field}: {str(how)[:40]}" for field, how, _ in MISTAKES],
)
def test_a_mistake_is_said_beside_its_field_and_nowhere_else(
    field: str, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(FormRefusedError) as refused:
        faults.checked(replace(GOOD, **changes), None, PROVIDERS, refusal, NOW)
    assert sentence in refused.value.errors[field]
    assert set(refused.value.errors) == {field}


@pytest.mark.parametrize(
    ("field", "changes", "sentence"),
    MISTAKES,
    ids=[f"{field}: {str(how)[:40]}" for field, how, _ in MISTAKES],
)
def test_in_another_language_a_mistake_is_said_beside_the_same_field(
    field: str, changes: dict[str, Any], sentence: str
) -> None:
    with speaking("de"), pytest.raises(FormRefusedError) as refused:
        faults.checked(replace(GOOD, **changes), None, PROVIDERS, refusal, NOW)
    assert set(refused.value.errors) == {field}
    assert sentence not in refused.value.errors[field] or sentence == "There is no such event."


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_country_that_its_shop_does_not_take_is_at_fault_itself(language: str) -> None:
    form = replace(GOOD, country="US")
    with speaking(language), pytest.raises(FormRefusedError) as refused:
        faults.checked(form, None, PROVIDERS, providers.refusal, NOW)
    assert set(refused.value.errors) == {"country"}


def test_every_mistake_is_said_at_once() -> None:
    form = replace(GOOD, name="", price="x", historic_low=True, days="0", sms=False, email=False)
    with pytest.raises(FormRefusedError) as refused:
        faults.checked(form, None, PROVIDERS, refusal, NOW)
    assert list(refused.value.errors) == ["name", "price", "days", "notify"]


def test_what_is_far_too_long_is_refused_as_a_whole() -> None:
    long = dict.fromkeys(Form.__dataclass_fields__, "9" * 3000)
    form = forms.posted({**long, "what": "search"})
    assert len(form.name) == forms.LONGEST + 1
    with pytest.raises(FormRefusedError) as refused:
        faults.checked(form, None, PROVIDERS, refusal, NOW)
    assert "too large" in refused.value.errors["form"]


def test_what_people_add_to_a_number_is_understood() -> None:
    form = replace(GOOD, drop=True, percent="15 %", currency="usd", country="")
    made = faults.checked(form, None, PROVIDERS, refusal, NOW)
    assert made["conditions"][0]["currency"] == "USD"
    assert made["conditions"][1]["percent"] == 15


@pytest.mark.parametrize(
    ("written", "currency", "price"),
    [
        ("20,50", "USD", "20.50"),
        ("$20", "USD", "20"),
        ("1,234.50", "USD", "1234.50"),
        ("1.234,50 €", "EUR", "1234.50"),
        ("1,234", "JPY", "1234"),
    ],
)
def test_an_amount_may_be_written_as_people_write_it(written: str, currency: str, price: str) -> None:
    made = faults.checked(replace(GOOD, price=written, currency=currency), None, PROVIDERS, refusal, NOW)
    assert made["conditions"][0]["price"] == price


def test_any_drop_may_ask_for_a_saving_and_keeps_it() -> None:
    form = replace(GOOD, below=False, any_drop=True, min_saving="5,50")
    made = faults.checked(form, None, PROVIDERS, refusal, NOW)
    assert made["conditions"] == [{"kind": "drop", "percent": 1, "min_saving": "5.50"}]
    shown = forms.filled(Watch.model_validate(made))
    assert (shown.any_drop, shown.drop, shown.min_saving) == (True, False, "5.5")


def test_control_characters_never_reach_a_document() -> None:
    assert forms.posted({"name": " La\x00kers\n v \u202e\u2028 "}).name == "La kers  v"


def test_a_link_fills_in_what_to_watch_and_never_how_anybody_is_told() -> None:
    given = {"provider": "steam", "item": "570", "name": "Dota", "price": "9", "sms": "", "secret": "x"}

    form = forms.linked(forms.blank({"ticketmaster": "on"}), given)

    assert (form.provider, form.item, form.name, form.price, form.what) == (
        "steam",
        "570",
        "Dota",
        "9",
        "item",
    )
    assert form.sms


@pytest.mark.parametrize(
    ("price", "currency", "shown"),
    [("90", "USD", "90.00"), ("9000.0", "JPY", "9000"), ("7.5", "KWD", "7.500")],
)
def test_a_limit_is_shown_with_the_digits_of_its_currency(price: str, currency: str, shown: str) -> None:
    watch = _read(_document(conditions=[{"kind": "below", "price": price, "currency": currency}]))
    assert forms.filled(watch).price == shown
