"""One look at one page, from its address to the answer that shows it: politely, and within one deadline.

    at each host on the way:  let in by manners ─► allowed by robots.txt ─► asked ─► heeded
                              └──── a redirect leads on, at most five times, and all is checked anew ────┘

What an answer says about us is heeded before what it says: a captcha, a refusal or a "later" gives its host a
rest, whoever asks next, and is the end of this look.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from watchers.providers import http
from watchers.providers.pages import addresses, robots
from watchers.providers.pages.addresses import Address, AddressRefusedError
from watchers.providers.pages.failures import HostRestsError, NotSeenError
from watchers.providers.pages.manners import LONGEST, Manners, Visit
from watchers.providers.pages.visits import Answer, Visits
from watchers.quota import Budget

LOOK_SECONDS = 20.0  # of all calls of one look together
MOST_REDIRECTS = 5
PAUSES = {429: timedelta(hours=1), 503: timedelta(minutes=10)}  # where no Retry-After says how long
REFUSALS = {401: "forbidden", 403: "forbidden", 451: "forbidden"}

_LATER = {429: "too_many", 503: "unavailable"}


class Looker(msgspec.Struct, frozen=True):
    """Whom a look asks, and what it heeds."""

    visits: Visits
    robots: robots.Robots
    manners: Manners

    def answer(
        self, address: Address, known: Callable[[Address], Mapping[str, str]], budget: Budget, now: datetime
    ) -> Answer:
        """What the page answers, or the page that it leads to.

        ``known`` gives the headers of a conditional call for an address.

        Raises:
            NotSeenError: it was asked for and not seen.
            HostRestsError: a host on the way must be left alone for a moment; the page stays due.
            OutOfQuotaError: the purse is empty.
        """
        with self.manners.visit() as visit:
            return _Look(self, visit, budget, now).page(address, known)


class _Look:
    def __init__(self, looker: Looker, visit: Visit, budget: Budget, now: datetime) -> None:
        self._looker, self._visit, self._budget, self._now = looker, visit, budget, now
        self._seconds_left = LOOK_SECONDS

    def page(self, address: Address, known: Callable[[Address], Mapping[str, str]]) -> Answer:
        def ask(hop: Address) -> Answer:
            self._visit.enter(hop.host)
            rules = self._looker.robots.rules(hop, self._rules)
            if not rules.permits(hop):
                raise NotSeenError("robots" if rules.reachable else "robots_unreachable")
            self._budget.take()
            self._visit.asked(hop.host, rules.quiet)
            return self._heeded(self._asked(hop, known(hop)))

        return _arrived(address, ask)

    def _rules(self, address: Address) -> Answer:
        """A site's robots.txt, wherever it lies. Who keeps us from it keeps us from the site as well."""
        hops: list[str] = []

        def ask(hop: Address) -> Answer:
            hops.append(hop.host)
            self._visit.enter(hop.host)
            self._budget.take()
            return self._heeded(self._asked(hop, first=robots.FIRST_BYTES), is_page=False)

        try:
            return _arrived(address, ask)
        except (NotSeenError, HostRestsError):
            for host in hops[:-1]:
                self._visit.asked(host)
                self._looker.manners.rests_with(host, hops[-1])
            raise

    def _asked(
        self, address: Address, headers: Mapping[str, str] | None = None, first: int | None = None
    ) -> Answer:
        """One call, within what is left of the look's time; waiting for the quota does not count."""
        began = time.monotonic()
        try:
            deadline = began + self._seconds_left
            return self._looker.visits.ask(address, deadline, headers, first=first)
        finally:
            self._seconds_left -= time.monotonic() - began

    def _heeded(self, answer: Answer, *, is_page: bool = True) -> Answer:
        """The answer, unless it says that we should go away.

        A robots.txt that we may not see (401, 403) forbids nothing; one that cannot be served now (503)
        forbids everything for a while.
        """
        from watchers.providers.pages import challenges  # noqa: PLC0415 - its patterns take 3 ms to compile

        manners, host, status = self._looker.manners, answer.address.host, answer.status
        if challenges.is_one(answer.headers, answer.body) or challenges.leads_to_one(answer.location or ""):
            manners.refused(host, "challenge")
            raise NotSeenError("challenge")
        if status in PAUSES and (is_page or status == 429):  # noqa: PLR2004 - RFC 6585
            back = http.retry_at(answer.headers, self._now, PAUSES[status], timedelta(seconds=LONGEST))
            manners.rest(host, (back - self._now).total_seconds(), _LATER[status])
            raise NotSeenError(_LATER[status])
        if is_page and (why := REFUSALS.get(status)):
            manners.refused(host, why)
            raise NotSeenError(why)
        if is_page and status == http.OK:
            manners.welcomed(host)
        return answer


def _arrived(start: Address, ask: Callable[[Address], Answer]) -> Answer:
    """The first answer that leads no further."""
    address, seen = start, {start}
    for _ in range(MOST_REDIRECTS + 1):
        answer = ask(address)
        if answer.location is None:
            return answer
        address = _next(address, answer.location)
        if address in seen:
            break
        seen.add(address)
    raise NotSeenError("redirects")


def _next(address: Address, location: str) -> Address:
    try:
        return addresses.onward(address, location)
    except AddressRefusedError as refused:
        raise NotSeenError(refused.code) from None
