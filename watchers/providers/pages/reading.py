"""A web page as bytes -> an observation, without a guess and without ever raising.

What a page says by schema.org (JSON-LD or microdata, ``things.py``) is read; prose is not. What cannot be
understood is a problem of the observation, which then has no price: an unknown price is absent, never 0.

A page may have been made to be dear: beyond ``LARGEST`` bytes it is not read, and everything inside (tags,
nesting, nodes, offers) has its own limit, so that a page takes a second or two at worst.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from watchers.observation import Availability, EventStatus, Observation
from watchers.providers import shapes
from watchers.providers.pages.charsets import text_of
from watchers.providers.pages.facts import facts, status, unread
from watchers.providers.pages.jsonld import NotJsonError, value_of
from watchers.providers.pages.markup import Page, page_of
from watchers.providers.pages.nodes import Node, Nodes
from watchers.providers.pages.offers import asked_for, offer_count, offers_of
from watchers.providers.pages.pricing import Priced, agreed, priced
from watchers.providers.pages.things import main_thing
from watchers.target import Target

LARGEST = 5_000_000
UNKNOWN_PAGE = "https://unknown.invalid/"

OUR_FAULT = "The page could not be read; that is a fault of this program."
_TOO_LARGE = "The page is larger than 5 MB; not read."
_NO_SALE = (EventStatus.CANCELLED, EventStatus.POSTPONED)


class Read(msgspec.Struct, frozen=True):
    """What a page says, and when the same page may say something else (a sale begins or ends)."""

    observation: Observation
    changes_at: datetime | None = None


def read(markup: bytes, charset: str | None, url: str, target: Target, now: datetime) -> Read:
    """What the page at ``url`` says about its event or product.

    Args:
        markup: The body as it came.
        charset: As the server said it, if it did; a wrong one does no harm.
        url: Where the page was found, after redirects.
        target: What was asked.
        now: Aware UTC.
    """
    if len(markup) > LARGEST:
        return Read(Observation(target, now, url=shapes.url(url), problems=(_TOO_LARGE,)))
    try:
        return _observed(page_of(text_of(markup, charset), url), url, target, now)
    except Exception:  # noqa: BLE001 - one stranger's page must not stop the looks at all others
        return Read(Observation(target, now, url=shapes.url(url), problems=(OUR_FAULT,)))


def observe(markup: bytes, charset: str | None, url: str, target: Target, now: datetime) -> Observation:
    """The observation alone."""
    return read(markup, charset, url, target, now).observation


def read_recorded(body: bytes, now: datetime) -> list[Observation]:
    """A page somebody saved: it is taken to be where it says itself that it is."""
    own = page_of(text_of(body[:LARGEST], None), UNKNOWN_PAGE).addresses
    url = next((one for one in own if shapes.url(one)), UNKNOWN_PAGE)
    return [observe(body, None, url, Target("page", item=url), now)]


def _observed(page: Page, url: str, target: Target, now: datetime) -> Read:
    tops, problems = _nodes(page)
    seen = Observation(target, now, url=shapes.url(url))
    chosen = main_thing(tops, page, url, whole=not problems)
    if chosen.problem:
        return Read(msgspec.structs.replace(seen, problems=(*problems, chosen.problem)))
    sale = agreed([_sale(node, url, now) for node in chosen.said])
    standing = status(chosen.said, sale.availability)
    sold_out = standing in _NO_SALE or sale.availability is Availability.UNAVAILABLE
    observation = msgspec.structs.replace(
        seen,
        **facts(chosen.said, url),
        status=standing,
        availability=Availability.UNAVAILABLE if sold_out else sale.availability,
        condition=sale.condition,
        listing_count=next((n for one in chosen.said if (n := offer_count(one)) is not None), None),
        onsale_at=sale.onsale_at,
        prices=() if sold_out else sale.prices,
        problems=(*problems, *filter(None, [unread(chosen.said)]), *(sale.problems or _no_offer(sale))),
    )
    return Read(observation, sale.changes_at)


def _sale(thing: Node, url: str, now: datetime) -> Priced:
    offers, cut = offers_of(thing, now)
    return priced(asked_for(offers, url), cut=cut) if offers else Priced()


def _no_offer(sale: Priced) -> tuple[str, ...]:
    return ("The page names no price.",) if sale == Priced() else ()


def _nodes(page: Page) -> tuple[Sequence[Node], tuple[str, ...]]:
    """Everything the page describes, and what of it could not be read."""
    values, bad = [], 0
    for block in page.blocks:
        try:
            values.append(value_of(block))
        except NotJsonError:
            bad += 1
    nodes = Nodes()
    tops = nodes.read([*values, *page.items])
    nodes.joined()
    told = {
        f"{bad} of {len(page.blocks)} blocks of JSON-LD cannot be read.": bad,
        "The page breaks off in the middle of what it describes.": page.broken_off,
        "The page says more than is read; what is missing may change its meaning.": page.cut or nodes.cut,
    }
    return [] if nodes.cut else tops, tuple(problem for problem, holds in told.items() if holds)
