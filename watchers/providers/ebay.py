"""eBay's Browse API v1: what one listing costs, and what is newly listed.

https://developer.ebay.com/api-docs/buy/browse/overview.html

Settings: ``EBAY_CLIENT_ID`` and ``EBAY_CLIENT_SECRET`` (the application's keys; without them the provider is
off), ``EBAY_MARKETPLACE`` (where a watch names no country), ``EBAY_BASE_URL``, ``EBAY_CALLS_PER_DAY`` and
``EBAY_CALLS_PER_SECOND`` (a granted quota other than the usual).

Each listing and each search is a call of its own; asking for twenty listings at once needs a permission that
single persons do not get. eBay gives out production keys only to those who take part in its notices of
deleted accounts, or opt out of them: https://developer.ebay.com/marketplace-account-deletion.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from watchers.errors import ProviderError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings, shapes
from watchers.providers.base import Fetched
from watchers.providers.browse.answers import NAME, RefusedError, error_of, page_of
from watchers.providers.browse.item import ID, NUMBER, is_about, item, row
from watchers.providers.browse.search import CATEGORY, found, question, words
from watchers.providers.links import Link
from watchers.providers.recordings import recordings
from watchers.providers.tokens import Client, Tokens
from watchers.quota import Budget, Quota
from watchers.target import Search, Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

BASE_URL = "https://api.ebay.com"
SCOPE = "https://api.ebay.com/oauth/api_scope"
# 5,000 a day for all of Browse: https://developer.ebay.com/develop/get-started/api-call-limits. Nothing is
# said of a second.
CALLS_PER_DAY, CALLS_PER_SECOND = 5000, 5.0
PAUSE, LONGEST_PAUSE = timedelta(minutes=15), timedelta(hours=24)
# https://developer.ebay.com/api-docs/buy/browse/types/ba:MarketplaceIdEnum
MARKETPLACES = (
    "AT",
    "AU",
    "BE",
    "CA",
    "CH",
    "DE",
    "ES",
    "FR",
    "GB",
    "HK",
    "IE",
    "IT",
    "NL",
    "PL",
    "SG",
    "US",
)
COUNTRY = "US"
_SHOPS = {
    "com": None, "co.uk": "GB", "com.au": "AU", "com.hk": "HK", "com.sg": "SG",
    **{country.lower(): country for country in MARKETPLACES},
}  # fmt: skip

_TOO_MANY = 429
_NO_SUCH_PRICES = to_say(
    "eBay has listing and all-in prices (with stated shipping); choose one of these, or any."
)


class Ebay:
    """Asks Browse v1; implements ``Provider``. No key stands in any error, log line or ``repr``."""

    def __init__(
        self,
        client: "httpx.Client | None",
        client_id: str,
        secret: str,
        base_url: str = BASE_URL,
        country: str = COUNTRY,
        calls_per_day: int = CALLS_PER_DAY,
        calls_per_second: float = CALLS_PER_SECOND,
    ) -> None:
        self.name = NAME
        self.quota = Quota(calls_per_day, timedelta(days=1), calls_per_second)
        self._root, self._country = f"{base_url}/buy/browse/v1", country
        login = Client(NAME, f"{base_url}/identity/v1/oauth2/token", client_id, secret, SCOPE)
        self._tokens = Tokens(http.Connections(client), login)

    @classmethod
    def from_env(cls, env: Mapping[str, str], client: "httpx.Client | None" = None) -> "Ebay | SwitchedOff":
        """From the settings named above.

        Raises:
            ValueError: a setting is wrong.
        """
        client_id, secret = (settings.given(env, name) for name in ("EBAY_CLIENT_ID", "EBAY_CLIENT_SECRET"))
        if client_id is None or secret is None:
            return SwitchedOff(NAME, f"EBAY_CLIENT_{'SECRET' if client_id else 'ID'} is not set")
        return cls(
            client,
            client_id,
            secret,
            settings.base_url(env, "EBAY_BASE_URL", BASE_URL),
            _marketplace(env),
            settings.whole_number(env, "EBAY_CALLS_PER_DAY", CALLS_PER_DAY),
            settings.rate(env, "EBAY_CALLS_PER_SECOND", CALLS_PER_SECOND),
        )

    # ── before anything is asked ─────────────────────────────────────────────────────────────────────────

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if filters.min_quantity or filters.sections or filters.weekdays:
            return say("A listing on eBay has no quantity, sections or weekdays to narrow a watch by.")
        if filters.basis not in (None, Basis.LISTING, Basis.ALL_IN):
            return say(_NO_SUCH_PRICES)
        country = target.country or (target.search and target.search.country)
        if country and country not in MARKETPLACES:
            return say(
                "eBay's API has no shop for {country}; choose one of {names}.",
                country=country,
                names=", ".join(MARKETPLACES),
            )
        if target.search is not None:
            return (
                say("Put the country into the search.") if target.country else _search_refusal(target.search)
            )
        return _id_refusal(target.item or "")

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """See ``providers.Kind``: a listing's number, in the shop of the address's country."""
        shop = re.fullmatch(r"(?:www\.|m\.)?ebay\.([a-z.]{2,6})", link.host)
        found = re.match(r"/itm/(?:[^/]+/)?([0-9]{9,15})/?$", link.path)
        return Target(NAME, found[1], country=_SHOPS.get(shop[1])) if shop and found else None

    @staticmethod
    def cannot_see(target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``."""
        if condition.basis is not None:
            return None if condition.basis in ("any", Basis.LISTING, Basis.ALL_IN) else say(_NO_SUCH_PRICES)
        if condition.kind is Kind.STATUS:
            return say("eBay announces no dates or changes; choose below, drop or back_in_stock.")
        if condition.kind is Kind.BACK_IN_STOCK and target.search is not None:
            return say("a search on eBay shows only what can be bought; choose new_listing.")
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """Everything alone."""
        return [[target] for target in targets]

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about each of a batch; see ``Provider``.

        Codes of failures: ``not_found`` (ended, or unknown), ``item_group`` (a number that several variations
        share: one of them has to be chosen), ``refused``, ``malformed``, ``other_item``, ``bad_id`` (never
        asked).
        """
        answers = {target.id: self._one(target, budget, now) for target in batch}
        return Fetched(
            {id_: one for id_, one in answers.items() if isinstance(one, Observation)},
            {id_: one for id_, one in answers.items() if isinstance(one, str)},
        )

    def _one(self, target: Target, budget: Budget, now: datetime) -> Observation | str:
        """What is said, or the code of a failure."""
        asked = target.item or ""
        if target.search is None and not (ID.fullmatch(asked) or NUMBER.fullmatch(asked)):
            return "bad_id"
        try:
            body = self._asked(target, budget, now)
        except RefusedError as exc:
            return exc.code
        if target.search is not None:
            page = page_of(body)
            return found(target, page, now) if page else "malformed"
        listing = shapes.mapping(body)
        if "itemId" not in listing:
            return "malformed"
        return item(listing, target, now) if is_about(listing, asked) else "other_item"

    def _asked(self, target: Target, budget: Budget, now: datetime) -> object:
        country = target.country or (target.search and target.search.country) or self._country
        shop = {"X-EBAY-C-MARKETPLACE-ID": f"EBAY_{country}"}
        answer = self._tokens.ask("GET", f"{self._root}/{_path(target)}", budget, now, headers=shop)
        if answer.status == _TOO_MANY:
            budget.block_until(http.retry_at(answer.headers, now, PAUSE, LONGEST_PAUSE))
        body = answer.json(NAME) if answer.status == http.OK else answer.error_json(NAME)
        if error := error_of(answer.status, body):
            raise error
        return body

    # ── recorded answers ─────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """The rows of recorded searches, or recorded listings; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            if error := error_of(one.status, one.body):
                raise error
            listing = shapes.mapping(one.body)
            if page := page_of(one.body):
                seen += [row(each, now) for each in page.rows]
            elif "title" in listing and ID.fullmatch(str(listing.get("itemId"))):
                seen.append(item(listing, Target(NAME, item=listing["itemId"]), now))
            else:
                raise ProviderError(f"{NAME}: this is no answer of Browse v1")
        return seen


