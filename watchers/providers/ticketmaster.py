"""Ticketmaster's Discovery API v2: which questions are asked, and what they may cost.

https://developer.ticketmaster.com/products-and-docs/apis/discovery-api/v2/

Settings: ``TICKETMASTER_API_KEY`` (without it the provider is off), ``TICKETMASTER_BASE_URL``,
``TICKETMASTER_CALLS_PER_DAY`` and ``TICKETMASTER_CALLS_PER_SECOND`` (a granted quota other than the usual).

Up to 50 items are asked in one call, by a list of ids. Discovery does not document that list and leaves
events out of it, so absence is never "gone": what is missing is confirmed by its id, and where the list is
refused, everything is. Where more of one act's events are asked for than fit into a list, its page is asked
instead. A search is read to its end or not at all; what it shows counts as a look at each of its events.

Discovery publishes hardly any price for the United States any more, and never how many seats are left, nor
where: what it is good for is new listings, sale dates and changes of plan.
"""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from watchers.errors import OutOfQuotaError, ProviderError, ProviderUnavailableError
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings
from watchers.providers.base import Fetched, Probe
from watchers.providers.discovery.acts import Acts
from watchers.providers.discovery.answers import (
    NAME,
    NotFoundError,
    Page,
    QueryRefusedError,
    error_of,
    page_of,
)
from watchers.providers.discovery.calls import DAY, Calls
from watchers.providers.discovery.event import event_id, event_of
from watchers.providers.discovery.probes import Probes
from watchers.providers.discovery.search import EVERYTHING, found, question
from watchers.providers.discovery.shows import Entry, entry, item, shows, with_problem
from watchers.providers.links import Link, path_at, title
from watchers.providers.recordings import recordings
from watchers.quota import Budget, Quota
from watchers.target import Search, Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

BASE_URL = "https://app.ticketmaster.com"
# 5,000 a day; 5/s by the getting-started page, 2/s by the FAQ: https://developer.ticketmaster.com/support/faq/
CALLS_PER_DAY, CALLS_PER_SECOND = 5000, 2.0
SINGLY_SECONDS = 3600  # how long a refused list of ids is not tried again
ITEMS_A_CALL = 50  # keeps the address short; nobody documents a limit
MAX_PAGES = 5  # "size * page < 1000" in pages of 200

_NO_LISTING_PRICES = to_say(
    "Ticketmaster publishes face, all-in and resale prices; choose one of these, or any."
)
_ITEM = re.compile(r"[A-Za-z0-9_-]{5,40}")
_WEB_HOST = re.compile(r"(?:[a-z0-9-]+\.)*ticketmaster\.[a-z]{2,3}(?:\.[a-z]{2})?")
_STATE = 2  # letters of a state's code


