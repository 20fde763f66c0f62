"""What people read in an e-mail: subject, plain text and HTML of one alert, or of many in one letter. Pure.

There is room for what a text leaves out: the rule that comes next, when and where the price was seen, what
it was before, and, where the letter stands in for a text, why. Both parts say the same; the HTML loads
nothing from anywhere, and says its colours, so that a dark mode can turn them and nothing is lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from html import escape
from urllib.parse import urlsplit

from notifiers.links import Links
from notifiers.words import days, digests, phrases, pictures
from notifiers.words.excuses import undelivered
from notifiers.words.phrases import joined, one_line
from watchers.kinds import Channel
from watchers.language import say, spoken_language
from watchers.models import Alert, News, Reason
from watchers.money import Basis

__all__ = ["email", "subject", "undelivered"]

MOST = 50  # news in one letter; Gmail cuts a letter off at 102 kB
_SUBJECT_LENGTH = 120
_ABOUT_A_PRICE = {Reason.BELOW_LIMIT, Reason.DROPPED, Reason.HISTORIC_LOW, Reason.FURTHER_DROP}
_PAGE = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" '
    'content="width=device-width"><meta name="color-scheme" content="light"></head>'
    '<body bgcolor="#ffffff" style="font:16px/1.4 sans-serif;color:#222222;background-color:#ffffff;'
    'max-width:36em;margin:0;padding:12px;overflow-wrap:break-word;word-break:break-word">'
)
_SORRY = '<p style="color:#222222;background-color:#fff4d6;padding:8px 12px;margin:0 0 12px">'

_Addresses = tuple[tuple[str, str], ...]  # labels with their addresses


@dataclass(frozen=True, slots=True)
class _Block:
    """One news, in reading order. ``prices`` in words stand for ``bars`` where there are no pictures."""

    headline: str
    name: str
    about: str
    bars: str
    prices: str
    facts: tuple[str, ...]
    links: _Addresses


@dataclass(frozen=True, slots=True)
class _Section:
    """What belongs to one watch; ``acts`` are done to it. One news alone has no heading."""

    heading: str
    blocks: tuple[_Block, ...]
    acts: _Addresses


@dataclass(frozen=True, slots=True)
class _Letter:
    sorry: str
    title: str
    sections: tuple[_Section, ...]
    links: _Addresses
    acts: _Addresses


def test() -> str:
    """What a test message begins with."""
    return say("This is a test from Ticket Scout")


def act(verb: str) -> str:
    """The label of what a link does (``web/verbs.py``)."""
    said = {
        "snooze-1h": say("Snooze for an hour"),
        "snooze-1d": say("Snooze for a day"),
        "below": say("Change the price"),
        "bought": say("I bought it"),
        "stop": say("Stop these alerts"),
        "stop-all": say("Stop all these alerts"),
    }
    return said[verb]


def email(alert: Alert, links: Links, zone: tzinfo = UTC) -> tuple[str, str, str]:
    """Subject, plain text and HTML; times are on the reader's clock, which is ``zone``'s."""
    if alert.news.reason is Reason.TEST and not alert.more:
        said = say("{test}: e-mails arrive. {code}", test=test(), code=f"#{alert.code[:4]}")
        return test(), f"{said}\n", f"{_page()}<p>{escape(said)}</p></body></html>\n"
    letter = _group(alert, links, zone) if alert.more else _single(alert, links, zone)
    return subject(alert, zone), _text(letter), _html(letter)


def subject(alert: Alert, zone: tzinfo = UTC) -> str:
    """One line that says the most important: price first, of one news; how many, of several."""
    if alert.more:
        return digests.subject(alert.every_news)[:_SUBJECT_LENGTH].rstrip(" :,")
    news = alert.news
    name = one_line(news.event_name) or one_line(news.watch_name)
    return f"{_headline(news, zone)}: {name}"[:_SUBJECT_LENGTH].rstrip(" :")


def sorry(alert: Alert) -> str:
    """Of a copy, why the first did not do; a copy bears the code of that one."""
    if not alert.copy_why:
        return ""
    failed = alert.also[-1] if alert.also else Channel.SMS
    return undelivered(alert.copy_why, alert.code if alert.copy_of else None, failed)


def _single(alert: Alert, links: Links, zone: tzinfo) -> _Letter:
    news = alert.news
    prices, bars = pictures.sentence(news, zone), pictures.bars(news, zone)
    block = _block(news, zone, facts=_facts(news, zone), prices=prices, bars=bars)
    section = _Section("", (block,), ())
    footer = (*_official(news), *_about(alert.code, links))
    return _Letter(sorry(alert), "", (section,), footer, _acts((alert.id, alert.code), (news,), links))


def _group(alert: Alert, links: Links, zone: tzinfo) -> _Letter:
    """Up to ``MOST`` news by watch; each links to its page, and each watch, or all, can be acted on."""
    every, told = alert.every_news[:MOST], _told(alert)
    sections = []
    for watch, places in digests.by_watch(every).items():
        blocks = tuple(_short_block(every[place], told.get(place), links, zone) for place in places)
        theirs = [every[place] for place in places]
        acts = _acts(told[places[0]], theirs, links) if places[0] in told else ()
        sections.append(_Section(say('Your watch: "{name}"', name=watch), blocks, acts))
    left = len(alert.every_news) - len(every)
    more = ((say("And {number} more", number=left), links.alert(alert.code)),) if left else ()
    stop = _signed(alert.id, ("stop-all",), links)
    title = say("{number} alerts", number=len(alert.every_news))
    return _Letter(sorry(alert), title, tuple(sections), more, stop)


def _told(alert: Alert) -> dict[int, tuple[str, str]]:
    """Id and code of the alert of each news, by its place; only its own where the others are not known."""
    others = tuple(zip(alert.more_alerts, alert.more_codes, strict=False))
    return dict(enumerate([(alert.id, alert.code), *(others if len(others) == len(alert.more) else ())]))


def _short_block(news: News, told: tuple[str, str] | None, links: Links, zone: tzinfo) -> _Block:
    about = _about(told[1], links) if told else ()
    facts = tuple(filter(None, (_detail(news), phrases.next_alert(news))))
    return _block(news, zone, facts=facts, links=(*_official(news), *about))


def _block(
    news: News,
    zone: tzinfo,
    *,
    facts: tuple[str, ...],
    links: _Addresses = (),
    prices: str = "",
    bars: str = "",
) -> _Block:
    return _Block(
        headline=_headline(news, zone),
        name=one_line(news.event_name) or one_line(news.watch_name),
        about=joined(phrases.starts(news, year=True), one_line(news.venue), one_line(news.city)),
        bars=bars,
        prices=prices,
        facts=facts,
        links=links,
    )


def _headline(news: News, zone: tzinfo) -> str:
    return phrases.then(phrases.lead(news), news, zone)


def _facts(news: News, zone: tzinfo) -> tuple[str, ...]:
    includes = _includes(news.basis) if news.basis and news.price and news.currency else ""
    watch = say('Your watch: "{name}".', name=one_line(news.watch_name))
    facts = (_detail(news), includes, _seen(news), _waited(news, zone), phrases.next_alert(news), watch)
    return tuple(filter(None, facts))


def _includes(basis: Basis) -> str:
    said = {
        Basis.FACE: say("The price is the face value; fees come on top."),
        Basis.ALL_IN: say("The price includes all fees."),
        Basis.RESALE: say("The price is asked by another fan; fees may come on top."),
        Basis.LISTING: say("The price is as the shop lists it; taxes may follow."),
    }
    return said[basis]


def _detail(news: News) -> str:
    return "" if phrases.says_itself(news) else one_line(news.detail)


def _seen(news: News) -> str:
    """When it was observed, on the event's own clock where that is known."""
    if news.observed_at is None:
        return ""
    zone = (news.starts_at.tzinfo if news.starts_at else None) or UTC
    seen = news.observed_at.astimezone(zone)
    return say(
        "Seen at {shop} on {weekday} {day} {year} at {clock} ({zone}).",
        shop=phrases.shop(news.provider),
        weekday=days.weekday(seen),
        day=days.day(seen),
        year=seen.year,
        clock=f"{seen:%H:%M}",
        zone=f"{seen:%Z}",
    )


