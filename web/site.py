"""What every page needs, handed to ``create_app`` once: no page reads the environment or a clock."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Never, TypedDict, cast

from flask import current_app, g

from notifiers.base import Report
from notifiers.limits import Limits
from notifiers.links import Links
from watchers.asked import Refusal
from watchers.catalog import Catalog
from watchers.documents import Documents
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.language import Sayings, say, to_say
from watchers.places import Places
from watchers.providers.base import Provider
from watchers.usage import Meter
from web.account.doors import Doors
from web.boards import Boards
from web.memo import Memo
from web.pace import Pace
from web.plans import Plans
from web.traffic import Traffic

EXTENSION = "ticket_scout"
_PLAYED = Sayings({"Market": to_say("shops"), "Phone": to_say("texts"), "Mailbox": to_say("e-mails")})


class Link(TypedDict):
    """One entry of the header that leads out of the product; ``SANDBOX_LINKS`` is a JSON list of these."""

    name: str
    url: str


def invented(links: Iterable[Link]) -> str:
    """What is the sandbox's and what is real, in one sentence; a part that is played has a link."""
    names = {link["name"] for link in links}
    played = say(" and ").join(what for name, what in _PLAYED.items() if name in names)
    real = say(" and ").join(what for name, what in _PLAYED.items() if name not in names)
    if not real:
        return say("nothing here is sold or sent for real.")
    return say("only {played} are invented; {real} are real.", played=played, real=real)


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
        copies: Who had a copy of all their data how often: it costs a read for each alert there ever was.
        doors: How people may come in.
        calls: Which program asked the API how often.
        strangers: From which network tokens that are none were sent how often.
        tick_every: How often the worker is run.
        channels: Each way of telling people, ``on`` or why it is off; worked out when somebody asks.
        store: What the database is, and ``version`` what runs here, as far as that is known.
        text_price: What one segment of a text costs, in US dollars.
        metrics_token: Who names it may read ``/metrics``; without it there is no such page.
        meter: Counts document operations.
        memo: What is remembered for some seconds, so that asking again costs nothing.
        traffic: The requests that this process has answered.
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
    copies: Pace = field(default_factory=lambda: Pace(most=5, per=timedelta(hours=1)))
    doors: Doors = field(default_factory=Doors)
    calls: Pace = field(default_factory=lambda: Pace(600, timedelta(minutes=5)))
    strangers: Pace = field(default_factory=lambda: Pace(600, timedelta(minutes=5)))
    tick_every: timedelta = timedelta(minutes=1)
    channels: Callable[[], Mapping[Channel, str]] = dict
    store: str = ""
    version: str = ""
    text_price: Decimal = Decimal(0)
    metrics_token: str | None = field(default=None, repr=False)
    meter: Meter | None = None
    memo: Memo = field(default_factory=Memo)
    traffic: Traffic = field(default_factory=Traffic)
    boards: Boards = field(default_factory=Boards)

    @property
    def links(self) -> Links:
        """The addresses that messages carry."""
        return Links(self.public_url, self.secret_key)

    def plans(self) -> Plans:
        """How watches are served at this moment."""
        return Plans(self.documents, self.asked, self.now(), self.shortest, self.boards)


class Silent:
    """A database that answers nothing. See ``watchers.documents.Documents``."""

    def __init__(self) -> None:
        self.operations = Counter[str]()

    def _say(self, *_: object) -> Never:
        raise StoreUnavailableError("the database did not say who is signed in: try again later")

    get = get_many = commit = find = count = _say


def silence() -> None:
    """For the rest of this request the database answers nothing: nobody knows whose it is."""
    g.is_silent = True


def site() -> Site:
    """The surroundings of the request being answered."""
    known = cast("Site", current_app.extensions[EXTENSION])
    return replace(known, documents=Silent()) if g.get("is_silent") else known
