"""What is news without a price: a new listing, back in stock, announced or moved dates.

Pure, and part of ``rules.decide``. The first look at anything is silent, and what was once told is
remembered by its content, so that neither a crash nor a source that flips back and forth tells it twice.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from watchers.announcements import announced
from watchers.history import History
from watchers.memory import TargetState
from watchers.models import Reason
from watchers.money import PriceKey
from watchers.observation import Availability, Observation
from watchers.watch import BackInStock, NewListing, StatusChange, Watch

SAME_NEWS = timedelta(days=1)  # the same facts are not news again within this time
_KEPT_LISTINGS, _KEPT_FACTS = 200, 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one condition says; ``episode`` and ``step`` identify the alert where it fires."""

    condition: int
    reason: Reason
    key: PriceKey | None = None
    price: int | None = None
    was: int | None = None
    detail: str | None = None
    about: Observation | None = None
    episode: str = ""
    step: int = 0


def notices(
    watch: Watch, memory: TargetState, before: History, now: Observation
) -> tuple[TargetState, list[Verdict]]:
    """What every condition that needs no price says, and what to remember of it."""
    verdicts = []
    for index, condition in enumerate(watch.conditions):
        if isinstance(condition, NewListing):
            memory, verdict = _decide_listings(index, memory, before, now)
        elif isinstance(condition, BackInStock):
            memory, verdict = _decide_stock(index, memory, before, now)
        elif isinstance(condition, StatusChange):
            memory, verdict = _decide_facts(index, memory, before, now)
        else:
            continue
        verdicts.append(verdict)
    return memory, verdicts


def _told(memory: TargetState, verdict: Verdict, name: str, **update: object) -> tuple[TargetState, Verdict]:
    memory = memory.model_copy(update={"steps": memory.steps + 1, **update})
    return memory, replace(verdict, episode=f"{name}:{memory.steps}")


def _decide_listings(
    index: int, memory: TargetState, before: History, now: Observation
) -> tuple[TargetState, Verdict]:
    verdict = Verdict(index, Reason.NOT_KNOWN)
    if now.listings is None:
        return memory, verdict
    if before.listed is None:
        return memory, replace(verdict, reason=Reason.FIRST_LOOK)
    told = set(memory.listings_told)
    fresh = {
        listing.target.item: listing
        for listing in now.listings
        if listing.target.item and listing.target.item not in before.listed
    }
    unheard = {item: listing for item, listing in fresh.items() if item not in told}
    if not unheard:
        return memory, replace(verdict, reason=Reason.ALREADY_TOLD if fresh else Reason.NOT_TRUE)
    first, *others = unheard.values()
    detail = f"and {len(others)} more" if others else None
    verdict = replace(verdict, reason=Reason.NEW_LISTING, detail=detail, about=first)
    kept = (*memory.listings_told, *unheard)[-_KEPT_LISTINGS:]
    return _told(memory, verdict, "listing", listings_told=kept)


def _decide_stock(
    index: int, memory: TargetState, before: History, now: Observation
) -> tuple[TargetState, Verdict]:
    """Told once; then again only after it was gone for two looks."""
    verdict = Verdict(index, Reason.NOT_TRUE)
    if now.availability is Availability.UNKNOWN:
        return memory, replace(verdict, reason=Reason.NOT_KNOWN)
    if not before.availability:
        return memory, replace(verdict, reason=Reason.FIRST_LOOK)
    last, told_at = before.availability[-1], memory.restock_told_at
    if now.availability is Availability.UNAVAILABLE or last.value is Availability.AVAILABLE:
        return memory, verdict
    if told_at is not None and (last.last_at <= told_at or last.looks < 2):  # noqa: PLR2004 - two looks
        return memory, replace(verdict, reason=Reason.ALREADY_TOLD)
    return _told(memory, replace(verdict, reason=Reason.BACK_IN_STOCK), "stock", restock_told_at=now.at)


def _decide_facts(
    index: int, memory: TargetState, before: History, now: Observation
) -> tuple[TargetState, Verdict]:
    verdict = Verdict(index, Reason.NOT_TRUE)
    if before.facts is None:
        return memory, replace(verdict, reason=Reason.FIRST_LOOK)
    after = before.facts.after(now)
    if not (changes := list(announced(before.facts, after, now.at))):
        return memory, verdict
    told_at = memory.facts_told.get(after.fingerprint)
    if told_at is not None and now.at - told_at < SAME_NEWS:
        return memory, replace(verdict, reason=Reason.ALREADY_TOLD)
    latest = sorted(memory.facts_told.items(), key=lambda told: told[1])[-_KEPT_FACTS:]
    kept = dict(latest) | {after.fingerprint: now.at}
    verdict = replace(verdict, reason=Reason.STATUS_CHANGED, detail="; ".join(changes))
    return _told(memory, verdict, "status", facts_told=kept)
