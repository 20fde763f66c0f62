"""Oneself: how one is told, what one's plan holds, a test, a copy of everything, and the end of it."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from notifiers import contacts, preferences, trials
from notifiers.personal import erasure
from notifiers.personal.export import FORMAT, export
from notifiers.preferences import Preferences, PreferencesRefusedError
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.kinds import Channel
from watchers.models import Person
from web import entry, membership, own_writes, snapshot
from web.api import callers
from web.api.models import Moment, ToldAlert
from web.api.operation import JSON, MERGE_PATCH, Access, Call, Operation, Reply
from web.api.problems import Fault, ProblemError
from web.api.shape import Shape
from web.api.told import told
from web.membership import Used
from web.site import site


class Me(Shape):
    """Whose token it is, and how they are told."""

    id: str
    plan: str = Field(description="See `/plan`.")
    texts_stopped_at: Moment | None = Field(description="When they answered STOP; null: they did not.")
    preferences: Preferences


class Amount(Shape):
    """How much of something is used, of how much."""

    used: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=0)]


class Plan(Shape):
    """What one's plan holds, and what of it is used."""

    name: Literal["basic", "premium", "enterprise"]
    watches: Amount = Field(description="Watches that are not ended.")
    waiting: int = Field(ge=0, description="Watches that wait until there is room for them.")
    texts: Amount | None = Field(description="Segments of texts this month; null: it cannot be told.")
    priority: int = Field(ge=1, description="How many people's looks one watch is worth.")


class TestAsked(Shape):
    """By which channel to send a test message."""

    __test__ = False  # no test of ours

    channel: Channel


class EraseAsked(Shape):
    """That everything is to be deleted."""

    word: Literal["delete"] = Field(description="The word `delete`, so that it does not happen by mistake.")


class MyData(Shape):
    """Everything that is kept about one; what each part holds is said in it."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": True})

    format: Literal["ticket-scout.my-data"] = Field(description="What this is.")
    version: int = Field(description="A field may be added; none changes or goes as long as it is the same.")
    made_at: Moment
    person: str


def show(call: Call) -> Reply:
    """Oneself."""
    return Reply(_me(call.uid))


def change(call: Call) -> Reply:
    """Change how one is told: only what is named."""
    try:
        named = preferences.read(call.body, most_segments=_most_texts(call.uid))
        preferences.save(site().documents, call.uid, named, site().now())
    except PreferencesRefusedError as refused:
        faults = [
            Fault(where="body", pointer=f"/{field}", detail=said) for field, said in refused.errors.items()
        ]
        raise ProblemError(422, " ".join(refused.errors.values()), faults) from refused
    except ConflictError as exc:
        raise StoreUnavailableError("the person kept changing") from exc
    entry.believe(call.uid)  # what was read of them before is old
    return Reply(_me(call.uid))


def _most_texts(uid: str) -> int:
    """What they may have a month."""
    document = entry.document()
    return site().limits.most_texts_of(contacts.from_document(document) if document else Person(uid))


def _me(uid: str) -> Me:
    document = entry.document()
    person = contacts.from_document(document) if document else Person(uid)
    return Me(
        id=uid,
        plan=membership.tier().name,
        texts_stopped_at=person.opted_out_at,
        preferences=preferences.of(document),
    )


def plan(call: Call) -> Reply:
    """What one's plan holds, and what is used."""
    document, here = entry.document(), site()
    person = contacts.from_document(document) if document else Person(call.uid)
    held = membership.membership(here.documents, here.places, here.limits, person, here.now())
    return Reply(
        Plan(
            name=held.tier.name,
            watches=_amount(held.watches),
            waiting=held.waiting,
            texts=_amount(held.texts) if held.texts else None,
            priority=held.tier.priority,
        )
    )


def _amount(used: Used) -> Amount:
    return Amount(used=used.number, of=used.of)


def test(call: Call) -> Reply:
    """Send a test message, as an alert is sent."""
    asked: TestAsked = call.body
    own_writes.of(call.uid, snapshot.ALERTS)
    try:
        alert = trials.send(site().documents, call.uid, asked.channel, site().now())
    except trials.NotReachableError:
        raise ProblemError(409, "Nothing was sent: this way does not work yet. See /contacts.") from None
    except trials.TooOftenError as enough:
        raise callers.too_often(enough.again_at - site().now()) from None
    return Reply(told(alert), 202)


def data(call: Call) -> Reply:
    """Everything that is kept about one, piece by piece."""
    if wait := site().copies.wait(call.uid, site().now()):
        raise callers.too_often(wait)
    pieces = export(site().documents, site().places, call.uid, site().now())
    first = next(pieces)  # a database that is away is a problem, not a broken answer
    return Reply(stream=(first, pieces))


def erase(call: Call) -> Reply:
    """Delete everything about oneself; the token with which it is asked, too."""
    erasure.begin(site().documents, call.uid, site().now())
    erasure.erase(site().documents, site().places, call.uid, site().now())
    return Reply(status=204)


_TAG = "You"

OPERATIONS = (
    Operation(
        name="getMe", method="GET", path="/me", run=show, tag=_TAG,
        summary="Who you are here, and how you are told", answers={200: Me},
    ),
    Operation(
        name="changeMe", method="PATCH", path="/me", run=change, tag=_TAG,
        summary="Change how you are told", access=Access.WRITE, body=Preferences, takes=(MERGE_PATCH, JSON),
        answers={200: Me}, example={"quiet_hours": {"from": "22:00", "to": "07:00"}, "per_day": 20},
        details="What is not named stays; null: none, or as everybody has it.",
    ),
    Operation(
        name="getPlan", method="GET", path="/plan", run=plan, tag=_TAG,
        summary="What your plan holds, and what of it is used", answers={200: Plan},
    ),
    Operation(
        name="sendTest", method="POST", path="/me/test", run=test, tag=_TAG,
        summary="Send yourself a test message", access=Access.WRITE, body=TestAsked, answers={202: ToldAlert},
        refusals=(409,), takes_key=True, example={"channel": "email"},
        details=(
            f"At most {trials.MOST_AN_HOUR} an hour. What became of it is said among your alerts. Should the "
            "server die between sending and answering, the same key may send a second one."
        ),
    ),
    Operation(
        name="getMyData", method="GET", path="/me/data", run=data, tag=_TAG,
        summary="Everything that is kept about you", answers={200: MyData},
        details=(
            f"The format is `{FORMAT}`. Secrets are left out. A few times an hour; 429 says when again."
        ),
    ),
    Operation(
        name="eraseMe", method="POST", path="/me/erase", run=erase, tag=_TAG,
        summary="Delete everything about you", access=Access.WRITE, body=EraseAsked, answers={204: None},
        example={"word": "delete"},
        details=(
            "Your watches, alerts, contacts, tokens: at once from use. What must be kept of a consent to "
            "texts is kept without your name. Nothing brings it back."
        ),
    ),
)  # fmt: skip
