"""What plans hold, for pages and the API: whether there is room for one more watch, and what is used.

The form asks before it writes; the worker's copy (``watchers.jobs``) is what enforces it, whoever wrote.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from notifiers import contacts, tallies
from watchers.documents import Document
from watchers.models import Person
from watchers.tiers import Tier, is_nearly_full
from watchers.tiers import no_room as why_full
from web import entry
from web.site import site


@dataclass(frozen=True, slots=True)
class Used:
    """How much of something is used, of how much: ``watches`` or ``texts`` (segments this month)."""

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


def texts(person: Person, now: datetime) -> Used:
    """Segments of texts this month, by the person's own calendar (one read).

    Raises:
        ValueError: nobody can tell: what was counted cannot be read.
    """
    kept = tallies.from_document(person.uid, site().documents.get(tallies.path(person.uid)))
    sent = kept.at(now, contacts.zone_of(person)).segments
    return Used(sent, site().limits.texts_of(person))
