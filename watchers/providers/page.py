"""Web pages that say their prices in the open: the provider ``page``, whose items are addresses.

A page is fetched as a polite stranger would (``pages/``): only where robots.txt allows it, with an honest
name and a contact, one page a host at a time and quiet between two, never past a captcha, a login or a queue,
and never from an address that is not public. What it says is read by ``pages/reading.py``.

Settings: ``PAGE_CONTACT`` (a web or e-mail address at which a site's owner reaches you; ``PUBLIC_URL`` if
that is public; without either the provider is off), ``PAGE_HOST_SECONDS`` (quiet between two pages of one
host; a site's own ``Crawl-delay`` may raise it), ``PAGE_CALLS_PER_DAY`` and ``PAGE_CALLS_PER_SECOND``
(robots.txt and redirects count), ``PAGE_BASE_URL`` (a server that plays every host, for tests and the
sandbox: all calls go there, and nothing checks where it lies).

Each page stands for itself: what one host answers says nothing of the others, so nothing but an empty purse
is ever raised.
"""

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.message import Message
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from watchers.clocks import stopwatch
from watchers.errors import ProviderError
from watchers.language import say
from watchers.observation import Observation
from watchers.providers import SwitchedOff, http, settings
from watchers.providers.base import Fetched
from watchers.providers.links import Link
from watchers.providers.pages import addresses, robots
from watchers.providers.pages.addresses import Address, AddressRefusedError
from watchers.providers.pages.failures import HostRestsError, NotSeenError
from watchers.providers.pages.looks import Looker
from watchers.providers.pages.manners import Manners
from watchers.providers.pages.memory import Memory
from watchers.providers.pages.visits import Answer, Visits
from watchers.quota import Budget, Quota
from watchers.target import Target

if TYPE_CHECKING:
    import httpx

    from watchers.providers.pages.reading import Read
    from watchers.watch import Condition, Filters

NAME = "page"
# Nobody grants us these: they are what we allow ourselves, over all hosts.
QUOTA = Quota(calls=5000, per=timedelta(days=1), per_second=2.0)
HOST_SECONDS = 60.0
MOST_REMEMBERED = 5000
REMEMBERED_FOR = timedelta(hours=24)  # then a page is read again, whatever it says of having changed

_AGENT = "TicketScout/0.1 (+{}; price-watch alerts for people)"
_HTTP_HEAD = re.compile(rb"HTTP/[0-9.]+ +([0-9]{3})\b.*?\r?\n\r?\n", re.DOTALL)
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_NOT_MODIFIED = 304
_CODES = {404: "not_found", 410: "not_found"}
_CLIENT_ERRORS, _SERVER_ERRORS = range(400, 500), range(500, 600)
_CONTACT = re.compile(r"https?://[^\s()<>@]{3,200}|[^\s()<>@:;,\"]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z]{2,63}")
# Codecs of Python's that no page is written in, or that change meaning on the way.
_NO_CHARSETS = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "rot-13"})


class _Seen(msgspec.Struct, frozen=True):
    """What a page said, how its server tells whether it still does, and until when that counts.

    A page that did not change may mean something else all the same: a sale begins, a price ends.
    """

    address: Address
    headers: Mapping[str, str]
    until: datetime
    observation: Observation


