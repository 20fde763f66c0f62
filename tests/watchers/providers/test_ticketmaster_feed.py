"""What is the feed's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import below, watch
from tests.upstream import NOW, Step, Upstream, purse, sample_json, says
from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.money import Basis
from watchers.observation import Availability, EventStatus, Observation, Presale, Price
from watchers.providers import SwitchedOff, http
from watchers.providers.base import Fetched
from watchers.providers.feed import rows, sought, unpacked
from watchers.providers.ticketmaster_feed import COUNTRIES, TicketmasterFeed
from watchers.target import Search, Target
from watchers.watch import Filters

Row = dict[str, Any]
KEY = "kit-secret-5b1d"
ROW = cast("dict[str, list[Row]]", sample_json("ticketmaster_feed", "item.json"))["events"][0]
ON = {"TICKETMASTER_FEED": "on", "TICKETMASTER_API_KEY": KEY}
FILE = "https://files.example/US.json.gz?signature=abc"


def feed(*steps: Step, **env: str) -> tuple[TicketmasterFeed, Upstream]:
    upstream = Upstream(*(steps or (says({}),)))
    built = TicketmasterFeed.from_env({**ON, **env}, upstream.client)
    assert isinstance(built, TicketmasterFeed)
    return built, upstream


def row(id_: str, name: str = "The Paper Lanterns", **changes: object) -> Row:
    return {**ROW, "eventId": id_, "eventName": name, "attractions": [], **changes}


def packed(*events: Row) -> bytes:
    return gzip.compress(json.dumps({"events": events}).encode(), mtime=0)


def sees_other(location: str = FILE) -> Step:
    return says(b"", 303, {"location": location})


def stored(*events: Row) -> Step:
    """The file as storage sends it."""
    return says(packed(*events), kind="application/x-gzip")


def item(id_: str, country: str | None = None) -> Target:
    return Target(provider="ticketmaster_feed", item=id_, country=country)


def search(**asked: Any) -> Target:
    return Target(provider="ticketmaster_feed", search=Search(**asked))


def fetched(targets: list[Target], *events: Row) -> Fetched:
    provider, _ = feed(sees_other(), stored(*events))
    (batch,) = provider.batches(targets)
    return provider.fetch(batch, purse(provider.quota), NOW)


def observed(**changes: object) -> Observation:
    (seen,) = feed()[0].read(json.dumps({"events": [{**ROW, **changes}]}).encode(), NOW)
    return seen


def found(target: Target, *events: Row) -> list[str | None]:
    """The ids that a search finds."""
    return [one.target.item for one in fetched([target], *events).observations[target.id].listings or ()]


# ── settings, refusals, batches ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({}, "TICKETMASTER_FEED is not set to on; its files are big"),
        ({"TICKETMASTER_API_KEY": KEY}, "TICKETMASTER_FEED is not set to on; its files are big"),
        ({**ON, "TICKETMASTER_FEED": "Off"}, "TICKETMASTER_FEED is not set to on; its files are big"),
        ({"TICKETMASTER_FEED": "on"}, "TICKETMASTER_API_KEY is not set"),
    ],
)
def test_it_is_off_unless_somebody_wants_its_big_files(env: Mapping[str, str], why: str) -> None:
    assert TicketmasterFeed.from_env(env) == SwitchedOff("ticketmaster_feed", why)


@pytest.mark.parametrize(
    ("setting", "value"), [("TICKETMASTER_FEED", "yes"), ("TICKETMASTER_FEED_COUNTRY", "BR")]
)
def test_a_wrong_setting_is_refused_by_name(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{setting} must be"):
        feed(**{setting: value})


def test_by_default_a_look_an_hour() -> None:
    quota = feed()[0].quota
    assert (quota.calls, quota.per, quota.per_second) == (24, timedelta(days=1), 1.0)


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (item("vvFeed0001", "BR"), Filters(), "no feed of BR; choose one of US, "),
        (search(keyword="gulls", country="BR"), Filters(), "no feed of BR; choose one of US, "),
        (search(category="music", country="GB"), Filters(), "add a keyword or a city"),
        (Target("ticketmaster_feed", search=Search(keyword="x"), country="GB"), Filters(), "into the search"),
        (item("https://www.ticketmaster.com/event/042606"), Filters(), "take it from a search"),
        (item("vvFeed0001"), Filters(basis=Basis.LISTING), "face, all-in and resale"),
        (item("vvFeed0001"), Filters(weekdays=("fri",)), "own day"),
        (search(keyword="gulls"), Filters(min_quantity=2), "how many"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (feed()[0].refusal(target, filters) or "")


@pytest.mark.parametrize(
    "target",
    [item("vvFeed0001", "GB"), search(keyword="gulls", country="FR"), search(city="Leeds", category="music")],
)
def test_what_can_be_watched_is_not_refused(target: Target) -> None:
    assert feed()[0].refusal(target, Filters()) is None
    weekdays = Filters(weekdays=("fri",))
    assert (feed()[0].refusal(target, weekdays) is None) == (target.search is not None)


def test_listing_prices_cannot_be_waited_for() -> None:
    (listed, any_price) = watch(below(basis="listing"), below()).conditions
    assert "choose one of these" in (TicketmasterFeed.cannot_see(item("vvFeed0001"), listed) or "")
    assert TicketmasterFeed.cannot_see(item("vvFeed0001"), any_price) is None


def test_everything_of_one_country_is_one_batch_however_much() -> None:
    provider, _ = feed(TICKETMASTER_FEED_COUNTRY="gb")
    british = [item(f"vvMany{number:05d}") for number in range(3000)]
    others = [item("vvFeed0001", "DE"), search(keyword="gulls", country="DE"), search(keyword="gulls")]
    batches = provider.batches([*british, *others, item("vvFeed0002", "GB")])
    assert [len(batch) for batch in batches] == [3002, 2]
    assert {one.item for one in batches[1]} == {"vvFeed0001", None}


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_file_is_found_by_one_redirect_which_the_key_does_not_follow() -> None:
    provider, upstream = feed(sees_other(), stored(ROW))
    budget = purse(provider.quota)
    target = item(ROW["eventId"], "CA")
    assert provider.fetch([target], budget, NOW).observations[target.id].prices
    assert [str(one.url) for one in upstream.requests] == [
        f"https://app.ticketmaster.com/discovery-feed/v2/events.json?countryCode=CA&apikey={KEY}",
        FILE,
    ]
    assert KEY not in str(upstream.requests[1].headers)
    assert budget.made == 1, "the file is part of the answer that was paid for"


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/discovery-feed/v2/other.json",
        "http://files.example/US.json.gz",
        "ftp://files.example/US.json.gz",
        "file:///etc/passwd",
        f"https://files.example/US.json.gz?apikey={KEY}",
    ],
)
def test_a_file_that_lies_where_nothing_may_be_asked_for_is_not(location: str) -> None:
    provider, upstream = feed(sees_other(location), stored(ROW))
    with pytest.raises(ProviderUnavailableError, match="names no file"):
        provider.fetch([item("vvFeed0001")], purse(provider.quota), NOW)
    assert len(upstream.requests) == 1


def test_on_this_machine_the_file_may_lie_without_encryption() -> None:
    provider, upstream = feed(
        sees_other("http://127.0.0.1:9/us.gz"), stored(ROW), TICKETMASTER_FEED_BASE_URL="http://127.0.0.1:9"
    )
    provider.fetch([item("vvFeed0001")], purse(provider.quota), NOW)
    assert upstream.paths == ["/discovery-feed/v2/events.json", "/us.gz"]


@pytest.mark.parametrize("second", [sees_other(), says(b"", 302, {"location": FILE}), says(b"", 403)])
def test_after_the_one_redirect_only_the_file_itself_will_do(second: Step) -> None:
    provider, upstream = feed(sees_other(), second)
    with pytest.raises(ProviderUnavailableError, match="where the file should be"):
        provider.fetch([item("vvFeed0001")], purse(provider.quota), NOW)
    assert len(upstream.requests) == 2


def test_a_wrong_key_is_somebodys_to_mend() -> None:
    provider, _ = feed(says({"fault": {}}, 401))
    with pytest.raises(ProviderRejectedError):
        provider.fetch([item("vvFeed0001")], purse(provider.quota), NOW)


def test_told_to_slow_down_it_waits_for_an_hour() -> None:
    provider, _ = feed(says({}, 429))
    budget = purse(provider.quota)
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([item("vvFeed0001")], budget, NOW)
    assert budget.ledger.blocked_until == NOW + timedelta(hours=1)


WHOLE = packed(ROW, row("vvFeed0002"))
TEXT = json.dumps({"events": [ROW, row("vvFeed0002")]}).encode()
NOT_WHOLE = {
    "packed, and cut": WHOLE[:-20],
    "packed, without its end": WHOLE[:-8],
    "packed, with a wrong sum": WHOLE[:-8] + bytes(8),
    "packed, with a wrong middle": WHOLE[:40] + b"\xff" * 20 + WHOLE[60:],
    "packed, with more behind it": WHOLE + b"[",
    "cut": TEXT[:-2],
    "cut within a row": TEXT[:-40],
    "without events": b'{"events": []}',
    "with something else": b'{"events": [{"id": 1}, 2, null]}',
    "one row that never ends": b'{"events": [{"eventId": "' + b"x" * 2_000_000,
    "nested": b'{"events": [{"eventId": ' + b"[" * 200_000,
    "a long number": b'{"events": [{"eventId": ' + b"1" * 200_000,
    "not UTF-8": TEXT.replace(b"Granite", b"Gr\xff\xfe"),
    "of Discovery": b'{"_embedded": {"events": [{"eventId": "vvFeed0001"}]}}',
}


@pytest.mark.parametrize("what", NOT_WHOLE)
def test_a_file_that_is_not_whole_says_nothing_of_anybody(what: str) -> None:
    provider, _ = feed(sees_other(), says(NOT_WHOLE[what], kind="application/x-gzip"))
    budget = purse(provider.quota)
    with pytest.raises(ProviderUnavailableError) as raised:
        provider.fetch([item(ROW["eventId"]), search(keyword="lanterns")], budget, NOW)
    assert raised.value.__cause__ is None


def test_a_small_file_that_unpacks_to_a_huge_one_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "MOST", 10_000_000)
    monkeypatch.setattr(rows, "MOST_OF_A_ROW", 100_000_000)
    bomb = zlib.compressobj(9, wbits=31)
    body = b"".join([*(bomb.compress(b" " * 1_000_000) for _ in range(100)), bomb.flush()])
    assert len(body) < 200_000
    with pytest.raises(ProviderUnavailableError, match="unpacks to more"):
        list(unpacked.unpacked(iter([body]), "feed"))


def test_no_piece_of_a_packed_file_is_larger_than_it_should_be() -> None:
    body = gzip.compress(b" " * 5_000_000)
    sizes = [len(piece) for piece in unpacked.unpacked(iter([body]), "feed")]
    assert max(sizes) <= unpacked.PIECE
    assert sum(sizes) == 5_000_000


def test_a_file_larger_than_any_feed_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_FILE_BYTES", 100)
    with pytest.raises(ProviderUnavailableError, match="larger than 100 bytes"):
        fetched([item("vvFeed0001")], ROW)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.booleans(), st.booleans())
def test_however_a_file_is_cut_into_pieces_its_rows_are_the_same(
    sizes: list[int], is_packed: bool, is_bare: bool
) -> None:
    events = [{"eventId": f"vv{n}", "eventName": 'Ünïcode — \u2028 ["{'} for n in range(20)]
    document = events if is_bare else {"as_of": "x", "events": events, "more": [1]}
    text = json.dumps(document, ensure_ascii=False).encode()
    body = gzip.compress(text[:90]) + gzip.compress(text[90:]) if is_packed else text
    cut = [0]
    while cut[-1] < len(body):
        cut.append(cut[-1] + sizes[len(cut) % len(sizes)])
    pieces = (body[begin:end] for begin, end in pairwise(cut))
    assert list(rows.rows_of(unpacked.unpacked(pieces, "feed"), "feed")) == events


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_is_read_in_full() -> None:
    assert observed() == Observation(
        target=item(ROW["eventId"]),
        at=NOW,
        name="The Paper Lanterns",
        url=ROW["primaryEventUrl"],
        venue="Granite Hall",
        city="Buffalo",
        region="NY",
        country="US",
        performers=("The Paper Lanterns", "Night Tram Orchestra"),
        category="Music",
        image="https://images.example/largest.jpg",
        starts_at=datetime(2026, 12, 4, 20, 0, tzinfo=ZoneInfo("America/New_York")),
        starts_on=date(2026, 12, 4),
        status=EventStatus.ONSALE,
        availability=Availability.AVAILABLE,
        onsale_at=datetime(2026, 9, 18, 14, tzinfo=UTC),
        presales=(
            Presale(
                "Fan Presale", datetime(2026, 9, 16, 14, tzinfo=UTC), datetime(2026, 9, 18, 2, tzinfo=UTC)
            ),
        ),
        prices=(Price(Basis.FACE, "USD", 4995, 22495),),
    )


@pytest.mark.parametrize(
    ("changes", "prices", "problems"),
    [
        ({"minPrice": "", "maxPrice": ""}, (), 0),
        ({"minPrice": None}, (), 0),
        ({"minPrice": "", "maxPrice": 224.95}, (), 0),
        ({"minPrice": 0, "maxPrice": 0}, (), 1),
        ({"minPrice": 0.0, "maxPrice": 224.95}, (), 1),
        ({"minPrice": "0.00"}, (), 1),
        ({"minPrice": "49.95", "maxPrice": "224.95"}, (Price(Basis.FACE, "USD", 4995, 22495),), 0),
        ({"maxPrice": ""}, (Price(Basis.FACE, "USD", 4995),), 0),
        ({"maxPrice": 0}, (Price(Basis.FACE, "USD", 4995),), 0),
        ({"maxPrice": 20}, (), 1),
        ({"minPrice": -1}, (), 1),
        ({"minPrice": True}, (), 1),
        ({"minPrice": "from 49.95"}, (), 1),
        ({"minPrice": 1e30}, (), 1),
        ({"currency": ""}, (), 1),
        ({"currency": "JPY", "minPrice": 5500, "maxPrice": ""}, (Price(Basis.FACE, "JPY", 5500),), 0),
        (
            {"minPriceWithFees": 61.2, "maxPriceWithFees": 250},
            (Price(Basis.FACE, "USD", 4995, 22495), Price(Basis.ALL_IN, "USD", 6120, 25000)),
            0,
        ),
        ({"source": "TMR"}, (Price(Basis.RESALE, "USD", 4995, 22495),), 0),
        ({"source": "TMR", "minPriceWithFees": 61.2}, (Price(Basis.RESALE, "USD", 4995, 22495),), 1),
    ],
    ids=str,
)
def test_only_what_is_surely_a_price_is_one(
    changes: Mapping[str, object], prices: tuple[Price, ...], problems: int
) -> None:
    seen = observed(**changes)
    assert seen.prices == prices
    assert len(seen.problems) == problems


@pytest.mark.parametrize(
    ("status", "transactable", "availability"),
    [
        ("onsale", "true", "available"),
        ("onsale", True, "available"),
        ("onsale", "", "available"),
        ("onsale", "false", "unknown"),
        ("offsale", "false", "unavailable"),
        ("offsale", None, "unavailable"),
        ("offsale", "true", "unknown"),
        ("cancelled", "true", "unavailable"),
        ("postponed", "true", "unavailable"),
        ("rescheduled", "true", "unknown"),
        ("", "true", "unknown"),
        ("", "false", "unknown"),
    ],
)
def test_what_contradicts_itself_is_unknown(status: str, transactable: object, availability: str) -> None:
    seen = observed(eventStatus=status, transactable=transactable)
    assert seen.availability == availability
    assert seen.buyable_prices or availability != "available"
    if transactable == "false" or (status, transactable) == ("offsale", "true"):
        assert not seen.prices


@pytest.mark.parametrize("placeholder", ["1900-01-01T06:00:00Z", "", None, "soon", 0])
def test_a_placeholder_is_no_sale_date(placeholder: object) -> None:
    assert observed(onsaleStartDateTime=placeholder).onsale_at is None


def test_without_a_zone_the_local_hour_is_kept() -> None:
    seen = observed(venue={"venueName": "Granite Hall"})
    assert seen.starts_at == datetime(2026, 12, 5, 1, tzinfo=UTC)
    assert seen.starts_at is not None
    assert (seen.starts_at.hour, seen.starts_on) == (20, date(2026, 12, 4))


def test_a_resale_event_has_the_address_where_it_is_resold_and_a_picture_without_a_size_will_do() -> None:
    seen = observed(primaryEventUrl="", resaleEventUrl="https://resale.example/7", images=[])
    assert (seen.url, seen.image) == ("https://resale.example/7", "https://images.example/source.jpg")


def test_what_is_no_show_is_seen_with_a_problem() -> None:
    assert "not a show" in observed(eventName="Granite Hall Parking Pass").problems[0]


# ── many targets, one pass ───────────────────────────────────────────────────────────────────────────────


def test_one_pass_answers_events_and_searches_alike() -> None:
    targets = [item("vvFeed0001"), item("vvFeed0001", "US"), item("vvFeed0009"), search(keyword="gulls")]
    answer = fetched(targets, row("vvFeed0001"), row("vvFeed0002", "Gulls at Dawn"))
    assert list(answer.observations) == [targets[0].id, targets[1].id, targets[3].id]
    assert answer.failures == {targets[2].id: "missing"}
    (listed,) = answer.observations[targets[3].id].listings or ()
    assert (listed.target, listed.name) == (item("vvFeed0002", "US"), "Gulls at Dawn")
    assert answer.observations[targets[3].id].prices == (Price(Basis.FACE, "USD", 4995),)


@pytest.mark.parametrize(
    ("asked", "finds"),
    [
        ({"keyword": "lanterns"}, True),
        ({"keyword": "LANTERNS, Paper"}, True),
        ({"keyword": "lantern"}, False),
        ({"keyword": "beyonce"}, True),
        ({"keyword": "Beyoncé lanterns"}, True),
        ({"keyword": "granite hall"}, True),
        ({"keyword": "lanterns gulls"}, False),
        ({"city": "münchen"}, True),
        ({"city": "Munchen"}, True),
        ({"city": "Mün"}, False),
        ({"keyword": "lanterns", "city": "Berlin"}, False),
        ({"keyword": "lanterns", "category": "music"}, True),
        ({"keyword": "lanterns", "category": "indie rock"}, True),
        ({"keyword": "lanterns", "category": "sports"}, False),
        ({"keyword": "lanterns", "date_from": date(2026, 12, 4), "date_to": date(2026, 12, 4)}, True),
        ({"keyword": "lanterns", "date_from": date(2026, 12, 5)}, False),
        ({"keyword": "lanterns", "date_to": date(2026, 12, 3)}, False),
        ({"keyword": "lanterns", "weekdays": ("fri",)}, True),
        ({"keyword": "lanterns", "weekdays": ("sat", "sun")}, False),
    ],
    ids=str,
)
def test_a_search_finds_by_words_place_kind_and_day(asked: dict[str, Any], finds: bool) -> None:
    venue = {**ROW["venue"], "venueCity": "München"}
    event = row("vvFeed0001", venue=venue, attractions=[{"attraction": {"attractionName": "BEYONCÉ"}}])
    assert found(search(**asked), event) == (["vvFeed0001"] if finds else [])


def test_a_search_that_finds_nothing_in_a_whole_file_is_an_empty_list() -> None:
    target = search(keyword="nobody")
    assert fetched([target], ROW).observations[target.id].listings == ()


def test_the_same_show_for_resale_and_its_parking_are_no_further_listings() -> None:
    shows = [
        row("vvFeed0001", minPrice=""),
        row("Z7feed0001", source="TMR", minPrice=80),
        row("vvFeed0003", "The Paper Lanterns - Parking"),
        row("vvFeed0004", primaryEventUrl=""),
    ]
    target = search(keyword="lanterns")
    (listed,) = fetched([target], *shows).observations[target.id].listings or ()
    assert listed.target == item("vvFeed0001", "US")
    assert listed.prices == (Price(Basis.RESALE, "USD", 8000, 22495),)


def test_of_a_search_with_too_many_events_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sought, "MOST", 2)
    broad, narrow = search(keyword="lanterns"), search(keyword="gulls")
    events = [row(f"vvFeed{number:04d}") for number in range(5)]
    answer = fetched([broad, narrow], *events, row("vvFeed0009", "Gulls"))
    assert (answer.failures, list(answer.observations)) == ({broad.id: "too_many"}, [narrow.id])


def test_a_row_without_an_id_is_nobodys() -> None:
    assert found(search(keyword="lanterns"), row(""), row("vvFeed0001")) == ["vvFeed0001"]


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_recorded_file_is_read_packed_too() -> None:
    assert [one.target for one in feed()[0].read(packed(ROW), NOW)] == [item(ROW["eventId"])]


@pytest.mark.parametrize("body", [packed(ROW)[:-4], packed({}), gzip.compress(b"no", mtime=0)])
def test_a_packed_file_that_is_not_whole_is_no_outage(body: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        feed()[0].read(body, NOW)
    assert type(raised.value) is ProviderError


def test_every_country_has_a_name_of_two_letters_once() -> None:
    assert len(set(COUNTRIES)) == len(COUNTRIES) == 24
    assert all(len(country) == 2 for country in COUNTRIES)


def test_an_answer_that_breaks_off_in_the_middle_is_no_answer() -> None:
    def pieces() -> Iterator[bytes]:
        yield packed(ROW)[:50]
        raise httpx.ReadError("https://files.example/?signature=abc")

    broken_off = httpx.Response(200, content=pieces())
    provider, _ = feed(sees_other(), lambda _request: broken_off)
    with pytest.raises(ProviderUnavailableError, match="the connection broke") as raised:
        provider.fetch([item("vvFeed0001")], purse(provider.quota), NOW)
    assert raised.value.__cause__ is raised.value.__context__ is None


def test_a_probe_counts_prices_in_the_first_rows_of_the_file() -> None:
    unpriced = row("vvFeedUnpriced", minPrice="", maxPrice="", minPriceWithFees="", maxPriceWithFees="")
    provider, _ = feed(sees_other(), stored(ROW, unpriced))
    (probe,) = provider.probes()
    budget = purse(provider.quota)
    assert probe.ask(budget, NOW) == "1 of the first 2 events have a price."
    assert budget.made == 1
    assert probe.question == "Does the file of US still say prices?"


def test_a_probe_of_an_empty_file_learns_nothing() -> None:
    provider, _ = feed(sees_other(), stored())
    with pytest.raises(ProviderUnavailableError, match="no events"):
        provider.probes()[0].ask(purse(provider.quota), NOW)
