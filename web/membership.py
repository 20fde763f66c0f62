"""What plans hold, for pages and the API: whether there is room for one more watch, and what is used.

The form asks before it writes; the worker's copy (``watchers.jobs``) is what enforces it, whoever wrote.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from notifiers import contacts, tallies
from notifiers.limits import Limits
from watchers import seats
from watchers.documents import Document, Documents
from watchers.models import Person
from watchers.places import Places
from watchers.tiers import Tier, is_nearly_full
from watchers.tiers import no_room as why_full
from web import entry
from web.site import site


@dataclass(frozen=True, slots=True)
class Used:
    """How much of something is used, of how much."""

    number: int
    of: int

    @property
    def left(self) -> int:
        """How much is left."""
        return max(0, self.of - self.number)

    @property
    def is_full(self) -> bool:
        """Whether nothing is left."""
        return self.number >= self.of

    @property
    def is_nearly_full(self) -> bool:
        """Whether it must be said that little is left."""
        return is_nearly_full(self.number, self.of)


@dataclass(frozen=True, slots=True)
class Membership:
    """What one person's plan holds, and what of it is used.

    Attributes:
        tier: What the plan holds.
        watches: Those that have a seat.
        waiting: Watches that were refused for want of room, and begin by themselves.
        texts: Segments of texts this month, by the person's own calendar; ``None``: nobody can tell.
        has_own_texts: Whether an operator granted them a number of texts, whatever the plan says.
    """

    tier: Tier
    watches: Used
    waiting: int
    texts: Used | None
    has_own_texts: bool


def membership(
    documents: Documents, places: Places, limits: Limits, person: Person, now: datetime
) -> Membership:
    """What this person's plan holds and what is used: two reads.

    Raises:
        StoreUnavailableError: nothing is known.
    """
    tier, held = limits.tiers.of(person.plan), seats.read(documents, places, person.uid)
    return Membership(
        tier,
        Used(len(held.held), tier.watches),
        len(held.waiting),
        _texts(documents, limits, person, now),
        person.texts_granted is not None and limits.texts_of(person) == person.texts_granted,
    )


def _texts(documents: Documents, limits: Limits, person: Person, now: datetime) -> Used | None:
    try:
        kept = tallies.from_document(person.uid, documents.get(tallies.path(person.uid)))
    except ValueError:
        return None
    return Used(kept.at(now, contacts.zone_of(person)).segments, limits.texts_of(person))


# ── before a watch is saved ──────────────────────────────────────────────────────────────────────────────


def tier() -> Tier:
    """What the plan of whoever is signed in holds."""
    document = entry.document()
    return site().limits.tiers.of(document.fields.get("plan") if document else None)


def going_on(sources: Iterable[Document]) -> int:
    """How many of these watches are not ended: those that a plan counts."""
    return sum(str(source.fields.get("status", "active")).lower() != "ended" for source in sources)


def no_room(others: Iterable[Document]) -> str | None:
    """Why whoever is signed in, and has these watches, cannot have one more; ``None`` when they can."""
    return why_full(tier(), going_on(others))


def room(others: Iterable[Document]) -> int:
    """How many more watches whoever is signed in, and has these, can have."""
    return max(0, tier().watches - going_on(others))
