from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sandbox.market import Market, market_app
from sandbox.servers import serving

KEY: dict[str, str | int] = {"apikey": "sandbox-key-0000"}
TRAM, KOFFER, HARBOUR, COMET = "SbxNightTram01", "SbxLeiserKoffer", "SbxHarbourLights", "SbxGlassComet1"


def search(shops: httpx.Client, **asked: str | int) -> dict[str, Any]:
    answer = shops.get("/discovery/v2/events.json", params=KEY | asked)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def ids(document: dict[str, Any]) -> list[str]:
    return [event["id"] for event in document.get("_embedded", {}).get("events", [])]


def one(shops: httpx.Client, event_id: str) -> dict[str, Any]:
    document: dict[str, Any] = shops.get(f"/discovery/v2/events/{event_id}.json", params=KEY).json()
    return document


def test_an_event_has_the_shape_of_the_real_api(shops: httpx.Client) -> None:
    event = one(shops, TRAM)
    assert event["name"] == "Night Tram Orchestra (sandbox)"
    assert (event["type"], event["test"], event["locale"]) == ("event", False, "en-us")
    assert event["url"] == f"{shops.base_url}/event/{TRAM}"
    assert event["priceRanges"] == [
        {"type": "standard including fees", "currency": "GBP", "min": 62.4, "max": 131.6},
        {"type": "standard", "currency": "GBP", "min": 54.0, "max": 115.0},
    ]
    assert event["dates"] == {
        "start": {
            "localDate": "2026-06-10",
            "localTime": "19:30:00",
            "dateTime": "2026-06-10T18:30:00Z",
            "dateTBD": False,
            "dateTBA": False,
            "timeTBA": False,
            "noSpecificTime": False,
        },
        "timezone": "Europe/London",
        "status": {"code": "onsale"},
        "spanMultipleDays": False,
    }
    venue = event["_embedded"]["venues"][0]
    assert (venue["city"], venue["country"]["countryCode"]) == ({"name": "London"}, "GB")
    assert {image["ratio"] for image in event["images"]} == {"16_9", "3_2"}


def test_the_catalogue_shows_what_real_catalogues_do_to_a_client(shops: httpx.Client) -> None:
    parking, whale = one(shops, "SbxNightTram01-Parking-0001"), one(shops, "SbxCopperWhale")
    harbour, comet, koffer = one(shops, HARBOUR), one(shops, COMET), one(shops, KOFFER)
    assert not {"url", "sales", "classifications", "priceRanges"} & parking.keys()
    assert "priceRanges" not in whale
    assert "timezone" not in whale["dates"]
    assert whale["sales"]["public"]["startDateTime"].startswith("1900-01-01")
    assert harbour["dates"]["start"]["dateTBA"] is True
    assert koffer["dates"]["start"]["noSpecificTime"] is True
    assert comet["dates"]["status"]["code"] == "offsale"
    assert [presale["name"] for presale in comet["sales"]["presales"]] == [
        "Fan Club Presale",
        "Sandbox Card Presale",
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param({"id": f"{TRAM},SbxCopperWhale,nobody"}, [TRAM, "SbxCopperWhale"], id="several ids"),
        pytest.param({"id": HARBOUR}, [], id="to be announced is hidden"),
        pytest.param({"id": HARBOUR, "includeTBA": "yes"}, [HARBOUR], id="to be announced on request"),
        pytest.param({"id": HARBOUR, "includeTBA": "only"}, [], id="only finds nothing, as in reality"),
        pytest.param({"city": "berlin"}, [], id="another language is hidden"),
        pytest.param({"city": "berlin", "locale": "*"}, [KOFFER], id="all languages"),
        pytest.param({"keyword": "tram orchestra", "size": 1}, [TRAM], id="words of the name"),
        pytest.param({"classificationName": "sports"}, ["SbxFogtownRovers"], id="a category"),
        pytest.param({"countryCode": "GB", "classificationName": "Pop"}, [TRAM], id="country and genre"),
        pytest.param({"startDateTime": "2026-07-01T00:00:00Z"}, [COMET], id="not before"),
        pytest.param({"endDateTime": "2026-05-14T12:00:00Z"}, ["SbxPaperLantern"], id="not after"),
        pytest.param({"keyword": "zzzz"}, [], id="nothing"),
    ],
)
def test_a_search_narrows(shops: httpx.Client, asked: dict[str, str], found: list[str]) -> None:
    assert ids(search(shops, **asked)) == found


