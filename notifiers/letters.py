"""What people read in an e-mail: subject, plain text and HTML of one alert. Pure.

There is room for what a text leaves out: the rule that comes next, when and where the price was seen, and,
where the letter stands in for a text, why. Both parts say the same; the HTML loads nothing from anywhere.
"""

from dataclasses import dataclass
from datetime import UTC
from html import escape
from urllib.parse import urlsplit

from notifiers import phrases
from notifiers.phrases import joined, one_line
from watchers.models import News, Reason
from watchers.money import Basis

_SUBJECT_LENGTH = 120
_INCLUDES = {
    Basis.FACE: "The price is the face value; fees come on top.",
    Basis.ALL_IN: "The price includes all fees.",
    Basis.RESALE: "The price is asked by another fan; fees may come on top.",
    Basis.LISTING: "The price is as the shop lists it; taxes may follow.",
}

# Why a text did not come. Numbers are Twilio's: https://www.twilio.com/docs/api/errors/<number>.
_OPTED_OUT = "your number has opted out of our texts (ask whoever runs this to switch them on again)"
_BAD_NUMBER = "your phone number cannot receive texts"
_WHY_NO_TEXT = {
    "opted_out": _OPTED_OUT,
    "21610": _OPTED_OUT,
    "21211": _BAD_NUMBER,
    "21614": _BAD_NUMBER,
    "no_verified_phone": "we have no verified phone number of yours",
    "sms_not_configured": "texts are switched off here at the moment",
    "unavailable": "the text service could not be reached",
}
_UNCONFIRMED = frozenset({"no_answer", "server_error", "lease_expired"})


@dataclass(frozen=True, slots=True)
class _Letter:
    """The parts of a letter, in reading order; ``links`` are labels with their addresses."""

    sorry: str
    headline: str
    name: str
    about: str
    facts: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def email(
    news: News, code: str, public_url: str, *, copy_why: str | None = None, text_code: str | None = None
) -> tuple[str, str, str]:
    """Subject, plain text and HTML. ``copy_why``: why the text with ``text_code`` did not do."""
    letter = _Letter(
        sorry=undelivered(copy_why, text_code) if copy_why else "",
        headline=_headline(news),
        name=one_line(news.event_name) or one_line(news.watch_name),
        about=joined(phrases.starts(news, year=True), one_line(news.venue), one_line(news.city)),
        facts=_facts(news),
        links=_links(news, code, public_url),
    )
    return _subject(letter), _text(letter), _html(letter)


def undelivered(why: str, text_code: str | None = None) -> str:
    """Why something comes by e-mail that should have been a text, said honestly."""
    text = f"the text about this (#{text_code[:4]})" if text_code else "the text about this"
    if why in _UNCONFIRMED:
        return f"We could not confirm that {text} reached you. You may have both; we do not text it again."
    reason = _WHY_NO_TEXT.get(why, f"the phone network refused it (code {one_line(why)})")
    return f"T{text[1:]} could not be delivered: {reason}."


def alert_link(code: str, public_url: str) -> str:
    """Where the alert is explained and its watch can be changed."""
    return f"{public_url.rstrip('/')}/a/{code}"


def stop_link(code: str, public_url: str) -> str:
    """Where the alert's watch is stopped."""
    return f"{public_url.rstrip('/')}/stop/{code}"


def _headline(news: News) -> str:
    if news.reason is Reason.STATUS_CHANGED and news.detail:
        return joined(phrases.capital(one_line(news.detail)).rstrip("."), phrases.price(news))
    return phrases.headline(news) + phrases.was(news)


def _facts(news: News) -> tuple[str, ...]:
    detail = "" if news.reason is Reason.STATUS_CHANGED else one_line(news.detail)
    includes = _INCLUDES[news.basis] if news.basis and news.price and news.currency else ""
    watch = f'Your watch: "{one_line(news.watch_name)}".'
    return tuple(filter(None, (detail, includes, _seen(news), one_line(news.next_text), watch)))


def _seen(news: News) -> str:
    """When it was observed, on the event's own clock where that is known."""
    if news.observed_at is None:
        return ""
    zone = (news.starts_at.tzinfo if news.starts_at else None) or UTC
    seen = news.observed_at.astimezone(zone)
    return (
        f"Seen at {phrases.shop(news.provider)} on {seen:%a} {seen.day} {seen:%b %Y} "
        f"at {seen:%H:%M} ({seen:%Z})."
    )


def _links(news: News, code: str, public_url: str) -> tuple[tuple[str, str], ...]:
    official = one_line(news.url) if urlsplit(one_line(news.url)).scheme in ("http", "https") else ""
    links = (
        ("Official page", official),
        (f"About this alert (#{code[:4]})", alert_link(code, public_url)),
        ("Stop these alerts", stop_link(code, public_url)),
    )
    return tuple((label, address) for label, address in links if address)


def _subject(letter: _Letter) -> str:
    return f"{letter.headline}: {letter.name}"[:_SUBJECT_LENGTH].rstrip(" :")


def _text(letter: _Letter) -> str:
    blocks = (
        letter.sorry,
        "\n".join(filter(None, (letter.headline, letter.name, letter.about))),
        "\n".join(letter.facts),
        "\n".join(f"{label}: {address}" for label, address in letter.links),
    )
    return "\n\n".join(filter(None, blocks)) + "\n"


def _html(letter: _Letter) -> str:
    sorry = (
        f'<p style="background:#fff4d6;padding:8px 12px">{escape(letter.sorry)}</p>' if letter.sorry else ""
    )
    facts = "".join(f'<p style="margin:4px 0">{escape(fact)}</p>' for fact in letter.facts)
    links = "".join(
        f'<p style="margin:4px 0"><a href="{escape(address)}">{escape(label)}</a></p>'
        for label, address in letter.links
    )
    return (
        '<!doctype html><html lang="en"><body style="font:16px/1.4 sans-serif;color:#222;max-width:36em">'
        f'{sorry}<h1 style="font-size:22px;margin:0">{escape(letter.headline)}</h1>'
        f'<p style="margin:4px 0 16px"><strong>{escape(letter.name)}</strong><br>{escape(letter.about)}</p>'
        f"{facts}<hr>{links}</body></html>\n"
    )