class Page:
    """Looks at web pages; implements ``Provider``."""

    def __init__(
        self,
        client: "httpx.Client | None",
        contact: str,
        base_url: str | None = None,
        quota: Quota = QUOTA,
        host_seconds: float = HOST_SECONDS,
        clock: Callable[[], float] = stopwatch,
    ) -> None:
        self.name = NAME
        self.quota = quota
        visits = Visits(client, _AGENT.format(contact), base_url)
        self._looker = Looker(visits, robots.Robots(clock), Manners(host_seconds, clock))
        self._seen = Memory[str, _Seen](MOST_REMEMBERED)

    @classmethod
    def from_env(cls, env: Mapping[str, str], client: "httpx.Client | None" = None) -> "Page | SwitchedOff":
        """From the settings named above; off while nobody could tell us to stop.

        Raises:
            ValueError: a setting is wrong.
        """
        contact, base = _contact(env), settings.given(env, "PAGE_BASE_URL")
        quota = Quota(
            settings.whole_number(env, "PAGE_CALLS_PER_DAY", QUOTA.calls),
            QUOTA.per,
            settings.rate(env, "PAGE_CALLS_PER_SECOND", QUOTA.per_second),
        )
        quiet = settings.rate(env, "PAGE_HOST_SECONDS", HOST_SECONDS)
        base = settings.base_url(env, "PAGE_BASE_URL", "") if base else None
        return (
            cls(client, contact, base, quota, quiet)
            if contact
            else SwitchedOff(NAME, "PAGE_CONTACT is not set")
        )

    @staticmethod
    def refusal(target: Target, filters: "Filters") -> str | None:
        """Why this cannot be watched, as a sentence; what its site forbids, a look will tell (``robots``)."""
        if target.search is not None:
            return say("A web page is watched by its address; there is no search over web pages.")
        if filters.min_quantity or filters.sections or filters.weekdays:
            return say("A web page is not narrowed by quantity, sections or weekdays.")
        try:
            addresses.read(target.item or "")
        except AddressRefusedError as refused:
            return str(refused)
        return None

    @staticmethod
    def recognise(_link: Link) -> Target | None:
        """See ``providers.Kind``: any page may be watched, none is its own."""
        return None

    @staticmethod
    def cannot_see(_target: Target, _condition: "Condition") -> str | None:
        """See ``providers.Kind``: which prices a page says depends on the page."""
        return None

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """One by one."""
        return [[target] for target in targets]

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Look at one of ``batches``; see ``Provider``. A page whose host wants quiet first stays due.

        Codes of failures. Never asked: ``bad_id``, ``robots``, ``robots_unreachable``. Not public:
        ``not_public``, ``no_address`` (no such name). Unwelcome, and the host rests: ``challenge`` (a captcha
        or a queue), ``forbidden``, ``too_many``, ``unavailable``. The answer: ``not_found``, ``not_html``,
        ``empty``, ``too_large``, ``encoding``, ``broken``, ``redirects``, ``refused``, ``server_error`` or
        ``no_page`` (any other status). The way: ``timeout``, ``no_connection``.
        """
        observations: dict[str, Observation] = {}
        failures: dict[str, str] = {}
        for target in batch:
            try:
                observations[target.id] = self._look(target, budget, now)
            except (AddressRefusedError, NotSeenError) as unseen:
                failures[target.id] = unseen.code
            except HostRestsError:
                continue
        return Fetched(observations, failures)

    def _look(self, target: Target, budget: Budget, now: datetime) -> Observation:
        address, seen = addresses.read(target.item or ""), self._seen.get(target.id)
        if seen and now >= seen.until:
            seen = None

        def known(hop: Address) -> Mapping[str, str]:
            return seen.headers if seen and seen.address == hop else {}

        answer = self._looker.answer(address, known, budget, now)
        if answer.status == _NOT_MODIFIED and known(answer.address) and seen:
            return replace(seen.observation, at=now)
        read = _read(answer, target, now)
        self._remember(answer, read.observation, min(filter(None, (now + REMEMBERED_FOR, read.changes_at))))
        return read.observation

    def _remember(self, answer: Answer, observation: Observation, until: datetime) -> None:
        tags = {
            "If-None-Match": answer.printable("etag"),
            "If-Modified-Since": answer.printable("last-modified"),
        }
        headers = {name: value for name, value in tags.items() if value}
        if headers:
            seen = _Seen(answer.address, headers, until, observation)
            self._seen.put(observation.target.id, seen)
        else:
            self._seen.forget(observation.target.id)

    @staticmethod
    def read(body: bytes, now: datetime) -> list[Observation]:
        """Understand a page that was saved to a file, alone or with its HTTP head; see ``Provider``."""
        from watchers.providers.pages.reading import read_recorded  # noqa: PLC0415 - loads an HTML parser

        if head := _HTTP_HEAD.match(body):
            if error := http.error_by_status(int(head[1]), NAME):
                raise error
            body = body[head.end() :]
        found: list[Observation] = [one for one in read_recorded(body, now) if one.name or one.prices]
        if not found:
            raise ProviderError(f"{NAME}: this is no web page that says what it sells")
        return found


def _contact(env: Mapping[str, str]) -> str | None:
    """Where a site's owner reaches the operator."""
    if (given := settings.given(env, "PAGE_CONTACT")) is not None:
        if not (given.isascii() and _CONTACT.fullmatch(given)):
            raise ValueError("PAGE_CONTACT must be a web address or an e-mail address")
        return given
    try:
        return str(addresses.read(settings.given(env, "PUBLIC_URL") or "")).rstrip("/")
    except AddressRefusedError:
        return None


def _read(answer: Answer, target: Target, now: datetime) -> "Read":
    """What the page says.

    Raises:
        NotSeenError: it is none.
    """
    if answer.status != http.OK:
        raise NotSeenError(_code(answer.status))
    charset = _charset(answer)
    if not answer.body.strip():
        raise NotSeenError("empty")
    from watchers.providers.pages.reading import read  # noqa: PLC0415 - loads an HTML parser

    return read(answer.body, charset, str(answer.address), target, now)


def _code(status: int) -> str:
    if status in _CODES:
        return _CODES[status]
    return (
        "server_error" if status in _SERVER_ERRORS else "refused" if status in _CLIENT_ERRORS else "no_page"
    )


def _charset(answer: Answer) -> str | None:
    """The character set that the answer names, if it is one; a page may still say another itself.

    Raises:
        NotSeenError: what came is not a web page by its type, or by its first letter where none is said.
    """
    said = Message()
    said["content-type"] = answer.headers.get("content-type", "").split(",")[0]
    kind = said.get_content_type() if said["content-type"] else None
    if kind not in _MARKUP and not (kind is None and answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"):
        raise NotSeenError("not_html")
    name = said.get_content_charset()
    try:
        known = codecs.lookup(name).name if name else None
        b"a".decode(known or "ascii", "replace")  # fails where the codec makes no text
    except (LookupError, ValueError):
        return None
    return None if known in _NO_CHARSETS else known
