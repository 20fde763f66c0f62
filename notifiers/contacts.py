"""Whom to reach, and how: ``people/{uid}`` read as a ``Person``.

Only a contact its owner has verified is ever used. A refusal that says "never this number" is remembered
here, so that the next alert does not cost another refusal.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from notifiers import proofs
from notifiers.errors import Fault, NotifierRejectedError
from watchers.documents import Document, Documents, Update
from watchers.errors import StoreError
from watchers.kinds import Channel
from watchers.models import Every, Person, QuietHours

COLLECTION = "people"
_CONTACTS = {Channel.SMS: "phone", Channel.EMAIL: "email", Channel.PUSH: "push_url"}
_VERIFIED = {
    Channel.SMS: "phone_verified_at",
    Channel.EMAIL: "email_verified_at",
    Channel.PUSH: "push_verified_at",
}
_PROBLEMS = {Channel.SMS: "phone_problem", Channel.EMAIL: "email_problem", Channel.PUSH: "push_problem"}
_LIMITS = {"per_day", "per_watch", "segments_per_month", "texts_granted"}
_WISHES = {"quiet_hours", "digest", "digest_at", "failover", *_LIMITS}
_NAMES = {entry.name for entry in fields(Person)} - {"uid"} - _WISHES


def path(uid: str) -> str:
    """Where the person is kept; of whoever is to prove a contact, the proof."""
    return proofs.path_of(uid) if proofs.is_asking(uid) else f"{COLLECTION}/{uid}"


def find(documents: Documents, uid: str) -> Person:
    """The person; one we know nothing about has no contacts."""
    document = documents.get(path(uid))
    return from_document(document) if document else Person(uid)


def from_document(document: Document) -> Person:
    """The person a document of ``people`` describes; what a ``Person`` has no field for is left alone.

    A wish that cannot be read counts as not said: somebody who would be told is told. Of a proof it is
    whoever has the contact that is being proven.
    """
    if document.path.startswith(f"{proofs.COLLECTION}/"):
        return proofs.from_document(document).recipient
    known = {name: value for name, value in document.fields.items() if name in _NAMES and value is not None}
    person = Person(document.id, **known)
    for name in _WISHES & document.fields.keys():
        with suppress(KeyError, TypeError, ValueError):
            person = replace(person, **{name: _wish(name, document.fields[name])})
    return person


def _wish(name: str, stored: Any) -> Any:
    if stored is None:
        return getattr(Person(""), name)
    match name:
        case "quiet_hours":
            return QuietHours(_clock(stored["from"]), _clock(stored["to"]))
        case "digest":
            return Every(stored)
        case "digest_at":
            return _clock(stored)
        case "failover":
            return tuple(map(Channel, stored))
    if type(stored) is not int or stored < 0:
        raise ValueError("not a count")
    return stored


def _clock(stored: str) -> time:
    """An hour of the person's own clock, so of no zone."""
    clock = time.fromisoformat(stored)
    if clock.tzinfo:
        raise ValueError("not an hour of their own clock")
    return clock


def zone_of(person: Person) -> ZoneInfo:
    """The person's zone; UTC when it is not one."""
    try:
        return ZoneInfo(person.timezone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def address(person: Person, channel: Channel) -> str:
    """The verified number or address for this channel.

    Raises:
        NotifierRejectedError: ``opted_out``, ``no_consent``, ``no_verified_phone``, ``no_verified_email``,
            ``no_verified_push``, or ``no_verified_contact`` when there is no way at all.
    """
    known = {way: _verified(person, way) for way in _CONTACTS}
    if not any(known.values()):
        raise NotifierRejectedError("no_verified_contact")
    if channel is Channel.SMS and person.opted_out_at:
        raise NotifierRejectedError("opted_out")
    if not (found := known.get(channel)):
        raise NotifierRejectedError(f"no_verified_{_CONTACTS.get(channel, 'contact').removesuffix('_url')}")
    if channel is Channel.SMS and person.texts_need_consent and not person.texts_agreed_at:
        raise NotifierRejectedError("no_consent")
    return found


def _verified(person: Person, channel: Channel) -> str | None:
    return getattr(person, _CONTACTS[channel]) if getattr(person, _VERIFIED[channel]) else None


def is_reachable(person: Person, channel: Channel) -> bool:
    """Whether a message could be sent there at all."""
    try:
        return channel is Channel.APP or bool(address(person, channel))
    except NotifierRejectedError:
        return False


def successor(person: Person, channel: Channel, also: tuple[Channel, ...]) -> Channel | None:
    """Who takes over when ``channel`` fails; ``None`` when one of ``also`` tells the same anyway.

    The next in the person's order that can be reached; the page of their alerts is always the last. What
    comes earlier in the order has had its turn.
    """
    order = tuple(dict.fromkeys((*person.failover, Channel.APP)))
    for after in order[order.index(channel) + 1 :] if channel in order else order:
        if is_reachable(person, after):
            return None if after in also else after
    return None


def remember(
    documents: Documents, person: Person, channel: Channel, fault: Fault | None, code: str, now: datetime
) -> None:
    """Mark the contact that was refused for good, if it still is the person's contact.

    Best effort: when the person is being changed at this very moment nothing is marked, and the next
    refusal says it again. It never stands in the way of settling the alert.
    """
    if fault is Fault.OPTED_OUT:
        changes: dict[str, Any] = {"opted_out_at": now, "opted_out_at_vendor": True}
    elif fault is Fault.BAD_CONTACT:
        changes = {_VERIFIED[channel]: None, _PROBLEMS[channel]: code}
    else:
        return
    contact = _CONTACTS[channel]
    with suppress(StoreError):
        document = documents.get(path(person.uid))
        if document and document.fields.get(contact) == getattr(person, contact):
            documents.commit(Update(document.path, changes, document.version))


def vouched(
    known: Mapping[str, Any],
    *,
    phone: str | None = None,
    email: str | None = None,
    push: str | None = None,
    timezone: str | None = None,
    now: datetime,
) -> dict[str, Any]:
    """A person's document with contacts that an operator vouches for, verified now; the rest stays.

    Raises:
        ValueError: a sentence that says how to write it.
    """
    fields: dict[str, Any] = dict(known)
    if phone is not None:
        if not re.fullmatch(r"\+[1-9]\d{6,14}", phone):
            raise ValueError("write the phone number in international form, such as +14155550123")
        # an operator who gives the number again vouches that its owner wants texts again
        fields |= {"phone": phone, "phone_verified_at": now, "phone_problem": None}
        fields |= {"opted_out_at": None, "opted_out_at_vendor": False, "texts_need_consent": False}
    if email is not None:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise ValueError("write the e-mail address in full, such as name@example.com")
        fields |= {"email": email.lower(), "email_verified_at": now, "email_problem": None}
    if push is not None:
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s]+", push):
            raise ValueError("write the push address as Apprise does, such as ntfys://ntfy.sh/your-topic")
        fields |= {"push_url": push, "push_verified_at": now, "push_problem": None}
    if timezone is not None:
        if timezone not in available_timezones():
            raise ValueError("name the time zone as in America/New_York")
        fields["timezone"] = timezone
    return fields
