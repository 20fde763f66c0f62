"""Eventbrite's API v3: one event by its id, and what an organizer or a venue has on.

https://www.eventbrite.com/platform/api

Settings: ``EVENTBRITE_TOKEN`` (a private token, from https://www.eventbrite.com/platform/api-keys; without
it the provider is off), ``EVENTBRITE_BASE_URL``, ``EVENTBRITE_CALLS_PER_DAY`` and
``EVENTBRITE_CALLS_PER_SECOND``.

Its public search was closed in December 2019. So there are two ways to ask: an item is an event's id, and a
search is ``organizer:123`` or ``venue:456`` and nothing else (``eventbrite_v3/lists.py`` says why).

Several events are asked for in one call for as long as that answers (``eventbrite_v3/items.py``).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from watchers.errors import ProviderError, ProviderRejectedError
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings, shapes
from watchers.providers.base import Fetched, Probe
from watchers.providers.eventbrite_v3 import lists
from watchers.providers.eventbrite_v3.answers import (
    NAME,
    BadTokenError,
    NotFoundError,
    NotPublicError,
    error_of,
)
from watchers.providers.eventbrite_v3.calls import Calls, answers
from watchers.providers.eventbrite_v3.event import event_id, event_of, observe
from watchers.providers.eventbrite_v3.items import Items, about_one
from watchers.providers.links import Link
from watchers.providers.recordings import Recording, recordings
from watchers.providers.singly import Answers, fetched
from watchers.quota import Budget, Quota
from watchers.target import Search, Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

BASE_URL = "https://www.eventbriteapi.com"
# 2,000 calls an hour: https://www.eventbrite.com/platform/api#/introduction/basic-types/rate-limits
QUOTA = Quota(calls=2000, per=timedelta(hours=1), per_second=5.0)
PER_SECOND_OF_A_DAY = 0.5  # a day's quota says nothing of an hour, so its calls are spread: 1,800 at most

_FACE_ONLY = to_say("Eventbrite publishes face prices only; choose face or any.")
_ITEM = re.compile(r"[1-9][0-9]{0,18}")


class Eventbrite:
    """Asks Eventbrite; implements ``Provider``. The token stands in no error, log line or ``repr``."""

    def __init__(
        self, client: "httpx.Client | None", token: str, base_url: str = BASE_URL, quota: Quota = QUOTA
    ) -> None:
        self.name = NAME
        self.quota = quota
        self._calls = Calls(http.Connections(client), token, base_url)
        self._items = Items(self._calls)

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> "Eventbrite | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        token = settings.given(env, "EVENTBRITE_TOKEN")
        if token is None:
            return SwitchedOff(NAME, "EVENTBRITE_TOKEN is not set")
        if not (token.isascii() and token.isprintable()):  # it goes into a header
            raise ValueError("EVENTBRITE_TOKEN must be letters and digits, as Eventbrite shows it")
        return cls(client, token, settings.base_url(env, "EVENTBRITE_BASE_URL", BASE_URL), _quota(env))

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if filters.min_quantity or filters.sections:
            return say("Eventbrite's API does not say which seats are left, nor how many.")
        if filters.basis not in (None, Basis.FACE):
            return say(_FACE_ONLY)
        if target.country:
            return say("Prices on Eventbrite are the same everywhere; leave the country out.")
        if target.search is not None:
            return lists.refusal(target.search)
        if filters.weekdays:
            return say("Weekdays narrow a list of events; an event has its own day.")
        return _id_refusal(target.item or "")

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """See ``providers.Kind``: an event, or an organizer, whose list of events is what can be watched."""
        if not re.fullmatch(r"(?:[a-z0-9-]+\.)*eventbrite(?:\.[a-z]{2,3}){1,2}", link.host):
            return None
        if found := re.match(r"/e/(?:[^/]*-)?([1-9][0-9]{0,18})/?$", link.path):
            return Target(NAME, found[1])
        owner = re.match(r"/o/(?:[^/]*-)?([1-9][0-9]{0,18})/?$", link.path)
        return Target(NAME, search=Search(keyword=f"organizer:{owner[1]}")) if owner else None

    @staticmethod
    def cannot_see(_target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``."""
        return say(_FACE_ONLY) if condition.basis not in (None, "any", Basis.FACE) else None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """Events by twenty, or one by one while batches do not answer; then every list alone."""
        items = [target for target in targets if target.search is None]
        a_call = self._items.a_call
        several = [items[start : start + a_call] for start in range(0, len(items), a_call)]
        return [*several, *([target] for target in targets if target.search is not None)]

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about one of ``batches``; see ``Provider``.

        Codes of failures: ``not_found``, ``refused`` (this one only), ``malformed``, ``other_item`` (another
        event's answer, or another's list), ``unavailable``, ``bad_id`` (never asked).
        """
        if batch and (search := batch[0].search):
            return self._list(batch[0], search, budget, now)
        askable = [target for target in batch if _ITEM.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        answered: Answers = {target.id: "bad_id" for target in batch if target.id not in asked}
        return fetched(self._items.ask(askable, budget, now) | answered)

    def _list(self, target: Target, search: Search, budget: Budget, now: datetime) -> Fetched:
        owner = lists.owner_of(search.keyword)
        if owner is None:
            return Fetched(failures={target.id: "bad_id"})
        try:
            answer = lists.ask(self._calls, owner, budget, now)
        except (NotFoundError, NotPublicError) as exc:
            answer = about_one(exc)
        if isinstance(answer, str):
            return Fetched(failures={target.id: answer})
        events, whole = answer
        seen = lists.found(target, search, events, now, whole=whole)
        return Fetched({target.id: seen}, also={one.target.id: one for one in events})

    # ── open questions, recorded answers ─────────────────────────────────────────────────────────────────

    def probes(self) -> tuple[Probe, ...]:
        """Whether a batch still answers: two lists of Eventbrite's own words, about nobody."""
        return (Probe("batch", "Does Eventbrite still answer several questions in one call?", self._probe),)

    def _probe(self, budget: Budget, now: datetime) -> str:
        try:
            inner = self._calls.batch(["categories/", "formats/"], budget, now)
        except BadTokenError:
            raise
        except ProviderRejectedError as exc:  # anything else that fails says nothing about batches
            return f"No batch answers ({exc}); events are asked for one by one."
        good = [one for one in inner if one.status == http.OK]
        kind = "texts" if all(one.was_text for one in good) else "objects"
        return f"A batch answers: {len(good)} of {len(inner)} answers in it are good, with {kind} for bodies."

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """The events of recorded answers: one, a list's page, or a batch; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            for status, inner in _answers(one):
                if error := error_of(status, inner):
                    raise error
                seen += [observe(event, _as_target(event), now) for event in _events(inner)]
        return seen


def _answers(recorded: Recording) -> list[tuple[int | None, object]]:
    batch = answers(recorded.body)
    return [(one.status, one.body) for one in batch] if batch else [(recorded.status, recorded.body)]


def _events(body: object) -> list[Mapping[str, Any]]:
    """The events of a body, also a part of one that was kept without its id."""
    event = shapes.mapping(body)
    if event_of(body) or "ticket_availability" in event:
        return [event]
    page = lists.page_of(body, 1)
    if page is None:
        raise ProviderError(f"{NAME}: this is no answer of Eventbrite's about events")
    return page.events


def _as_target(event: Mapping[str, Any]) -> Target:
    return Target(NAME, item=event_id(event) or "")


def _quota(env: Mapping[str, str]) -> Quota:
    if settings.given(env, "EVENTBRITE_CALLS_PER_DAY") is None:
        rate = settings.rate(env, "EVENTBRITE_CALLS_PER_SECOND", QUOTA.per_second)
        return Quota(QUOTA.calls, QUOTA.per, rate)
    return Quota(
        settings.whole_number(env, "EVENTBRITE_CALLS_PER_DAY", QUOTA.calls),
        timedelta(days=1),
        settings.rate(env, "EVENTBRITE_CALLS_PER_SECOND", PER_SECOND_OF_A_DAY),
    )


def _id_refusal(item: str) -> str | None:
    if _ITEM.fullmatch(item):
        return None
    if lists.owner_of(item):
        return say(
            "An organizer or a venue has a list of events; {lists_how_to_ask}.",
            lists_how_to_ask=lists.HOW_TO_ASK,
        )
    if pasted := re.search(r"eventbrite\.[a-z.]+/e/(?:[^/?#]*-)?([1-9][0-9]{0,18})(?:[/?#]|$)", item):
        return say("Give the event's id alone; in this address it is {id}.", id=pasted[1])
    return say("An Eventbrite event id is a number; in a web address it stands at the end.")
