"""Ticketmaster's Discovery Feed: every event of a country in one file, at most once an hour.

https://developer.ticketmaster.com/products-and-docs/apis/discovery-feed

Settings: ``TICKETMASTER_FEED`` (off unless ``on``, because a file is some 50 MB and takes seconds to read),
``TICKETMASTER_API_KEY``, ``TICKETMASTER_FEED_COUNTRY`` (whose file, where a watch names no country), and
``TICKETMASTER_FEED_BASE_URL``, ``TICKETMASTER_FEED_CALLS_PER_DAY``, ``TICKETMASTER_FEED_CALLS_PER_SECOND``.

All events and searches of one country are one look and one call, whose answer says where the file lies. Half
a file is never believed, and what a whole one leaves out is not gone.

It costs little where very many events or broad searches are watched. It is no quicker than its hour, and may
say as little of prices as Discovery does.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from watchers.errors import ProviderError, ProviderUnavailableError
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings, shapes
from watchers.providers.base import Fetched, Probe
from watchers.providers.feed.file import Files
from watchers.providers.feed.row import item, row_id
from watchers.providers.feed.rows import Row, rows_of
from watchers.providers.feed.sought import Sought
from watchers.providers.feed.unpacked import MAGIC, unpacked
from watchers.providers.links import Link
from watchers.providers.recordings import recordings
from watchers.quota import Budget, Quota
from watchers.target import Search, Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

NAME = "ticketmaster_feed"
BASE_URL = "https://app.ticketmaster.com"
COUNTRY = "US"
# Nobody documents a limit, nor how often a file is made anew: one an hour.
PROBED = 1_000  # rows
QUOTA = Quota(calls=24, per=timedelta(days=1), per_second=1.0)
COUNTRIES = (
    *("US", "CA", "IE", "GB", "AU", "NZ", "MX", "AE", "AT", "BE", "DE", "DK"),
    *("ES", "FI", "NL", "NO", "PL", "SE", "CH", "CZ", "IT", "FR", "ZA", "TR"),
)

_NO_LISTING_PRICES = to_say(
    "Ticketmaster publishes face, all-in and resale prices; choose one of these, or any."
)
_ITEM = re.compile(r"[A-Za-z0-9_-]{5,40}")


class TicketmasterFeed:
    """Reads countries' files; implements ``Provider``. The key stands in no error, log line or ``repr``."""

    only_for_watches = "It is looked through once an hour, for watches; ticketmaster finds the same at once."

    def __init__(
        self,
        client: "httpx.Client | None",
        key: str,
        base_url: str = BASE_URL,
        country: str = COUNTRY,
        quota: Quota = QUOTA,
    ) -> None:
        self.name = NAME
        self.quota = quota
        self._files = Files(http.Connections(client), key, base_url, NAME)
        self._country = country

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> "TicketmasterFeed | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        if not settings.switched_on(env, "TICKETMASTER_FEED"):
            return SwitchedOff(NAME, "TICKETMASTER_FEED is not set to on; its files are big")
        key = settings.given(env, "TICKETMASTER_API_KEY")
        if key is None:
            return SwitchedOff(NAME, "TICKETMASTER_API_KEY is not set")
        country = settings.country(env, "TICKETMASTER_FEED_COUNTRY", COUNTRY)
        if country not in COUNTRIES:
            raise ValueError(f"TICKETMASTER_FEED_COUNTRY must be one of {', '.join(COUNTRIES)}")
        quota = Quota(
            settings.whole_number(env, "TICKETMASTER_FEED_CALLS_PER_DAY", QUOTA.calls),
            QUOTA.per,
            settings.rate(env, "TICKETMASTER_FEED_CALLS_PER_SECOND", QUOTA.per_second),
        )
        base_url = settings.base_url(env, "TICKETMASTER_FEED_BASE_URL", BASE_URL)
        return cls(client, key, base_url, country, quota)

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if filters.min_quantity or filters.sections:
            return say("Ticketmaster's feed does not say which seats are left, nor how many.")
        if filters.basis is Basis.LISTING:
            return say(_NO_LISTING_PRICES)
        country = target.country or (target.search and target.search.country)
        if country and country not in COUNTRIES:
            return say(
                "Ticketmaster has no feed of {country}; choose one of {names}.",
                country=country,
                names=", ".join(COUNTRIES),
            )
        if target.search is not None:
            return _search_refusal(target, target.search)
        if filters.weekdays:
            return say("Weekdays narrow a search; an event has its own day.")
        return _id_refusal(target.item or "")

    @staticmethod
    def recognise(_link: Link) -> Target | None:
        """See ``providers.Kind``: its shop's addresses are ``ticketmaster``'s to read."""
        return None

    @staticmethod
    def cannot_see(_target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``."""
        return say(_NO_LISTING_PRICES) if condition.basis is Basis.LISTING else None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """All of one country together, however many: one file shows them all."""
        by_country: dict[str, list[Target]] = {}
        for target in targets:
            by_country.setdefault(self._file(target), []).append(target)
        return list(by_country.values())

    def _file(self, target: Target) -> str:
        """The country whose file shows a target."""
        return target.country or (target.search and target.search.country) or self._country

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Look for one of ``batches``; see ``Provider``.

        Codes of failures: ``missing`` from the file, ``too_many`` (a search with more than 1,000 events),
        ``bad_id`` (never asked).
        """
        askable = [target for target in batch if target.search or _ITEM.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        unaskable = {target.id: "bad_id" for target in batch if target.id not in asked}
        if not askable:
            return Fetched(failures=unaskable)
        country = self._file(askable[0])
        sought = Sought(askable, country, now)
        with self._files.rows(country, budget, now) as rows:
            for row in rows:
                sought.see(row)
        return Fetched(sought.observations, {**sought.failures, **unaskable})

    # ── open questions, recorded answers ─────────────────────────────────────────────────────────────────

    def probes(self) -> tuple[Probe, ...]:
        """Whether the file says prices at all: its first rows tell, and the rest is not downloaded."""
        asked = f"Does the file of {self._country} still say prices?"
        return (Probe("prices", asked, self._probe),)

    def _probe(self, budget: Budget, now: datetime) -> str:
        with self._files.rows(self._country, budget, now) as rows:
            first = islice(rows, PROBED)
            seen = [item(row, Target(NAME, item=id_), now) for row in first if (id_ := row_id(row))]
        if not seen:
            raise ProviderUnavailableError(f"{NAME}: there are no events in the file of {self._country}")
        return f"{sum(bool(one.prices) for one in seen)} of the first {len(seen)} events have a price."

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """Every event of a recorded file, packed or not; see ``Provider``."""
        rows = _packed_rows(body) if body.startswith(MAGIC) else _recorded_rows(body)
        targets = [(row, Target(NAME, item=id_)) for row in rows if (id_ := row_id(row))]
        if not targets:
            raise ProviderError(f"{NAME}: this is no file of the Discovery Feed")
        return [item(row, target, now) for row, target in targets]


def _search_refusal(target: Target, search: Search) -> str | None:
    if target.country:
        return say("Put the country into the search.")
    if not (search.keyword or search.city):
        return say("All of a category in a whole country is too much; add a keyword or a city.")
    return None


def _recorded_rows(body: bytes) -> list[Row]:
    found: list[Row] = []
    for one in recordings(body, NAME):
        if one.status is not None and (error := http.error_by_status(one.status, NAME)):
            raise error
        found += shapes.rows(shapes.mapping(one.body).get("events"))
    return found


def _packed_rows(body: bytes) -> list[Row]:
    try:
        return list(rows_of(unpacked(iter([body]), NAME), NAME))
    except ProviderUnavailableError as exc:
        raise ProviderError(str(exc)) from None  # a file stays what it is


def _id_refusal(item: str) -> str | None:
    if _ITEM.fullmatch(item):
        return None
    return say("A Ticketmaster event id has 5 to 40 letters, digits, '-' or '_'; take it from a search.")
