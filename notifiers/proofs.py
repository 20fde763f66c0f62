"""One-time codes: who shows the code that was sent to a number or an address has it.

A proof is one such question, ``proofs/{id}``: of which contact, for whom, until when, and how often it was
answered wrongly. The code itself is nowhere: it is derived from the proof and our secret key, whenever it is
sent or compared. An id is derived from what was asked, so that one button pressed twice asks once.

A code goes out through the outbox, to the contact of its proof and nobody else: the alert's ``uid`` is not a
person's but the proof's (``~`` and its id), and ``contacts`` then reads the proof where it would read a
person. So it waits for nobody's quiet hours, joins nobody's digest, and is in nobody's list of alerts.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from watchers import alerts, expiry
from watchers.documents import Create, Document, Documents, Update, Write
from watchers.kinds import Channel
from watchers.logs import TRACE
from watchers.models import Alert, News, Person, Reason

COLLECTION = "proofs"
LASTS = timedelta(minutes=10)
TRIES = 5  # of 1,000,000 codes
ADDS = "adds"  # the detail of the news: somebody who is signed in gave the contact as theirs
DIGITS = 6  # of a code
_ASKING = "~"  # no person's id begins so
_KEPT = timedelta(days=1)  # a proof that is over, for whoever asks why a code did not come


class Kind(StrEnum):
    """What can be proven, named as in ``people/{uid}``."""

    PHONE = "phone"
    EMAIL = "email"

    @property
    def channel(self) -> Channel:
        """How a code gets there."""
        return Channel.SMS if self is Kind.PHONE else Channel.EMAIL


@dataclass(frozen=True, slots=True)
class Contact:
    """A number (``+14155550123``) or an address (in lower case), as ``web/account/addresses.py`` reads it."""

    kind: Kind
    address: str = field(repr=False)

    @property
    def key(self) -> str:
        """What names it where it is not written out, and the id in ``contacts``.

        Not a secret: there are few enough numbers to try them all. What must not be found so is ``hidden``.
        """
        return hashlib.sha256(f"{self.kind}:{self.address}".encode()).hexdigest()

    def hidden(self, secret_key: str) -> str:
        """What stands for it where nobody may find it out who has only the database."""
        return hidden(secret_key, "contact", self.key)

    @property
    def masked(self) -> str:
        """``…23``, ``a…@example.org``: enough to know one's own by."""
        if self.kind is Kind.PHONE:
            return f"…{self.address[-2:]}"
        local, _, domain = self.address.partition("@")
        return f"{local[:1]}…@{domain}"


@dataclass(frozen=True, slots=True)
class Proof:
    """One question.

    Attributes:
        uid: Whose contact it is to become; ``None``: whoever answers signs in with it.
        to: The page to go to afterwards, one of our own paths.
        vendor: The vendor makes and compares the code, and we never know it.
        agreed: What was ticked beside the number: the fields of a consent.
        tries: How many wrong codes were shown.
        approved: What stands for the code that the vendor called right (``hidden``), until it is used.
        version: The store's; never written.
    """

    id: str
    contact: Contact
    made_at: datetime
    uid: str | None = None
    language: str = "en"
    to: str = "/"
    vendor: bool = False
    agreed: Mapping[str, Any] | None = None
    tries: int = 0
    approved: str | None = field(default=None, repr=False)
    used_at: datetime | None = None
    version: str = field(default="", compare=False)

    def is_open(self, now: datetime) -> bool:
        """Whether a code may still be shown."""
        return self.used_at is None and self.tries < TRIES and now - self.made_at <= LASTS

    @property
    def alert_id(self) -> str:
        """The alert by which its code is sent."""
        return alerts.alert_id(self.id, "", "code", 0, self.contact.kind.channel)

    @property
    def recipient(self) -> Person:
        """Whoever has the contact that is being proven, as one to be told: there and nowhere else."""
        contact: dict[str, Any] = {
            str(self.contact.kind): self.contact.address,
            f"{self.contact.kind}_verified_at": self.made_at,
        }
        known = {} if self.used_at else contact
        return Person(f"{_ASKING}{self.id}", language=self.language, failover=(), **known)


