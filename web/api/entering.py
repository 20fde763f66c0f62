"""Signing in by a code: who proves a contact gets a token. No answer tells whether somebody is known.

The code is used up in the commit that makes the token: while there is no room for one it stays good.
"""

from collections.abc import Sequence

from pydantic import Field

from watchers.documents import Write
from web.account import addresses, questions
from web.account.addresses import UnreadableContactError
from web.account.questions import RefusedError
from web.api import tokens
from web.api.contacts import Address, Code, CountryOf, ProofAsked, proof_asked, refusal
from web.api.keys import made
from web.api.models import NewToken, TokenAsked
from web.api.operation import Access, Call, Operation, Reply
from web.api.problems import ProblemError
from web.api.reading import not_accepted
from web.api.shape import Shape
from web.api.tokens import Token, TooManyTokensError
from web.site import site


class EntryAsked(Shape):
    """Where a code can reach whoever signs in."""

    contact: Address
    country: CountryOf | None = None


class EntryProven(Shape):
    """The code that was sent, and the token that is wanted."""

    code: Code
    token: TokenAsked = Field(description="The token to make.")


def ask(call: Call) -> Reply:
    """Send a code there, whoever it is."""
    asked: EntryAsked = call.body
    try:
        contact = addresses.read(asked.contact, asked.country or "", site().doors.countries)
        proof = questions.put(contact)
    except UnreadableContactError as unreadable:
        raise not_accepted(str(unreadable), "/contact") from unreadable
    except RefusedError as refused:
        raise refusal(refused) from refused
    return Reply(proof_asked(proof), 202)


def prove(call: Call, proof_id: str) -> Reply:
    """Send the code back, and get a token."""
    given: EntryProven = call.body
    now, wanted = site().now(), given.token
    if wanted.expires_at and wanted.expires_at <= now:
        raise not_accepted("Choose a time to come.", "/token/expires_at")
    tried: list[tuple[str, Token]] = []

    def with_token(uid: str) -> Sequence[Write]:
        asked = Token("", uid, wanted.name, wanted.scope, now, wanted.expires_at)
        text, token, writes = tokens.making(site().documents, asked)
        tried.append((text, token))
        return writes

    try:
        questions.prove(proof_id, given.code, None, with_token)
    except RefusedError as refused:
        raise refusal(refused) from refused
    except TooManyTokensError as exc:
        raise ProblemError(409, str(exc)) from exc
    text, token = tried[-1]  # others were overtaken, and not written
    return Reply(NewToken(token=text, made=made(token)), 201)


_TAG = "Signing in"

OPERATIONS = (
    Operation(
        name="askForCode", method="POST", path="/sign-in", run=ask, tag=_TAG,
        summary="Send a code to an address or a phone", access=Access.ANYBODY, body=EntryAsked,
        answers={202: ProofAsked}, refusals=(429,), example={"contact": "ann@example.com"},
        details="The same for everybody, known here or not. Codes are counted by contact and network.",
    ),
    Operation(
        name="signIn", method="POST", path="/sign-in/{proof_id}", run=prove, tag=_TAG,
        summary="Send the code back, and get a token", access=Access.ANYBODY, body=EntryProven,
        answers={201: NewToken}, refusals=(409, 429),
        example={"code": "123456", "token": {"name": "my script", "scope": "write"}},
        details="Five tries in ten minutes. Whoever was not known is so now. The token is shown this once.",
    ),
)  # fmt: skip
