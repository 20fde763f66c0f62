"""Twilio's list of what it accepted from us, newest first, as far back as asked and never further.

It is how a text whose answer was lost is found again. It is not filtered by the date of sending, because a
text that still waits has none. Nor do the vendor's pages promise an order: so it ends only at a message both
of whose dates, of creation and of sending, are older than asked. What cannot be read is never "not there".

https://www.twilio.com/docs/messaging/api/message-resource (Read multiple Message resources)
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from notifiers.base import Report
from notifiers.errors import NotifierUnavailableError
from notifiers.twilio.codes import code_of, state_of
from watchers.models import AlertState

if TYPE_CHECKING:
    from twilio.rest import Client
    from twilio.rest.api.v2010.account.message import MessageInstance

PAGE_SIZE = 100
MOST_PAGES = 50
MOST_SECONDS = 20.0  # of waiting for pages; a page that was asked for is still waited for
TOLERANCE = timedelta(minutes=1)  # between their clock and ours


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the list. ``last`` is the latest of its dates; ``None`` while it has none."""

    report: Report
    is_ours: bool
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and the address of those that follow."""

    entries: tuple[Entry, ...]
    following: str | None


def page(client: "Client", to: str | None, address: str | None) -> Page:
    """One page: the first, or the one at ``address``.

    Raises:
        ValueError: it is not what the vendor's description says.
    """
    messages = client.messages
    found = messages.get_page(address) if address else messages.page(**_asked(to), page_size=PAGE_SIZE)
    following = found.next_page_url
    if following and not following.startswith(f"{client.api.base_url.rstrip('/')}/"):
        raise ValueError("the next page is somebody else's")  # whom we would give the token
    return Page(tuple(map(_entry, found)), following)


def reports(ask: Callable[[str | None], Page], since: datetime) -> Iterator[Report]:
    """What was accepted since then, from as many pages as that takes.

    Raises:
        NotifierUnavailableError: ``list_too_long``, or what ``ask`` raises.
    """
    oldest = since - TOLERANCE
    address, waited = None, 0.0
    for _ in range(MOST_PAGES):
        began = time.monotonic()
        found = ask(address)
        waited += time.monotonic() - began
        for entry in found.entries:
            if entry.last and entry.last < oldest:
                return
            if entry.is_ours and not (entry.report.at and entry.report.at < oldest):
                yield entry.report
        address = found.following
        if address is None:
            return
        if waited > MOST_SECONDS:
            break
    raise NotifierUnavailableError("list_too_long")


def _asked(to: str | None) -> dict[str, str]:
    return {"to": to} if to else {}


def _entry(message: "MessageInstance") -> Entry:
    if not isinstance(message.sid, str) or not isinstance(message.status, str):
        raise ValueError("an entry without a name")  # noqa: TRY004 - theirs, not ours
    dates = [date for date in (message.date_created, message.date_sent) if date]
    return Entry(
        Report(
            receipt=message.sid,
            state=(state := state_of(message.status)),
            code=code_of(message.error_code) if state is AlertState.UNDELIVERED else None,
            to=message.to or "",
            body=message.body or "",
            at=message.date_created,
        ),
        is_ours=message.direction == "outbound-api",  # answers to replies may quote an alert's code
        last=max(dates, default=None),
    )
