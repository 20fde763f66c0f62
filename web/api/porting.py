"""All watches out and in again, and their dates for calendars."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from watchers.portable import judging, leaving
from watchers.portable.arriving import MAX_BYTES, MAX_ENTRIES, UnreadableFileError
from watchers.portable.judging import Judged
from web import monitors, own_writes, snapshot
from web.api.models import Day, Exported, Moment
from web.api.operation import Access, Call, Operation, Reply
from web.api.reading import not_accepted
from web.api.shape import Shape
from web.api.watches import saved
from web.site import site
from web.watch import calendars, porting, subscriptions

CSV, CALENDAR = "text/csv; charset=utf-8", "text/calendar; charset=utf-8"


class ImportAsked(Shape):
    """A file of watches."""

    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_BYTES,
            description=(
                "JSON as it was exported, a sheet (CSV) as it was exported, or another price watcher's list. "
                f"At most {MAX_ENTRIES} watches."
            ),
            examples=["name,provider,item,below,currency\nLakers,ticketmaster,vvG1zZ9abc,90.00,USD\n"],
        ),
    ]
    save: bool = Field(
        False, strict=True, description="Save what can be saved; without it nothing is written."
    )


class Imported(Shape):
    """What becomes of one entry of a file."""

    place: int = Field(ge=1, description="Its line in a sheet, or its number in a list.")
    name: str
    outcome: Literal["new", "there", "refused"] = Field(
        description="`there`: you have a watch that asks the same."
    )
    twin: str | None = Field(description="What that one is called.")
    reasons: tuple[str, ...]


class ImportJudged(Shape):
    """What becomes of every entry, and how many were saved now."""

    entries: tuple[Imported, ...]
    saved: int = Field(ge=0)


class Dated(Shape):
    """One date: a moment, or a whole day of the venue's own."""

    id: str = Field(description="Stays the same whatever moves.")
    watch_id: str
    title: str
    starts_at: Moment | None
    starts_on: Day | None
    is_cancelled: bool
    is_tentative: bool


class Calendar(Shape):
    """What is ahead of one's watches."""

    dates: tuple[Dated, ...]
    address: str | None = Field(
        description="A secret address for calendar programs; null: there is none, or the token only reads."
    )


def export(call: Call) -> Reply:
    """All watches at once."""
    found = sorted(monitors.find_all(call.uid), key=lambda source: source.id)
    return Reply(Exported(exported_at=site().now(), watches=tuple(map(saved, found))))


def export_csv(call: Call) -> Reply:
    """All watches that a sheet can hold."""
    found = sorted(monitors.find_all(call.uid), key=lambda source: source.id)
    watches = [watch for source in found if (watch := monitors.read(source.fields))]
    return Reply(text=leaving.as_csv(watches))


def take(call: Call) -> Reply:
    """Say what would be saved of a file; or save it."""
    asked: ImportAsked = call.body
    try:
        found = porting.judge(call.uid, asked.text)
    except UnreadableFileError as unreadable:
        raise not_accepted(str(unreadable), "/text") from unreadable
    number = 0
    if asked.save:
        own_writes.of(call.uid, snapshot.EVERYTHING)
        number = len(judging.save(site().documents, site().places.sources(call.uid), found))
    return Reply(ImportJudged(entries=tuple(map(_imported, found)), saved=number))


def _imported(one: Judged) -> Imported:
    outcome: Literal["new", "there", "refused"] = "there" if one.twin is not None else "refused"
    return Imported(
        place=one.entry.place,
        name=one.name,
        outcome="new" if one.is_new else outcome,
        twin=one.twin,
        reasons=one.reasons,
    )


def dates(call: Call) -> Reply:
    """What is ahead, and where a calendar reads it."""
    secret = subscriptions.find(site().documents, call.uid).secret if call.may_write else ""
    return Reply(_calendar(call.uid, secret))


def renew(call: Call) -> Reply:
    """Make a secret address; one that was made before leads nowhere any more."""
    return Reply(_calendar(call.uid, subscriptions.renew(site().documents, call.uid).secret))


def file(call: Call) -> Reply:
    """What is ahead as a calendar file."""
    entries = calendars.dates_of(calendars.watched(call.uid))
    return Reply(text=calendars.file_of(call.uid, entries).decode())


def _calendar(uid: str, secret: str) -> Calendar:
    found = calendars.dates_of(calendars.watched(uid))
    return Calendar(
        dates=tuple(
            Dated(
                id=one.id,
                watch_id=one.watch_id,
                title=one.title,
                starts_at=None if type(one.starts) is date else one.starts,
                starts_on=one.starts if type(one.starts) is date else None,
                is_cancelled=one.is_cancelled,
                is_tentative=one.is_tentative,
            )
            for one in found
        ),
        address=calendars.address_of(uid, secret) if secret else None,
    )


_TAG = "Watches"

OPERATIONS = (
    Operation(
        name="exportWatches", method="GET", path="/export", run=export, tag=_TAG,
        summary="All your watches, at once", answers={200: Exported},
    ),
    Operation(
        name="exportSheet", method="GET", path="/export.csv", run=export_csv, tag=_TAG,
        summary="All your watches, as a sheet", answers={200: None}, makes=CSV,
        details="What a sheet cannot hold of a watch is named in a column of its own. No cell is a formula.",
    ),
    Operation(
        name="importWatches", method="POST", path="/import", run=take, tag=_TAG,
        summary="Watches from a file", access=Access.WRITE, body=ImportAsked, answers={200: ImportJudged},
        takes_key=True,
        example={
            "text": "name,provider,item,below,currency\nLakers,ticketmaster,vvG1zZ9abc,90.00,USD\n",
            "save": True,
        },
        details="Each watch is judged by itself. The same file again saves none of them twice.",
    ),
    Operation(
        name="getCalendar", method="GET", path="/calendar", run=dates, tag=_TAG,
        summary="When your events are, and when tickets are sold", answers={200: Calendar},
    ),
    Operation(
        name="getCalendarFile", method="GET", path="/calendar.ics", run=file, tag=_TAG,
        summary="The same as a calendar file", answers={200: None}, makes=CALENDAR,
    ),
    Operation(
        name="renewCalendar", method="POST", path="/calendar", run=renew, tag=_TAG,
        summary="Make a secret address for calendar programs", access=Access.WRITE, answers={200: Calendar},
        details="One that was made before leads nowhere any more.",
    ),
)  # fmt: skip
