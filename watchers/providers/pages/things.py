"""Which thing a page is about: its event or product, and never a related one.

What counts, in this order: the page's ``mainEntity``; a thing whose address is the page's; a thing whose name
stands in the page's title. A thing that stands alone counts unless it has an address elsewhere: a venue's
page with one concert left is not that concert's page. Things in lists, and those on a page that could be
read in part only, need one of the first three.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from watchers.providers.pages.markup import Page, absolute
from watchers.providers.pages.nodes import Node

MOST = 500
_PRODUCTS = frozenset(("product", "productgroup", "individualproduct", "productmodel", "someproducts"))
# Sold now and then; without offers they only say what the page is made of.
_SOLD = frozenset(("vehicle", "car", "book", "videogame", "softwareapplication", "course", "service", "trip"))
_NO_EVENTS = frozenset(("publicationevent", "broadcastevent", "ondemandevent", "deliveryevent"))
_MAIN, _TOP, _LISTED = range(3)
_LEADS_TO = {
    "mainentity": _MAIN,
    "@graph": None,  # as main as what holds it
    "itemlistelement": _LISTED,
    "item": _LISTED,
    "event": _LISTED,
    "events": _LISTED,
    "makesoffer": _LISTED,
    "itemoffered": _LISTED,
}
_DEEPEST = 12
_MOST_SAID = 5
_TO_THE_MINUTE = len("2026-12-31T19:30")
_ADDRESSES = ("url", "@id", "mainentityofpage")
_GATE = re.compile(
    r"robot check|captcha|just a moment|access denied|are you (a )?(human|robot)|pardon our interruption"
    r"|attention required",
    re.IGNORECASE,
)
_TRACKING = ("utm_", "gclid", "fbclid", "mc_", "ref", "source")


class Choice(msgspec.Struct, frozen=True):
    """``said`` is how it is described (JSON-LD and microdata may both do it), or there is a problem."""

    said: tuple[Node, ...] = ()
    problem: str | None = None


def is_event(node: Node) -> bool:
    """An Event of any kind, such as a MusicEvent, a SportsEvent, or a Festival."""
    types = {one.lower() for one in node.types}
    return any(one.endswith("event") or one in ("festival", "eventseries") for one in types - _NO_EVENTS)


def is_thing(node: Node) -> bool:
    """What can be watched."""
    return is_event(node) or node.is_a(*_PRODUCTS) or (node.is_a(*_SOLD) and bool(node.all("offers")))


def main_thing(tops: Sequence[Node], page: Page, url: str, *, whole: bool) -> Choice:
    """The thing the page is about, or why that cannot be told; ``whole``: all that it says could be read."""
    found = [pair for top in tops for pair in _things(top, _TOP, 0, set())][:MOST]
    if not found:
        return Choice(problem=_why_nothing(page))
    nearest = min(rank for rank, _ in found)
    groups = _same([node for rank, node in found if rank == nearest])
    chosen = _this(groups, page, url, by_itself=nearest == _MAIN or (whole and nearest == _TOP))
    if chosen is None and len(groups) > 1:
        return Choice(problem=f"The page lists {len(groups)} things; watch one of their own pages.")
    if chosen is None:
        return Choice(
            problem="The page describes one thing but does not look like its own page; watch that page."
        )
    if len(chosen) > _MOST_SAID:
        return Choice(problem="The page describes one thing many times; which of them counts is not clear.")
    return Choice(chosen)


def _this(
    groups: Sequence[tuple[Node, ...]], page: Page, url: str, *, by_itself: bool
) -> tuple[Node, ...] | None:
    """The one that the page is about; ``by_itself``: one that stands alone may be it without evidence."""
    own = [_address(one) for one in (url, *page.addresses)]
    for evidence in (_exactly_here, _here):
        here = [one for one in groups if evidence(one, own, url)]
        if len(here) == 1:
            return here[0]
    titled = [one for one in groups if _in_title(one, page)]
    if len(titled) == 1:
        return titled[0]
    alone = len(groups) == 1 and by_itself and not _elsewhere(groups[0], url)
    return groups[0] if alone else None


def _why_nothing(page: Page) -> str:
    if any(_GATE.search(one) for one in page.headings):
        return "The page looks like a check for robots; such checks are never got round."
    return "The page describes no event or product that can be read."


def _things(node: Node, rank: int, depth: int, walked: set[int]) -> Iterator[tuple[int, Node]]:
    if depth > _DEEPEST or id(node) in walked or len(walked) > MOST * 10:
        return
    walked.add(id(node))
    if is_thing(node):
        yield rank, node
        return
    for name, leads_to in _LEADS_TO.items():
        deeper = rank if leads_to is None else (leads_to if leads_to == _MAIN else max(rank, leads_to))
        for child in node.nodes(name):
            yield from _things(child, deeper, depth + 1, walked)


def _same(nodes: Sequence[Node]) -> list[tuple[Node, ...]]:
    """By name and time: what is said twice is one thing."""
    groups: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        key = ((node.text("name") or "").casefold(), (node.text("startdate") or "")[:_TO_THE_MINUTE])
        groups.setdefault(key, []).append(node)
    return [tuple(group) for group in groups.values()]


# ── addresses ────────────────────────────────────────────────────────────────────────────────────────────

_Address = tuple[str, str, frozenset[tuple[str, str]]]


def _address(url: str) -> _Address:
    """Host, path and question; without what only tells a site where its visitors come from."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as half an IPv6 address
        return "", url, frozenset()
    asked = parse_qsl(parts.query, max_num_fields=200) if parts.query.count("&") < 200 else []  # noqa: PLR2004
    question = frozenset(pair for pair in asked if not pair[0].startswith(_TRACKING))
    return parts.netloc.lower().removeprefix("www."), unquote(parts.path).rstrip("/"), question


def _addresses(group: Sequence[Node], url: str, names: Sequence[str]) -> list[_Address]:
    values = [one for node in group for name in names for one in node.all(name)[:5]]
    texts = [one.text("@id", "url") if isinstance(one, Node) else one for one in values]
    return [_address(full) for one in texts if isinstance(one, str) and (full := absolute(url, one))]


def _exactly_here(group: Sequence[Node], own: Sequence[_Address], url: str) -> bool:
    return any(one in own for one in _addresses(group, url, _ADDRESSES))


def _here(group: Sequence[Node], own: Sequence[_Address], url: str) -> bool:
    """The same path, and no question on one of the two sides."""
    return any(
        one[:2] == page[:2] and not (one[2] and page[2])
        for one in _addresses(group, url, _ADDRESSES)
        for page in own
    )


def _elsewhere(group: Sequence[Node], url: str) -> bool:
    return bool(_addresses(group, url, ("url",)))


def _in_title(group: Sequence[Node], page: Page) -> bool:
    name = " ".join((group[0].text("name") or "").casefold().split())
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return bool(name) and any(word.search(" ".join(one.casefold().split())) for one in page.headings)
