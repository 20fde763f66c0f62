"""How a person wants to be told: one model for pages, the API and the command line, and how it is kept.

``read`` turns what somebody asked for into the fields to change, or refuses it with a sentence beside each
field. ``save`` changes those fields of ``people/{uid}`` and no other, as a compare-and-set: of two people who
change different things at once, both get what they asked for. What waited for a wish that is gone is let go.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, time
from functools import cache
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from notifiers import contacts, owners
from notifiers.personal import returning
from notifiers.release import release
from watchers.documents import Create, Document, Documents, Update
from watchers.errors import ConflictError
from watchers.kinds import Channel
from watchers.language import LANGUAGES, SOURCE, say
from watchers.models import Every, Person

MOST_MESSAGES = 1000
MOST_SEGMENTS = 10_000
_ATTEMPTS = 5  # at a person whom others are changing


class PreferencesRefusedError(Exception):
    """Nothing was changed. ``errors``: by the field, what to write there instead."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


@cache
def zones() -> frozenset[str]:
    """Every time zone of the IANA's database."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError(say("Choose a time zone of the list, such as America/New_York."))
    return name


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(say("Choose one of these languages: {names}.", names=", ".join(LANGUAGES.values())))
    return code


def _clock(words: object) -> str:
    """``8:00`` or ``08:00``, as ``08:00``."""
    found = (
        re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::00)?", words.strip()) if isinstance(words, str) else None
    )
    if not found or int(found[1]) > 23 or int(found[2]) > 59:  # noqa: PLR2004 - a clock
        raise ValueError(say("Write a time of day, such as 22:00."))
    return f"{time(int(found[1]), int(found[2])):%H:%M}"


def _whole(number: object) -> object:
    """Yes is not one, and neither is 1.5."""
    if number is not None and type(number) is not int:
        raise ValueError(say("Write a whole number, or leave it empty."))
    return number


def _from_to(least: int, most: int) -> AfterValidator:
    def within(number: int | None) -> int | None:
        if number is not None and not least <= number <= most:
            raise ValueError(
                say("Write a whole number from {least} to {most}, or leave it empty.", least=least, most=most)
            )
        return number

    return AfterValidator(within)


def _each_once(order: tuple[Channel, ...] | None) -> tuple[Channel, ...] | None:
    if order is not None and len(set(order)) < len(order):
        raise ValueError(say("Name each way only once."))
    return order


Clock = Annotated[str, BeforeValidator(_clock)]
_Messages = Annotated[int | None, BeforeValidator(_whole), _from_to(1, MOST_MESSAGES)]
_Segments = Annotated[int | None, BeforeValidator(_whole), _from_to(0, MOST_SEGMENTS)]
_Order = Annotated[tuple[Channel, ...] | None, AfterValidator(_each_once)]


class Hours(BaseModel):
    """Every day from one time until another by the person's own clock, over midnight if that is earlier."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    start: Clock = Field(alias="from", description="When they begin, as HH:MM.", examples=["22:00"])
    end: Clock = Field(alias="to", description="When they end, as HH:MM.", examples=["07:00"])

    @model_validator(mode="after")
    def _last(self) -> Self:
        if self.start == self.end:
            raise ValueError(say("Quiet hours end at another time than they begin, as from 22:00 to 07:00."))
        return self


