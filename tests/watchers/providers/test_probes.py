"""Questions that only live calls can answer: how they are asked, and what is made of each kind of answer."""

import copy
from collections.abc import Sequence
from typing import Any, cast

import pytest

from tests.upstream import NOW, Step, Upstream, purse, sample_json, says
from watchers.errors import OutOfQuotaError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import PROVIDERS, SwitchedOff
from watchers.providers.base import Probe
from watchers.quota import Budget

KEY = "kit-secret-5b1d"
EVENT = cast("dict[str, Any]", sample_json("ticketmaster", "item.json"))
REFUSED = says({"errors": [{"code": "DIS1015", "status": "400"}]}, 400)


def probes(name: str, *steps: Step) -> tuple[tuple[Probe, ...], Upstream, Budget]:
    provider = PROVIDERS[name]().from_env(
        {"TICKETMASTER_API_KEY": KEY}, (upstream := Upstream(*(steps or (says({}),)))).client
    )
    assert not isinstance(provider, SwitchedOff)
    return provider.probes(), upstream, purse(provider.quota)  # type: ignore[attr-defined]


def event(id_: str, country: str = "GB", *, price: bool = True, dated: bool = True) -> dict[str, Any]:
    made = copy.deepcopy(EVENT)
    made["_embedded"]["venues"][0]["country"] = {"countryCode": country}
    if not dated:
        made["dates"]["start"] = {"dateTBA": True}
    ranges = [{"type": "standard including fees", "currency": "GBP", "min": 50, "max": 60}]
    return {**made, "id": id_, "priceRanges": ranges if price else []}


def page(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"_embedded": {"events": list(events)}, "page": {"totalElements": len(events), "number": 0}}


EVENTS = [
    event("vvProbe01"),
    event("vvProbe02", price=False),
    event("vvProbe03", "DE", price=False),
    event("vvProbe04", "MX", dated=False),
]


@pytest.mark.parametrize(("name", "count"), [("ticketmaster", 2), ("steam", 1)])
def test_the_questions_are_few_and_none_is_asked_by_listing_them(name: str, count: int) -> None:
    asked, upstream, _ = probes(name)
    assert len(asked) == count
    assert all(one.question.endswith("?") and one.id.isidentifier() for one in asked)
    assert upstream.requests == []


def test_prices_are_counted_by_country_in_one_call() -> None:
    headers = {"Rate-Limit": "5000"}
    (prices, _), upstream, budget = probes("ticketmaster", says(page(EVENTS), headers=headers))
    assert prices.ask(budget, NOW) == (
        "Of 4 events: GB 1 of 2 with a price (all_in_GBP); DE 0 of 1 with a price; AU 0 of 0 with a price; "
        "MX 1 of 1 with a price (all_in_GBP). Calls a day by header: 5000. ETag: none."
    )
    assert upstream.asked[0]["countryCode"] == "GB,DE,AU,MX"
    assert budget.made == len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("shown", "said", "undated"),
    [
        (["vvProbe03", "vvProbe02", "vvProbe01", "vvProbe04"], "4 came back, in the order asked", 1),
        (["vvProbe02", "vvProbe01"], "2 came back, in the order asked", 0),
        (["vvProbe01", "vvProbe02"], "2 came back, in another order", 0),
        (["vvProbe01", "vvElse01"], "1 came back, in the order asked", 0),
    ],
)
def test_a_list_of_ids_is_asked_about_the_events_that_were_seen(
    shown: list[str], said: str, undated: int
) -> None:
    (prices, id_list), upstream, budget = probes(
        "ticketmaster", says(page(EVENTS)), says(page([event(id_) for id_ in shown]))
    )
    prices.ask(budget, NOW)
    assert id_list.ask(budget, NOW) == (
        f"A list of 4 ids: {said}; the answer counts {len(shown)}. Of 1 without a date {undated} came back."
    )
    assert upstream.asked[1]["id"] == "vvProbe03,vvProbe02,vvProbe01,vvProbe04"
    assert budget.made == 2


def test_without_known_ids_no_call_is_spent_on_them() -> None:
    (_, id_list), upstream, budget = probes("ticketmaster")
    with pytest.raises(ProviderUnavailableError, match="no ids are known"):  # so the question stays open
        id_list.ask(budget, NOW)
    assert (upstream.requests, budget.made) == ([], 0)


def test_a_refusal_is_an_answer_too() -> None:
    (prices, _), _, budget = probes("ticketmaster", REFUSED)
    assert "list of countries is refused" in prices.ask(budget, NOW)
    (prices, id_list), _, budget = probes("ticketmaster", says(page(EVENTS)), REFUSED)
    prices.ask(budget, NOW)
    assert "list of 4 ids is refused" in id_list.ask(budget, NOW)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says({}, 500), ProviderUnavailableError),
        (says({}), ProviderUnavailableError),
        (says({}, 401), ProviderRejectedError),
    ],
)
def test_an_error_is_no_answer(answer: Step, error: type[Exception]) -> None:
    (prices, _), _, budget = probes("ticketmaster", answer)
    with pytest.raises(error):
        prices.ask(budget, NOW)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({str(number): {"success": False} for number in range(10, 2010, 10)}, "200 were answered"),
        ({"10": {"success": False}}, "1 were answered"),
        (None, "answered with null"),
        ([], "answered with null"),
    ],
    ids=["all", "one", "null", "list"],
)
def test_steam_is_asked_about_two_hundred_apps_once(body: object, said: str) -> None:
    (batch_size,), upstream, budget = probes("steam", says(body))
    assert said in batch_size.ask(budget, NOW)
    assert len(upstream.asked[0]["appids"].split(",")) == 200
    assert budget.made == 1


def test_steam_may_refuse_so_many() -> None:
    (batch_size,), _, budget = probes("steam", says({}, 400))
    assert "refused" in batch_size.ask(budget, NOW)


def test_without_a_call_left_nothing_is_asked() -> None:
    for name in ("ticketmaster", "steam"):
        asked, upstream, _ = probes(name)
        provider_budget = purse(PROVIDERS[name]().from_env({"TICKETMASTER_API_KEY": KEY}).quota, 0)  # type: ignore[union-attr]
        with pytest.raises(OutOfQuotaError):
            asked[0].ask(provider_budget, NOW)
        assert upstream.requests == []
