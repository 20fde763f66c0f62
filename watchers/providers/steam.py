"""Steam's storefront: the price of a game in one country.

``GET /api/appdetails?appids=1,2&filters=price_overview&cc=us``. It is not documented, needs no key, takes
many ids in one call only with that one filter, and allows some 200 calls in 5 minutes; whoever goes on after
a 429 is shut out for hours. https://steamcommunity.com/dev/apiterms is the nearest thing to terms.

Settings: ``STEAM_COUNTRY`` (whose prices, where a target names no country), ``STEAM_BASE_URL``,
``STEAM_CALLS_PER_DAY`` and ``STEAM_CALLS_PER_SECOND``.

Its integers are hundredths of every currency, also of those without hundredths: 550000 KRW are 5,500 won.
A price of 0 is one only where Steam says that the game is free. "No price" is not "free".
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.money import Basis, exponent, minor_units
from watchers.observation import Availability, Observation, Price
from watchers.providers import SwitchedOff, http, settings, shapes
from watchers.providers.base import Fetched, Probe
from watchers.providers.links import Link, path_at
from watchers.providers.recordings import recordings
from watchers.quota import Budget, Quota
from watchers.target import Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters

NAME = "steam"
BASE_URL = "https://store.steampowered.com"
# https://partner.steamgames.com/doc/store/assets/standard : every app has a header; it is shown, never asked.
PICTURES = "https://cdn.cloudflare.steamstatic.com"
COUNTRY = "US"
# About 200 in 5 minutes: https://steamdb.info/blog/store-prices-api/ . That is hearsay, and who is over is
# shut out for hours: a tenth is left to be wrong by.
QUOTA = Quota(calls=180, per=timedelta(minutes=5), per_second=2.0)
# A day's quota says nothing of 5 minutes, so its calls are spread: 150 in 5 minutes at most.
PER_SECOND_OF_A_DAY = 0.5
APPS_A_CALL = 100
PROBED = 200  # as many as were ever seen to be asked for in one call
PAUSES = {429: timedelta(minutes=5), 403: timedelta(hours=1)}
LONGEST_PAUSE = timedelta(hours=24)

_APP = re.compile(r"[1-9][0-9]{0,9}")
_HUNDREDTHS, _OF_HUNDREDTHS = Decimal(100), 2
_NOT_SOLD = to_say("Steam does not know this app, or does not sell it in this country.")
_YES, _NO = (True, "true"), (False, "false")  # both spellings occur


class Steam:
    """Asks Steam's storefront; implements ``Provider``."""

    def __init__(
        self,
        client: "httpx.Client | None",
        base_url: str = BASE_URL,
        country: str = COUNTRY,
        quota: Quota = QUOTA,
    ) -> None:
        self.name = NAME
        self.quota = quota
        self._connections = http.Connections(client)
        self._root, self._country = base_url, country

    @classmethod
    def from_env(cls, env: Mapping[str, str], client: "httpx.Client | None" = None) -> "Steam | SwitchedOff":
        """From the settings named above; there is no key, so it is always on.

        Raises:
            ValueError: a setting is wrong.
        """
        return cls(
            client,
            settings.base_url(env, "STEAM_BASE_URL", BASE_URL),
            settings.country(env, "STEAM_COUNTRY", COUNTRY),
            _quota(env),
        )

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence."""
        if target.search is not None:
            return say("Steam can be watched by app id only; it offers no search to ask again and again.")
        if filters.min_quantity or filters.sections or filters.weekdays:
            return say("A game on Steam has no quantity, sections or weekdays.")
        if filters.basis not in (None, Basis.LISTING):
            return say("Steam publishes listing prices only.")
        return _app_refusal(target.item or "")

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """See ``providers.Kind``: ``store.steampowered.com/app/570/Dota_2/``."""
        found = re.match(r"/(?:agecheck/)?app/([1-9][0-9]{0,9})(?:/|$)", link.path)
        is_own = link.is_of("store.steampowered.com", "steamcommunity.com")
        return Target(NAME, found[1]) if found and is_own else None

    def recognise_here(self, link: Link) -> Target | None:
        """See ``StandsElsewhere``: ``/app/<id>``."""
        found = re.match(r"/app/([1-9][0-9]{0,9})(?:/|$)", path_at(link, self._root, BASE_URL))
        return Target(NAME, found[1]) if found else None

    @staticmethod
    def cannot_see(_target: Target, condition: "Condition") -> str | None:
        """See ``providers.Kind``: an answer of Steam holds a price, or none, and nothing else."""
        if condition.basis is not None:
            published = condition.basis in ("any", Basis.LISTING)
            return None if published else say("Steam publishes listing prices only; choose listing or any.")
        if condition.kind is Kind.BACK_IN_STOCK:
            return say("Steam never says that a game is sold out; choose below, drop or historic_low.")
        if condition.kind is Kind.STATUS:
            return say("Steam announces no dates or changes; choose below, drop or historic_low.")
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """By hundred for each country."""
        by_country: dict[str, list[Target]] = {}
        for target in targets:
            by_country.setdefault(self._shop(target), []).append(target)
        return [
            same[start : start + APPS_A_CALL]
            for same in by_country.values()
            for start in range(0, len(same), APPS_A_CALL)
        ]

    def _shop(self, target: Target) -> str:
        return target.country or self._country

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Ask about one of ``batches``; see ``Provider``.

        Codes of failures: ``not_found`` (unknown, or not sold in this country), ``missing`` from the answer,
        ``malformed``, ``other_item``, ``bad_id`` (never asked).
        """
        askable = [target for target in batch if _APP.fullmatch(target.item or "")]
        asked = {target.id for target in askable}
        failures = {target.id: "bad_id" for target in batch if target.id not in asked}
        if not askable:
            return Fetched(failures=failures)
        apps = _apps(self._ask(askable, budget, now))
        observations: dict[str, Observation] = {}
        for target in askable:
            answer = _answer(apps, target, now, self._root)
            if isinstance(answer, Observation):
                observations[target.id] = answer
            else:
                failures[target.id] = answer
        return Fetched(observations, failures)

    def _ask(self, targets: Sequence[Target], budget: Budget, now: datetime) -> object:
        apps = ",".join(dict.fromkeys(target.item or "" for target in targets))
        shop = self._shop(targets[0]).lower()
        budget.take()
        params = {"appids": apps, "filters": "price_overview", "cc": shop}
        answer = self._connections.get(f"{self._root}/api/appdetails", params, NAME)
        if pause := PAUSES.get(answer.status):
            budget.block_until(http.retry_at(answer.headers, now, pause, LONGEST_PAUSE))
            raise ProviderUnavailableError(f"{NAME}: status {answer.status}: told to stop asking for a while")
        if error := http.error_by_status(answer.status, NAME):
            raise error
        return answer.json(NAME)

    def probes(self) -> tuple[Probe, ...]:
        """What only a live call can tell."""
        return (Probe("batch_size", f"Does Steam answer {PROBED} apps in one call?", self._probe),)

    def _probe(self, budget: Budget, now: datetime) -> str:
        """Apps of low numbers, sold or not: each that is answered at all is named in the answer."""
        apps = [str(number) for number in range(10, 10 * (PROBED + 1), 10)]
        try:
            body = self._ask([Target(NAME, item=app) for app in apps], budget, now)
        except ProviderRejectedError:
            return f"{PROBED} apps in one call are refused; {APPS_A_CALL} are asked for."
        if not isinstance(body, dict):
            return f"{PROBED} apps in one call are answered with null or a list; {APPS_A_CALL} are asked for."
        answered = sum(app in body for app in apps)
        return f"{PROBED} apps in one call: {answered} were answered; {APPS_A_CALL} are asked for."

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """Every app of recorded answers, multi or full, that Steam said something about; see ``Provider``."""
        seen: list[Observation] = []
        for one in recordings(body, NAME):
            if one.status is not None and (error := http.error_by_status(one.status, NAME)):
                raise error
            apps = _apps(one.body)
            if not apps or not all(_APP.fullmatch(app) for app in apps):
                raise ProviderError(f"{NAME}: this is no answer of Steam's appdetails")
            for target in (Target(provider=NAME, item=app) for app in apps):
                answer = _answer(apps, target, now, BASE_URL)
                if isinstance(answer, Observation):
                    seen.append(answer)
                elif answer == "not_found":
                    seen.append(Observation(target, now, problems=(_NOT_SOLD,)))
        return seen


