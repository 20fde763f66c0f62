"""The parts of speech that a text and an e-mail share: price, basis, day, and names on one line. Pure."""

import unicodedata
from datetime import datetime, timedelta, tzinfo

from notifiers.words import days
from notifiers.words.gsm import plain
from watchers import next_text as rule
from watchers.language import SOURCE, say, spoken_language
from watchers.models import News, Reason
from watchers.money import Basis, spoken

_NEXT_TEXT = "Next text"  # so a rule begins (``watchers/next_text.py``)
_SAME_DAY_AGAIN = timedelta(days=6)  # from then on the name of the day may be taken for today's
_JOINERS = "\u200c\u200d"  # without them Persian and family emoji fall apart


def price(news: News) -> str:
    """``$84 all-in``: what it costs and what that includes; ``free``; empty when no price is known."""
    if news.price is None or news.currency is None:
        return ""
    basis = _basis(news.basis) if news.basis and news.price else ""
    return f"{amount(news.price, news.currency)} {basis}".rstrip()


def amount(minor: int, currency: str) -> str:
    """``$84``, without what it includes; ``free``."""
    return spoken(minor, currency) if minor else say("free")


def _basis(basis: Basis) -> str:
    match basis:
        case Basis.FACE:
            return say("face")
        case Basis.ALL_IN:
            return say("all-in")
        case Basis.RESALE:
            return say("resale")
    return say("list")


def headline(news: News) -> str:
    """Price first, then what happened: ``$84 all-in, new low``; ``Back in stock`` when no price is known."""
    costs = price(news)
    return capital(joined(costs, _happened(news.reason) or ("" if costs else say("price drop"))))


def _happened(reason: Reason) -> str:
    """What is to be said besides the price; empty where the price says it."""
    said = {
        Reason.HISTORIC_LOW: say("new low"),
        Reason.FURTHER_DROP: say("down again"),
        Reason.NEW_LISTING: say("new listing"),
        Reason.BACK_IN_STOCK: say("back in stock"),
        Reason.STATUS_CHANGED: say("status changed"),
        Reason.TEST: say("test message"),
    }
    return said.get(reason, "")


def lead(news: News) -> str:
    """The headline with what it was; of a status, its sentence with the price."""
    if says_itself(news):
        return joined(capital(one_line(news.detail)).rstrip("."), price(news))
    return headline(news) + was(news)


def says_itself(news: News) -> bool:
    """Whether its ``detail`` is the news, and not something beside it."""
    return news.reason is Reason.STATUS_CHANGED and bool(one_line(news.detail))


def was(news: News) -> str:
    """`` (was $112)``; empty when that is not known, or nothing new."""
    if news.price is None or news.was in (None, news.price) or news.currency is None:
        return ""
    before = say("was {amount}", amount=amount(news.was, news.currency))
    return f" ({before})"


def then(lead: str, news: News, zone: tzinfo) -> str:
    """The lead of news that was held: ``At 03:10 $71 all-in, now $88``. Of any other it stays as it is."""
    if news.now_at is None:
        return lead
    since = _since(news.observed_at, news.now_at, zone) if news.observed_at else ""
    return joined(f"{since} {uncapital(lead)}" if since else lead, now(news))


def now(news: News) -> str:
    """What became of the price of news that was held: ``now $88``, ``still $71``, ``now not on sale``."""
    if is_gone(news):
        return say("now not on sale")
    if news.now_at is None or news.now_price is None or news.currency is None:
        return ""
    costs = amount(news.now_price, news.currency)
    if news.now_price == news.price:
        return say("still {amount}", amount=costs)
    return say("now {amount}", amount=costs)


def is_gone(news: News) -> bool:
    """Whether there was a price, and none any more when it was looked up again."""
    return news.now_at is not None and news.price is not None and news.now_price is None


def clock(at: datetime, zone: tzinfo) -> str:
    """``07:00``, on that zone's clock."""
    return f"{at.astimezone(zone):%H:%M}"


def day(at: datetime) -> str:
    """``1 Jun``, on its own calendar."""
    return days.day(at)


def _since(at: datetime, until: datetime, zone: tzinfo) -> str:
    """``At 03:10``; with its day when that is longer ago than a day, with its date from the sixth on."""
    local = at.astimezone(zone)
    if until - at <= timedelta(days=1):
        return say("At {clock}", clock=f"{local:%H:%M}")
    date = f" {day(local)}" if until - at >= _SAME_DAY_AGAIN else ""
    return f"{days.weekday(local)}{date} {local:%H:%M}"


def starts(news: News, *, year: bool = False) -> str:
    """``Sat 14 Jun 19:30``, on the event's own clock; without the hour while none is announced."""
    hour = f" {news.starts_at:%H:%M}" if news.starts_at else ""
    return date(news, year=year) + hour


def date(news: News, *, year: bool = False) -> str:
    """``Sat 14 Jun``; empty while no day is announced."""
    found = news.starts_at or news.starts_on
    if found is None:
        return ""
    return f"{days.weekday(found)} {days.day(found)}{f' {found.year}' if year else ''}"


def next_text(news: News) -> str:
    """The rule in one line: ``Next text at $80 or less``; of an old alert as it was written."""
    if spoken_language() != SOURCE and news.next_at is not None and news.currency:
        return rule.next_text(news.next_at, news.next_over, news.currency)
    return news.next_text or ""


def next_alert(news: News) -> str:
    """The same for a message that is no text: ``Next alert at $80 or less``."""
    if spoken_language() != SOURCE and news.next_at is not None and news.currency:
        return rule.next_alert(news.next_at, news.next_over, news.currency)
    written = one_line(news.next_text)
    said = written.removeprefix(_NEXT_TEXT)
    return written if said == written else f"Next alert{said}"


def shop(provider: str) -> str:
    """A provider's name, as a name: ``Ticketmaster``."""
    return one_line(provider).replace("_", " ").capitalize()


def capital(text: str) -> str:
    """The text with a capital at its beginning; the rest stays."""
    return text[:1].upper() + text[1:]


def uncapital(text: str) -> str:
    """The text as it goes on inside a sentence; what is written in capitals stays."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def joined(*parts: str) -> str:
    """The parts that say something, with commas between them."""
    return ", ".join(filter(None, parts))


def writable(said: str) -> str:
    """What was said as a text can hold it; English always can."""
    return said if spoken_language() == SOURCE else plain(said)


def one_line(text: str | None) -> str:
    """Somebody else's words on one line, without characters that steer a terminal, a header or a reader."""
    spaced = " ".join((text or "").split())  # first: a line end is a space, other controls are nothing
    return " ".join("".join(filter(_is_shown, spaced)).split())


def _is_shown(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
