"""Where one is told: prove another number or address, take one away, agree to texts or not.

A contact is never set, only proven: a code is sent there, and whoever sends it back has it.
"""

from typing import Annotated

from pydantic import Field

from notifiers import contacts
from notifiers.owners import LastContactError
from notifiers.proofs import LASTS, Kind, Proof
from watchers.kinds import Channel
from watchers.models import Person
from web import entry
from web.account import addresses, consents, own_contacts, questions
from web.account.addresses import UnreadableContactError
from web.account.questions import RefusedError
from web.api import reading, repeats
from web.api.models import Moment
from web.api.operation import Access, Call, Operation, Reply
from web.api.problems import ProblemError
from web.api.reading import not_accepted
from web.api.shape import Shape
from web.site import site

_A_VERSION = "20-a-day-0123456789ab"

Address = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        description="An e-mail address, or a number of a mobile phone.",
        examples=["ann@example.com", "+14155550123"],
    ),
]
CountryOf = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{2}$",
        description="Of a number that is written without its country's code.",
        examples=["US"],
    ),
]
Code = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="What was sent.", examples=["123456"])]


class Contact(Shape):
    """One way to reach somebody."""

    channel: Channel
    address: str | None = Field(description="The number or the address; null: as secret as a password.")
    verified_at: Moment | None = Field(description="When it was proven; null: it is not used.")
    problem: str | None = Field(description="The code for which it was given up.")


class Consent(Shape):
    """Whether one has agreed to texts, and what is agreed to."""

    agreed_at: Moment | None
    version: str = Field(description="Names the words; send it back to agree to them.")
    words: str = Field(description="What is agreed to; show them to whoever agrees.")


class Contacts(Shape):
    """All of one's contacts."""

    contacts: tuple[Contact, ...]
    consent: Consent


class ContactAsked(Shape):
    """A contact to be proven."""

    address: Address
    country: CountryOf | None = None
    consent: str | None = Field(
        None,
        description="Of a number: the version of the words that its owner agreed to; leave it out otherwise.",
        examples=[_A_VERSION],
    )


class ProofAsked(Shape):
    """A code was sent, and is waited for."""

    proof: str = Field(description="Names the question; keep it to yourself.")
    contact: str = Field(description="Where the code was sent, masked.")
    ends_at: Moment = Field(description="When the code is over.")


class CodeGiven(Shape):
    """The code that was sent."""

    code: Code


class ConsentAsked(Shape):
    """Whether one agrees to texts."""

    agrees: bool = Field(strict=True)
    version: str | None = Field(None, description="Of the words that were agreed to.")


def every(call: Call) -> Reply:
    """All of them."""
    return Reply(_contacts(call.uid))


def ask(call: Call) -> Reply:
    """Send a code there."""
    asked: ContactAsked = call.body
    doors = site().doors
    try:
        contact = addresses.read(asked.address, asked.country or "", doors.countries)
    except UnreadableContactError as unreadable:
        raise not_accepted(str(unreadable), "/address") from unreadable
    agreed = None
    if asked.consent is not None:
        _require_words(asked.consent, "/consent")
        if contact.kind is not Kind.PHONE:
            raise not_accepted("Only a number needs a consent to texts.", "/consent")
        agreed = own_contacts.ticked()
    try:
        proof = questions.put(contact, asked=_named(call), uid=call.uid, agreed=agreed)
    except RefusedError as refused:
        raise refusal(refused) from refused
    return Reply(proof_asked(proof), 202)


def _named(call: Call) -> str | None:
    return repeats.derived(call.uid, call.key, "proof") if call.key else None


def prove(call: Call, proof_id: str) -> Reply:
    """Send the code back: the contact is one's own."""
    given: CodeGiven = call.body
    try:
        questions.prove(proof_id, given.code, call.uid)
    except RefusedError as refused:
        raise refusal(refused) from refused
    entry.believe(call.uid)  # what was read of them before is old
    return Reply(_contacts(call.uid))


def remove(call: Call, kind: str) -> Reply:
    """Take one away."""
    if kind not in set(Kind):
        raise ProblemError(404, "There are phone and email.")
    try:
        own_contacts.remove(call.uid, Kind(kind))
    except LastContactError:
        raise ProblemError(409, "You sign in by this one. Add another before you remove it.") from None
    return Reply(status=204)