def _quota(env: Mapping[str, str]) -> Quota:
    if settings.given(env, "STEAM_CALLS_PER_DAY") is None:
        return Quota(QUOTA.calls, QUOTA.per, settings.rate(env, "STEAM_CALLS_PER_SECOND", QUOTA.per_second))
    return Quota(
        settings.whole_number(env, "STEAM_CALLS_PER_DAY", QUOTA.calls),
        timedelta(days=1),
        settings.rate(env, "STEAM_CALLS_PER_SECOND", PER_SECOND_OF_A_DAY),
    )


def _app_refusal(item: str) -> str | None:
    if _APP.fullmatch(item):
        return None
    if pasted := re.search(r"/app/([1-9][0-9]{0,9})\b", item):
        return say("Give the app id alone; in this address it is {id}.", id=pasted[1])
    return say("A Steam app id is a number; in a store address it stands behind /app/.")


def _apps(body: object) -> Mapping[str, Any]:
    """The answer by app id. ``null`` is what is sent to those who asked too often."""
    if not isinstance(body, dict):
        raise ProviderUnavailableError(f"{NAME}: the answer is null, or holds no apps")
    return body


def _answer(apps: Mapping[str, Any], target: Target, now: datetime, root: str) -> Observation | str:
    """What is said about one app, or the code of a failure."""
    app = target.item or ""
    if app not in apps:
        return "missing"
    entry = shapes.mapping(apps[app])
    success = entry.get("success")
    if success in _NO:
        return "not_found"
    if success not in _YES or not isinstance(entry.get("data"), dict | list):
        return "malformed"
    data = shapes.mapping(entry["data"])  # a list, and an empty one, where there is no price
    if str(data.get("steam_appid", app)) != app:
        return "other_item"
    return _observed(target, data, now, root)


