"""Whose a number or an address is: ``contacts/{key}`` names the one person that it signs in.

The index is written by whoever proves a contact or vouches for it, in the commit that writes it to the
person; two who prove one contact at once both want to create it, and the second finds whose it is. An entry
counts only while that person still has the contact. Somebody whose contacts stand in no index yet (an
operator vouched for them before there was one) is found by the contact itself, also where the address was
kept as it was typed then (``Bob@Example.org``); signing in writes it as any other.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifiers import contacts
from notifiers.personal import returning
from notifiers.proofs import Contact, Kind
from watchers.documents import Create, Delete, Document, Documents, Query, Update, Write

COLLECTION = "contacts"
_MOST = 10  # people with one contact, before there was an index
_ALIKE = 50  # people whose addresses begin alike (info@…); of more, who is in no index may not be found


class TakenError(Exception):
    """The contact is somebody else's already; nothing was written."""


class LastContactError(Exception):
    """Without this contact its person could not sign in any more; nothing was written."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose the contact is from now on, and what has to be written for that, in one commit."""

    uid: str
    writes: tuple[Write, ...]
    is_new: bool = False


def path(contact: Contact) -> str:
    """Where it stands whose it is."""
    return f"{COLLECTION}/{contact.key}"


def owner(documents: Documents, contact: Contact) -> Document | None:
    """``people/{uid}`` of whoever has it; ``None``: nobody.

    One or two reads; of an address that stands in no index, a query for each way to write it besides.
    """
    return _owner(documents, contact, documents.get(path(contact)))


def signing_in(documents: Documents, contact: Contact, fields: Mapping[str, Any], now: datetime) -> Binding:
    """Somebody has proven it, who is not signed in: the person it leads to, or a new one.

    ``fields``: what is known of a new one besides.
    """
    entry = documents.get(path(contact))
    known = _owner(documents, contact, entry)
    if known is None:
        uid = secrets.token_hex(12)
        person = {**_proven(contact, now), **fields, "made_at": now}
        return Binding(uid, (_entry(contact, uid, entry), Create(contacts.path(uid), person)), is_new=True)
    indexed = () if _names(entry, known.id) else (_entry(contact, known.id, entry),)
    return Binding(known.id, (*indexed, Update(known.path, _again(contact, now), known.version)))


def adding(
    documents: Documents, contact: Contact, uid: str, fields: Mapping[str, Any], now: datetime
) -> Binding:
    """This person has proven it: it is theirs, and takes the place of the one they had.

    ``fields``: what else becomes known of them, such as a consent.

    Raises:
        TakenError: it is somebody else's.
        StillErasedError: what was theirs is still being deleted.
    """
    entry = documents.get(path(contact))
    other = _owner(documents, contact, entry)
    if other and other.id != uid:
        raise TakenError
    person = documents.get(contacts.path(uid))
    returning.require_over(documents, person)
    gone = _gone(documents, person, contact) if person else ()
    is_same = other is not None
    changes = {**(_again(contact, now) if is_same else _proven(contact, now)), **fields}
    write = Update(person.path, changes, person.version) if person else Create(contacts.path(uid), changes)
    indexed = () if _names(entry, uid) else (_entry(contact, uid, entry),)
    return Binding(uid, (*indexed, *gone, write))


def removing(documents: Documents, uid: str, kind: Kind) -> tuple[Write, ...]:
    """What takes the person's contact of this kind away; nothing where they have none.

    Raises:
        LastContactError: it is the only one by which they can sign in.
    """
    person = documents.get(contacts.path(uid))
    if person is None or not person.fields.get(kind):
        return ()
    others = (other for other in Kind if other is not kind)
    if not any(person.fields.get(other) and person.fields.get(f"{other}_verified_at") for other in others):
        raise LastContactError
    cleared = {str(kind): None, f"{kind}_verified_at": None, f"{kind}_problem": None, **_forgotten(kind)}
    contact = Contact(kind, person.fields[kind].lower())
    return (*_freed(documents, contact, uid), Update(person.path, cleared, person.version))


