"""The page that searches all markets: what is found, where it is cheapest, and one press to watch it.

A search is an address, so that it can be kept and gone back to; it costs calls, so each person has so many.
With a most that one would pay it shows the deals instead. What is pressed on it is in ``search_buttons.py``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Blueprint, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from watchers.catalog import Catalog
from watchers.catalog.bargains import Bargain
from watchers.catalog.found import Found
from watchers.language import say, say_many
from web import entry, hits, searches, words
from web.searches import ORDERS, Asked, SearchRefusedError
from web.site import site

pages = Blueprint("search", __name__)

_MOST = 60  # events on the page
_USUAL = "USD"  # the currency that is meant where none is said
_NARROWING = ("country", "date_from", "date_to", "category", "max_price")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the markets said; ``deals``: where only what costs at most so much was asked for."""

    found: Found | None = None
    deals: list[Bargain] | None = None
    error: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@pages.get("/search")
def show() -> ResponseReturnValue:
    """The form, and what the address asks for."""
    uid, catalog = entry.person(), site().catalog or abort(404)
    asked = searches.asked(request.args)
    if asked.is_empty:
        return _page(asked, _Answer())
    if asked.is_for_deals and not asked.fields["currency"] and "currency" in request.args:
        said = say("Write the currency of the price, such as USD or GBP.")
        return _page(asked, _Answer(error=said, errors={"currency": said})), 422
    try:
        wanted, _ = asked.search(), asked.offers()
        most = asked.at_most() if asked.is_for_deals else None
    except SearchRefusedError as exc:
        return _page(asked, _Answer(error=_labelled(exc), errors=exc.errors)), 422
    if wait := site().searches.wait(uid, site().now()):
        said = say(
            "You have searched very often just now. Search again in {length}.", length=words.span(wait)
        )
        return _page(asked, _Answer(error=said)), 429
    if most is None:
        return _page(asked, _Answer(catalog.find(wanted)))
    price, currency, offers = most
    deals, found = catalog.deals(wanted, price, currency, min_quantity=offers)
    return _page(asked, _Answer(found, deals))


def _labels() -> dict[str, str]:
    return {
        "keyword": say("Artist, team, show or article"),
        "city": say("City"),
        "country": say("Country (US, GB)"),
        "date_from": say("First day"),
        "date_to": say("Last day"),
        "category": say("Kind (music, sports …)"),
        "max_price": say("At most"),
        "currency": say("Currency"),
    }


def _labelled(refused: SearchRefusedError) -> str:
    """Each fault under the name that its field has on the page."""
    labels = _labels()
    return " ".join(
        f"{labels[name]}: {said}" if name in labels else said for name, said in refused.errors.items()
    )


def _page(asked: Asked, answer: _Answer) -> str:
    found, now = answer.found, site().now()
    events = list(found.events) if found else []
    if asked.sort == "price":
        events.sort(key=hits.by_price)
    pictures = [link["url"] for link in current_app.config.get("LINKS", ())]
    kept = searches.listed(entry.document())
    own = searches.id_of(asked)
    return render_template(
        "search.html",
        asked=asked.fields,
        query=urlencode(asked.parameters),
        orders=list(_orders(asked)),
        found=found,
        error=answer.error,
        errors=answer.errors,
        hits=[hits.hit(one, pictures) for one in events[:_MOST]] if answer.deals is None else [],
        deals=None if answer.deals is None else [hits.deal(one, pictures) for one in answer.deals[:_MOST]],
        most=f"{asked.fields['max_price']} {asked.fields['currency'].upper() or _USUAL}",
        more=max(0, len(events if answer.deals is None else answer.deals) - _MOST),
        good=_good(found) if found and answer.deals is None else "",
        left_out=_left_out(found, asked) if found and answer.deals is not None else "",
        as_of=words.ago(found.as_of, now) if found and found.as_of else "",
        missing=list(_missing(found)) if found else [],
        shop=words.shop,
        kept=[(one, _address(one.asked)) for one in kept],
        is_kept=next((one for one in kept if one.id == own), None),
        own=own,
        suggested=searches.name_for(asked),
        labels=_labels(),
        narrowed=bool(answer.error) or any(asked.fields[name] for name in _NARROWING),
        may_part=entry.is_operator(),
        parted=_parted(),
    )


def _orders(asked: Asked) -> Iterator[tuple[str, str, bool]]:
    """Each order's words, its address, and whether it is the one shown."""
    for order, said in zip(ORDERS, (say("By date"), say("By price")), strict=True):
        yield said, _address(Asked(asked.fields, order)), order == asked.sort


def _address(asked: Asked) -> str:
    return f"{url_for('search.show')}?{urlencode(asked.parameters)}"


def _good(found: Found) -> str:
    """How good the best price is, where one event was meant: it costs up to three reads."""
    catalog: Catalog | None = site().catalog
    good = catalog.deal(found.events[0]) if catalog and len(found.events) == 1 else None
    return str(good) if good and (good.is_confident or len(good.clauses) > 1) else ""


def _parted() -> list[str]:
    """The entries that were just said not to be the same, the one first; for who may take it back."""
    return request.args.getlist("parted") if entry.is_operator() else []


def _left_out(found: Found, asked: Asked) -> str:
    """What no limit in the asked currency can be compared with; empty where all can be."""
    wanted = asked.fields["currency"].upper() or _USUAL
    sold = [
        {price.currency for market in one.markets if market.can_be_bought for price in market.prices}
        for one in found.events
    ]
    others = [currencies for currencies in sold if currencies and wanted not in currencies]
    if not others:
        return ""
    return say_many(
        "{number} match is left out: it is priced in {currencies}.",
        "{number} matches are left out: they are priced in {currencies}.",
        len(others),
        currencies=", ".join(sorted(set().union(*others))),
    )


def _missing(found: Found) -> Iterator[str]:
    for name, why in found.absences.items():
        yield say("{shop} was not seen: {why}", shop=words.shop(name), why=why)
