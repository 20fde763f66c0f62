"""What is about to be watched, as people recognise it: its name, day, place, picture and prices. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from watchers.events import normalised
from watchers.language import say
from watchers.money import spoken
from watchers.observation import Availability, EventStatus, Observation
from web import choosing, findings, words
from web.forms import Form
from web.sight import Sight, past

_NAMED = 3  # of what a search finds


class Line(NamedTuple):
    """One kind of price: an amount, what it includes and how old it is, and what was ever recorded here."""

    amount: str
    said: str
    recorded: str


@dataclass(frozen=True, slots=True)
class Card:
    """What is about to be watched, as people recognise it. Texts are empty where nothing is known.

    Attributes:
        name, place, day, shop: What it is, and where it is sold.
        image, url: Its picture, and its official page.
        prices: The prices that are known.
        notes: What else is to know: that it has no price yet, cannot be bought now, was not seen.
        trouble: Why there is nothing to wait for.
    """

    name: str
    place: str = ""
    day: str = ""
    shop: str = ""
    image: str | None = None
    url: str | None = None
    prices: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""


def card(form: Form, sight: Sight) -> Card | None:
    """What the form is about; ``None`` where it names nothing yet."""
    if sight.target is None:
        return None
    latest = sight.latest
    event = normalised(latest) if latest else None
    return Card(
        name=(event and event.name) or form.name or sight.target.item or form.keyword,
        place=findings.where(event) if event else "",
        day=choosing.day_of(event) if event else "",
        shop=words.shop(sight.target.provider),
        image=_image(latest),
        url=_official(event.url) if event else None,
        prices=tuple(_lines(sight)),
        notes=tuple(_notes(sight, latest)),
        trouble=past(latest) if latest and sight.is_over else "",
    )


def _image(latest: Observation | None) -> str | None:
    """Its own, or that of the first thing a search finds."""
    every = (latest, *(latest.listings or ())) if latest else ()
    return next((one.image for one in every if one.image), None)


def _official(url: str | None) -> str | None:
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def _lines(sight: Sight) -> Iterator[Line]:
    for key, one in sorted(sight.records.items(), key=lambda found: found[1].now):
        age = words.ago(one.seen_at, sight.now)
        said = say("{basis} ({age})", basis=words.BASIS[key.basis], age=age)
        yield Line(spoken(one.now, key.currency), said, choosing.range_said(one) if one.is_range else "")


def _notes(sight: Sight, latest: Observation | None) -> Iterator[str]:
    if sight.why:
        yield sight.why
    if latest is None:
        return
    if latest.listings is not None:
        yield _found(latest.listings)
    if said := _state(latest):
        yield said
    if not sight.records:
        yield say("No price is published by this source yet: we tell you when one appears that fits.")


def _found(listings: Sequence[Observation]) -> str:
    names = [*dict.fromkeys(one.name for one in listings if one.name)]
    if not names:
        return (
            say("It finds nothing now.")
            if not listings
            else say("It finds {number} now.", number=len(listings))
        )
    said = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    return say("It finds {number} now: {names}", number=len(listings), names=said)


def _state(latest: Observation) -> str:
    if latest.status is EventStatus.CANCELLED:
        return say("It is cancelled.")
    if latest.status is EventStatus.POSTPONED:
        return say("It is postponed.")
    return say("It cannot be bought now.") if latest.availability is Availability.UNAVAILABLE else ""