class Preferences(BaseModel):
    """What a person may say of how they are told. ``null``: none, or as everybody has it.

    A field that is not named stays as it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Of the IANA's database.", examples=["America/New_York"]
    )
    language: Annotated[str, AfterValidator(_language)] = Field(
        "en", description="Of pages and messages.", examples=["de"]
    )
    quiet_hours: Hours | None = Field(None, description="When nothing is sent; it waits until they are over.")
    digest: Every | None = Field(None, description="Everything in one message, so often.")
    digest_at: Clock = Field("08:00", description="When the digest comes, as HH:MM.")
    per_day: _Messages = Field(None, description="Messages a day at most, by each channel.")
    per_watch: _Messages = Field(None, description="Of these, about one watch.")
    segments_per_month: _Segments = Field(None, description="Segments of texts a month at most.")
    failover: _Order = Field(
        None, description="Who takes over when a channel fails, in order; the page of alerts is always last."
    )
    notify: _Order = Field(None, description="How a new watch tells, unless it says otherwise.")

    @model_validator(mode="after")
    def _somehow(self) -> Self:
        if self.notify == ():
            raise ValueError(say("Choose at least one way."))
        return self


def of(document: Document | None) -> Preferences:
    """What a person has said so far; what cannot be read counts as not said, as wherever it is used."""
    person = contacts.from_document(document) if document else Person("")
    stored = document.fields if document else {}
    quiet = person.quiet_hours
    hours = {"from": f"{quiet.start:%H:%M}", "to": f"{quiet.end:%H:%M}"} if quiet else None
    return Preferences.model_validate(
        {
            "timezone": person.timezone if person.timezone in zones() else "UTC",
            "language": person.language if person.language in LANGUAGES else SOURCE,
            "quiet_hours": hours if hours and hours["from"] != hours["to"] else None,
            "digest": person.digest,
            "digest_at": f"{person.digest_at:%H:%M}",
            "per_day": _within(person.per_day, 1, MOST_MESSAGES),
            "per_watch": _within(person.per_watch, 1, MOST_MESSAGES),
            "segments_per_month": _within(person.segments_per_month, 0, MOST_SEGMENTS),
            "failover": person.failover if stored.get("failover") is not None else None,
            "notify": default_channels(stored) or None,
        }
    )


def _within(number: int | None, least: int, most: int) -> int | None:
    return None if number is None else min(max(number, least), most)


def default_channels(stored: Mapping[str, Any]) -> tuple[Channel, ...]:
    """How a new watch of this person tells, unless it says otherwise; empty where they never said."""
    named = stored.get("notify")
    return tuple(channel for channel in Channel if channel in named) if isinstance(named, list) else ()


def read(asked: Mapping[str, Any], *, most_segments: int | None = None) -> dict[str, Any]:
    """The fields of ``people/{uid}`` to change: those that were named, as they are stored.

    Args:
        asked: Of the fields of ``Preferences``, those to change.
        most_segments: What the person may have a month.

    Raises:
        PreferencesRefusedError: what cannot be; every field with its sentence.
    """
    try:
        wanted = Preferences.model_validate(asked)
    except ValidationError as exc:
        raise PreferencesRefusedError(_sentences(exc)) from exc
    named = wanted.model_dump(mode="json", by_alias=True, exclude_unset=True)
    texts = named.get("segments_per_month")
    if texts is not None and most_segments is not None and texts > most_segments:
        said = say("Your plan allows up to {most} a month. Write that or less.", most=most_segments)
        raise PreferencesRefusedError({"segments_per_month": said})
    return named


def save(documents: Documents, uid: str, named: Mapping[str, Any], now: datetime) -> None:
    """Change only these fields of the person as they stand now: a STOP in between is never undone.

    What waited for quiet hours or a digest that is gone is due at once.

    Raises:
        ConflictError: others kept changing the person; nothing was written.
        StillErasedError: what was theirs is still being deleted.
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    _write(documents, uid, named)
    if reasons := gone(named):
        release(documents, uid, reasons, now)


def gone(named: Mapping[str, Any]) -> Collection[str]:
    """Why alerts may be held that need not wait any more. A new hour of the digest is for the next one."""
    reasons = {"quiet_hours"} if {"quiet_hours", "timezone"} & named.keys() else set()
    return reasons | ({"digest"} if "digest" in named and named["digest"] is None else set())


def _write(documents: Documents, uid: str, named: Mapping[str, Any]) -> None:
    for attempts_left in reversed(range(_ATTEMPTS)):
        known = documents.get(contacts.path(uid))
        if known and not named:
            return
        returning.require_over(documents, known)
        back = {"erased_at": None} if known and known.fields.get("erased_at") else {}
        write = (
            Update(known.path, {**named, **back}, known.version)
            if known
            else Create(contacts.path(uid), named)
        )
        index = owners.vouching(documents, uid, named)
        try:
            documents.commit(write, *index)
        except ConflictError:
            if not attempts_left:
                raise
        else:
            return


def _sentences(exc: ValidationError) -> dict[str, str]:
    """By the field (the outermost name), its first sentence."""
    said: dict[str, str] = {}
    for error in exc.errors(include_url=False):
        name = str(error["loc"][0]) if error["loc"] else "notify"
        said.setdefault(name, _sentence(name, error))
    return said


def _sentence(name: str, error: Any) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        return say("There is no setting of this name.")
    match name:
        case "quiet_hours":
            return say("Write both times, such as 22:00 and 07:00, or choose that there are none.")
        case "digest":
            return say("A digest comes daily or weekly, or not at all.")
        case "failover" | "notify":
            return say("Choose out of text, e-mail, push message and the page of alerts.")
    return say("This cannot be understood. Choose or write it anew.")
