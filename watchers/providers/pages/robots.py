"""What a site's robots.txt allows us: RFC 9309, read by protego, remembered for at most a day.

A client error says that there are no rules; a server error, or no answer at all, that nothing may be asked
(https://www.rfc-editor.org/rfc/rfc9309#section-2.3.1). Rules speak for one origin: a scheme and a host.
``Crawl-delay`` and ``Request-rate`` are no part of the RFC and are heeded: they only make us slower.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from watchers.clocks import stopwatch
from watchers.providers import http
from watchers.providers.pages.addresses import Address
from watchers.providers.pages.failures import NotSeenError
from watchers.providers.pages.memory import Memory
from watchers.providers.pages.visits import Answer

if TYPE_CHECKING:
    from protego import Protego

TOKEN = "TicketScout"  # noqa: S105 - how robots.txt names us
FIRST_BYTES = 512 * 1024  # what is read of it; RFC 9309 asks for 500 KiB at least
KEPT, KEPT_UNREACHABLE = 24 * 3600.0, 900.0  # seconds
MOST_SITES, MOST_BYTES = 2000, 20_000_000  # what is remembered, as it came: read, it is twenty times as large

_CLIENT_ERRORS, _SUCCESSES = range(400, 500), range(200, 300)
_UNREACHABLE = frozenset({"timeout", "broken", "no_connection", "too_large", "encoding", "redirects"})


class Rules(msgspec.Struct, frozen=True):
    """Of one origin. Without ``robots``, all is allowed, or nothing."""

    reachable: bool = True
    robots: "Protego | None" = None

    def permits(self, address: Address) -> bool:
        """Whether we may ask for this page."""
        return self.reachable and (self.robots is None or self.robots.can_fetch(str(address), TOKEN))

    @property
    def quiet(self) -> float:
        """Seconds that it wants between two pages."""
        if self.robots is None:
            return 0.0
        rate = self.robots.request_rate(TOKEN)
        return max(self.robots.crawl_delay(TOKEN) or 0.0, rate.seconds / rate.requests if rate else 0.0)


class _Known(msgspec.Struct, frozen=True):
    """The same as it is remembered: ``body`` is the file, if there was one."""

    until: float
    reachable: bool = True
    body: bytes | None = None


def _bytes(known: _Known) -> int:
    return len(known.body or b"")


class Robots:
    """Remembers the rules of sites. It is asked only while nobody else is asking the same host."""

    def __init__(self, clock: Callable[[], float] = stopwatch) -> None:
        self._clock = clock
        self._known = Memory[str, _Known](MOST_SITES, MOST_BYTES, _bytes)

    def rules(self, address: Address, ask: Callable[[Address], Answer]) -> Rules:
        """What is allowed where this page lies; ``ask`` fetches, and follows redirects.

        Raises:
            NotSeenError: it leads nowhere public, or does not want us: no answer, and nothing to remember.
        """
        known = self._known.get(address.origin)
        if known is None or self._clock() >= known.until:
            known = self._asked(address, ask)
            self._known.put(address.origin, known)
        return Rules(known.reachable, _parsed(known.body) if known.body else None)

    def _asked(self, address: Address, ask: Callable[[Address], Answer]) -> _Known:
        try:
            answer = ask(Address(address.scheme, address.host, "/robots.txt"))
        except NotSeenError as unseen:
            if unseen.code not in _UNREACHABLE:
                raise
            return _Known(self._clock() + KEPT_UNREACHABLE, reachable=False)
        if answer.status == http.OK:
            return _Known(self._clock() + KEPT, body=answer.body)
        is_free = answer.status in _CLIENT_ERRORS or answer.status in _SUCCESSES
        return _Known(self._clock() + (KEPT if is_free else KEPT_UNREACHABLE), reachable=is_free)


def _parsed(body: bytes) -> "Protego":
    from protego import Protego  # noqa: PLC0415 - whoever asks nothing does not pay for it

    if len(body) >= FIRST_BYTES:  # the last line may have lost its end
        body = body[: body.rfind(b"\n") + 1]
    return Protego.parse(body.decode("utf-8-sig", "replace").replace("\0", ""))