def _waited(news: News, zone: tzinfo) -> str:
    if news.now_at is None:
        return ""
    waited = say("This waited until {clock} your time.", clock=phrases.clock(news.now_at, zone))
    looked = say("The price was looked up again then.")
    return f"{waited} {looked}" if phrases.now(news) else waited


def _official(news: News) -> _Addresses:
    address = one_line(news.url)
    return ((say("Official page"), address),) if urlsplit(address).scheme in ("http", "https") else ()


def _about(code: str, links: Links) -> _Addresses:
    return ((say("About this alert ({code})", code=f"#{code[:4]}"), links.alert(code)),)


def _acts(told: tuple[str, str], every: Iterable[News], links: Links) -> _Addresses:
    """What can be done about the alert's watch; without signed links, the page where it is stopped."""
    identity, code = told
    below = ("below",) if any(map(_is_about_a_price, every)) else ()
    signed = _signed(identity, ("snooze-1h", "snooze-1d", *below, "bought", "stop"), links)
    return signed or ((act("stop"), links.stop(code)),)


def _is_about_a_price(news: News) -> bool:
    return news.reason in _ABOUT_A_PRICE and news.price is not None and news.currency is not None


def _signed(identity: str, verbs: Iterable[str], links: Links) -> _Addresses:
    """None without a key."""
    return tuple((act(verb), address) for verb in verbs if (address := links.verb(identity, verb)))