def vouching(documents: Documents, uid: str, named: Mapping[str, Any]) -> Iterator[Write]:
    """The entries for contacts that an operator vouches for; what is somebody else's stays theirs."""
    person = documents.get(contacts.path(uid))
    for kind in Kind:
        if not (address := named.get(kind)):
            continue
        contact = Contact(kind, address.lower())
        if person:
            yield from _gone(documents, person, contact)
        entry = documents.get(path(contact))
        other = _owner(documents, contact, entry)
        if not _names(entry, uid) and (other is None or other.id == uid):
            yield _entry(contact, uid, entry)


def has(person: Mapping[str, Any], contact: Contact) -> bool:
    """Whether these fields of a person hold the contact, and it was verified (and perhaps given up since)."""
    kind, stored = contact.kind, person.get(contact.kind)
    is_it = isinstance(stored, str) and stored.lower() == contact.address
    return is_it and bool(person.get(f"{kind}_verified_at") or person.get(f"{kind}_problem"))


def _owner(documents: Documents, contact: Contact, entry: Document | None) -> Document | None:
    if (
        entry
        and (person := documents.get(contacts.path(entry.fields["uid"])))
        and has(person.fields, contact)
    ):
        return person
    found = [one for one in _holders(documents, contact) if has(one.fields, contact)]
    return min(
        found, key=lambda one: (one.fields[f"{contact.kind}_verified_at"] is None, one.id), default=None
    )


def _holders(documents: Documents, contact: Contact) -> list[Document]:
    """Whoever may have it: at most a query for each way in which people write an address."""
    field = (str(contact.kind),)
    found = documents.find(Query(contacts.COLLECTION, field, "==", contact.address, _MOST))
    if found or contact.kind is Kind.PHONE:
        return found
    local = contact.address.partition("@")[0]
    written = dict.fromkeys((local, local.capitalize(), local.title(), local.upper()))
    queries = (Query(contacts.COLLECTION, field, ">=", f"{one}@", _ALIKE, f"{one}A") for one in written)
    return [one for query in queries for one in documents.find(query)]


def _names(entry: Document | None, uid: str) -> bool:
    return entry is not None and entry.fields.get("uid") == uid


def _entry(contact: Contact, uid: str, entry: Document | None) -> Write:
    """Only if nobody else's was written meanwhile."""
    fields = {"uid": uid}
    return Update(entry.path, fields, entry.version) if entry else Create(path(contact), fields)


def _gone(documents: Documents, person: Document, instead: Contact) -> tuple[Write, ...]:
    """The entry of the contact whose place ``instead`` takes."""
    stored = person.fields.get(instead.kind)
    if not stored or stored.lower() == instead.address:
        return ()
    return _freed(documents, Contact(instead.kind, stored.lower()), person.id)


def _freed(documents: Documents, contact: Contact, uid: str) -> tuple[Write, ...]:
    return (Delete(path(contact)),) if _names(documents.get(path(contact)), uid) else ()


def _proven(contact: Contact, now: datetime) -> dict[str, Any]:
    """The fields of a person for a contact they have just proven; what was known of another one is over."""
    kind = contact.kind
    return {
        **_again(contact, now),
        **_forgotten(kind),
        **({"texts_need_consent": True} if kind is Kind.PHONE else {}),
    }


def _again(contact: Contact, now: datetime) -> dict[str, Any]:
    """The fields of a person for a contact that is theirs, and was proven now."""
    kind = contact.kind
    return {str(kind): contact.address, f"{kind}_verified_at": now, f"{kind}_problem": None}


def _forgotten(kind: Kind) -> dict[str, Any]:
    """What was said of a number is not said of another one."""
    if kind is Kind.EMAIL:
        return {}
    return {"texts_agreed_at": None, "opted_out_at": None, "opted_out_at_vendor": False}
