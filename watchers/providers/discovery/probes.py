"""What only a live call can tell of Discovery: two questions of a call each.

Answers are sentences of our own: countries, counts and price keys, and nothing in the vendor's words.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from watchers.errors import ProviderUnavailableError
from watchers.observation import Observation
from watchers.providers import http
from watchers.providers.base import Probe
from watchers.providers.discovery.answers import NAME, Page, QueryRefusedError, page_of
from watchers.providers.discovery.calls import Calls, header_count
from watchers.providers.discovery.event import event_id, observe
from watchers.providers.discovery.search import EVERYTHING
from watchers.quota import Budget
from watchers.target import Target

COUNTRIES = ("GB", "DE", "AU", "MX")  # of the United States it is known: none
IDS = 50  # as many as ``Ticketmaster`` asks for in one call


class Probes:
    """Asks, and remembers the events of the first answer for the second question."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._seen: list[Observation] = []

    def all(self) -> tuple[Probe, ...]:
        """Both, in the order in which they are to be asked."""
        return (
            Probe("prices", f"Does Discovery publish prices in {', '.join(COUNTRIES)} today?", self.prices),
            Probe("id_list", "Does Discovery answer a list of ids, whole and in order?", self.id_list),
        )

    def prices(self, budget: Budget, now: datetime) -> str:
        """How many of 200 events have a price, by country; and what the headers say."""
        try:
            page, answer = self._page({"countryCode": ",".join(COUNTRIES)}, budget, now)
        except QueryRefusedError:
            return "A list of countries is refused, so nothing was learned of prices."
        self._seen = [_observed(event, now) for event in page.events if event_id(event)]
        told = "; ".join(_told(country, self._seen) for country in COUNTRIES)
        limit, etag = header_count(answer, "rate-limit"), "etag" in answer.headers
        headers = f"Calls a day by header: {limit or 'not said'}. ETag: {'sent' if etag else 'none'}."
        return f"Of {len(self._seen)} events: {told}. {headers}"

    def id_list(self, budget: Budget, now: datetime) -> str:
        """Which of up to 50 events a list of their ids brings back; those without a date are among them."""
        known = sorted(self._seen, key=lambda one: (one.starts_on is not None, one.target.item or ""))[:IDS]
        asked = [one.target.item or "" for one in reversed(known)]
        if len(asked) < 2:  # noqa: PLR2004 - a list
            raise ProviderUnavailableError(f"{NAME}: no ids are known to ask for; ask again with --again")
        try:
            page, _ = self._page({"id": ",".join(asked)}, budget, now)
        except QueryRefusedError:
            return f"A list of {len(asked)} ids is refused; they are asked for one by one."
        shown = [id_ for event in page.events if (id_ := event_id(event)) in asked]
        undated = {one.target.item for one in known if one.starts_on is None}
        order = (
            "in the order asked" if shown == [id_ for id_ in asked if id_ in shown] else "in another order"
        )
        back = f"{len(set(shown))} came back, {order}; the answer counts {page.total}"
        tba = f"Of {len(undated)} without a date {len(undated & set(shown))} came back."
        return f"A list of {len(asked)} ids: {back}. {tba}"

    def _page(self, asked: Mapping[str, str], budget: Budget, now: datetime) -> tuple[Page, http.Answer]:
        body, answer = self._calls.answered("events.json", {**asked, **EVERYTHING}, budget, now)
        page = page_of(body)
        if page is None:
            raise ProviderUnavailableError(f"{NAME}: the answer is no page of events")
        return page, answer


def _observed(event: Mapping[str, Any], now: datetime) -> Observation:
    return observe(event, Target(NAME, item=event_id(event)), now)


def _told(country: str, seen: Sequence[Observation]) -> str:
    here = [one for one in seen if one.country == country]
    priced = [one for one in here if one.prices]
    keys = sorted({str(price.key) for one in priced for price in one.prices})
    named = f" ({', '.join(keys)})" if keys else ""
    return f"{country} {len(priced)} of {len(here)} with a price{named}"
