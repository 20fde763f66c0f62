"""The providers: a plain dict, in the order the form shows them.

Each entry builds one provider from the settings it alone knows, or says which setting is missing. Nothing
is imported before it is asked for, so that importing this package stays cheap.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from watchers.language import say
from watchers.observation import Observation
from watchers.providers import settings
from watchers.providers.base import Provider, StandsElsewhere, beyond_every_provider
from watchers.providers.links import Link
from watchers.target import Target

if TYPE_CHECKING:
    import httpx

    from watchers.watch import Condition, Filters


class SwitchedOff(msgspec.Struct, frozen=True):
    """A provider that cannot be asked, and what someone must do about it: ``FOO_API_KEY is not set``."""

    name: str
    why: str


class Kind(Protocol):
    """What a provider can do before it is set up: its class."""

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """See ``Provider.refusal``."""
        ...

    @staticmethod
    def cannot_see(target: Target, condition: "Condition") -> str | None:
        """Why this condition can never fire on this target here, and what to choose instead. Pure.

        A sentence that goes on after a colon; ``None`` when the condition may fire.
        """
        ...

    @staticmethod
    def recognise(link: Link) -> Target | None:
        """What an address of its own shop stands for: an item, or a search where its id is of no use. Pure.

        ``None``: it is not its own, or no page of a single thing.
        """
        ...

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """See ``Provider.read``."""
        ...

    def from_env(
        self, env: Mapping[str, str], client: "httpx.Client | None" = None
    ) -> Provider | SwitchedOff:
        """The provider, asking through ``client`` if one is given and the process's own if not.

        Raises:
            ValueError: a setting is there but wrong; the message names it and never repeats its value.
        """
        ...


def _ticketmaster() -> Kind:
    from watchers.providers.ticketmaster import Ticketmaster  # noqa: PLC0415 - lazy on purpose

    return Ticketmaster


def _steam() -> Kind:
    from watchers.providers.steam import Steam  # noqa: PLC0415 - lazy on purpose

    return Steam


def _eventbrite() -> Kind:
    from watchers.providers.eventbrite import Eventbrite  # noqa: PLC0415 - lazy on purpose

    return Eventbrite


def _seatgeek() -> Kind:
    from watchers.providers.seatgeek import Seatgeek  # noqa: PLC0415 - lazy on purpose

    return Seatgeek


def _ebay() -> Kind:
    from watchers.providers.ebay import Ebay  # noqa: PLC0415 - lazy on purpose

    return Ebay


def _bestbuy() -> Kind:
    from watchers.providers.bestbuy import Bestbuy  # noqa: PLC0415 - lazy on purpose

    return Bestbuy


def _stubhub() -> Kind:
    from watchers.providers.stubhub import Stubhub  # noqa: PLC0415 - lazy on purpose

    return Stubhub


def _ticketmaster_feed() -> Kind:
    from watchers.providers.ticketmaster_feed import TicketmasterFeed  # noqa: PLC0415 - lazy on purpose

    return TicketmasterFeed


def _inventory_status() -> Kind:
    from watchers.providers.inventory_status import InventoryStatus  # noqa: PLC0415 - lazy on purpose

    return InventoryStatus


def _page() -> Kind:
    from watchers.providers.page import Page  # noqa: PLC0415 - lazy on purpose

    return Page


PROVIDERS: dict[str, Callable[[], Kind]] = {
    "ticketmaster": _ticketmaster,
    "steam": _steam,
    "eventbrite": _eventbrite,
    "seatgeek": _seatgeek,
    "ebay": _ebay,
    "bestbuy": _bestbuy,
    "stubhub": _stubhub,
    "ticketmaster_feed": _ticketmaster_feed,
    "inventory_status": _inventory_status,
    "page": _page,
}

NEEDED: Mapping[str, tuple[str, ...]] = {
    "ticketmaster": ("TICKETMASTER_API_KEY",),
    "eventbrite": ("EVENTBRITE_TOKEN",),
    "seatgeek": ("SEATGEEK_CLIENT_ID",),
    "ebay": ("EBAY_CLIENT_ID", "EBAY_CLIENT_SECRET"),
    "bestbuy": ("BESTBUY_API_KEY",),
    "stubhub": ("STUBHUB_CLIENT_ID", "STUBHUB_CLIENT_SECRET"),
    "ticketmaster_feed": ("TICKETMASTER_FEED", "TICKETMASTER_API_KEY"),
    "inventory_status": ("INVENTORY_STATUS", "TICKETMASTER_API_KEY"),
}
"""Settings without which a provider is off, in the order in which it says so itself."""
_SAID = {
    "TICKETMASTER_FEED": "is not set to on; its files are big",
    "INVENTORY_STATUS": "is not set to on; its access is granted on request",
}


def from_env(
    env: Mapping[str, str], client: "httpx.Client | None" = None
) -> tuple[dict[str, Provider], tuple[SwitchedOff, ...]]:
    """Every provider that is set up, by name, and every one that is not.

    Raises:
        ValueError: a setting is there but wrong.
    """
    built = {name: _built(name, env, client) for name in PROVIDERS}
    switched_on = {name: one for name, one in built.items() if not isinstance(one, SwitchedOff)}
    return switched_on, tuple(one for one in built.values() if isinstance(one, SwitchedOff))


def _built(name: str, env: Mapping[str, str], client: "httpx.Client | None" = None) -> Provider | SwitchedOff:
    """One of them; what lacks a key is not even imported: a process that wakes does not pay for it."""
    for needed in NEEDED.get(name, ()):
        if settings.given(env, needed) is None:
            return SwitchedOff(name, f"{needed} {_SAID.get(needed, 'is not set')}")
    return PROVIDERS[name]().from_env(env, client)


def refusal(target: Target, filters: "Filters") -> str | None:
    """Why nobody can watch this target with these filters, as a sentence. Needs no key."""
    if target.provider not in PROVIDERS:
        return say(
            "There is no provider called {provider}; choose one of {names}.",
            provider=target.provider,
            names=", ".join(PROVIDERS),
        )
    return PROVIDERS[target.provider]().refusal(target, filters)


def cannot_see(target: Target, condition: "Condition") -> str | None:
    """Why this condition can never fire on this target, and what to choose instead. Needs no key.

    Of a provider that is not known nothing more is said: ``refusal`` says it.
    """
    if (why := beyond_every_provider(target, condition)) or target.provider not in PROVIDERS:
        return why
    return PROVIDERS[target.provider]().cannot_see(target, condition)


def recognise(link: Link, asked: Iterable[Provider] = ()) -> Target | None:
    """What an address stands for at whoever's own it is; ``None`` when it is nobody's. Needs no key.

    ``asked``: those that are on; of them, who asks another server than the usual knows its addresses too.
    """
    for one in asked:
        if isinstance(one, StandsElsewhere) and (target := one.recognise_here(link)):
            return target
    return next((found for kind in PROVIDERS.values() if (found := kind().recognise(link))), None)
