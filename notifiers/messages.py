"""What people read: an alert as a text message, a push message (here) or an e-mail (``letters.py``). Pure.

A text is always one GSM-7 segment, and its first 60 characters decide: what it costs, what that includes,
what it was, and what for. Price, code and link are never cut; names are, at word ends, and then left out.
Several news make one text, the first leading; news that was held says what was true then and what is now::

    $84 all-in (was $112) Deftones, Sat 14 Jun 19:30, MSG #K7Q2 https://host/a/K7Q28M4X
    $84 all-in Deftones, Sat 14 Jun + $40 Korn + 3 more #K7Q2 https://host/a/K7Q28M4X
    At 03:10 $71 all-in, now $88: Deftones, Sat 14 Jun 19:30, MSG #K7Q2 https://host/a/K7Q28M4X
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo
from itertools import accumulate
from urllib.parse import urlsplit

from notifiers import proofs
from notifiers.base import Message
from notifiers.links import Links
from notifiers.words import digests, letters, passcodes, phrases
from notifiers.words.digests import Topic
from notifiers.words.gsm import fits, plain, segments, shorten
from notifiers.words.letters import email
from watchers.kinds import Channel
from watchers.language import say
from watchers.models import Alert, News, Reason

__all__ = ["email", "push", "render", "segments", "sms"]

# How names give way, best first: septets for the event's name, whether its time is said, septets for its
# place, whether the detail is said.
_CUTS = (
    (200, True, 200, True),
    (200, True, 200, False),
    (200, True, 20, False),
    (40, True, 20, False),
    (40, True, 0, False),
    (24, True, 0, False),
    (24, False, 0, False),
    (12, False, 0, False),
)
# The same of several news: septets for the first one's name, whether its day is said, septets for the others.
_GROUP_CUTS = ((40, True, 24), (24, True, 20), (24, False, 16), (12, False, 12))
_NAMED_IN_A_TEXT = 12
_LINES_IN_A_PUSH, _LINE, _BODY = 20, 160, 1400  # characters: Discord takes 2,000, and the link comes last


def render(alert: Alert, links: Links, zone: tzinfo = UTC) -> Message:
    """The alert, ready for its channel; ``zone`` is its reader's."""
    if alert.news.reason is Reason.CODE:
        return _passcode(alert, links)
    if alert.channel is Channel.SMS:
        return Message(alert.id, alert.code, sms(alert, links, zone))
    if alert.channel is Channel.EMAIL:
        subject, text, html = email(alert, links, zone)
        return Message(alert.id, alert.code, text, subject, html, _stop_url(alert, links))
    title, text = push(alert, links, zone)
    return Message(alert.id, alert.code, text, title, stop_url=_stop_url(alert, links))


def sms(alert: Alert, links: Links, zone: tzinfo = UTC) -> str:
    """One GSM-7 segment. A link too long for one is left out whole; the code still finds the alert."""
    mark = f"#{alert.code[:4]}"
    if _is_test(alert):
        return phrases.writable(say("{test}: texts arrive. {code}", test=letters.test(), code=mark))
    topics = digests.topics(alert.every_news)
    tail = f"{mark} {links.alert(alert.code)}"
    ways = _texts(topics[0], tail, zone) if len(topics) == 1 else _group_texts(topics, tail, zone)
    *_, shortest_lead = _leads(topics[0], zone)
    return next(filter(fits, ways), f"{shortest_lead} {mark}")


def push(alert: Alert, links: Links, zone: tzinfo = UTC) -> tuple[str, str]:
    """Title and text of a push message: what several news say is a line each."""
    if _is_test(alert):
        said = say("{test}: push messages arrive. {code}", test=letters.test(), code=f"#{alert.code[:4]}")
        return letters.test(), f"{said}\n"
    told = _lines(alert.every_news, zone) if alert.more else _particulars(alert.news)
    about = say("About this alert ({code})", code=f"#{alert.code[:4]}")
    link = f"{about}: {links.alert(alert.code)}"
    parts = (letters.sorry(alert), "\n".join(told), link)
    return letters.subject(alert, zone), "\n\n".join(filter(None, parts)) + "\n"


def _passcode(alert: Alert, links: Links) -> Message:
    """A one-time code; the alert is of the proof that it answers."""
    code = proofs.passcode(links.secret_key or "", alert.watch_id, alert.created_at)
    mark = f"#{alert.code[:4]}"
    if alert.channel is Channel.SMS:
        site = urlsplit(links.public_url)
        host = site.hostname or ""
        return Message(
            alert.id, alert.code, passcodes.sms(code, mark, host if site.scheme == "https" else "")
        )
    link = links.proof(alert.watch_id)
    subject, text, html = passcodes.email(code, link, mark, adds=alert.news.detail == proofs.ADDS)
    return Message(alert.id, alert.code, text, subject, html)


def _stop_url(alert: Alert, links: Links) -> str:
    """Where everything that the message tells is stopped: a signed link that ends, where there is a key."""
    if _is_test(alert):
        return ""
    return links.verb(alert.id, "stop-all" if alert.more else "stop") or links.stop(alert.code)


