"""Events by their ids: fifty in one call for as long as SeatGeek heeds the list, else one by one.

A list of ids is often seen and nowhere promised. It is heeded when the answer holds events of the list and no
others; what is missing is confirmed by its id, because past the end, and on a bad day, a page is empty. Where
it is not heeded, none is tried for a while. One answer is another request's at times
(https://github.com/seatgeek/api-support/issues/162): each must carry the id that was asked for.
"""

import time
from collections.abc import Sequence
from datetime import datetime

from watchers.errors import ProviderRejectedError
from watchers.observation import Observation
from watchers.providers.seatgeek_v2.answers import (
    A_PAGE,
    BadClientError,
    NotFoundError,
    Page,
    event_id,
    event_of,
    page_of,
)
from watchers.providers.seatgeek_v2.calls import Calls
from watchers.providers.seatgeek_v2.event import observe
from watchers.providers.singly import Answers, one_by_one
from watchers.quota import Budget
from watchers.target import Target

SINGLY_SECONDS = 21_600.0  # a quarter of a day: a refused list costs a call of few


class Items:
    """Asks for events; remembers for a while that lists of ids are not heeded."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._singly_until = calls, 0.0

    @property
    def a_call(self) -> int:
        """How many may be asked for together now."""
        return 1 if time.monotonic() < self._singly_until else A_PAGE

    def ask(self, targets: Sequence[Target], budget: Budget, now: datetime) -> Answers:
        """What is said about each.

        Raises:
            ProviderError: nothing is known about any of them.
        """
        if not 1 < len(targets) <= self.a_call:
            return self._one_by_one(targets, {}, budget, now)
        try:
            page = page_of(self._calls.ask("events", question(targets), budget, now))
        except BadClientError:
            raise
        except ProviderRejectedError:  # this list, and perhaps every list
            page = Page([], 1, 1, 0)
        if page is None:
            return {target.id: "malformed" for target in targets}
        shown = _shown(page, targets, now)
        answered = self._one_by_one([one for one in targets if one.id not in shown], shown, budget, now)
        confirmed = sum(isinstance(one, Observation) for one in answered.values()) - len(shown)
        if confirmed and confirmed >= len(shown):  # it was the list, not its events
            self._singly_until = time.monotonic() + SINGLY_SECONDS
        return answered

    def _one_by_one(
        self, targets: Sequence[Target], known: Answers, budget: Budget, now: datetime
    ) -> Answers:
        return one_by_one(targets, known, lambda one: self._by_id(one, budget, now), BadClientError)

    def _by_id(self, target: Target, budget: Budget, now: datetime) -> Observation | str:
        try:
            event = event_of(self._calls.ask(f"events/{target.item}", {}, budget, now))
        except NotFoundError:
            return "not_found"
        if event is None:
            return "malformed"
        return observe(event, target, now) if event_id(event) == target.item else "other_item"


def question(targets: Sequence[Target]) -> dict[str, str]:
    """The query for a list of events."""
    ids = ",".join(dict.fromkeys(target.item or "" for target in targets))
    return {"id": ids, "per_page": str(A_PAGE)}


def _shown(page: Page, targets: Sequence[Target], now: datetime) -> Answers:
    """Those of the targets that the page shows; none where it shows anything else."""
    events = {event_id(event): event for event in page.events if event_of(event)}
    if events.keys() - {target.item for target in targets}:
        return {}
    return {one.id: observe(events[one.item], one, now) for one in targets if one.item in events}
