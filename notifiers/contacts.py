"""Whom to reach, and how: ``people/{uid}`` read as a ``Person``.

Only a contact its owner has verified is ever used. A refusal that says "never this number" is remembered
here, so that the next alert does not cost another refusal.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from notifiers.errors import Fault, NotifierRejectedError
from watchers.documents import Document, Documents, Update
from watchers.errors import StoreError
from watchers.models import Person
from watchers.watch import Channel

COLLECTION = "people"
_NAMES = {entry.name for entry in fields(Person)} - {"uid"}


def find(documents: Documents, uid: str) -> Person:
    """The person; one we know nothing about has no contacts."""
    document = documents.get(f"{COLLECTION}/{uid}")
    return from_document(document) if document else Person(uid)


def from_document(document: Document) -> Person:
    """The person a document of ``people`` describes; what a ``Person`` has no field for is left alone."""
    known = {name: value for name, value in document.fields.items() if name in _NAMES and value is not None}
    return Person(document.id, **known)


def address(person: Person, channel: Channel) -> str:
    """The verified number or address for this channel.

    Raises:
        NotifierRejectedError: ``opted_out``, ``no_verified_phone``, ``no_verified_email``, or
            ``no_verified_contact`` when there is no way at all.
    """
    phone = person.phone if person.phone_verified_at else None
    email = person.email if person.email_verified_at else None
    if not phone and not email:
        raise NotifierRejectedError("no_verified_contact")
    if channel is Channel.SMS and person.opted_out_at:
        raise NotifierRejectedError("opted_out")
    found = phone if channel is Channel.SMS else email
    if not found:
        raise NotifierRejectedError("no_verified_phone" if channel is Channel.SMS else "no_verified_email")
    return found


def remember(documents: Documents, person: Person, refused: NotifierRejectedError, now: datetime) -> None:
    """Mark the number that was refused for good, if it still is the person's number.

    Best effort: when the person is being changed at this very moment nothing is marked, and the next
    refusal says it again. It never stands in the way of settling the alert.
    """
    if refused.fault is Fault.OPTED_OUT:
        changes: dict[str, Any] = {"opted_out_at": now}
    elif refused.fault is Fault.BAD_NUMBER:
        changes = {"phone_verified_at": None, "phone_problem": refused.code}
    else:
        return
    with suppress(StoreError):
        document = documents.get(f"{COLLECTION}/{person.uid}")
        if document and document.fields.get("phone") == person.phone:
            documents.commit(Update(document.path, changes, document.version))


def vouched(
    known: Mapping[str, Any],
    *,
    phone: str | None = None,
    email: str | None = None,
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
        fields |= {"phone": phone, "phone_verified_at": now, "phone_problem": None, "opted_out_at": None}
    if email is not None:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise ValueError("write the e-mail address in full, such as name@example.com")
        fields |= {"email": email, "email_verified_at": now}
    if timezone is not None:
        if timezone not in available_timezones():
            raise ValueError("name the time zone as in America/New_York")
        fields["timezone"] = timezone
    return fields
