"""The page that searches all markets: what is found, where it is cheapest, and one press to watch it.

A search is an address, so that it can be kept and gone back to; it costs calls, so each person has so many.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from watchers.catalog.found import Found
from watchers.catalog.merged import Market, Merged
from watchers.catalog.question import question
from watchers.target import Search
from watchers.watch import MAX_NAME
from web import entry, findings, forms, words
from web.site import site

pages = Blueprint("search", __name__)

FIELDS = ("keyword", "city", "country", "date_from", "date_to", "category")
_MOST = 60  # events on the page
_LONGEST_SHOWN = 200  # letters of a field


@dataclass(frozen=True, slots=True)
class Offer:
    """One market's line: its prices, what else it says, and where to go."""

    shop: str
    prices: tuple[str, ...]
    state: str
    url: str | None
    watch: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One event on the page; ``watch_all``: where it is watched on all of its markets."""

    name: str
    about: str
    best: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]
    watch_all: str | None


@pages.get("/search")
def show() -> ResponseReturnValue:
    """The form, and what the address asks for."""
    uid, catalog = entry.person(), site().catalog or abort(404)
    asked = {name: request.args.get(name, "").strip()[: _LONGEST_SHOWN + 1] for name in FIELDS}
    if not any(asked.values()):
        return _page(asked)
    try:
        wanted = _question(asked)
    except ValueError as exc:
        return _page(asked, error=str(exc)), 422
    if wait := site().searches.wait(uid, site().now()):
        said = f"You have searched very often just now. Search again in {words.span(wait)}."
        return _page(asked, error=said), 429
    return _page(asked, catalog.find(wanted))


def _question(asked: Mapping[str, str]) -> Search:
    return question({**asked, "country": asked["country"].upper()})


def _page(asked: Mapping[str, str], found: Found | None = None, error: str = "") -> str:
    events = found.events if found else ()
    return render_template(
        "search.html",
        asked=asked,
        found=found,
        error=error,
        hits=[_hit(one) for one in events[:_MOST]],
        more=max(0, len(events) - _MOST),
        as_of=words.ago(found.as_of, site().now()) if found and found.as_of else "",
        missing=list(_missing(found)) if found else [],
        shop=words.shop,
    )


def _missing(found: Found) -> Iterator[str]:
    for name, why in found.absences.items():
        yield f"{words.shop(name)} was not seen: {why}"


def _hit(one: Merged) -> Hit:
    event = one.event
    about = ", ".join(filter(None, (findings.when(event), findings.where(event))))
    best = tuple(findings.best_parts(each) for each in one.best)
    offers = tuple(_offer(market, one) for market in one.markets)
    return Hit(event.name or "Without a name", about, best, offers, _watch_all(one))


def _offer(market: Market, one: Merged) -> Offer:
    prices = tuple(map(findings.priced, market.prices))
    state = findings.state(market)
    return Offer(words.shop(market.target.provider), prices, state, _link(market.url), _watch(market, one))


def _link(url: str | None) -> str | None:
    """Only an address of the web is followed."""
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def _watch(market: Market, one: Merged) -> str:
    """The form of a watch on this market, filled in."""
    target = market.target
    fields = {"provider": target.provider, "item": target.item or "", "country": target.country or ""}
    return _form(one, [market], **{name: text for name, text in fields.items() if text})


def _watch_all(one: Merged) -> str | None:
    """The form of a watch on all markets together, where there are several that it can hold."""
    documents = [market.target.to_document() for market in one.markets]
    together = json.dumps(documents, separators=(",", ":"), ensure_ascii=False)
    if len(documents) < 2 or forms.markets_of(together) is None:  # noqa: PLR2004 - together needs two
        return None
    return _form(one, one.markets, markets=together)


def _form(one: Merged, offers: Sequence[Market], **fields: Any) -> str:
    """A price of these markets says which currency is meant; how much one would pay is for people to say."""
    currency = next((price.currency for market in offers for price in market.prices), None)
    fields |= {"currency": currency} if currency else {}
    return url_for("saving.new", name=(one.event.name or "")[:MAX_NAME], **fields)
