"""Compare what was typed with what was sent, and give the contact to whoever has proven it.

Every wrong answer is counted before anybody hears that it was wrong, by compare-and-set: who guesses in many
places at once has five tries all the same. The right one is used up in the commit that binds the contact, so
nothing is lost when a process dies in between, and nobody gets in twice.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifiers import contacts, owners, proofs
from notifiers.owners import Binding
from notifiers.proofs import Proof
from notifiers.twilio.verify import Checked
from watchers.documents import Documents, Write
from watchers.errors import ConflictError, StoreUnavailableError
from web.account import consents

_ATTEMPTS = 10

Check = Callable[[str, str], Checked]
"""Asks the vendor whether this number was sent this code."""

Also = Callable[[str], Sequence[Write]]
"""What else is written once this uid has proven it, in the same commit; raising keeps the code good."""


class WrongCodeError(Exception):
    """It was another code; ``left`` tries are left."""

    def __init__(self, left: int) -> None:
        super().__init__("wrong code")
        self.left = left


class OverError(Exception):
    """There is nothing to answer any more: used, too old, answered wrongly too often, or never asked."""


class NoAnswerError(Exception):
    """The vendor who would compare the code did not answer."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose the contact is."""

    uid: str
    is_new: bool
    proof: Proof


def by_code(  # noqa: PLR0913 - the question, the answer, and what comes of it
    documents: Documents,
    identity: str,
    said: str,
    secret_key: str,
    now: datetime,
    *,
    uid: str | None = None,
    check: Check | None = None,
    also: Also | None = None,
) -> Proven:
    """Whoever typed this code has the contact of the proof.

    ``uid``: who is answering (``None``: whoever signs in); what one of them asked is answered by no other.

    Raises:
        WrongCodeError, OverError, NoAnswerError: nothing was proven.
        TakenError: it was to be added to a person, and is somebody else's.
        StillErasedError: it was to be added to a person of whom is still deleted what there was.
        StoreUnavailableError: the database failed; it may be tried again.
    """
    digits = "".join(letter for letter in said if letter.isascii() and letter.isdigit())
    for _ in range(_ATTEMPTS):
        proof = _open(documents, identity, now, uid)
        if proof.vendor:
            approved = _approved(documents, proof, digits, secret_key, check)
            return _bound(documents, approved, now, also)
        if proofs.is_passcode(secret_key, proof, digits):
            return _bound(documents, proof, now, also)
        try:
            documents.commit(proofs.tried(proof))
        except ConflictError:
            continue
        raise WrongCodeError(proofs.TRIES - proof.tries - 1)
    raise StoreUnavailableError("many answer at this moment")


def by_link(documents: Documents, identity: str, now: datetime, uid: str | None = None) -> Proven:
    """Whoever has the link of the letter has its address. Raises as ``by_code`` does."""
    return _bound(documents, _open(documents, identity, now, uid), now)


def _open(documents: Documents, identity: str, now: datetime, uid: str | None) -> Proof:
    proof = proofs.find(documents, identity)
    if proof is None or not proof.is_open(now) or proof.uid != uid:
        raise OverError
    return proof


def _approved(documents: Documents, proof: Proof, digits: str, secret_key: str, check: Check | None) -> Proof:
    """The proof, if the vendor calls the code right, now or when the same one was shown before.

    The vendor uses a right code up. So that it stays good here until something came of it, it is noted before
    anything else is done.
    """
    mark = proofs.hidden(secret_key, "approved", f"{proof.id} {digits}")
    if proof.approved == mark:
        return proof
    checked = _checked(documents, proof, digits, check)
    for _ in range(_ATTEMPTS):
        with suppress(ConflictError):
            documents.commit(proofs.approved(checked, mark))
            return _reread(documents, checked)
        checked = _reread(documents, checked)
    raise StoreUnavailableError(f"{proof.id} kept changing")


def _checked(documents: Documents, proof: Proof, digits: str, check: Check | None) -> Proof:
    """The proof, if the vendor calls the code right. The try is counted first: it costs a call."""
    if check is None:
        raise OverError
    try:
        documents.commit(proofs.tried(proof))
    except ConflictError:
        raise StoreUnavailableError("somebody answers at this very moment") from None
    match check(proof.contact.address, digits):
        case Checked.RIGHT:
            return _reread(documents, proof)
        case Checked.WRONG:
            raise WrongCodeError(proofs.TRIES - proof.tries - 1)
        case Checked.OVER:
            raise OverError
    raise NoAnswerError


def _reread(documents: Documents, proof: Proof) -> Proof:
    found = proofs.find(documents, proof.id)
    if found is None or found.used_at:
        raise OverError
    return found


def _bound(documents: Documents, proof: Proof, now: datetime, also: Also | None = None) -> Proven:
    for _ in range(_ATTEMPTS):
        binding = _binding(documents, proof, now)
        more = also(binding.uid) if also else ()
        try:
            documents.commit(proofs.used(proof, now), *binding.writes, *more)
        except ConflictError:
            proof = _reread(documents, proof)
            continue
        return Proven(binding.uid, binding.is_new, proof)
    raise StoreUnavailableError(f"{proof.id} kept changing")


def _binding(documents: Documents, proof: Proof, now: datetime) -> Binding:
    if proof.uid is None:
        return owners.signing_in(documents, proof.contact, {"language": proof.language}, now)
    return owners.adding(documents, proof.contact, proof.uid, _agreed(documents, proof, now), now)


def _agreed(documents: Documents, proof: Proof, now: datetime) -> dict[str, Any]:
    if not proof.agreed or proof.uid is None:
        return {}
    person = documents.get(contacts.path(proof.uid))
    return consents.given(person.fields if person else {}, proof.contact.address, proof.agreed, now)