def proof_id(secret_key: str, asked: str, contact: Contact) -> str:
    """The id of what a form asks: pressed twice it is one. ``asked``: the form's own random text."""
    return _mac(secret_key, "proof", asked, contact.key)[:32]


def passcode(secret_key: str, identity: str, made_at: datetime) -> str:
    """The six digits that prove what was asked then."""
    number = int(_mac(secret_key, "code", identity, f"{made_at.timestamp():.6f}"), 16)
    return f"{number % 10**DIGITS:0{DIGITS}}"


def is_passcode(secret_key: str, proof: Proof, said: str) -> bool:
    """Whether these are the digits; it takes as long for any others."""
    return hmac.compare_digest(passcode(secret_key, proof.id, proof.made_at).encode(), said.encode())


def _mac(secret_key: str, *parts: str) -> str:
    return hmac.new(secret_key.encode(), "\x1f".join(parts).encode(), "sha256").hexdigest()


def hidden(secret_key: str, kind: str, text: str) -> str:
    """What stands for ``text`` where whoever has only the database must not find it out by trying."""
    return _mac(secret_key, "hidden", kind, text)


def is_asking(uid: str) -> bool:
    """Whether this is not a person but a proof, to whose contact a code is sent."""
    return uid.startswith(_ASKING)


def path_of(uid: str) -> str:
    """The proof of such an id."""
    return path(uid.removeprefix(_ASKING))


def path(identity: str) -> str:
    """Where a proof lies."""
    return f"{COLLECTION}/{identity}"


def find(documents: Documents, identity: str) -> Proof | None:
    """The proof as it stands."""
    document = documents.get(path(identity))
    return from_document(document) if document else None


def creation(proof: Proof) -> tuple[Write, ...]:
    """The writes that ask: the proof, and the code in the outbox; both or neither."""
    return Create(path(proof.id), _fields(proof)), alerts.creation(_alert(proof))


def used(proof: Proof, now: datetime) -> Update:
    """It was answered rightly: nobody can do so again."""
    return Update(path(proof.id), {"used_at": now}, proof.version)


def tried(proof: Proof) -> Update:
    """It was answered once more."""
    return Update(path(proof.id), {"tries": proof.tries + 1}, proof.version)


def approved(proof: Proof, mark: str) -> Update:
    """The vendor called a code right: ``mark`` stands for it."""
    return Update(path(proof.id), {"approved": mark}, proof.version)


def _alert(proof: Proof) -> Alert:
    channel = proof.contact.kind.channel
    return Alert(
        id=proof.alert_id,
        uid=proof.recipient.uid,
        watch_id=proof.id,
        channel=channel,
        code=alerts.alert_code(proof.alert_id),
        news=News(Reason.CODE, "", "", detail=ADDS if proof.uid else None),
        created_at=proof.made_at,
        trace=TRACE.get(),
        **alerts.arriving(channel, proof.made_at),
    )


def _fields(proof: Proof) -> dict[str, Any]:
    return {
        "kind": str(proof.contact.kind),
        "address": proof.contact.address,
        "uid": proof.uid,
        "made_at": proof.made_at,
        expiry.FIELD: proof.made_at + LASTS + _KEPT,
        "language": proof.language,
        "to": proof.to,
        "vendor": proof.vendor,
        "agreed": proof.agreed,
        "tries": proof.tries,
        "approved": proof.approved,
        "used_at": proof.used_at,
    }


def from_document(document: Document) -> Proof:
    """The inverse; what a proof has no field for is left alone."""
    known = {name: value for name, value in document.fields.items() if name in _KNOWN}
    contact = Contact(Kind(document.fields["kind"]), document.fields["address"])
    return Proof(document.id, contact, version=document.version, **known)


_KNOWN = {entry.name for entry in dataclass_fields(Proof)} - {"id", "contact", "version"}
