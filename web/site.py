"""What every page needs, handed to ``create_app`` once: no page reads the environment or a clock."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict, cast

from flask import current_app

from notifiers.base import Report
from notifiers.limits import Limits
from notifiers.links import Links
from watchers.asked import Refusal
from watchers.catalog import Catalog
from watchers.documents import Documents
from watchers.places import Places
from watchers.providers.base import Provider
from web.boards import Boards
from web.pace import Pace
from web.plans import Plans

EXTENSION = "ticket_scout"
_PLAYED = {"Market": "shops", "Phone": "texts", "Mailbox": "e-mails"}


class Link(TypedDict):
    """One entry of the header that leads out of the product; ``SANDBOX_LINKS`` is a JSON list of these."""

    name: str
    url: str


def invented(links: Iterable[Link]) -> str:
    """What is the sandbox's and what is real, in one sentence; a part that is played has a link."""
    names = {link["name"] for link in links}
    played = " and ".join(what for name, what in _PLAYED.items() if name in names)
    real = " and ".join(what for name, what in _PLAYED.items() if name not in names)
    return (
        f"only {played} are invented; {real} are real." if real else "nothing here is sold or sent for real."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The surroundings of the pages.

    Attributes:
        documents: The database.
        places: Where documents lie.
        refusal: Why a target cannot be watched; what the worker itself asks.
        secret_key: Signs cookies, entry links and undo forms.
        public_url: Scheme and host people see; ``https`` makes the cookie Secure.
        providers: By name, ``on`` or why it is off; in the order of the form.
        now: The time, aware UTC.
        local_person: Who is signed in by itself, on this machine only.
        learn: What to do with a vendor's report on the message of the alert with this id; may be told the
            same twice, late, or of an alert that is unknown. Raises ``StoreError`` to be told again.
        twilio_token: What Twilio signs its requests with; without it none is believed.
        limits: How much anybody is sent; the usual if nothing is said.
        asked: Those of ``providers`` that are on: how often they may be asked is their own to say.
        shortest: How often a target is looked at when nothing is short.
        operators: Who may see the operators' pages, besides ``local_person``.
        catalog: All markets, to search; without it there is no such page.
        refused: Counts what Twilio did not sign, by why.
        searches: Who searched how often.
        boards: What pages have read of the boards, for all of them.
    """

    documents: Documents
    places: Places
    refusal: Refusal
    secret_key: str
    public_url: str
    providers: Mapping[str, str]
    now: Callable[[], datetime]
    local_person: str | None = None
    learn: Callable[[str, Report], object] | None = None
    twilio_token: str | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    asked: Mapping[str, Provider] = field(default_factory=dict)
    shortest: timedelta = timedelta(minutes=1)
    operators: Collection[str] = ()
    catalog: Catalog | None = None
    refused: Counter[str] = field(default_factory=Counter)
    searches: Pace = field(default_factory=Pace)
    boards: Boards = field(default_factory=Boards)

    @property
    def links(self) -> Links:
        """The addresses that messages carry."""
        return Links(self.public_url, self.secret_key)

    def plans(self) -> Plans:
        """How watches are served at this moment."""
        return Plans(self.documents, self.asked, self.now(), self.shortest, self.boards)


def site() -> Site:
    """The surroundings of the request being answered."""
    return cast("Site", current_app.extensions[EXTENSION])
