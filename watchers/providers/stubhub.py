"""StubHub's Catalog API: events, and what the cheapest ticket is offered for by other fans.

https://viagogo.github.io/stubhub-api-docs/

Settings: ``STUBHUB_CLIENT_ID`` and ``STUBHUB_CLIENT_SECRET`` (without them the provider is off; StubHub gives
them out on request, and rarely: api.support@stubhub.com), ``STUBHUB_BASE_URL``, ``STUBHUB_ACCOUNT_URL``
(where tokens come from), ``STUBHUB_CALLS_PER_DAY`` and ``STUBHUB_CALLS_PER_SECOND``.

One event is asked for by its id; several at once by a list, which leaves out what it does not know. Events
are merged: an old id may be answered with another event. That is never taken for the one that was asked for,
and the new id has to be watched instead.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from watchers.errors import OutOfQuotaError, ProviderError, ProviderUnavailableError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings, shapes
from watchers.providers.base import Fetched
from watchers.providers.catalog.answers import NotFoundError, Page, SlowDownError, error_of, page_of
from watchers.providers.catalog.event import NAME, entry, event_id, observe
from watchers.providers.catalog.search import found, question
from watchers.providers.links import Link
from watchers.providers.recordings import recordings
from watchers.providers.tokens import Client, Tokens
from watchers.quota import Budget, Quota
from watchers.target import Search, Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

BASE_URL, ACCOUNT_URL = "https://api.stubhub.net", "https://account.stubhub.com"
SCOPE = "read:events"
# StubHub documents no limit; this is what we hold to be modest.
CALLS_PER_DAY, CALLS_PER_SECOND = 2000, 1.0
PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=24)
EVENTS_A_CALL = 50  # nobody documents a limit
PAGE = 100  # the default: https://viagogo.github.io/stubhub-api-docs/docs/overview/pagination
MAX_PAGES = 4

_EVENT = re.compile(r"[1-9][0-9]{3,11}")
_RESALE_ONLY = to_say("StubHub publishes resale prices only; choose resale or any.")
_MANY = to_say("Only the first 400 results can be read; narrow the search.")
_HEADERS = {"Accept": "application/hal+json, application/json"}


class Stubhub:
    """Asks StubHub's catalogue; implements ``Provider``. No key stands in any error, log line or ``repr``."""

    def __init__(
        self,
        client: "httpx.Client | None",
        client_id: str,
        secret: str,
        base_url: str = BASE_URL,
        account_url: str = ACCOUNT_URL,
        calls_per_day: int = CALLS_PER_DAY,
        calls_per_second: float = CALLS_PER_SECOND,
    ) -> None:
        self.name = NAME
        self.quota = Quota(calls_per_day, timedelta(days=1), calls_per_second)
        self._root = f"{base_url}/catalog/events"
        login = Client(NAME, f"{account_url}/oauth2/token", client_id, secret, SCOPE)
        self._tokens = Tokens(http.Connections(client), login)

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> "Stubhub | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        client_id = settings.given(env, "STUBHUB_CLIENT_ID")
        secret = settings.given(env, "STUBHUB_CLIENT_SECRET")
        if client_id is None or secret is None:
            return SwitchedOff(NAME, f"STUBHUB_CLIENT_{'SECRET' if client_id else 'ID'} is not set")
        return cls(
            client,
            client_id,
            secret,
            settings.base_url(env, "STUBHUB_BASE_URL", BASE_URL),
            settings.base_url(env, "STUBHUB_ACCOUNT_URL", ACCOUNT_URL),
            settings.whole_number(env, "STUBHUB_CALLS_PER_DAY", CALLS_PER_DAY),
            settings.rate(env, "STUBHUB_CALLS_PER_SECOND", CALLS_PER_SECOND),
        )

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if filters.min_quantity or filters.sections:
            return say("StubHub's catalogue does not say which seats are offered, nor how many.")
        if filters.basis not in (None, Basis.RESALE):
            return say(_RESALE_ONLY)
        if target.country:
            return say("Put the country into the search; an event has its own.")
        if target.search is not None:
            return _search_refusal(target.search)
        if filters.weekdays:
            return say("Weekdays narrow a search; an event has its own day.")
        return _id_refusal(target.item or "")

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """See ``providers.Kind``: the number behind ``/event/``."""
        found = re.search(r"/event/([1-9][0-9]{3,11})(?:/|$)", link.path)
        return Target(NAME, found[1]) if found and link.is_of("stubhub.com", "stubhub.co.uk") else None

    @staticmethod
    def cannot_see(_target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``."""
        if condition.basis is not None:
            return None if condition.basis in ("any", Basis.RESALE) else say(_RESALE_ONLY)
        if condition.kind is Kind.BACK_IN_STOCK:
            return say("StubHub never says that an event is sold out; choose below, drop or status.")
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """Events by fifty; then every search alone."""
        items = [target for target in targets if target.search is None]
        lists = [items[start : start + EVENTS_A_CALL] for start in range(0, len(items), EVENTS_A_CALL)]
        return [*lists, *([target] for target in targets if target.search is not None)]

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about one of ``batches``; see ``Provider``.

        Codes of failures: ``not_found``, ``merged`` (another event is answered), ``missing`` from a list,
        ``malformed``, ``bad_id`` (never asked).
        """
        if batch and (search := batch[0].search):
            return self._search(batch[0], search, budget, now)
        askable = [target for target in batch if _EVENT.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        failures = {target.id: "bad_id" for target in batch if target.id not in asked}
        answers = self._events([target.item or "" for target in askable], budget, now) if askable else {}
        seen: dict[str, Observation] = {}
        for target in askable:
            answer = answers[target.item or ""]
            if isinstance(answer, str):
                failures[target.id] = answer
            else:
                seen[target.id] = observe(answer, target, now)
        return Fetched(seen, failures)

    def _events(
        self, ids: Sequence[str], budget: Budget, now: datetime
    ) -> dict[str, Mapping[str, Any] | str]:
        """Each id's event, or the code of a failure."""
        if len(set(ids)) == 1:
            return {ids[0]: self._by_id(ids[0], budget, now)}
        asked = msgspec.json.encode({"event_ids": [int(one) for one in dict.fromkeys(ids)]})
        page = page_of(self._ask("PUT", "", budget, now, asked))
        if page is None:
            return dict.fromkeys(ids, "malformed")
        events = {event_id(event): event for event in page.events}
        return {one: events.get(one, "missing") for one in ids}

    def _by_id(self, asked: str, budget: Budget, now: datetime) -> Mapping[str, Any] | str:
        try:
            event = shapes.mapping(self._ask("GET", f"/{asked}", budget, now))
        except NotFoundError:
            return "not_found"
        answered = event_id(event)
        if answered is None:
            return "malformed"
        return event if answered == asked else "merged"

    def _search(self, target: Target, search: Search, budget: Budget, now: datetime) -> Fetched:
        """To its end, or its first 400 results."""
        first = self._page(search, 1, budget, now)
        if first is None:
            return Fetched(failures={target.id: "malformed"})
        pages, count = [first], min(first.pages, MAX_PAGES)
        if budget.left < count - 1:  # some of the pages are worth nothing: do not spend on them
            raise OutOfQuotaError(f"{NAME}: too few calls are left for {count} pages")
        for number in range(2, count + 1):
            further = self._page(search, number, budget, now)
            if further is None or further.number != number:
                raise ProviderUnavailableError(f"{NAME}: page {number} of a search is missing")
            pages.append(further)
        seen = found(target, search, [event for page in pages for event in page.events], now)
        if first.pages > MAX_PAGES:
            seen = replace(seen, problems=(*seen.problems, _MANY))
        return Fetched({target.id: seen})

    def _page(self, search: Search, number: int, budget: Budget, now: datetime) -> Page | None:
        return page_of(self._ask("GET", f"/search?{urlencode(question(search, number, PAGE))}", budget, now))

    def _ask(
        self, method: str, path: str, budget: Budget, now: datetime, content: bytes | None = None
    ) -> object:
        headers = _HEADERS | ({"Content-Type": "application/json"} if content else {})
        answer = self._tokens.ask(
            method, f"{self._root}{path}", budget, now, headers=headers, content=content
        )
        body = answer.json(NAME) if answer.status == http.OK else answer.error_json(NAME)
        if error := error_of(answer.status, body):
            if isinstance(error, SlowDownError):
                budget.block_until(http.retry_at(answer.headers, now, PAUSE, LONGEST_PAUSE))
            raise error
        return body

    # ── recorded answers ─────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """The events of recorded pages, or recorded events; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            if error := error_of(one.status, one.body):
                raise error
            page, single = page_of(one.body), shapes.mapping(one.body)
            if page is None and not (event_id(single) and "start_date" in single):
                raise ProviderError(f"{NAME}: this is no answer of the Catalog API")
            seen += [entry(event, now) for event in (page.events if page else [single])]
        return seen


def _search_refusal(search: Search) -> str | None:
    if not search.keyword:
        return say("A search on StubHub needs a keyword; city, country and days narrow it.")
    if search.category:
        return say("StubHub's search has no categories by name; leave the category out.")
    return None


def _id_refusal(asked: str) -> str | None:
    if _EVENT.fullmatch(asked):
        return None
    if pasted := re.search(r"/event/([1-9][0-9]{3,11})\b", asked):
        return say("Give the event's number alone; in this address it is {id}.", id=pasted[1])
    return say("A StubHub event is a number of 4 to 12 digits; in a web address it stands behind /event/.")
