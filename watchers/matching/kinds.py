"""What a market lists beside the event itself: a parking pass, a VIP package, a pass for four days.

It bears the event's name, place and hour and is not the event: only entries of one kind are ever the same.
"""

import re
from functools import lru_cache

from watchers.events import Event
from watchers.matching.finding import Finding, never
from watchers.matching.words import folded, words

_SEVERAL = "a pass for several days"
_KINDS = {
    "a parking pass": r"parking|car park|parkplatz|estacionamiento|shuttle|(coach|bus) travel"
    r"|park and ride|rv (lot|pass)",
    "a package": r"vip|packages?|hospitality|meet and greet|upgrades?|club level|paddock club|all inclusive"
    r"|table reservation|lawn chairs?|(premium|luxury|party|vip) suites?|suite (rental|experience)|suites$"
    r"|premium (club|seat\w*|experience)|club experience|ticket experience|hotel and|and hotel|debentures?"
    r"|send off|pit party|(?<!locker )rental$|host pass",
    "an offer to buy back": r"buy ?back",
    "a season ticket": r"season (tickets?|pass|membership)|membership|flex (plan|pack)",
    _SEVERAL: r"(?<!session )[2-9] days?\b(?! \d)"
    r"|weekend (ticket|pass)|abono|festival pass|[2-9] nights? (pass|ticket|package)",
    "a camping ticket": r"camping|campsite|glamping",
    "a tailgate": r"tailgat\w+",
    "a visit": r"(stadium|classic|walking|architectural|backstage|guided|studio|arena|ballpark) tours?"
    r"|tours? of|museum and",
    "a screening": r"screening|live in hd|sing along|(watch|viewing) party|broadcast|livestream|film$",
    "a lottery": r"lottery|raffle",
    "an after-show": r"after ?(show|party)|official after",
    "a weigh-in": r"weigh in",
    "an add-on": r"early (entry|access)|add ons?|(?<!in the )fast (lane|track|pass)|locker (rentals?|hire)"
    r"|pre ?(show|game|concert) (party|reception|experience|dinner)",
    "a deposit": r"(?<!safe )deposits?",
    "a voucher": r"(gift|merch|merchandise) (cards?|certificates?|vouchers?)|vouchers?$",
    "merchandise": r"merch(andise)? (bundles?|packs?|credit)|merchandise$",
    "a student's ticket": r"student (rush|tickets?|pass)|rush tickets?",
    "a rehearsal": r"(open|dress|general|public|working) rehearsals?",
    "admission to the grounds": r"grounds? (admission|pass)",
}
_KIND = {kind: re.compile(rf"\b(?:{pattern})") for kind, pattern in _KINDS.items()}
_DAYS = re.compile(r"(?<!session )\b([2-9]) (?:day|night)s?\b")
_LABELLED = re.compile(r"\s*(?:premium|suites?)\b[^:]{0,20}:|\s*[(\[]suites?[)\]]", re.IGNORECASE)
_SEATING = re.compile(r"\b(?:premium seating|(?:arena|center|stadium|garden|park) suites)$")


@lru_cache(maxsize=1 << 13)
def kinds(name: str, venue: str, category: str) -> frozenset[str]:
    """What the entry is instead of the event itself; empty for the event itself."""
    told = folded(name)
    found = {kind for kind, pattern in _KIND.items() if pattern.search(told)}
    if "a parking pass" in found or "parking" in (*words(venue), *words(category)):
        return frozenset({"a parking pass"})
    if _LABELLED.match(name) or _SEATING.search(folded(venue)):
        found.add("a package")
    if _SEVERAL in found and (days := _DAYS.search(told)):
        found = found - {_SEVERAL} | {f"a pass for {days[1]} days"}
    return frozenset(found)


def same_kind(a: Event, b: Event) -> Finding | None:
    """Ruled out when one is an entry beside the event, and the other is not or is another."""
    one, other = (kinds(event.name or "", event.venue or "", event.category or "") for event in (a, b))
    if one == other:
        return Finding(1.0, f"each is {' and '.join(sorted(one))}") if one else None
    said = [f"{letter} is {' and '.join(sorted(kind - rest))}" for letter, kind, rest in
            (("A", one, other), ("B", other, one)) if kind - rest]  # fmt: skip
    return never(" and ".join(said))