def test_an_empty_page_has_no_embedded_part(shops: httpx.Client) -> None:
    assert search(shops, keyword="zzzz", size=200, locale="*") == {
        "_links": {"self": {"href": "/discovery/v2/events.json?keyword=zzzz&size=200&locale=*"}},
        "page": {"size": 200, "totalElements": 0, "totalPages": 0, "number": 0},
    }


def test_pages_follow_each_other(shops: httpx.Client) -> None:
    first = search(shops, size=2, sort="date,asc")
    second = search(shops, size=2, sort="date,asc", page=1)
    assert first["page"] == {"size": 2, "totalElements": 6, "totalPages": 3, "number": 0}
    assert first["_links"]["next"] == {"href": "/discovery/v2/events.json?sort=date%2Casc&page=1&size=2"}
    assert "prev" in second["_links"]
    dates = [event["dates"]["start"]["localDate"] for event in first["_embedded"]["events"]]
    assert dates == sorted(dates)
    assert not set(ids(first)) & set(ids(second))


def test_sorting_by_name_downwards(shops: httpx.Client) -> None:
    names = [event["name"] for event in search(shops, sort="name,desc")["_embedded"]["events"]]
    assert names == sorted(names, reverse=True)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"size": 201}, "DIS1036", id="page too large"),
        pytest.param({"size": 200, "page": 6}, "DIS1035", id="too deep"),
        pytest.param({"startDateTime": "2026-07-01T00:00:00.000Z"}, "DIS1015", id="milliseconds"),
        pytest.param({"endDateTime": "2026-13-01T00:00:00Z"}, "DIS1015", id="no such month"),
    ],
)
def test_a_refused_query(shops: httpx.Client, asked: dict[str, str | int], code: str) -> None:
    answer = shops.get("/discovery/v2/events.json", params=KEY | asked)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"], error["status"]) == (400, code, "400 BAD_REQUEST")
    assert not [name for name in answer.headers if name.startswith("rate-limit")]


def test_a_size_of_200_and_page_5_are_fine(shops: httpx.Client) -> None:
    assert search(shops, size=200, page=5)["page"]["number"] == 5


def test_an_unknown_event(shops: httpx.Client) -> None:
    answer = shops.get("/discovery/v2/events/nobody.json", params=KEY)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "DIS1004")


@pytest.mark.parametrize("params", [{}, {"apikey": ""}, {"apikey": "wrong"}])
def test_a_wrong_key(shops: httpx.Client, params: dict[str, str]) -> None:
    answer = shops.get("/discovery/v2/events.json", params=params)
    assert answer.status_code == 401
    assert answer.json() == {
        "fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}
    }


def test_the_quota_is_told_and_enforced() -> None:
    with (
        serving(market_app(Market(calls_per_day=2))) as url,
        httpx.Client(base_url=url, params=KEY) as shops,
    ):
        answers = [shops.get("/discovery/v2/events.json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["Rate-Limit-Available"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["Rate-Limit-Over"] == "1"
    assert answers[2].json()["fault"]["detail"]["errorcode"] == "policies.ratelimit.QuotaViolation"
    reset = datetime.fromtimestamp(int(answers[0].headers["Rate-Limit-Reset"]) / 1000, UTC)
    assert 86_000 < (reset - datetime.now(UTC)).total_seconds() <= 86_400


def test_a_price_that_is_set_is_seen(shops: httpx.Client, market: Market) -> None:
    market.set_price(TRAM, "face", "45")
    market.set_price("SbxCopperWhale", "face", 20)
    market.set_price(COMET, "face", None)
    faces = [price for price in one(shops, TRAM)["priceRanges"] if price["type"] == "standard"]
    assert faces == [{"type": "standard", "currency": "GBP", "min": 45.0, "max": 115.0}]
    assert one(shops, "SbxCopperWhale")["priceRanges"][0]["currency"] == "USD"
    assert "priceRanges" not in one(shops, COMET)


def test_questions_are_remembered_without_their_key(shops: httpx.Client, market: Market) -> None:
    search(shops, id=f"{TRAM},{COMET}")
    assert list(market.asked) == [f"/discovery/v2/events.json?id={TRAM},{COMET}"]
