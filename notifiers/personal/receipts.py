"""What must outlive a person's data: that they agreed to texts, and that they said stop.

Who is asked years later why they texted a number must be able to show its owner's consent, and may not text
one that opted out. So ``receipts/{id}`` keeps when, to which words, and for which contact as a digest: who
knows the number finds it, and so does who has the database and tries every number. The digest has no key on
purpose: in four years keys change, and the receipt must still be found. It does not say whose account it
was, and ends by itself.

It is evidence: nothing is sent or held by it. A number that comes back gets no texts before its owner agrees
anew (``Person.texts_need_consent``), whatever was said before.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from notifiers.proofs import Contact, Kind
from watchers import expiry
from watchers.documents import Create

COLLECTION = "receipts"
KEPT_FOR = timedelta(days=4 * 366)
"""A claim over a text can be brought for four years: 28 U.S.C. § 1658(a)."""

_CONTACT = re.compile(r"\+[1-9]\d{6,14}|[^@\s]+@[^@\s]+\.[^@\s]+")
_NETWORK = frozenset({"ip", "network", "address", "user_agent"})
_MOST_CONSENTS = 200  # of some 200 bytes each, in a document of at most 1 MiB


def digest(contact: str) -> str:
    """``+14155550123`` or ``ann@example.com`` as it stands in a receipt, and in ``contacts/{digest}``."""
    return Contact(Kind.EMAIL if "@" in contact else Kind.PHONE, contact).key


def receipt(uid: str, person: Mapping[str, Any], now: datetime) -> Create | None:
    """What must be kept of a person who is being erased; ``None`` where they never agreed to anything.

    ``person``: the fields of ``people/{uid}``.
    """
    consents = bounded([each for each in person.get("consents") or () if isinstance(each, Mapping)])
    opted_out_at = person.get("opted_out_at")
    if not consents and opted_out_at is None:
        return None
    known = [person.get("phone"), person.get("email"), *_contacts(consents)]
    fields = {
        "contacts": sorted({digest(contact) for contact in known if contact}),
        "consents": [_without_contacts(each) for each in consents],
        "opted_out_at": opted_out_at,
        "erased_at": now,
        expiry.FIELD: now + KEPT_FOR,
    }
    identity = hashlib.sha256(f"receipt\x1f{uid}\x1f{now.isoformat()}".encode()).hexdigest()[:32]
    return Create(f"{COLLECTION}/{identity}", fields)


def bounded(consents: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """So many of a person's consents, in their order, that they fit into one document.

    Of each number the first and the latest of both answers stay, and of the rest those that came last.
    """
    ends: dict[tuple[str, str], tuple[int, int]] = {}
    for place, each in enumerate(consents):
        said = (str(each.get("number")), str(each.get("given")))
        ends[said] = (ends.get(said, (place,))[0], place)
    needed = {place for both in ends.values() for place in both}
    rest = [place for place in range(len(consents)) if place not in needed]
    over = set(rest[: max(0, len(consents) - _MOST_CONSENTS)])
    return [each for place, each in enumerate(consents) if place not in over][-_MOST_CONSENTS:]


def _contacts(consents: Iterable[Mapping[str, Any]]) -> set[str]:
    texts = (value for each in consents for value in each.values() if isinstance(value, str))
    return {text for text in texts if _CONTACT.fullmatch(text)}


def _without_contacts(consent: Mapping[str, Any]) -> dict[str, Any]:
    """The consent with digests in place of numbers and addresses, and without where it was given from."""
    return {
        name: digest(value) if isinstance(value, str) and _CONTACT.fullmatch(value) else value
        for name, value in consent.items()
        if name not in _NETWORK
    }
