"""For operators: how everything is doing. Nothing personal is said but ids; every look is in the log."""

from typing import Any

from pydantic import ConfigDict, Field

from watchers.documents import Query
from watchers.places import REFUSED
from web.api.models import Moment
from web.api.operation import Access, Call, Operation, Reply
from web.api.shape import Shape
from web.operator import status
from web.operator.facts import Blind
from web.operator.guard import operator
from web.site import site

MOST = 100

_OPEN = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": True})


class Health(Shape):
    """How everything is doing; what else is known stands beside."""

    model_config = _OPEN

    at: Moment
    worker_runs: bool
    ticked_at: Moment | None
    people: int
    watches: int = Field(description="Those that go on.")
    targets: int
    refused: int
    providers: tuple[dict[str, Any], ...]
    channels: dict[str, str] = Field(description="`on`, or why it is off.")
    outbox: dict[str, Any]
    spend: dict[str, Any] = Field(description="Of texts, this month.")
    version: str


class BlindTarget(Shape):
    """A target that is not seen."""

    target: str
    since: Moment
    why: str
    watchers: int


class RefusedWatch(Shape):
    """A watch that was refused."""

    id: str
    uid: str
    reasons: tuple[str, ...]
    at: Moment


class Troubles(Shape):
    """What somebody may have to act on."""

    blind: tuple[BlindTarget, ...] = Field(description=f"The longest first, {MOST} at most.")
    refused: tuple[RefusedWatch, ...] = Field(description=f"The latest first, {MOST} at most.")


def health(_: Call) -> Reply:
    """How everything is doing, as of some seconds ago at most."""
    operator("api.status")
    return Reply(Health.model_validate(status.facts().to_json()))


def troubles(_: Call) -> Reply:
    """What is not seen, and what was refused."""
    operator("api.troubles")
    found = site().documents.find(Query(REFUSED, ("newest_first",), "<=", 0, MOST))
    refused = tuple(
        RefusedWatch(
            id=str(one.fields.get("watch")),
            uid=str(one.fields.get("uid")),
            reasons=tuple(map(str, one.fields.get("reasons") or ())),
            at=one.fields["at"],
        )
        for one in found
    )
    return Reply(Troubles(blind=tuple(map(_blind, status.facts().blind[:MOST])), refused=refused))


def _blind(one: Blind) -> BlindTarget:
    return BlindTarget(target=one.target.id, since=one.since, why=one.why, watchers=one.watchers)


_TAG = "Operators"

OPERATIONS = (
    Operation(
        name="getStatus", method="GET", path="/status", run=health, tag=_TAG,
        summary="How everything is doing", access=Access.OPERATOR, answers={200: Health},
    ),
    Operation(
        name="listTroubles", method="GET", path="/status/troubles", run=troubles, tag=_TAG,
        summary="What is not seen, and what was refused", access=Access.OPERATOR, answers={200: Troubles},
    ),
)  # fmt: skip
