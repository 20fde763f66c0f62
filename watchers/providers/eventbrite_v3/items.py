"""Events by their ids: several in one call for as long as that answers, else one by one.

A batch of GETs is no longer documented, and nobody says what it counts for. Each answer in it is judged by
itself, and whatever is not clear is asked for again by its id. Where no batch answers, none is tried for an
hour; where Eventbrite says that we asked too much, for a day, because then a batch may count for all of it.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from watchers.errors import OutOfQuotaError, ProviderError, ProviderUnavailableError
from watchers.observation import Observation
from watchers.providers.eventbrite_v3.answers import (
    BadTokenError,
    HitRateLimitError,
    NotFoundError,
    NotPublicError,
    error_of,
)
from watchers.providers.eventbrite_v3.calls import EXPANDED, PAUSE, Calls, Inner
from watchers.providers.eventbrite_v3.event import event_id, event_of, observe
from watchers.providers.singly import Answers, one_by_one
from watchers.quota import Budget
from watchers.target import Target

A_CALL = 20  # nobody documents how many a batch may hold
SINGLY_SECONDS, SINGLY_AFTER_THE_LIMIT = 3600.0, 86_400.0


class Items:
    """Asks for events; remembers for a while that batches do not answer."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._singly_until = calls, 0.0

    @property
    def a_call(self) -> int:
        """How many may be asked for together now."""
        return 1 if time.monotonic() < self._singly_until else A_CALL

    def ask(self, targets: Sequence[Target], budget: Budget, now: datetime) -> Answers:
        """What is said about each.

        Raises:
            ProviderError: nothing is known about any of them.
        """
        if 1 < len(targets) <= self.a_call:
            return self._together(targets, budget, now)
        return self._one_by_one(targets, {}, budget, now)

    def _singly_for(self, seconds: float) -> None:
        self._singly_until = time.monotonic() + seconds

    def _together(self, targets: Sequence[Target], budget: Budget, now: datetime) -> Answers:
        said = self._batch(targets, budget, now)
        if any(isinstance(one, HitRateLimitError) for one in said.values()):
            self._singly_for(SINGLY_AFTER_THE_LIMIT)
            budget.block_until(now + PAUSE)
        known = _believed(said)
        rest = [one for one in targets if one.id not in known]
        answered = self._one_by_one(rest, known, budget, now)
        if not known and any(isinstance(one, Observation) for one in answered.values()):
            self._singly_for(SINGLY_SECONDS)  # it was the batch, not its events
        return answered

    def _batch(
        self, targets: Sequence[Target], budget: Budget, now: datetime
    ) -> Mapping[str, Observation | str | ProviderError]:
        """Each answer by itself; nothing where no batch answers, whatever it says instead."""
        paths = [f"events/{one.item}/?expand={EXPANDED['expand']}" for one in targets]
        try:
            inner = self._calls.batch(paths, budget, now)
        except OutOfQuotaError as exc:
            if isinstance(exc, HitRateLimitError):
                self._singly_for(SINGLY_AFTER_THE_LIMIT)
            raise
        except ProviderError:
            return {}
        return {one.id: _judged(answer, one, now) for one, answer in zip(targets, inner, strict=True)}

    def _one_by_one(
        self, targets: Sequence[Target], known: Answers, budget: Budget, now: datetime
    ) -> Answers:
        return one_by_one(targets, known, lambda one: self._by_id(one, budget, now), BadTokenError)

    def _by_id(self, target: Target, budget: Budget, now: datetime) -> Observation | str:
        try:
            body, expanded = self._calls.expanded(f"events/{target.item}/", {}, budget, now)
        except (NotFoundError, NotPublicError) as exc:
            return about_one(exc)
        return _answer(body, target, now, expanded=expanded)


def _believed(said: Mapping[str, Observation | str | ProviderError]) -> Answers:
    """What is clear. Where a batch shows no event at all, its "not found" may be about how it was asked."""
    if not any(isinstance(one, Observation) for one in said.values()):
        return {}
    return {id_: one for id_, one in said.items() if not isinstance(one, ProviderError)}


def about_one(error: NotFoundError | NotPublicError) -> str:
    """The code of a refusal that says nothing about other questions."""
    return "not_found" if isinstance(error, NotFoundError) else "refused"


def _judged(answer: Inner, target: Target, now: datetime) -> Observation | str | ProviderError:
    """One answer within a batch; an error is what must be asked for again by its id."""
    error = error_of(answer.status, answer.body)
    if isinstance(error, NotFoundError | NotPublicError):
        return about_one(error)
    seen = error or _answer(answer.body, target, now, expanded=True)
    return ProviderUnavailableError(seen) if isinstance(seen, str) else seen


def _answer(body: object, target: Target, now: datetime, *, expanded: bool) -> Observation | str:
    event = event_of(body)
    if event is None:
        return "malformed"
    if event_id(event) != target.item:
        return "other_item"
    return observe(event, target, now, expanded=expanded)