def consent(call: Call) -> Reply:
    """Agree to texts, or take it back."""
    asked: ConsentAsked = call.body
    if asked.agrees:
        _require_words(asked.version, "/version")
    if not own_contacts.consent(call.uid, agrees=asked.agrees):
        raise ProblemError(409, "Add your mobile number first.")
    entry.believe(call.uid)
    return Reply(_contacts(call.uid))


def refusal(refused: RefusedError) -> ProblemError:
    """What was not asked or proven, as a problem."""
    status = 404 if refused.status == 410 else refused.status  # noqa: PLR2004 - gone, or never there
    headers = {"Retry-After": str(max(1, round(refused.wait.total_seconds())))} if refused.wait else {}
    if status == 429 and not headers:  # noqa: PLR2004 - too many of all of us together
        headers = {"Retry-After": "3600"}
    if status == 422:  # noqa: PLR2004 - said of what was sent
        return reading.not_accepted(refused.sentence)
    return ProblemError(status, refused.sentence, headers=headers)


def proof_asked(proof: Proof) -> ProofAsked:
    """What is told of a question that waits for its code."""
    return ProofAsked(proof=proof.id, contact=proof.contact.masked, ends_at=proof.made_at + LASTS)


def _require_words(version: str | None, pointer: str) -> None:
    wanted = consents.version(site().limits.per_day)
    if version != wanted:
        said = f"Show the words of GET /contacts, and send their version, {wanted}."
        raise not_accepted(said, pointer)


def _contacts(uid: str) -> Contacts:
    document = entry.document()
    person = contacts.from_document(document) if document else Person(uid)
    ways = (
        (Channel.SMS, person.phone, person.phone_verified_at, person.phone_problem),
        (Channel.EMAIL, person.email, person.email_verified_at, person.email_problem),
        (Channel.PUSH, person.push_url, person.push_verified_at, person.push_problem),
    )
    known = tuple(
        Contact(
            channel=channel,
            address=None if channel is Channel.PUSH else address,
            verified_at=verified_at,
            problem=problem,
        )
        for channel, address, verified_at, problem in ways
        if address
    )
    per_day = site().limits.per_day
    words = Consent(
        agreed_at=person.texts_agreed_at, version=consents.version(per_day), words=consents.text(per_day)
    )
    return Contacts(contacts=known, consent=words)


_TAG = "Contacts"

OPERATIONS = (
    Operation(
        name="listContacts", method="GET", path="/contacts", run=every, tag=_TAG,
        summary="Where you are told, and whether you agreed to texts", answers={200: Contacts},
    ),
    Operation(
        name="addContact", method="POST", path="/contacts", run=ask, tag=_TAG,
        summary="Send a code to a number or an address of yours", access=Access.WRITE, body=ContactAsked,
        answers={202: ProofAsked}, takes_key=True, example={"address": "ann@example.com"},
        details="It becomes yours once the code came back. Codes are counted by contact and network.",
    ),
    Operation(
        name="proveContact", method="POST", path="/contacts/proofs/{proof_id}", run=prove, tag=_TAG,
        summary="Send the code back", access=Access.WRITE, body=CodeGiven, answers={200: Contacts},
        refusals=(409,), example={"code": "123456"},
        details="Five tries in ten minutes. 409: it is somebody else's already.",
    ),
    Operation(
        name="removeContact", method="DELETE", path="/contacts/{kind}", run=remove, tag=_TAG,
        summary="Take your phone or email away", access=Access.WRITE, answers={204: None}, refusals=(409,),
        details="`kind` is `phone` or `email`. The last one stays, since you sign in by it.",
    ),
    Operation(
        name="setConsent", method="PUT", path="/consent", run=consent, tag=_TAG,
        summary="Agree to texts, or take it back", access=Access.WRITE, body=ConsentAsked,
        answers={200: Contacts}, refusals=(409,), example={"agrees": True, "version": _A_VERSION},
        details="A receipt is kept of when, to which words and for which number.",
    ),
)  # fmt: skip