def _observed(target: Target, data: Mapping[str, Any], now: datetime, root: str) -> Observation:
    price, problem = _price(data)
    return Observation(
        target=target,
        at=now,
        name=shapes.text(data.get("name")),
        url=f"{root}/app/{target.item}",
        image=shapes.url(data.get("header_image")) or _picture(target.item or "", root),
        availability=Availability.AVAILABLE if price else Availability.UNKNOWN,
        prices=(price,) if price else (),
        problems=(problem,) if problem else (),
    )


def _picture(app: str, root: str) -> str:
    """Whoever plays the store plays its pictures, too."""
    return f"{PICTURES if root == BASE_URL else root}/steam/apps/{app}/header.jpg"


def _price(data: Mapping[str, Any]) -> tuple[Price | None, str | None]:
    """The price, or why there is none."""
    overview = shapes.mapping(data.get("price_overview"))
    free = data.get("is_free") in _YES
    if not overview:
        return None, "Steam names no price: the app is free, not for sale, or has no price yet."
    currency, final = shapes.currency(overview.get("currency")), overview.get("final")
    if currency is None or not isinstance(final, int) or isinstance(final, bool) or not 0 <= final < 10**12:
        return None, "Steam's price is not a known currency and a whole number of hundredths; not used."
    low = _minor_units(final, currency)
    if low == 0 and not (free and final == 0):
        return None, "A price of 0 without a word that the app is free; taken as unknown."
    return Price(Basis.LISTING, currency, low), None


def _minor_units(hundredths: int, currency: str) -> int:
    """Of nearly every currency a hundredth is the minor unit."""
    if exponent(currency) == _OF_HUNDREDTHS:
        return hundredths
    return minor_units(Decimal(hundredths) / _HUNDREDTHS, currency)
