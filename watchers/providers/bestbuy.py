"""Best Buy's Products API v1: what products cost in the United States, a hundred in one call.

https://bestbuyapis.github.io/api-documentation/

Settings: ``BESTBUY_API_KEY`` (without it the provider is off), ``BESTBUY_BASE_URL``,
``BESTBUY_CALLS_PER_DAY`` and ``BESTBUY_CALLS_PER_SECOND``.

What is not sold now, is a download or was owned before is left out of an answer unless it is asked for by
``active=*`` and the like; what is missing all the same is never "gone". A search is read to its end, or its
first 500 results. By Best Buy's terms, what it says may be kept for 72 hours, and a key is given out for an
e-mail address of a domain of one's own: https://developer.bestbuy.com/legal
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from watchers.errors import OutOfQuotaError, ProviderError, ProviderUnavailableError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings, shapes
from watchers.providers.base import Fetched, Probe
from watchers.providers.links import Link
from watchers.providers.products.answers import NAME, Page, error_of, page_of
from watchers.providers.products.calls import PAGE, Calls
from watchers.providers.products.product import entry, observe, sku_of
from watchers.providers.products.search import found, question, search_refusal
from watchers.providers.recordings import recordings
from watchers.quota import Budget, Quota
from watchers.target import Search, Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

BASE_URL = "https://api.bestbuy.com"
# 5 a second and 50,000 a day: https://developer.bestbuy.com/legal
CALLS_PER_DAY, CALLS_PER_SECOND = 50_000, 5.0
MAX_PAGES = 5

_SKU = re.compile(r"[1-9][0-9]{3,11}")
_EVERYTHING = "active=*&digital=*&preowned=*"
_LISTING_ONLY = to_say("Best Buy publishes listing prices only; choose listing or any.")
_MANY = to_say("Only the first 500 results can be read; narrow the search.")


class Bestbuy:
    """Asks Best Buy's products; implements ``Provider``. The key stands in no error, log line or ``repr``."""

    def __init__(
        self,
        client: "httpx.Client | None",
        key: str,
        base_url: str = BASE_URL,
        calls_per_day: int = CALLS_PER_DAY,
        calls_per_second: float = CALLS_PER_SECOND,
    ) -> None:
        self.name = NAME
        self.quota = Quota(calls_per_day, timedelta(days=1), calls_per_second)
        self._calls = Calls(http.Connections(client), key, base_url)

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> "Bestbuy | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        key = settings.given(env, "BESTBUY_API_KEY")
        if key is None:
            return SwitchedOff(NAME, "BESTBUY_API_KEY is not set")
        return cls(
            client,
            key,
            settings.base_url(env, "BESTBUY_BASE_URL", BASE_URL),
            settings.whole_number(env, "BESTBUY_CALLS_PER_DAY", CALLS_PER_DAY),
            settings.rate(env, "BESTBUY_CALLS_PER_SECOND", CALLS_PER_SECOND),
        )

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if filters.min_quantity or filters.sections or filters.weekdays:
            return say("A product of Best Buy has no quantity, sections or weekdays.")
        if filters.basis not in (None, Basis.LISTING):
            return say(_LISTING_ONLY)
        if {target.country, target.search and target.search.country} - {None, "US"}:
            return say("Best Buy's API knows the United States only; leave the country out.")
        return search_refusal(target.search) if target.search else _sku_refusal(target.item or "")

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """See ``providers.Kind``: the SKU, wherever an address has it."""
        if not link.is_of("bestbuy.com"):
            return None
        found = re.search(r"/([1-9][0-9]{3,11})\.p$|/sku/([1-9][0-9]{3,11})(?:/|$)", link.path)
        number = (found[1] or found[2]) if found else link.query.get("skuId", "")
        return Target(NAME, number) if _SKU.fullmatch(number) else None

    @staticmethod
    def cannot_see(_target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``."""
        if condition.basis is not None:
            return None if condition.basis in ("any", Basis.LISTING) else say(_LISTING_ONLY)
        if condition.kind is Kind.STATUS:
            return say("Best Buy announces no dates or changes; choose below, drop or back_in_stock.")
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """Products by hundred; then every search alone."""
        items = [target for target in targets if target.search is None]
        lists = [items[start : start + PAGE] for start in range(0, len(items), PAGE)]
        return [*lists, *([target] for target in targets if target.search is not None)]

    def probes(self) -> tuple[Probe, ...]:
        """Whether a wrong key can be told from a spent quota: both are a 403."""
        asked = "Does the 403 for a wrong key say so, in words that we understand?"
        return (Probe("wrong_key", asked, self._calls.with_a_wrong_key),)

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about one of ``batches``; see ``Provider``.

        Codes of failures: ``missing`` from the answer, ``malformed``, ``bad_id`` (never asked).
        """
        if batch and (search := batch[0].search):
            return self._search(batch[0], search, budget, now)
        askable = [target for target in batch if _SKU.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        failures = {target.id: "bad_id" for target in batch if target.id not in asked}
        if not askable:
            return Fetched(failures=failures)
        skus = ",".join(dict.fromkeys(target.item or "" for target in askable))
        page = page_of(self._calls.ask(f"sku in({skus})&{_EVERYTHING}", budget, now))
        if page is None:
            return Fetched(failures={**failures, **dict.fromkeys(asked, "malformed")})
        products = {sku_of(product): product for product in page.products}
        seen = {one.id: observe(products[one.item], one, now) for one in askable if one.item in products}
        return Fetched(seen, {**failures, **dict.fromkeys(asked - seen.keys(), "missing")})

    def _search(self, target: Target, search: Search, budget: Budget, now: datetime) -> Fetched:
        asked = question(search)
        first = page_of(self._calls.ask(asked, budget, now))
        if first is None:
            return Fetched(failures={target.id: "malformed"})
        pages, count = [_whole(first)], min(first.pages, MAX_PAGES)
        if budget.left < count - 1:  # some of the pages are worth nothing: do not spend on them
            raise OutOfQuotaError(f"{NAME}: too few calls are left for {count} pages")
        pages += [
            _whole(page_of(self._calls.ask(asked, budget, now, number))) for number in range(2, count + 1)
        ]
        seen = found(target, [product for page in pages for product in page.products], now)
        problems = (*seen.problems, *([_MANY] if first.pages > MAX_PAGES else []))
        return Fetched({target.id: replace(seen, listing_count=first.total, problems=problems)})

    # ── recorded answers ─────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """Every product of recorded pages, or recorded products; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            if error := error_of(one.status, one.body):
                raise error
            page, single = page_of(one.body), shapes.mapping(one.body)
            if page is None and not (sku_of(single) and "name" in single):
                raise ProviderError(f"{NAME}: this is no answer of the Products API")
            seen += [entry(product, now) for product in (page.products if page else [single])]
        return seen


def _whole(page: Page | None) -> Page:
    if page is None or not page.is_whole:
        raise ProviderUnavailableError(f"{NAME}: a page of a search is not complete")
    return page


def _sku_refusal(item: str) -> str | None:
    if _SKU.fullmatch(item):
        return None
    if pasted := re.search(r"skuId=([1-9][0-9]{3,11})\b|/([1-9][0-9]{3,11})\.p\b", item):
        return say(
            "Give the product's number (SKU) alone; in this address it is {id}.", id=pasted[1] or pasted[2]
        )
    return say("A product of Best Buy is a number (SKU) of 4 to 12 digits; its page shows it below the name.")
