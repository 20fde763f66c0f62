from typing import Any

import httpx

from sandbox.market import Market


def details(shops: httpx.Client, **asked: str) -> Any:
    return shops.get("/api/appdetails", params=asked).json()


def test_a_price_is_in_hundredths(shops: httpx.Client) -> None:
    assert details(shops, appids="9000020", filters="price_overview", cc="us") == {
        "9000020": {
            "success": True,
            "data": {
                "price_overview": {
                    "currency": "USD",
                    "initial": 1999,
                    "final": 1499,
                    "discount_percent": 25,
                    "initial_formatted": "$19.99",
                    "final_formatted": "$14.99",
                }
            },
        }
    }


def test_won_are_counted_in_hundredths_too(shops: httpx.Client) -> None:
    answer = details(shops, appids="9000030", filters="price_overview", cc="kr")
    price = answer["9000030"]["data"]["price_overview"]
    assert (price["currency"], price["final"], price["final_formatted"]) == ("KRW", 1_298_700, "₩ 12,987")
    assert price["initial_formatted"] == ""


def test_euros_have_a_comma(shops: httpx.Client) -> None:
    answer = details(shops, appids="9000030", filters="price_overview", cc="DE")
    assert answer["9000030"]["data"]["price_overview"]["final_formatted"] == "8,99€"


def test_free_unknown_and_off_the_shelf_are_three_different_answers(
    shops: httpx.Client, market: Market
) -> None:
    market.set_status("9000010", "offsale")
    answer = details(shops, appids="9000060,1,9000010", filters="price_overview", cc="us")
    assert answer == {
        "9000060": {"success": True, "data": []},
        "1": {"success": False},
        "9000010": {"success": True, "data": []},
    }


def test_several_games_are_only_answered_for_prices_alone(shops: httpx.Client) -> None:
    refused = shops.get("/api/appdetails", params={"appids": "9000010,9000020"})
    assert (refused.status_code, refused.text) == (400, "null")
    assert details(shops, appids="9000010")["9000010"]["data"]["name"] == "Tin Moon (sandbox)"


def test_a_price_that_is_set_is_seen_as_a_discount(shops: httpx.Client, market: Market) -> None:
    market.set_price("9000040", "listing", "14.99")
    answer = details(shops, appids="9000040", filters="price_overview", cc="us")
    price = answer["9000040"]["data"]["price_overview"]
    assert (price["initial"], price["final"], price["discount_percent"]) == (5999, 1499, 75)
