"""What is ahead of a watch: when it ends, what was announced, and where its own page is. Nobody is asked."""

from collections.abc import Iterator
from datetime import date, datetime
from urllib.parse import quote_plus, urlsplit

from watchers.history import Facts
from watchers.language import say
from watchers.observation import EventStatus
from watchers.target import Target
from web import words
from web.site import site
from web.watch.story import Story

_STANDS = (EventStatus.CANCELLED, EventStatus.POSTPONED, EventStatus.RESCHEDULED)


def official(story: Story, *, is_played: bool = False) -> str | None:
    """Its official page: as the latest alert or the catalog had it, or where its shop has it.

    The last of them not where the shops are ``is_played``.
    """
    told = [*(alert.news.url for alert in story.alerts), *_cached(story)]
    pages = () if is_played else (_page(target) for target in story.targets)
    return next((url for url in (*told, *pages) if url and _is_web_address(url)), None)


def _cached(story: Story) -> Iterator[str | None]:
    """As somebody found it lately; nobody is asked."""
    catalog = site().catalog
    for target in story.targets if catalog else ():
        seen = catalog.known(target) if catalog else None
        if seen:
            yield seen.url


def search_page(story: Story, *, is_played: bool = False) -> tuple[str, str] | None:
    """The shop's name, and its own search for what the watch is called; ``None``: it has none we know."""
    for target in () if is_played else story.targets:
        if address := _SEARCHES.get(target.provider):
            return words.shop(target.provider), address + quote_plus(story.name)
    return None


_SEARCHES = {
    "ticketmaster": "https://www.ticketmaster.com/search?q=",
    "seatgeek": "https://seatgeek.com/search?search=",
}


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
    """When the watch ends by itself; of one that has ended, that it has, and what is still known of it."""
    if story.watch is None:
        return ""
    facts = list(_facts(story))
    if story.watch.status == "ended":
        return _ended(story)
    days = [target.search.date_to for target in story.targets if target.search and target.search.date_to]
    if days:
        return say("It ends after {day}, the last day you search for.", day=_day(max(days)))
    starts = [when for one in facts if (when := _starts(one, story))]
    if starts:
        return say("It ends when the event is over ({when}).", when=starts[0])
    return say("It ends when you end it.")


def _ended(story: Story) -> str:
    said = say("It has ended: nothing is looked at or told any more.")
    if story.source is None:
        return said
    changed = say("Last changed {at}.", at=words.moment(story.source.updated_at, story.zone))
    return f"{said} {changed}"


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
    return words.event_day(facts.starts_at, facts.starts_on, story.zone)


def _moment(at: datetime, story: Story) -> str:
    return words.event_time(at, story.zone)


def _day(day: date) -> str:
    return words.weekday(day)
