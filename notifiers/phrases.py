"""The parts of speech that a text and an e-mail share: price, basis, day, and names on one line. Pure."""

import unicodedata

from watchers.models import News, Reason
from watchers.money import Basis, spoken

_BASIS = {Basis.FACE: "face", Basis.ALL_IN: "all-in", Basis.RESALE: "resale", Basis.LISTING: "list"}
_SAYS = {
    Reason.HISTORIC_LOW: "new low",
    Reason.FURTHER_DROP: "down again",
    Reason.NEW_LISTING: "new listing",
    Reason.BACK_IN_STOCK: "back in stock",
    Reason.STATUS_CHANGED: "status changed",
}
_JOINERS = "\u200c\u200d"  # without them Persian and family emoji fall apart


def price(news: News) -> str:
    """``$84 all-in``: what it costs and what that includes; ``free``; empty when no price is known."""
    if news.price is None or news.currency is None:
        return ""
    if news.price == 0:
        return "free"
    basis = _BASIS[news.basis] if news.basis else ""
    return f"{spoken(news.price, news.currency)} {basis}".rstrip()


def headline(news: News) -> str:
    """Price first, then what happened: ``$84 all-in, new low``; ``Back in stock`` when no price is known."""
    costs = price(news)
    said = _SAYS.get(news.reason, "" if costs else "price drop")
    return capital(joined(costs, said))


def was(news: News) -> str:
    """`` (was $112)``; empty when that is not known, or nothing new."""
    if news.price is None or news.was in (None, news.price) or news.currency is None:
        return ""
    return f" (was {spoken(news.was, news.currency) if news.was else 'free'})"


def starts(news: News, *, year: bool = False) -> str:
    """``Sat 14 Jun 19:30``, on the event's own clock; without the hour while none is announced."""
    day = news.starts_at or news.starts_on
    if day is None:
        return ""
    said = f"{day:%a} {day.day} {day:%b}" + (f" {day.year}" if year else "")
    return f"{said} {news.starts_at:%H:%M}" if news.starts_at else said


def shop(provider: str) -> str:
    """A provider's name, as a name: ``Ticketmaster``."""
    return one_line(provider).replace("_", " ").capitalize()


def capital(text: str) -> str:
    """The text with a capital at its beginning; the rest stays."""
    return text[:1].upper() + text[1:]


def joined(*parts: str) -> str:
    """The parts that say something, with commas between them."""
    return ", ".join(filter(None, parts))


def one_line(text: str | None) -> str:
    """Somebody else's words on one line, without characters that steer a terminal, a header or a reader."""
    spaced = " ".join((text or "").split())  # first: a line end is a space, other controls are nothing
    return " ".join("".join(filter(_is_shown, spaced)).split())


def _is_shown(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
