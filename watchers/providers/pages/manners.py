"""How often a host is visited: one page at a time, quiet between two, and not at all where we are unwelcome.

All of it is known to this process alone, and holds over its threads. Where several processes look at pages of
one host (more than one board of ``page``, a tick and somebody who looks), each keeps its own quiet interval,
and the host sees them all; a process that starts knows of no rest. The quota, which lies in the database, is
what holds over all of them together. Run ``page`` on one board, which is ticked by one process at a time.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from watchers.clocks import stopwatch
from watchers.providers.pages.failures import HostRestsError, NotSeenError

UNWELCOME, LONGEST = 3600.0, 24 * 3600.0  # seconds: the first rest of a host that refuses us, and the last
MOST_HOSTS = 10_000


class _Host(msgspec.Struct):
    """``free_at`` ends the quiet after a page, ``back_at`` a rest that the host asked for, or needs."""

    is_visited: bool = False
    free_at: float = float("-inf")
    back_at: float = float("-inf")
    why: str = ""
    refusals: int = 0


class Visit:
    """The hosts that one look has come to; nobody else asks them before it is over."""

    def __init__(self, manners: "Manners") -> None:
        self._manners = manners
        self.quiet = dict[str, float]()  # seconds after this look, by host; 0 where no page was asked

    def enter(self, host: str) -> None:
        """Before anything is asked of a host. Harmless to repeat.

        Raises:
            HostRestsError: somebody else is there, or was a moment ago.
            NotSeenError: it does not want us now; the code is why, as it was when it said so.
        """
        if host not in self.quiet:
            self._manners.let_in(host)
            self.quiet[host] = 0.0

    def asked(self, host: str, quiet: float = 0.0) -> None:
        """A page of it was asked for; ``quiet`` is what its robots.txt wishes, in seconds."""
        self.quiet[host] = max(self._manners.quiet, min(quiet, LONGEST))


class Manners:
    """What is known of the hosts; ``quiet`` is the least interval between two pages of one, in seconds."""

    def __init__(self, quiet: float, clock: Callable[[], float] = stopwatch) -> None:
        self.quiet, self._clock = quiet, clock
        self._lock, self._hosts = threading.Lock(), dict[str, _Host]()

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """One look, from the first host to the last."""
        visit = Visit(self)
        try:
            yield visit
        finally:
            with self._lock:
                for name, quiet in visit.quiet.items():
                    host = self._hosts[name]
                    host.is_visited = False
                    host.free_at = max(host.free_at, self._clock() + quiet)

    def let_in(self, name: str) -> None:
        """See ``Visit.enter``."""
        with self._lock:
            host, now = self._host(name), self._clock()
            if now < host.back_at:
                raise NotSeenError(host.why)
            if host.is_visited or now < host.free_at:
                raise HostRestsError
            host.is_visited = True

    def rest(self, name: str, seconds: float, why: str) -> None:
        """It asked us to come back later."""
        with self._lock:
            host = self._host(name)
            host.back_at, host.why = max(host.back_at, self._clock() + min(seconds, LONGEST)), why

    def refused(self, name: str, why: str) -> None:
        """It does not want us: each time in a row, it is left alone for twice as long."""
        with self._lock:
            host = self._host(name)
            seconds = min(UNWELCOME * 2 ** min(host.refusals, 10), LONGEST)
            host.refusals, host.back_at, host.why = host.refusals + 1, self._clock() + seconds, why

    def rests_with(self, name: str, other: str) -> None:
        """It cannot be asked before the other one; harmless where that one does not rest."""
        with self._lock:
            host, its = self._host(name), self._host(other)
            if its.back_at > host.back_at:
                host.back_at, host.why = its.back_at, its.why

    def welcomed(self, name: str) -> None:
        """It showed us a page."""
        with self._lock:
            self._host(name).refusals = 0

    def _host(self, name: str) -> _Host:
        if name not in self._hosts:
            if len(self._hosts) >= MOST_HOSTS:
                self._tidy()
            self._hosts[name] = _Host()
        return self._hosts[name]

    def _tidy(self) -> None:
        """Forget those about whom nothing is to be remembered; a refusal, a day after its rest."""
        now = self._clock()
        idle = [
            name
            for name, host in self._hosts.items()
            if not host.is_visited and now >= max(host.free_at, host.back_at + LONGEST * bool(host.refusals))
        ]
        for name in idle:
            del self._hosts[name]
