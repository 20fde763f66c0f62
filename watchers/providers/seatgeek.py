"""SeatGeek's Platform API v2: events by id, and searches.

https://platform.seatgeek.com

Settings: ``SEATGEEK_CLIENT_ID`` (without it the provider is off; new accounts wait for approval for months,
https://github.com/seatgeek/api-support/issues/169), ``SEATGEEK_CLIENT_SECRET`` (if the account has one),
``SEATGEEK_BASE_URL``, ``SEATGEEK_CALLS_PER_DAY`` and ``SEATGEEK_CALLS_PER_SECOND``.

What it is good for is new listings and changed dates. Prices are published to partners only, since 2024
(``seatgeek_v2/stats.py``). https://seatgeek.com/api-terms asks that its listings be not shown beside those of
other sellers.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings
from watchers.providers.base import Fetched, Probe
from watchers.providers.links import Link
from watchers.providers.recordings import recordings
from watchers.providers.seatgeek_v2.answers import (
    A_PAGE,
    NAME,
    BadClientError,
    Page,
    error_of,
    event_id,
    event_of,
    page_of,
)
from watchers.providers.seatgeek_v2.calls import Calls
from watchers.providers.seatgeek_v2.event import COUNTRIES, observe
from watchers.providers.seatgeek_v2.items import Items
from watchers.providers.seatgeek_v2.items import question as list_of
from watchers.providers.seatgeek_v2.search import found, question
from watchers.providers.singly import Answers, fetched
from watchers.quota import Budget, Quota
from watchers.target import Search, Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

BASE_URL = "https://api.seatgeek.com"
# SeatGeek publishes no limit, and asks to be called "a few times a day": these are our own caution.
# https://github.com/seatgeek/api-support/issues/50
CALLS_PER_DAY, CALLS_PER_SECOND = 500, 1.0
MAX_PAGES = 5

_PRICES = to_say("SeatGeek publishes all-in and resale prices, to partners; choose all_in, resale or any.")
_ITEM = re.compile(r"[1-9][0-9]{0,11}")


class Seatgeek:
    """Asks SeatGeek; implements ``Provider``. Its keys stand in no error, log line or ``repr``."""

    def __init__(
        self,
        client: "httpx.Client | None",
        client_id: str,
        secret: str | None = None,
        base_url: str = BASE_URL,
        calls_per_day: int = CALLS_PER_DAY,
        calls_per_second: float = CALLS_PER_SECOND,
    ) -> None:
        self.name = NAME
        self.quota = Quota(calls_per_day, timedelta(days=1), calls_per_second)
        self._calls = Calls(http.Connections(client), client_id, secret, base_url)
        self._items = Items(self._calls)
        self._known: tuple[Target, ...] = ()  # what one probe leaves to the next

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> "Seatgeek | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        client_id = settings.given(env, "SEATGEEK_CLIENT_ID")
        if client_id is None:
            return SwitchedOff(NAME, "SEATGEEK_CLIENT_ID is not set")
        return cls(
            client,
            client_id,
            settings.given(env, "SEATGEEK_CLIENT_SECRET"),
            settings.base_url(env, "SEATGEEK_BASE_URL", BASE_URL),
            settings.whole_number(env, "SEATGEEK_CALLS_PER_DAY", CALLS_PER_DAY),
            settings.rate(env, "SEATGEEK_CALLS_PER_SECOND", CALLS_PER_SECOND),
        )

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if filters.min_quantity or filters.sections:
            return say("SeatGeek's public API does not say which seats are left, nor how many.")
        if filters.basis not in (None, Basis.ALL_IN, Basis.RESALE):
            return say(_PRICES)
        if target.search is not None:
            return _search_refusal(target, target.search)
        if target.country:
            return say("An event has one country; leave the country out.")
        if filters.weekdays:
            return say("Weekdays narrow a search; an event has its own day.")
        return _id_refusal(target.item or "")

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """See ``providers.Kind``: the number at the end of an event's address."""
        found = re.search(r"/([1-9][0-9]{3,11})/?$", link.path)
        return Target(NAME, found[1]) if found and link.is_of("seatgeek.com") else None

    @staticmethod
    def cannot_see(_target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``."""
        if condition.basis not in (None, "any", Basis.ALL_IN, Basis.RESALE):
            return say(_PRICES)
        if condition.kind is Kind.BACK_IN_STOCK:
            return say(
                "SeatGeek never says clearly that an event is sold out; choose below, drop or new_listing."
            )
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """Events by fifty, or one by one while lists are not heeded; then every search alone."""
        items = [target for target in targets if target.search is None]
        a_call = self._items.a_call
        lists = [items[start : start + a_call] for start in range(0, len(items), a_call)]
        return [*lists, *([target] for target in targets if target.search is not None)]

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about one of ``batches``; see ``Provider``.

        Codes of failures: ``not_found``, ``other_item`` (another event's answer), ``malformed``, ``refused``
        (this id only), ``unavailable``, ``bad_id`` (never asked).
        """
        if batch and (search := batch[0].search):
            return self._search(batch[0], search, budget, now)
        askable = [target for target in batch if _ITEM.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        unaskable: Answers = {target.id: "bad_id" for target in batch if target.id not in asked}
        return fetched(self._items.ask(askable, budget, now) | unaskable)

    def _search(self, target: Target, search: Search, budget: Budget, now: datetime) -> Fetched:
        asked = question(search)
        first = page_of(self._calls.ask("events", asked, budget, now))
        if first is None:
            return Fetched(failures={target.id: "malformed"})
        pages = min(first.pages, MAX_PAGES)
        if budget.left < pages - 1:  # some of the pages are worth nothing: do not spend on them
            raise OutOfQuotaError(f"{NAME}: too few calls are left for {pages} pages")
        events = _entries(first, 1, now)
        for number in range(2, pages + 1):
            events |= _entries(self._further(asked, number, budget, now), number, now)
        cut = f"Only the first {pages} pages of results are read; narrow the search."
        seen = found(target, search, [*events.values()], (cut,) if first.pages > pages else (), now)
        return Fetched({target.id: seen}, also={one.target.id: one for one in events.values()})

    def _further(self, asked: Mapping[str, str], number: int, budget: Budget, now: datetime) -> Page:
        page = page_of(self._calls.ask("events", {**asked, "page": str(number)}, budget, now))
        if page is None:
            raise ProviderUnavailableError(f"{NAME}: page {number} of a search is missing")
        return page

    # ── open questions, recorded answers ─────────────────────────────────────────────────────────────────

    def probes(self) -> tuple[Probe, ...]:
        """Whether this client sees prices, and whether a list of ids is heeded; in this order."""
        return (
            Probe("stats", "Does SeatGeek publish prices to this client?", self._probe_stats),
            Probe("ids", "Does SeatGeek heed a list of ids?", self._probe_ids),
        )

    def _probe_stats(self, budget: Budget, now: datetime) -> str:
        page = page_of(self._calls.ask("events", {"per_page": "2", "venue.country": "US"}, budget, now))
        seen = [observe(one, _as_target(one), now) for one in page.events if event_of(one)] if page else []
        if not seen:
            raise ProviderUnavailableError(f"{NAME}: the answer holds no events")
        self._known = tuple(one.target for one in seen)
        priced = sum(bool(one.prices) for one in seen)
        return f"Of {len(seen)} events in the United States {priced} have a price."

    def _probe_ids(self, budget: Budget, now: datetime) -> str:
        if len(self._known) < 2:  # noqa: PLR2004 - a list
            raise ProviderUnavailableError(
                f"{NAME}: no events are known to ask for; ask every question again"
            )
        try:
            page = page_of(self._calls.ask("events", list_of(self._known), budget, now))
        except BadClientError:
            raise
        except ProviderRejectedError as exc:
            return f"A list of ids is refused ({exc}); events are asked for one by one."
        asked = {one.item for one in self._known}
        got = {event_id(one) for one in page.events} if page else set()
        if got == asked:
            return f"A list of {len(asked)} ids is heeded: {A_PAGE} events are asked for in a call."
        return "A list of ids is not heeded; events are asked for one by one."

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """The events of recorded answers: one, or a page; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            if error := error_of(one.status, one.body):
                raise error
            if page := page_of(one.body):
                seen += [observe(event, _as_target(event), now) for event in page.events]
            elif event := event_of(one.body):
                seen.append(observe(event, _as_target(event), now))
            else:
                raise ProviderError(f"{NAME}: this is no answer of SeatGeek's about events")
        return seen


def _as_target(event: Mapping[str, Any]) -> Target:
    return Target(NAME, item=event_id(event) or "")


def _entries(page: Page, number: int, now: datetime) -> dict[str, Observation]:
    """A page's events by id, if it is the page asked for, and whole."""
    ids = [event_id(event) for event in page.events]
    if page.number != number or None in ids or (page.total and not ids):
        raise ProviderUnavailableError(f"{NAME}: page {number} of a search is not complete")
    return {
        id_: observe(event, Target(NAME, item=id_), now)
        for id_, event in zip(ids, page.events, strict=True)
        if id_
    }


def _search_refusal(target: Target, search: Search) -> str | None:
    if target.country:
        return say("Put the country into the search.")
    if search.country not in (None, *COUNTRIES):
        return say(
            "SeatGeek sells in the United States and Canada; search in US or CA, or leave the country out."
        )
    return None


def _id_refusal(item: str) -> str | None:
    if _ITEM.fullmatch(item):
        return None
    if pasted := re.search(r"seatgeek\.[a-z]+/.*/([1-9][0-9]{3,11})/?(?:[?#]|$)", item):
        return say("Give the event's id alone; in this address it is {id}.", id=pasted[1])
    return say("A SeatGeek event id is a number; in a web address it stands at the end.")
