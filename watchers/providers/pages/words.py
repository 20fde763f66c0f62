"""What the words of offers mean: schema.org's own, and those that sellers put into names.

A word too many here costs a price, which is reported; one too few could be a false alarm.
"""

import re
from typing import Any

from watchers.money import Basis
from watchers.observation import Availability, ItemCondition
from watchers.providers.pages.nodes import Node

# https://schema.org/ItemAvailability . On back order, in a presale, only in a shop: nobody can say for whom.
_AVAILABILITY = {
    **dict.fromkeys(
        ("instock", "limitedavailability", "onlineonly", "preorder", "madetoorder", "available"),
        Availability.AVAILABLE,
    ),
    **dict.fromkeys(
        ("soldout", "outofstock", "discontinued", "reserved", "unavailable", "notavailable"),
        Availability.UNAVAILABLE,
    ),
}
# https://schema.org/OfferItemCondition
_CONDITIONS = {
    "new": ItemCondition.NEW,
    "used": ItemCondition.USED,
    "damaged": ItemCondition.USED,
    "refurbished": ItemCondition.REFURBISHED,
    "openbox": ItemCondition.OPEN_BOX,
}
_GIVEN_AWAY = (
    (
        re.compile(r"\bopen[- ]?box\b|\bb[- ]?stock\b|\bex[- ]?display\b", re.IGNORECASE),
        ItemCondition.OPEN_BOX,
    ),
    (re.compile(r"\b(refurb\w*|renewed|reconditioned)\b", re.IGNORECASE), ItemCondition.REFURBISHED),
    (re.compile(r"\b(pre-?owned|second[- ]?hand)\b", re.IGNORECASE), ItemCondition.USED),
)
_NOT_FOR_ALL = re.compile(
    r"""\b(
    student\w*|estudiant\w*|étudiant\w*|studierende\w*|schüler\w*|pupil\w*|teacher\w*|faculty|staff|alumni
    | child(ren)?|kids?|youth|junior\w*|teen\w*|infant\w*|toddler\w*|kind(er)?|enfants?|niñ[oa]s?|bambin[io]
    | (under|over)[- ]?[0-9]+ | senior\w*|pensioner\w*|concession\w*
    | reduced|réduit|reducid[oa]|ridotto|ermäßigt\w*
    | members?|membership|mitglied\w*|socios?|subscriber\w*|loyalty|military|veteran\w*|first[- ]responder\w*
    | disab\w+|wheelchair|carer\w*|companion|residents?|locals?|groups?|family|familie\w*
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NOT_THE_THING = re.compile(
    r"""\b(
    deposit|instal?lments?|donation|parking|upgrade|add[- ]?on|gift[- ]?card|voucher|rental|rent|trial|sample
    | auction|bids?|bidding|subastas?|enchères | approx\w*|estimated?|converted|equivalent
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ALL_IN = re.compile(
    r"\ball[- ]in\b|\bincl(\.|uding|udes|usive of)?\s+(all\s+)?(taxes and )?fees\b|\bfees\s+included\b",
    re.IGNORECASE,
)
_NOT_ALL_IN = re.compile(r"\b(not|excl\w*|before|plus|without|no)\b", re.IGNORECASE)
_RESALE = re.compile(r"\b(re-?sale|resold|fan[- ]to[- ]fan|reventa)\b", re.IGNORECASE)
_FACE = re.compile(r"\bface[- ]value\b", re.IGNORECASE)


def availability_of(node: Node) -> Availability:
    """What it says in one of schema.org's words (of contradicting ones, nothing), or by having none left."""
    if any(_is_none(one) for one in node.all("inventorylevel") + node.all("offercount")):
        return Availability.UNAVAILABLE
    words = {_word(one) for one in node.words("availability")}
    meant = {_AVAILABILITY.get(word, Availability.UNKNOWN) for word in words}
    return meant.pop() if len(meant) == 1 else Availability.UNKNOWN


def _is_none(amount: Any) -> bool:
    if isinstance(amount, Node):
        return any(_is_none(one) for one in amount.all("value") if not isinstance(one, Node))
    return bool(re.fullmatch(r"0+([.]0+)?", str(amount).strip()))


def condition_of(node: Node) -> ItemCondition | None:
    """As its name or description gives away, or as it says."""
    name = node.text("name") or ""
    told = f"{name} {node.text('description') or ''}"
    given_away = next((meant for pattern, meant in _GIVEN_AWAY if pattern.search(told)), None)
    said = {_CONDITIONS.get(_word(one).removesuffix("condition")) for one in node.words("itemcondition")}
    return given_away or (said.pop() if len(said) == 1 else None)


def basis_of(label: str, description: str) -> Basis:
    """A page's price is a list price unless it says otherwise."""
    if _RESALE.search(label):
        return Basis.RESALE
    if any(_ALL_IN.search(said) and not _NOT_ALL_IN.search(said) for said in (label, description)):
        return Basis.ALL_IN
    return Basis.FACE if _FACE.search(label) else Basis.LISTING


def refusal(label: str) -> str | None:
    """Why what is called so is not the thing for everybody, as a sentence; ``None`` when it may be."""
    if _NOT_FOR_ALL.search(label):
        return "An offer is not for everybody; not used."
    if _NOT_THE_THING.search(label):
        return "An offer is not a sale of the thing itself, or its price is not final; not used."
    return None


def _word(written: str) -> str:
    """``InStock``, ``In stock`` -> ``instock``."""
    return re.sub(r"[^a-z]", "", written.lower())
