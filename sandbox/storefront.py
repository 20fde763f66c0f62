"""Steam's storefront (``/api/appdetails``), as the market speaks it. It is unofficial and takes no key.

Prices are hundredths of every currency, also of those without any (KRW). Several ids are answered only with
``filters=price_overview`` alone, else 400 and ``null``. ``data`` is an empty list for a game without a price.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask import Blueprint, Response, json, request

from sandbox.faults import suffered
from sandbox.goods import Game
from sandbox.stock import Market

DOLLARS = ("USD", Decimal(1), "${}")
# The sandbox's own rates: a price in dollars times the rate is the price in that country's shop.
SHOPS: Mapping[str, tuple[str, Decimal, str]] = {
    "gb": ("GBP", Decimal("0.8"), "£{}"),
    "kr": ("KRW", Decimal(1300), "₩ {}"),
    "jp": ("JPY", Decimal(150), "¥ {}"),
    **dict.fromkeys(("at", "de", "es", "fr", "ie", "it", "nl"), ("EUR", Decimal("0.9"), "{}€")),
}
WHOLE = ("KRW", "JPY")  # priced in whole units


def blueprint(market: Market) -> Blueprint:
    """The one question that can be asked."""
    api = Blueprint("storefront", __name__)

    @api.get("/api/appdetails")
    def appdetails() -> Response:
        market.asked.append(request.full_path.rstrip("?"))
        return suffered(market, _limited, _limited) or _details(market)

    return api


def _limited() -> Response:
    return _json(None, 429)


def _details(market: Market) -> Response:
    asked = [each for each in request.args.get("appids", "").split(",") if each]
    only_price = request.args.get("filters") == "price_overview"
    if not asked or (len(asked) > 1 and not only_price):
        return _json(None, 400)
    games = {game.id: game for game in market.games}
    return _json({appid: _entry(games.get(appid), only_price=only_price) for appid in asked})


def _entry(game: Game | None, *, only_price: bool) -> dict[str, Any]:
    if game is None:
        return {"success": False}
    priced = not game.free and game.status == "onsale"
    price = {"price_overview": price_overview(game, request.args.get("cc", "us"))} if priced else {}
    return {"success": True, "data": (price or []) if only_price else _about(game) | price}


def _about(game: Game) -> dict[str, Any]:
    return {
        "type": "game",
        "name": game.name,
        "steam_appid": int(game.id),
        "required_age": 0,
        "is_free": game.free,
        "short_description": "An invented game (sandbox).",
    }


def price_overview(game: Game, country: str) -> dict[str, Any]:
    """The price in one country's shop; a country without a shop of its own pays in dollars."""
    currency, rate, form = SHOPS.get(country.lower(), DOLLARS)
    initial, final = (_hundredths(price * rate, currency) for price in (game.initial, game.final))
    percent = (
        int((100 * (Decimal(initial - final) / initial)).to_integral_value(ROUND_HALF_UP)) if initial else 0
    )
    return {
        "currency": currency,
        "initial": initial,
        "final": final,
        "discount_percent": percent,
        "initial_formatted": _formatted(initial, currency, form) if percent else "",
        "final_formatted": _formatted(final, currency, form),
    }


def _hundredths(amount: Decimal, currency: str) -> int:
    step = Decimal(1) if currency in WHOLE else Decimal("0.01")
    return int(amount.quantize(step, ROUND_HALF_UP) * 100)


def _formatted(hundredths: int, currency: str, form: str) -> str:
    amount = Decimal(hundredths) / 100
    text = f"{amount:,.0f}" if currency in WHOLE else f"{amount:,.2f}"
    return form.format(text.replace(".", ",") if currency == "EUR" else text)


def _json(document: Mapping[str, Any] | None, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json; charset=utf-8")
