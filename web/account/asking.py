"""Ask for a code: count it, keep the proof and put the code into the outbox, in one commit.

Whether somebody has an account is not even looked up here, so nothing about the answer can tell.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from notifiers import proofs, spend
from notifiers.proofs import Contact, Kind, Proof
from watchers.documents import Documents
from watchers.errors import ConflictError, StoreUnavailableError
from web.account import addresses, throttle
from web.account.network import site_of
from web.account.throttle import Limit

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
PER_CONTACT = ((5, HOUR), (10, DAY))
PER_NETWORK = ((20, HOUR), (60, DAY))
PER_SITE = ((60, HOUR), (200, DAY))
_LETTERS = 10  # so many more letters than texts: they cost nothing
_COUNTRY = 2  # one country gets a half of all texts at most
_MONTH = 4  # and codes a quarter of a month's: who has many sent leaves the others' alerts alone
_DAYS = 10  # one day gets a tenth of that: who uses it up shuts the others out until the next day only
_NETWORK, _FEWEST = 5, 10  # a network gets a fifth of a day's texts: a carrier's phones may all share one
_ATTEMPTS = 20  # everybody who asks counts in the same document: one after the other
_PAUSE = 0.05  # seconds at most between two attempts; who comes first is left to chance


class NoTextsLeftError(Exception):
    """This month's texts of the installation are used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and of whom.

    Attributes:
        asked: The form's own random text: pressed twice, it asks once. With other ticks it asks anew.
        network: Whose request it is (``network.network``).
        uid: Whose contact it is to become; ``None``: somebody signs in.
        to: Where to go afterwards.
        agreed: What was ticked beside a number (``consents.ticked``).
    """

    contact: Contact
    asked: str = field(repr=False)
    network: str
    uid: str | None = None
    language: str = "en"
    to: str = "/"
    agreed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How much may be asked: texts an hour, segments a month; and whether a vendor makes phones' codes."""

    codes_per_hour: int
    segments_per_month: int
    vendor: bool = False


def ask(documents: Documents, question: Question, rules: Rules, secret_key: str, now: datetime) -> Proof:
    """The proof that now waits for its code; the same one when the same form asks again.

    Raises:
        TooOftenError: the contact, the network, its country or everybody has asked too often.
        NoTextsLeftError: nothing may be texted any more this month.
        StoreUnavailableError: the database failed, or many ask at this very moment.
    """
    asked = _named(question)
    for attempt in range(_ATTEMPTS):
        proof = _proof(question, proofs.proof_id(secret_key, asked, question.contact), rules, now)
        if known := proofs.find(documents, proof.id):
            if known.is_open(now) and known.uid == question.uid:
                return known
            asked = secrets.token_hex(16)  # an old form: what it asks is a new question
            continue
        _refuse_unpaid(documents, question.contact, rules, now)
        counted = throttle.counting(documents, limits(question, rules, secret_key), now)
        try:
            documents.commit(*proofs.creation(proof), *counted)
        except ConflictError:
            time.sleep(_PAUSE * min(attempt, 5) * secrets.randbelow(100) / 100)
            continue
        return proof
    raise StoreUnavailableError("many ask for codes at this moment")


def limits(question: Question, rules: Rules, secret_key: str) -> list[Limit]:
    """Everything that such a question counts for; contacts and networks only as nobody else can name them."""
    contact, network = question.contact, proofs.hidden(secret_key, "network", question.network)
    of_contact = [Limit(f"contact:{contact.hidden(secret_key)}", most, per) for most, per in PER_CONTACT]
    of_network = [Limit(f"network:{network}", most, per) for most, per in PER_NETWORK]
    if (site := site_of(question.network)) is not None:
        of_site = proofs.hidden(secret_key, "network", site)
        of_network += [Limit(f"network:{of_site}", most, per) for most, per in PER_SITE]
    if contact.kind is Kind.EMAIL:
        return [*of_contact, *of_network, Limit("letters", rules.codes_per_hour * _LETTERS, HOUR)]
    country = f"country:{addresses.country_of(contact)}"
    in_a_month = -(-rules.segments_per_month // _MONTH)
    in_a_day = -(-in_a_month // _DAYS)
    return [
        *of_contact,
        *of_network,
        Limit(f"texts:{network}", max(_FEWEST, in_a_day // _NETWORK), DAY),
        Limit(country, -(-rules.codes_per_hour // _COUNTRY), HOUR),
        Limit("texts", rules.codes_per_hour, HOUR),
        Limit("texts", in_a_day, DAY),
        Limit("texts", in_a_month, MONTH),
    ]


def _named(question: Question) -> str:
    """What the form asks, with what was ticked: whoever goes back and ticks otherwise asks something else."""
    agreed = question.agreed
    return (
        question.asked if agreed is None else "\x1f".join((question.asked, *map(str, sorted(agreed.items()))))
    )


def _proof(question: Question, identity: str, rules: Rules, now: datetime) -> Proof:
    return Proof(
        id=identity,
        contact=question.contact,
        made_at=now,
        uid=question.uid,
        language=question.language,
        to=question.to,
        vendor=rules.vendor and question.contact.kind is Kind.PHONE,
        agreed=question.agreed,
    )


def _refuse_unpaid(documents: Documents, contact: Contact, rules: Rules, now: datetime) -> None:
    if contact.kind is Kind.PHONE and spend.spent(documents, now) >= rules.segments_per_month:
        raise NoTextsLeftError
