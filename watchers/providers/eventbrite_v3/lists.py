"""What an organizer or a venue has on: the only lists of other people's events that are left.

``organizer:123`` and ``venue:456`` are written where other providers take a keyword, because what comes back
is a list in which something new may stand. It is read to its end or not at all.
https://www.eventbrite.com/platform/api#/reference/event/list/list-events-by-venue
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from watchers.errors import OutOfQuotaError, ProviderUnavailableError
from watchers.observation import Observation
from watchers.providers import shapes
from watchers.providers.eventbrite_v3.answers import NAME
from watchers.providers.eventbrite_v3.calls import Calls
from watchers.providers.eventbrite_v3.event import event_id, observe
from watchers.providers.listings import availability, cheapest, on_the_days
from watchers.quota import Budget
from watchers.target import Search, Target

MAX_PAGES = 10  # of 50 events
_OWNER = re.compile(r"(organizer|venue):([1-9][0-9]{0,18})")
_QUESTION = {"status": "live", "order_by": "start_asc"}
HOW_TO_ASK = "search for organizer:ID or venue:ID, which lists what is on there"


class Owner(msgspec.Struct, frozen=True):
    """Whose events are listed: ``kind`` is ``organizer`` or ``venue``."""

    kind: str
    id: str

    @property
    def path(self) -> str:
        """Where its events are."""
        return f"{self.kind}s/{self.id}/events/"

    def has(self, event: Mapping[str, Any]) -> bool:
        """Whether an event may be its own: where it names another, it is not."""
        return str(event.get(f"{self.kind}_id") or self.id) == self.id


def owner_of(keyword: str | None) -> Owner | None:
    """``venue:456``, or ``None`` for any other words."""
    named = _OWNER.fullmatch((keyword or "").strip())
    return Owner(named[1], named[2]) if named else None


def refusal(search: Search) -> str | None:
    """Why this cannot be asked, as a sentence."""
    if owner_of(search.keyword) is None:
        return f"Eventbrite closed its public search in 2019; watch an event by its id, or {HOW_TO_ASK}."
    if search.city or search.country or search.category:
        return (
            "An organizer's or a venue's events are listed whole; leave city, country and category out. "
            "Days and weekdays narrow them."
        )
    return None


class Page(msgspec.Struct, frozen=True):
    """A page: its events as sent, how many pages there are (if said), and what the next is asked by."""

    events: list[Mapping[str, Any]]
    pages: int | None
    following: Mapping[str, str] | None


def page_of(body: object, number: int) -> Page | None:
    """Page ``number`` of a list of events, or ``None`` when the body is something else.

    Raises:
        ProviderUnavailableError: it is a page, but not a whole one.
    """
    envelope = shapes.mapping(body)
    events, paging = envelope.get("events"), shapes.mapping(envelope.get("pagination"))
    if not isinstance(events, list) or not isinstance(paging.get("has_more_items"), bool):
        return None
    rows = shapes.rows(events)
    more = paging["has_more_items"]
    if len(rows) != len(events) or not all(map(event_id, rows)) or (more and not rows):
        raise ProviderUnavailableError(f"{NAME}: page {number} of a list is not complete")
    count = paging.get("page_count")
    known = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return Page(rows, count if known else None, _following(paging, number) if more else None)


def _following(paging: Mapping[str, Any], number: int) -> Mapping[str, str]:
    """By the token that Eventbrite gives, or by its number where it gives none."""
    token = paging.get("continuation")
    return {"continuation": token} if isinstance(token, str) and token else {"page": str(number + 1)}


def ask(
    calls: Calls, owner: Owner, budget: Budget, now: datetime
) -> tuple[tuple[Observation, ...], bool] | str:
    """Every event, and whether that is all of them; or the code of a failure.

    Raises:
        ProviderError: a page is missing, so that nothing is known.
    """
    events: dict[str, Observation] = {}
    following: Mapping[str, str] | None = {}
    number = 0
    while following is not None and number < MAX_PAGES:
        number += 1
        body, expanded = calls.expanded(owner.path, {**_QUESTION, **following}, budget, now)
        page = page_of(body, number)
        if page is None:
            return "malformed"
        if not all(map(owner.has, page.events)):
            return "other_item"
        new = {event_id(one) or "": one for one in page.events}
        if events.keys() & new.keys() == new.keys() and page.following:
            raise ProviderUnavailableError(f"{NAME}: page {number} of a list repeats what was read")
        _can_be_finished(page, number, budget)
        events |= {
            id_: observe(event, Target(NAME, item=id_), now, expanded=expanded) for id_, event in new.items()
        }
        following = page.following
    return tuple(events.values()), following is None


def _can_be_finished(page: Page, number: int, budget: Budget) -> None:
    """Some of the pages are worth nothing: do not spend on them."""
    to_come = min(page.pages or number + bool(page.following), MAX_PAGES) - number
    if page.following and budget.left < to_come:
        raise OutOfQuotaError(f"{NAME}: too few calls are left for a list's pages")


def found(
    target: Target, search: Search, events: Sequence[Observation], now: datetime, *, whole: bool
) -> Observation:
    """The events on the days asked for, and the lowest prices among those that can be bought."""
    listings = tuple(one for one in events if on_the_days(search, one))
    return Observation(
        target=target,
        at=now,
        availability=availability(listings),
        prices=cheapest(listings),
        listings=listings,
        problems=() if whole else (f"Only the first {MAX_PAGES} pages of events are read.",),
    )
