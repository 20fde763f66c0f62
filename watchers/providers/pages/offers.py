"""All offers of a thing, flat.

Offers hide in ``AggregateOffer.offers``, in variants (``ProductGroup.hasVariant``), and in things that carry
a price themselves. What an inner one does not say, the outer one says for it. A page that is asked for by the
address of one of its offers (``?variant=7``) is about that one.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from urllib.parse import urlsplit

import msgspec

from watchers.providers.pages.markup import absolute
from watchers.providers.pages.nodes import Node
from watchers.providers.pages.offer import Around, Offer, labels_of, offer_of
from watchers.providers.pages.words import condition_of

MOST = 300
_DEEPEST = 6


def offers_of(thing: Node, now: datetime) -> tuple[list[Offer], bool]:
    """All offers of a thing, and whether there were more than are read."""
    around = Around(thing=thing.text("name"), condition=condition_of(thing))
    found = list(islice(_of_thing(thing, around, now, set()), MOST + 1))
    return found[:MOST], len(found) > MOST


def asked_for(offers: Sequence[Offer], url: str) -> list[Offer]:
    """Those that stand at exactly this address, if it asks for something and others stand elsewhere."""
    here = [one for one in offers if one.address and absolute(url, one.address) == url]
    return here if here and urlsplit(url).query else list(offers)


def offer_count(thing: Node) -> int | None:
    """How many offers the source says there are."""
    for node in thing.nodes("offers"):
        if re.fullmatch(r"[0-9]{1,7}", count := node.text("offercount") or ""):
            return int(count)
    return None


def _of_thing(thing: Node, around: Around, now: datetime, walked: set[int]) -> Iterator[Offer]:
    """Its own, then those of its variants; a tree may hold itself, so nothing is walked twice."""
    if id(thing) in walked or len(walked) > MOST:
        return
    walked.add(id(thing))
    nodes = thing.nodes("offers", "offer")
    for node in nodes:
        yield from _flat(node, around, now, 0)
    if not nodes and thing.all("price", "lowprice"):
        yield offer_of(thing, around, now)
    for variant in thing.nodes("hasvariant")[: MOST + 1]:
        labels = labels_of(variant, around.thing, ("name", "sku", "color", "size"))
        inner = msgspec.structs.replace(around.within(variant), labels=labels)
        yield from _of_thing(variant, inner, now, walked)


def _flat(node: Node, around: Around, now: datetime, depth: int) -> Iterator[Offer]:
    inner = node.nodes("offers")
    if not inner or depth > _DEEPEST:
        yield offer_of(node, around, now)
        return
    for one in inner:
        yield from _flat(one, around.within(node), now, depth + 1)
