"""Oneself: who one is here, how one wants to be told, and everything one asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field

from notifiers import contacts
from watchers.documents import Create, Document, Update
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.kinds import Channel
from watchers.language import LANGUAGES
from watchers.models import Every, Person
from web import monitors
from web.api import reading
from web.api.models import Exported, Moment
from web.api.operation import JSON, MERGE_PATCH, Access, Call, Operation, Reply
from web.api.shape import Shape
from web.api.watches import saved
from web.site import site

_ATTEMPTS = 5
_Clock = Annotated[
    str,
    Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="On one's own clock.", examples=["22:00"]),
]
Language = Literal["en", "de"]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("name the time zone as in America/New_York")
    return name


class Quiet(Shape):
    """Every day from one time until the other; over midnight where `to` is less."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    start: Annotated[_Clock, Field(alias="from")]
    end: Annotated[_Clock, Field(alias="to")]


class Wishes(Shape):
    """How one wants to be told; what is left out stays, null takes a wish back."""

    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] = Field(
        "UTC", description="An IANA name.", examples=["America/New_York"]
    )
    language: Language = "en"
    quiet_hours: Quiet | None = Field(None, description="Nothing is sent then; it waits.")
    digest: Every | None = Field(None, description="Everything is collected, and told so often.")
    digest_at: _Clock = "08:00"
    per_day: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="At most so many messages a day by each channel; null: as it is usual here."
    )
    per_watch: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="The same, of one watch."
    )
    failover: Annotated[tuple[Channel, ...], Field(max_length=4)] | None = Field(
        None, description="Who takes over when a channel fails, in this order; null: as it is usual here."
    )


class Contact(Shape):
    """Where one is told."""

    channel: Channel
    address: str | None = Field(
        description="A number or an address; null where it is as secret as a password."
    )
    verified_at: Moment | None = Field(description="null: it is not used.")
    problem: str | None = Field(description="The code for which it was given up.")


class Me(Shape):
    """Whose token it is."""

    id: str
    plan: str
    contacts: tuple[Contact, ...]
    texts_stopped_at: Moment | None = Field(description="When its owner answered STOP.")
    wishes: Wishes


def show(call: Call) -> Reply:
    """Oneself."""
    return Reply(_me(call.uid, site().documents.get(contacts.path(call.uid))))


def change(call: Call) -> Reply:
    """Change how one wants to be told."""
    path = contacts.path(call.uid)
    for _ in range(_ATTEMPTS):
        document = site().documents.get(path)
        wanted = _wanted(call.uid, document, call.body)
        write = Update(path, wanted, document.version) if document else Create(path, wanted)
        try:
            if wanted:
                site().documents.commit(write)
        except ConflictError:
            continue
        return Reply(_me(call.uid, site().documents.get(path)))
    raise StoreUnavailableError("the person kept changing")


def _wanted(uid: str, document: Document | None, patch: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the person's document that change, judged together with those that stay."""
    standing = _wishes(_person(uid, document)).model_dump(mode="json")
    merged = {**standing, **{name: value for name, value in patch.items() if value is not None}}
    merged = {name: value for name, value in merged.items() if patch.get(name, value) is not None}
    wished = reading.model(Wishes, merged)
    quiet = wished.quiet_hours
    if quiet and quiet.start == quiet.end:
        raise reading.not_accepted("Quiet hours end at another time than they begin.", "/quiet_hours/to")
    if wished.failover and len(set(wished.failover)) < len(wished.failover):
        raise reading.not_accepted("Name each channel once.", "/failover")
    fields = wished.model_dump(mode="json")
    return {name: fields[name] for name in patch}


def _person(uid: str, document: Document | None) -> Person:
    return contacts.from_document(document) if document else Person(uid)


def _me(uid: str, document: Document | None) -> Me:
    person = _person(uid, document)
    ways = (
        (Channel.SMS, person.phone, person.phone_verified_at, person.phone_problem),
        (Channel.EMAIL, person.email, person.email_verified_at, person.email_problem),
        (Channel.PUSH, person.push_url, person.push_verified_at, person.push_problem),
    )
    return Me(
        id=uid,
        plan=person.plan,
        contacts=tuple(_contact(*way) for way in ways if way[1]),
        texts_stopped_at=person.opted_out_at,
        wishes=_wishes(person),
    )


def _contact(channel: Channel, address: str | None, at: datetime | None, problem: str | None) -> Contact:
    shown = None if channel is Channel.PUSH else address
    return Contact(channel=channel, address=shown, verified_at=at, problem=problem)


def _wishes(person: Person) -> Wishes:
    hours = person.quiet_hours
    quiet = Quiet(start=f"{hours.start:%H:%M}", end=f"{hours.end:%H:%M}") if hours else None
    return Wishes(
        timezone=contacts.zone_of(person).key,
        language=person.language if person.language in LANGUAGES else "en",
        quiet_hours=quiet,
        digest=person.digest,
        digest_at=f"{person.digest_at:%H:%M}",
        per_day=person.per_day,
        per_watch=person.per_watch,
        failover=person.failover,
    )


def export(call: Call) -> Reply:
    """All watches at once."""
    found = sorted(monitors.find_all(call.uid), key=lambda source: source.id)
    return Reply(Exported(exported_at=site().now(), watches=tuple(map(saved, found))))


_TAG = "You"

OPERATIONS = (
    Operation(
        name="getMe", method="GET", path="/me", run=show, tag=_TAG,
        summary="Who you are here, and how you are told", answers={200: Me},
    ),
    Operation(
        name="changeMe", method="PATCH", path="/me", run=change, tag=_TAG,
        summary="Change how you are told", access=Access.WRITE, body=Wishes, takes=(MERGE_PATCH, JSON),
        answers={200: Me}, example={"quiet_hours": {"from": "22:00", "to": "07:00"}, "per_day": 20},
        details="A JSON merge patch (RFC 7396). A contact is changed by proving it, never here.",
    ),
    Operation(
        name="exportWatches", method="GET", path="/export", run=export, tag=_TAG,
        summary="Everything you asked for, at once", answers={200: Exported},
    ),
)  # fmt: skip