class Ticketmaster:
    """Asks Discovery v2; implements ``Provider``. The key stands in no error, log line or ``repr``."""

    def __init__(
        self,
        client: "httpx.Client | None",
        key: str,
        base_url: str = BASE_URL,
        calls_per_day: int = CALLS_PER_DAY,
        calls_per_second: float = CALLS_PER_SECOND,
    ) -> None:
        self.name = NAME
        self.quota = Quota(calls_per_day, DAY, calls_per_second)
        self._calls, self._root = Calls(http.Connections(client), key, base_url), base_url
        self._acts = Acts()
        self._singly_until = 0.0

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> "Ticketmaster | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        key = settings.given(env, "TICKETMASTER_API_KEY")
        if key is None:
            return SwitchedOff(NAME, "TICKETMASTER_API_KEY is not set")
        return cls(
            client,
            key,
            settings.base_url(env, "TICKETMASTER_BASE_URL", BASE_URL),
            settings.whole_number(env, "TICKETMASTER_CALLS_PER_DAY", CALLS_PER_DAY),
            settings.rate(env, "TICKETMASTER_CALLS_PER_SECOND", CALLS_PER_SECOND),
        )

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if filters.min_quantity or filters.sections:
            return say("Ticketmaster's public API does not say which seats are left, nor how many.")
        if filters.basis is Basis.LISTING:
            return say(_NO_LISTING_PRICES)
        if target.search is not None:
            return say("Put the country into the search.") if target.country else None
        if target.country:
            return say("An event has one country; leave the country out.")
        if filters.weekdays:
            return say("Weekdays narrow a search; an event has its own day.")
        return _id_refusal(target.item or "")

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """See ``providers.Kind``: the id in an address is not the API's, so its words are searched for."""
        if not _WEB_HOST.fullmatch(link.host) or not (keyword := _words_of(link)):
            return None
        return Target(NAME, search=Search(keyword=keyword))

    def recognise_here(self, link: Link) -> Target | None:
        """See ``StandsElsewhere``: ``/event/<id of the API>``."""
        found = re.fullmatch(r"/event/([^/]+)/?", path_at(link, self._root, BASE_URL))
        return Target(NAME, found[1]) if found and _ITEM.fullmatch(found[1]) else None

    @staticmethod
    def cannot_see(_target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``."""
        if condition.basis is Basis.LISTING:
            return say(_NO_LISTING_PRICES)
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """Items by fifty, or by the page of their act where that is fewer calls; then every search alone."""
        items = [target for target in targets if target.search is None]
        together = self._together_at_most
        pages, others = self._acts.grouped(items, together)
        lists = [others[start : start + together] for start in range(0, len(others), together)]
        return [*pages, *lists, *([target] for target in targets if target.search is not None)]

    @property
    def _together_at_most(self) -> int:
        return 1 if time.monotonic() < self._singly_until else ITEMS_A_CALL

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about one of ``batches``; see ``Provider``.

        Codes of failures: ``not_found``, ``other_item`` (another event's answer), ``malformed``,
        ``refused`` (this id only), ``unavailable``, ``bad_id`` (never asked).
        """
        if batch and (search := batch[0].search):
            return self._search(batch[0], search, budget, now)
        askable = [target for target in batch if _ITEM.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        unaskable = {target.id: "bad_id" for target in batch if target.id not in asked}
        answer = self._items(askable, budget, now)
        return Fetched(answer.observations, {**answer.failures, **unaskable})

    def _items(self, targets: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        if len(targets) > self._together_at_most and (act := self._acts.of(targets)):
            return self._of_act(act, targets, budget, now)
        if len(targets) > 1:
            return self._together(targets, budget, now)
        answers = {target.id: self._by_id(target, budget, now) for target in targets}
        return _sorted_out(answers)

    def _of_act(self, act: str, targets: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """One page of an act; whom it does not show is asked for by lists of ids."""
        page = page_of(self._calls.ask("events.json", {"attractionId": act, **EVERYTHING}, budget, now))
        shown = self._shown(page, targets, now) if page else {}
        if page and page.total > len(page.events):
            self._acts.plays_more_than_a_page(act)
        missing = [one for one in targets if one.id not in shown]
        answers = [
            self._together(missing[start : start + ITEMS_A_CALL], budget, now)
            for start in range(0, len(missing), ITEMS_A_CALL)
        ]
        observations = {id_: seen for one in answers for id_, seen in one.observations.items()}
        return Fetched(
            {**shown, **observations}, {id_: why for one in answers for id_, why in one.failures.items()}
        )

    def _shown(self, page: Page, targets: Sequence[Target], now: datetime) -> dict[str, Observation]:
        """Those of the targets that a page shows."""
        for event in page.events:
            self._acts.learn(event)
        events = {event_id(event): event for event in reversed(page.events)}
        return {one.id: item(events[one.item], one, now) for one in targets if one.item in events}

    def _together(self, targets: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        ids = ",".join(dict.fromkeys(target.item or "" for target in targets))
        try:
            page = page_of(self._calls.ask("events.json", {"id": ids, **EVERYTHING}, budget, now))
        except QueryRefusedError:
            answer = self._one_by_one(targets, {}, budget, now)
            if len(answer.observations) > 1 and not answer.failures:  # it was the list, not one of its ids
                self._singly_until = time.monotonic() + SINGLY_SECONDS
            return answer
        if page is None:
            return Fetched(failures={target.id: "malformed" for target in targets})
        seen = self._shown(page, targets, now)
        return self._one_by_one([one for one in targets if one.id not in seen], seen, budget, now)

    def _one_by_one(
        self, targets: Sequence[Target], seen: Mapping[str, Observation], budget: Budget, now: datetime
    ) -> Fetched:
        """Confirm by id, for as long as there is budget and an answer; what is known already is kept."""
        answers: dict[str, Observation | str] = dict(seen)
        for target in targets:
            try:
                answers[target.id] = self._by_id(target, budget, now)
            except QueryRefusedError:
                answers[target.id] = "refused"
            except OutOfQuotaError:
                break
            except ProviderUnavailableError:
                if not answers:
                    raise
                answers[target.id] = "unavailable"
                break
        return _sorted_out(answers)

    def _by_id(self, target: Target, budget: Budget, now: datetime) -> Observation | str:
        """The event, or the code of a failure."""
        try:
            body = self._calls.ask(f"events/{target.item}.json", {"locale": "*"}, budget, now)
        except NotFoundError:
            return "not_found"
        event = event_of(body)
        if event is None:
            return "malformed"
        self._acts.learn(event)
        if event_id(event) != target.item:
            return "other_item"
        return item(event, target, now)

    def _search(self, target: Target, search: Search, budget: Budget, now: datetime) -> Fetched:
        asked = question(search)
        first = page_of(self._calls.ask("events.json", asked, budget, now))
        if first is None:
            return Fetched(failures={target.id: "malformed"})
        entries, pages = _entries(first, 0, now), min(first.pages, MAX_PAGES)
        if budget.left < pages - 1:  # some of the pages are worth nothing: do not spend on them
            raise OutOfQuotaError(f"{NAME}: too few calls are left for {pages} pages")
        for number in range(1, pages):
            entries += _entries(self._further(asked, number, budget, now), number, now)
        seen = found(target, search, entries, now)
        if first.pages > MAX_PAGES:
            seen = with_problem(seen, "Only the first 1,000 results can be read; narrow the search.")
        return Fetched({target.id: seen}, also=_each(entries))

    def _further(self, asked: Mapping[str, str], number: int, budget: Budget, now: datetime) -> Page:
        try:
            page = page_of(self._calls.ask("events.json", {**asked, "page": str(number)}, budget, now))
        except QueryRefusedError:
            page = None
        if page is None:
            raise ProviderUnavailableError(f"{NAME}: page {number} of a search is missing")
        return page

    def probes(self) -> tuple[Probe, ...]:
        """What only live calls can tell; the second question is about the events of the first's answer."""
        return Probes(self._calls).all()

    # ── recorded answers ─────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """The shows of recorded pages, or recorded events; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            if error := error_of(one.status, one.body):
                raise error
            if page := page_of(one.body):
                seen += shows([entry(event, now) for event in page.events])
            elif event := event_of(one.body):
                seen.append(item(event, Target(provider=NAME, item=event_id(event)), now))
            else:
                raise ProviderError(f"{NAME}: this is no answer of Discovery v2")
        return seen


def _words_of(link: Link) -> str:
    """The words of an address without the state at their end, which no event has in its name."""
    from watchers.matching.known import state  # noqa: PLC0415 - for those who paste an address

    said = title(link).split()
    for length in (3, 2, 1):
        name = " ".join(said[-length:])
        if len(said) > length and len(name) > _STATE and len(state(name)) == _STATE:
            return " ".join(said[:-length])
    return " ".join(said)


def _id_refusal(item: str) -> str | None:
    if _ITEM.fullmatch(item):
        return None
    if re.search(r"[/.]", item):
        return say(
            "The id in a web address is another id, which the API does not know. "
            "Search for the event and take it from the results."
        )
    return say("A Ticketmaster event id has 5 to 40 letters, digits, '-' or '_'; upper and lower case count.")


def _sorted_out(answers: Mapping[str, Observation | str]) -> Fetched:
    return Fetched(
        {id_: one for id_, one in answers.items() if isinstance(one, Observation)},
        {id_: one for id_, one in answers.items() if isinstance(one, str)},
    )


def _each(entries: Sequence[Entry]) -> dict[str, Observation]:
    """Every event of a search's pages as if it had been asked for by its id."""
    named = [one for one in entries if one.observation.target.item]
    return {one.observation.target.id: _alone(one) for one in named}


def _alone(one: Entry) -> Observation:
    return with_problem(one.observation, one.not_a_show) if one.not_a_show else one.observation


def _entries(page: Page, number: int, now: datetime) -> list[Entry]:
    """A page's events, if it is the page asked for and has what it counts."""
    if page.number != number or (page.total and not page.events):
        raise ProviderUnavailableError(f"{NAME}: page {number} of a search is not complete")
    return [entry(event, now) for event in page.events]