def _path(target: Target) -> str:
    asked = target.item or ""
    if target.search is not None:
        return f"item_summary/search?{urlencode(question(target.search))}"
    if NUMBER.fullmatch(asked):
        return f"item/get_item_by_legacy_id?legacy_item_id={asked}"
    return f"item/{quote(asked, safe='')}"


def _marketplace(env: Mapping[str, str]) -> str:
    """``EBAY_GB`` or just ``GB``."""
    raw = (settings.given(env, "EBAY_MARKETPLACE") or COUNTRY).upper().removeprefix("EBAY_")
    if raw not in MARKETPLACES:
        raise ValueError(f"EBAY_MARKETPLACE must be one of EBAY_{', EBAY_'.join(MARKETPLACES)}")
    return raw


def _search_refusal(search: Search) -> str | None:
    if search.city or search.date_from or search.date_to or search.weekdays:
        return say("A search on eBay has no city and no dates; give a keyword, and a category if you like.")
    if search.category and not CATEGORY.fullmatch(search.category):
        return say("A category on eBay is a number; in a web address it stands behind _sacat= or /b/.")
    if not (search.category or words(search.keyword or "")):
        return say("A search on eBay needs a keyword with at least one word in it.")
    return None


def _id_refusal(asked: str) -> str | None:
    if ID.fullmatch(asked) or NUMBER.fullmatch(asked):
        return None
    if pasted := re.search(r"/itm/(?:[^/?#]+/)?([0-9]{9,15})\b", asked):
        return say("Give the listing's number alone; in this address it is {id}.", id=pasted[1])
    return say(
        "An eBay listing is a number of 9 to 15 digits, or v1|number|variation; it stands behind /itm/."
    )
