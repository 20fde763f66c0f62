"""What every provider promises.

A provider turns targets into observations: it knows one API's questions, answers and limits, and nothing
about watches, rules, boards or people. Its settings stand beside it, read once by its ``from_env``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from watchers.kinds import Kind
from watchers.language import say
from watchers.observation import Observation
from watchers.providers.links import Link
from watchers.quota import Budget, Quota
from watchers.target import Target

if TYPE_CHECKING:
    from watchers.watch import Condition, Filters

ANSWER_SECONDS = 2.0  # hardly an answer takes longer; while it is under way, other calls may be made
FEWEST, MOST = 2, 64  # one slow answer must not stop all others; more than this only wait for each other


class Fetched(msgspec.Struct, frozen=True):
    """The answer to one batch, by target id. A target in neither map was not asked and stays due.

    ``failures`` are short codes for a log (``not_found``, ``malformed``): the target was asked for and not
    seen. Not seen is never "nothing is there". ``also`` are targets that nobody asked for and that the answer
    shows as fully as if each had been asked for itself: the events on a search's pages.
    """

    observations: Mapping[str, Observation] = msgspec.field(default_factory=dict)
    failures: Mapping[str, str] = msgspec.field(default_factory=dict)
    also: Mapping[str, Observation] = msgspec.field(default_factory=dict)


def concurrency(quota: Quota) -> int:
    """How many calls must be under way at once to make use of a quota: 2/s need 4, 1,000/s need 64. Pure."""
    return max(FEWEST, min(MOST, quota.calls, math.ceil(quota.per_second * ANSWER_SECONDS)))


def beyond_every_provider(target: Target, condition: "Condition") -> str | None:
    """Why this condition can never fire on this target, whoever is asked; ``None`` when it may. Pure."""
    if condition.kind is Kind.NEW_LISTING and target.search is None:
        return say("an item lists nothing new; choose a search, or another condition.")
    if condition.kind is Kind.STATUS and target.search is not None:
        return say("a search has no dates or status of its own; choose one event by its id, or new_listing.")
    return None


class Probe(msgspec.Struct, frozen=True):
    """One open question about an API that only a live call can answer; a provider lists its own (``probes``).

    ``id`` is one word, for what is remembered. ``ask`` makes at most one call (``budget.take()`` stands
    before it) and returns what it learned as a sentence; it raises what ``Provider.fetch`` raises.
    """

    id: str
    question: str
    ask: Callable[[Budget, datetime], str]


@runtime_checkable
class StandsElsewhere(Protocol):
    """A provider that may ask another server than the usual, and then knows its addresses."""

    def recognise_here(self, link: Link) -> Target | None:
        """The item an address of that server leads to; ``None`` for any other address."""
        ...


@runtime_checkable
class ForWatchesOnly(Protocol):
    """A provider that people's searches do not ask: an answer costs too much for one question."""

    @property
    def only_for_watches(self) -> str:
        """Why, as a sentence."""
        ...


class Provider(Protocol):
    """One API that can be asked about targets. Methods may be called from several threads at once."""

    @property
    def name(self) -> str:
        """The word used in targets, settings and boards: ``ticketmaster``."""
        ...

    @property
    def quota(self) -> Quota:
        """How often it may be asked."""
        ...

    def refusal(self, target: Target, filters: "Filters") -> str | None:
        """Why this target cannot be watched here, as a sentence; ``None`` when it can. Pure."""
        ...

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """Group targets into what one call can ask, in the given order. Pure; loses and repeats none."""
        ...

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask upstream about one batch; ``budget.take()`` stands before every call.

        Raises:
            ProviderUnavailableError: later may work; nothing is known about any target of the batch.
            OutOfQuotaError: the purse is empty; nothing was asked.
            ProviderRejectedError: not until someone acts (a wrong key).
        """
        ...

    def read(self, body: bytes, now: datetime) -> list[Observation]:
        """Understand a recorded answer: what ``scout.py look --file`` shows.

        Raises:
            ProviderError: the answer is an error envelope, or not this provider's.
        """
        ...
