"""What is ahead of a watch: when it ends, what was announced, and where the thing's own page is. Pure."""

from collections.abc import Iterator
from datetime import date, datetime
from urllib.parse import urlsplit

from watchers.history import Facts
from watchers.language import say
from watchers.observation import EventStatus
from watchers.target import Target
from web.watch.story import Story

_STANDS = (EventStatus.CANCELLED, EventStatus.POSTPONED, EventStatus.RESCHEDULED)


def official(story: Story, *, is_played: bool = False) -> str | None:
    """Its official page: as the latest alert had it, or where its shop has it, unless that ``is_played``."""
    told = (alert.news.url for alert in story.alerts)
    pages = () if is_played else (_page(target) for target in story.targets)
    return next((url for url in (*told, *pages) if url and _is_web_address(url)), None)


def _page(target: Target) -> str | None:
    """Where a shop shows what it knows by this id; ``None`` where its addresses need more than that.

    https://partner.steamgames.com/doc/store, https://developer.ebay.com/api-docs/buy/static/api-browse.html
    (``legacyItemId``), https://www.eventbrite.com/platform/api
    """
    item = target.item or ""
    if target.provider == "page":
        return item
    if target.provider == "ebay":
        item = item.removeprefix("v1|").removesuffix("|0")
    address = _PAGES.get(target.provider)
    return address + item if address and item.isascii() and item.isdigit() else None


_PAGES = {
    "steam": "https://store.steampowered.com/app/",
    "ebay": "https://www.ebay.com/itm/",
    "eventbrite": "https://www.eventbrite.com/e/",
}


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url


def ends(story: Story) -> str:
    """When the watch ends by itself."""
    if story.watch is None:
        return ""
    facts = list(_facts(story))
    days = [target.search.date_to for target in story.targets if target.search and target.search.date_to]
    if days:
        return say("It ends after {day}, the last day you search for.", day=_day(max(days)))
    starts = [when for one in facts if (when := _starts(one, story))]
    if starts:
        return say("It ends when the event is over ({when}).", when=starts[0])
    return say("It ends when you end it.")


def dates(story: Story) -> list[str]:
    """What is announced: when the event is, whether it stands, when tickets are sold."""
    found: list[str] = []
    for facts in _facts(story):
        found.extend(_announced(facts, story))
    return list(dict.fromkeys(found))


def _announced(facts: Facts, story: Story) -> Iterator[str]:
    if when := _starts(facts, story):
        yield say("The event: {when}.", when=when)
    if facts.status in _STANDS:
        yield _stands(facts.status)
    if facts.onsale_at and facts.onsale_at > story.clock.now:
        yield say("On sale from {when}.", when=_moment(facts.onsale_at, story))
    for name, at in facts.presales:
        if at > story.clock.now:
            yield say("Presale {name} from {when}.", name=name, when=_moment(at, story))


def _stands(status: EventStatus) -> str:
    if status is EventStatus.CANCELLED:
        return say("The event is cancelled.")
    return say("The event is postponed.") if status is EventStatus.POSTPONED else say("The event was moved.")


def _facts(story: Story) -> Iterator[Facts]:
    for target in story.targets:
        row = story.rows.get(target.id)
        if _is_one_thing(target) and row and row.history.facts:
            yield row.history.facts


def _is_one_thing(target: Target) -> bool:
    return target.item is not None


def _starts(facts: Facts, story: Story) -> str:
    if facts.starts_at:
        return _moment(facts.starts_at, story)
    return _day(facts.starts_on) if facts.starts_on else ""


def _moment(at: datetime, story: Story) -> str:
    local = at.astimezone(story.zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
