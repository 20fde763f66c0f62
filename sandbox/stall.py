"""The market's page for people: every event and game, and a form per row to change it.

Plain forms that answer with a redirect; a mistake is said on the page, with nothing changed.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from markupsafe import escape
from werkzeug.wrappers import Response as AnyResponse

from sandbox.goods import MARK, Event, Game
from sandbox.posters import poster
from sandbox.stock import FAULTS, Market, UnknownItemError

STATUS_OF = {"onsale": "onsale", "soldout": "offsale", "cancelled": "cancelled"}
FAULT_TEXTS = {
    "": "none: everything works",
    "500": "500: internal server error",
    "429_spike": "429: too many calls at once",
    "429_quota": "429: the day's quota is used up",
    "html": "a maintenance page instead of data",
    "slow": "very slow answers",
}


def blueprint(market: Market) -> Blueprint:
    """The pages and what their forms post to."""
    pages = Blueprint("stall", __name__)

    @pages.get("/")
    def index() -> str:
        return _page(market)

    @pages.get("/event/<item>")
    @pages.get("/app/<item>")
    def one(item: str) -> str:
        return _page(market, only=_item_or_404(market, item))

    @pages.get("/poster/<name>.svg")
    def of_event(name: str) -> Response:
        return _poster(market, name.split("_", 1)[0])

    @pages.get("/steam/apps/<item>/header.jpg")
    def of_game(item: str) -> Response:
        return _poster(market, item)

    @pages.post("/set")
    def change() -> AnyResponse | tuple[str, int]:
        return _change(market)

    @pages.post("/fault")
    def fault() -> AnyResponse:
        chosen = request.form.get("fault", "")
        market.fault = chosen if chosen in FAULTS else None
        return redirect(url_for("stall.index"), 303)

    return pages


def _poster(market: Market, item: str) -> Response:
    drawn = poster(_item_or_404(market, item).name.removesuffix(MARK).strip())
    return Response(drawn, mimetype="image/svg+xml", headers={"Cache-Control": "max-age=3600"})


def _change(market: Market) -> AnyResponse | tuple[str, int]:
    item = _item_or_404(market, request.form.get("item", ""))
    try:
        changed = _apply(market, item, request.form)
    except ValueError as exc:
        return _page(market, problem=f"{item.name}: {exc} Nothing was changed."), 400
    return redirect(url_for("stall.index", changed=changed, _anchor=changed), 303)


def _apply(market: Market, item: Event | Game, form: Mapping[str, str]) -> str:
    do = form.get("do", "price")
    if do == "new_date" and isinstance(item, Event):
        return market.add_date(item.id).id
    if do in STATUS_OF:
        market.set_status(item.id, STATUS_OF[do])
    elif do == "price":
        _set_prices(market, item, form)
    else:
        raise ValueError("That cannot be done here.")
    return item.id


def _set_prices(market: Market, item: Event | Game, form: Mapping[str, str]) -> None:
    prices = {basis: form[basis].strip() or None for basis in item.bases if basis in form}
    market.set_prices(item.id, prices)


def _item_or_404(market: Market, item: str) -> Event | Game:
    try:
        return market.item(item)
    except UnknownItemError:
        abort(404, description=f"The sandbox market sells nothing under {escape(item)}.")


def _page(market: Market, only: Event | Game | None = None, problem: str | None = None) -> str:
    items: Iterable[Event | Game] = (only,) if only else (*market.events, *market.games)
    shown = tuple(items)
    return render_template(
        "market.html",
        only=only,
        events=[item for item in shown if isinstance(item, Event)],
        games=[item for item in shown if isinstance(item, Game)],
        now=datetime.now(UTC),
        changed=next((item for item in shown if item.id == request.args.get("changed")), None),
        fault=market.fault or "",
        faults=FAULT_TEXTS,
        problem=problem,
    )