def _is_test(alert: Alert) -> bool:
    return alert.news.reason is Reason.TEST and not alert.more


# ── one topic as a text ──────────────────────────────────────────────────────────────────────────────────


def _texts(topic: Topic, tail: str, zone: tzinfo) -> Iterator[str]:
    """Every way to say it, best first: the names shrink, then the lead does, then the names go."""
    leads = _leads(topic, zone)
    for lead in leads:
        for cut in _CUTS:
            if names := _names(topic.news, *cut):
                yield f"{_before_names(lead)} {names} {tail}"
    for lead in leads:
        yield f"{lead} {tail}"


def _leads(topic: Topic, zone: tzinfo) -> tuple[str, ...]:
    """What the text begins with, richest first; each holds the whole price, where there is one."""
    return tuple(phrases.writable(_in_time(lead, topic, zone)) for lead in _plain_leads(topic.news))


def _plain_leads(news: News) -> tuple[str, ...]:
    price = phrases.price(news)
    if phrases.says_itself(news) and (said := plain(phrases.capital(phrases.one_line(news.detail)))):
        return tuple(phrases.joined(shorten(said.rstrip("."), room), price) for room in (70, 40, 20))
    lead = phrases.headline(news)
    return lead + phrases.was(news), lead, phrases.capital(price) or lead


def _in_time(lead: str, topic: Topic, zone: tzinfo) -> str:
    return phrases.then(phrases.joined(lead, topic.low), topic.news, zone)


def _before_names(lead: str) -> str:
    return lead if lead.endswith(")") else f"{lead}:"


def _names(news: News, name_room: int, with_time: bool, place_room: int, with_detail: bool) -> str:
    place = plain(news.venue or "") or plain(news.city or "")
    detail = plain(news.detail or "") if with_detail and news.reason is not Reason.STATUS_CHANGED else ""
    time = phrases.writable(phrases.starts(news)) if with_time else ""
    return phrases.joined(shorten(_name(news), name_room), time, shorten(place, place_room), detail)


def _name(news: News) -> str:
    return plain(news.event_name or "") or plain(news.watch_name)


# ── several topics as a text ─────────────────────────────────────────────────────────────────────────────


def _group_texts(topics: Sequence[Topic], tail: str, zone: tzinfo) -> Iterator[str]:
    """Every way to say it, best first: fewer are named, then their names shrink, then only one is named."""
    most = min(len(topics), _NAMED_IN_A_TEXT)
    for least, upto in ((2, most), (1, 1)):
        for name_room, with_day, others_room in _GROUP_CUTS:
            first = _first(topics[0], name_room, with_day, zone)
            for count in range(upto, least - 1, -1):
                others = [_other(topic, others_room) for topic in topics[1:count]]
                if all(others):
                    yield f"{' + '.join([first, *others, *_and_more(topics[count:])])} {tail}"
    for lead in _leads(topics[0], zone):
        yield f"{' + '.join([lead, *_and_more(topics[1:])])} {tail}"


def _first(topic: Topic, name_room: int, with_day: bool, zone: tzinfo) -> str:
    *_, lead = _leads(topic, zone)
    day = phrases.writable(phrases.date(topic.news)) if with_day else ""
    names = phrases.joined(shorten(_name(topic.news), name_room), day)
    return _named(lead, names, is_price=lead == phrases.price(topic.news))


def _other(topic: Topic, room: int) -> str:
    """A price is whole, or the topic is not named at all; what happened may be shortened."""
    is_price = topic.brief == topic.price
    lead = topic.brief if is_price else shorten(plain(topic.brief), room)
    return _named(lead, shorten(_name(topic.news), room), is_price=is_price)


def _named(lead: str, names: str, *, is_price: bool) -> str:
    """``$84 all-in Deftones``, but ``Cancelled: Deftones``."""
    return f"{lead}{'' if is_price else ':'} {names}" if names else lead


def _and_more(left: Sequence[Topic]) -> list[str]:
    count = sum(topic.count for topic in left)
    return [phrases.writable(say("{number} more", number=count))] if count else []


# ── push ─────────────────────────────────────────────────────────────────────────────────────────────────


def _particulars(news: News) -> list[str]:
    """What the title leaves out."""
    about = phrases.joined(phrases.starts(news), phrases.one_line(news.venue), phrases.one_line(news.city))
    detail = "" if phrases.says_itself(news) else phrases.one_line(news.detail)
    return [digests.cut(line, _LINE) for line in (about, detail, phrases.next_alert(news)) if line]


def _lines(every: Sequence[News], zone: tzinfo) -> list[str]:
    """A line a topic, as many as there is room for; the others are counted."""
    topics = digests.topics(every)
    lines = [digests.cut(digests.line(topic, zone), _LINE) for topic in topics[:_LINES_IN_A_PUSH]]
    shown = sum(length <= _BODY for length in accumulate(map(len, lines)))
    return [*lines[:shown], *(say("and {more}", more=more) for more in _and_more(topics[shown:]))]