# ── the plain part ───────────────────────────────────────────────────────────────────────────────────────


def _text(letter: _Letter) -> str:
    sections = (part for section in letter.sections for part in _section_text(section))
    footer = _link_lines((*letter.links, *letter.acts))
    return _paragraphs(letter.sorry, letter.title, *sections, footer) + "\n"


def _section_text(section: _Section) -> Iterable[str]:
    yield section.heading
    for block in section.blocks:
        yield "\n".join(filter(None, (block.headline, block.name, block.about)))
        yield "\n".join(filter(None, (block.prices, *block.facts, _link_lines(block.links))))
    yield _link_lines(section.acts)


def _link_lines(links: _Addresses) -> str:
    return "\n".join(f"{label}: {address}" for label, address in links)


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))


# ── the HTML ─────────────────────────────────────────────────────────────────────────────────────────────


def _page() -> str:
    return _PAGE.replace("{language}", spoken_language())


def _html(letter: _Letter) -> str:
    excuse = f"{_SORRY}{escape(letter.sorry)}</p>" if letter.sorry else ""
    title = f'<h1 style="font-size:22px;margin:0">{escape(letter.title)}</h1>' if letter.title else ""
    sections = "".join(map(_section_html, letter.sections))
    footer = f"{_link_paragraphs(letter.links)}{_act_row(letter.acts)}"
    footer = f"<hr>{footer}" if footer else ""
    return f"{_page()}{excuse}{title}{sections}{footer}</body></html>\n"


def _section_html(section: _Section) -> str:
    if not section.heading:
        return "".join(_block_html(block, "h1", 22) for block in section.blocks)
    heading = f'<h2 style="font-size:16px;margin:24px 0 0">{escape(section.heading)}</h2>'
    blocks = "".join(_block_html(block, "h3", 18) for block in section.blocks)
    return f"{heading}{blocks}{_act_row(section.acts)}"


def _block_html(block: _Block, tag: str, size: int) -> str:
    about = f"<br>{escape(block.about)}" if block.about else ""
    facts = "".join(f'<p style="margin:4px 0">{escape(fact)}</p>' for fact in block.facts)
    return (
        f'<{tag} style="font-size:{size}px;margin:12px 0 0">{escape(block.headline)}</{tag}>'
        f'<p style="margin:4px 0 8px"><strong>{escape(block.name)}</strong>{about}</p>'
        f"{block.bars}{facts}{_link_row(block.links)}"
    )


def _link_row(links: _Addresses) -> str:
    row = " &middot; ".join(map(_link, links))
    return f'<p style="margin:4px 0">{row}</p>' if row else ""


def _act_row(acts: _Addresses) -> str:
    """One line, or two on a phone, far enough apart for a thumb; no label is broken."""
    row = " &ensp;".join(_link((label.replace(" ", "\u00a0"), address)) for label, address in acts)
    return f'<p style="margin:8px 0;font-size:14px;line-height:2.2">{row}</p>' if row else ""


def _link_paragraphs(links: _Addresses) -> str:
    return "".join(f'<p style="margin:8px 0">{_link(link)}</p>' for link in links)


def _link(link: tuple[str, str]) -> str:
    label, address = link
    return f'<a href="{escape(address)}" style="color:#1a5fb4">{escape(label)}</a>'
