"""Ticketmaster's Inventory Status v1: whether tickets are left, of the first sale and for resale.

https://developer.ticketmaster.com/products-and-docs/apis/inventory-status

Not everybody's key may ask: access is granted on request (devportalinquiry@ticketmaster.com). So it is off
unless ``INVENTORY_STATUS`` is ``on``, and after a refusal (401, 403) nothing is asked for a day.

Settings: ``INVENTORY_STATUS``, ``TICKETMASTER_API_KEY``, ``INVENTORY_STATUS_COUNTRY`` (where a watch names
none), and ``INVENTORY_STATUS_BASE_URL``, ``INVENTORY_STATUS_CALLS_PER_DAY`` and
``INVENTORY_STATUS_CALLS_PER_SECOND``.

Up to 1,000 events of one country and one source are asked for in one call; mixed, the answers may be wrong.
Tickets are available where either sale has some: who waits for the first sale alone waits for a face price.
``UNKNOWN`` is not "sold out": such an event was not seen. Prices are without fees, and new once an hour.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from watchers.errors import ProviderError, ProviderUnavailableError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings
from watchers.providers.base import Fetched
from watchers.providers.inventory.answers import UNSEEN, answer, entries
from watchers.providers.inventory.calls import Calls, TooLongError
from watchers.providers.links import Link
from watchers.providers.recordings import recordings
from watchers.quota import Budget, Quota
from watchers.target import Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

NAME = "inventory_status"
BASE_URL = "https://app.ticketmaster.com"
COUNTRY = "US"
# No limit is documented: what was granted goes into the settings.
QUOTA = Quota(calls=1000, per=timedelta(days=1), per_second=1.0)
EVENTS_A_CALL = 1000
COUNTRIES = (
    *("US", "CA", "MX", "GB", "IE", "AU", "NZ", "AT", "BE", "CH"),
    *("CZ", "DE", "DK", "ES", "FI", "NL", "NO", "PL", "SE"),
)
PRICED = frozenset({"US", "CA", "MX", "GB", "IE", "AU", "NZ"})  # of GB and IE the documents disagree

_ITEM = re.compile(r"[A-Za-z0-9_-]{5,40}")
_OTHER_PRICES = to_say(
    "Inventory Status publishes face and resale prices, without fees; choose one of these, or any."
)


class InventoryStatus:
    """Asks Inventory Status; implements ``Provider``. The key stands in no error, log line or ``repr``."""

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
        self._calls = Calls(http.Connections(client), key, base_url, NAME)
        self._country, self._together = country, EVENTS_A_CALL

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> "InventoryStatus | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        if not settings.switched_on(env, NAME.upper()):
            return SwitchedOff(NAME, "INVENTORY_STATUS is not set to on; its access is granted on request")
        key = settings.given(env, "TICKETMASTER_API_KEY")
        if key is None:
            return SwitchedOff(NAME, "TICKETMASTER_API_KEY is not set")
        country = settings.country(env, "INVENTORY_STATUS_COUNTRY", COUNTRY)
        if country not in COUNTRIES:
            raise ValueError(f"INVENTORY_STATUS_COUNTRY must be one of {', '.join(COUNTRIES)}")
        quota = Quota(
            settings.whole_number(env, "INVENTORY_STATUS_CALLS_PER_DAY", QUOTA.calls),
            QUOTA.per,
            settings.rate(env, "INVENTORY_STATUS_CALLS_PER_SECOND", QUOTA.per_second),
        )
        return cls(client, key, settings.base_url(env, "INVENTORY_STATUS_BASE_URL", BASE_URL), country, quota)

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if target.search is not None:
            return say(
                "Inventory Status knows event ids only; search with ticketmaster, and take one from there."
            )
        if filters.min_quantity or filters.sections or filters.weekdays:
            return say("Inventory Status says neither how many tickets are left nor where, and no days.")
        if filters.basis not in (None, Basis.FACE, Basis.RESALE):
            return say(_OTHER_PRICES)
        if target.country and target.country not in COUNTRIES:
            return say(
                "Inventory Status says nothing of {country}; choose one of {names}.",
                country=target.country,
                names=", ".join(COUNTRIES),
            )
        if not _ITEM.fullmatch(target.item or ""):
            return say(
                "A Ticketmaster event id has 5 to 40 letters, digits, '-' or '_'; take it from a search."
            )
        return None

    @staticmethod
    def recognise(_link: Link) -> Target | None:
        """See ``providers.Kind``: its shop's addresses are ``ticketmaster``'s to read."""
        return None

    @staticmethod
    def cannot_see(target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``: an answer holds what is left and two prices, and nothing else."""
        if condition.kind is Kind.STATUS:
            return say(
                "Inventory Status announces no dates or changes; choose back_in_stock, or ticketmaster."
            )
        if condition.basis is None:
            return None
        if condition.basis not in ("any", Basis.FACE, Basis.RESALE):
            return say(_OTHER_PRICES)
        if target.country and target.country not in PRICED:
            return say(
                "Inventory Status publishes no prices for {country}; choose back_in_stock.",
                country=target.country,
            )
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """By thousand (fewer, once that was too many) for each country and source."""
        alike: dict[tuple[str, str], list[Target]] = {}
        for target in targets:
            alike.setdefault((self._place(target), _source(target)), []).append(target)
        most = self._together
        return [same[start : start + most] for same in alike.values() for start in range(0, len(same), most)]

    def _place(self, target: Target) -> str:
        return target.country or self._country

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about one of ``batches``; see ``Provider``.

        Codes of failures: ``unknown`` (nothing was said of it), ``not_found``, ``missing`` from the answer,
        ``malformed``, ``bad_id`` (never asked).
        """
        askable = [target for target in batch if _ITEM.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        failures = {target.id: "bad_id" for target in batch if target.id not in asked}
        if not askable:
            return Fetched(failures=failures)
        said = entries(self._ask(askable, budget, now))
        if said is None:
            raise ProviderUnavailableError(f"{NAME}: the answer is no list of events")
        answers = {target.id: _answer(said, target, now) for target in askable}
        return Fetched(
            {id_: one for id_, one in answers.items() if isinstance(one, Observation)},
            failures | {id_: one for id_, one in answers.items() if isinstance(one, str)},
        )

    def _ask(self, targets: Sequence[Target], budget: Budget, now: datetime) -> object:
        ids = list(dict.fromkeys(target.item or "" for target in targets))
        try:
            return self._calls.ask(ids, self._place(targets[0]), budget, now)
        except TooLongError:
            self._together = max(1, len(ids) // 2)
            raise

    # ── recorded answers ─────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """Every event of recorded answers; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            if one.status is not None and (error := http.error_by_status(one.status, NAME)):
                raise error
            said = entries(one.body)
            if not said:
                raise ProviderError(f"{NAME}: this is no answer of Inventory Status")
            seen += [_recorded(said, Target(NAME, item=id_), now) for id_ in said]
        return seen


def _answer(said: Mapping[str, Mapping[str, Any]], target: Target, now: datetime) -> Observation | str:
    entry = said.get(target.item or "")
    return "missing" if entry is None else answer(entry, target, now)


def _recorded(said: Mapping[str, Mapping[str, Any]], target: Target, now: datetime) -> Observation:
    """What a recording says; of an event that was not seen, why."""
    one = _answer(said, target, now)
    return Observation(target, now, problems=(UNSEEN[one],)) if isinstance(one, str) else one


def _source(target: Target) -> str:
    """What must not be mixed: the ids of other sources begin with ``Z`` and the source's own letters."""
    item = target.item or ""
    return item[:6] if item.startswith("Z") else ""
