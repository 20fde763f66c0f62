"""Tokens, for programs: make one, list them, revoke one."""

from datetime import date

from web.api import repeats, tokens
from web.api.models import NewToken, TokenAsked, TokenMade, TokensMade
from web.api.operation import Access, Call, Operation, Reply
from web.api.problems import ProblemError
from web.api.reading import not_accepted
from web.api.tokens import Token, TooManyTokensError
from web.site import site


def every(call: Call) -> Reply:
    """All of one's tokens."""
    return Reply(TokensMade(tokens=tuple(map(made, tokens.every(site().documents, call.uid)))))


def create(call: Call) -> Reply:
    """Make one; it is shown this once, and never kept."""
    asked: TokenAsked = call.body
    now = site().now()
    if asked.expires_at and asked.expires_at <= now:
        raise not_accepted("Choose a time to come.", "/expires_at")
    made_by = repeats.derived(call.uid, call.key, "token") if call.key else None
    wanted = Token("", call.uid, asked.name, asked.scope, now, asked.expires_at, made_by=made_by)
    try:
        text, token = tokens.make(site().documents, wanted)
    except TooManyTokensError as exc:
        raise ProblemError(409, str(exc)) from exc
    shown = made(token)
    return Reply(NewToken(token=text, made=shown), 201, kept=NewToken(token=None, made=shown))


def revoke(call: Call, token_id: str) -> Reply:
    """End one now."""
    if not tokens.revoke(site().documents, call.uid, token_id):
        raise ProblemError(404, "You have no token with this id.")
    return Reply(status=204)


def made(token: Token) -> TokenMade:
    """A token as it is listed."""
    return TokenMade(
        id=token.id,
        name=token.name,
        scope=token.scope,
        created_at=token.created_at,
        expires_at=token.expires_at,
        used_on=date.fromisoformat(token.used_on) if token.used_on else None,
    )


_TAG = "Tokens"

OPERATIONS = (
    Operation(
        name="listTokens", method="GET", path="/tokens", run=every, tag=_TAG,
        summary="Your tokens", answers={200: TokensMade},
    ),
    Operation(
        name="createToken", method="POST", path="/tokens", run=create, tag=_TAG,
        summary="Make a token", access=Access.WRITE, body=TokenAsked, answers={201: NewToken},
        refusals=(409,), takes_key=True, example={"name": "my script", "scope": "read"},
        details="It is shown this once. The same request with the same key is answered without it.",
    ),
    Operation(
        name="revokeToken", method="DELETE", path="/tokens/{token_id}", run=revoke, tag=_TAG,
        summary="Revoke a token", access=Access.WRITE, answers={204: None},
        details="Whoever still has it is refused from now on.",
    ),
)  # fmt: skip
