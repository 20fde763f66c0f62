"""What people read: one alert as a text message (here) or as an e-mail (``letters.py``). Pure.

A text is always one GSM-7 segment, and its first 60 characters decide: what it costs, what that includes,
what it was, and what for. Price, code and link are never cut; names are, at word ends, and then left out::

    $84 all-in (was $112) Deftones, Sat 14 Jun 19:30, MSG #K7Q2 https://host/a/K7Q28M4X
"""

from collections.abc import Iterator

from notifiers import phrases
from notifiers.base import Message
from notifiers.gsm import fits, plain, segments, shorten
from notifiers.letters import alert_link, email, stop_link
from watchers.models import Alert, News, Reason
from watchers.watch import Channel

__all__ = ["email", "render", "segments", "sms"]

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


def render(alert: Alert, public_url: str) -> Message:
    """The alert, ready for its channel."""
    if alert.channel is Channel.SMS:
        return Message(alert.id, alert.code, sms(alert.news, alert.code, public_url))
    text_code = alert.code if alert.copy_of else None  # a copy bears the code of its text
    subject, text, html = email(
        alert.news, alert.code, public_url, copy_why=alert.copy_why, text_code=text_code
    )
    return Message(alert.id, alert.code, text, subject, html, stop_link(alert.code, public_url))


def sms(news: News, code: str, public_url: str) -> str:
    """One GSM-7 segment. A link too long for one is left out whole; the code still finds the alert."""
    *_, shortest_lead = _leads(news)
    tail = f"#{code[:4]} {alert_link(code, public_url)}"
    return next(filter(fits, _texts(news, tail)), f"{shortest_lead} #{code[:4]}")


def _texts(news: News, tail: str) -> Iterator[str]:
    """Every way to say it, best first: the names shrink, then the lead does, then the names go."""
    for lead in _leads(news):
        for cut in _CUTS:
            if names := _names(news, *cut):
                yield f"{lead}{'' if lead.endswith(')') else ':'} {names} {tail}"
    for lead in _leads(news):
        yield f"{lead} {tail}"


def _leads(news: News) -> tuple[str, ...]:
    """What the text begins with, richest first; each holds the whole price, where there is one."""
    price = phrases.price(news)
    if news.reason is Reason.STATUS_CHANGED and news.detail:
        said = plain(phrases.capital(phrases.one_line(news.detail))).rstrip(".")
        return tuple(phrases.joined(shorten(said, room), price) for room in (70, 40, 20))
    lead = phrases.headline(news)
    return lead + phrases.was(news), lead, phrases.capital(price) or lead


def _names(news: News, name_room: int, with_time: bool, place_room: int, with_detail: bool) -> str:
    name = plain(news.event_name or "") or plain(news.watch_name)
    place = plain(news.venue or "") or plain(news.city or "")
    detail = plain(news.detail or "") if with_detail and news.reason is not Reason.STATUS_CHANGED else ""
    time = phrases.starts(news) if with_time else ""
    return phrases.joined(shorten(name, name_room), time, shorten(place, place_room), detail)
