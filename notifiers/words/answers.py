"""What somebody who texted us is answered: plain words in GSM-7, at most two segments. Pure.

Links are left out rather than cut off, and names shortened, so that no answer ever costs more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifiers.words import phrases
from notifiers.words.gsm import plain, segments, septets, shorten
from watchers.models import News, Reason
from watchers.money import spoken
from watchers.watch import BackInStock, Below, Condition, Drop, HistoricLow, NewListing, Watch

MOST_SEGMENTS = 2
_NAME, _SHORT_NAME = 40, 24  # septets of a watch's name: alone, in a list
_ROOM = 290  # septets of free words; two segments hold 306

OPTED_OUT = (
    "You get no more texts from Ticket Scout. Alerts go by e-mail where you gave one. "
    "Reply START for texts again."
)
WELCOME_BACK = "You get texts from Ticket Scout again. Reply STOP to end them."
_LAST_TODAY = " This is the last answer today."
_VERBS = "LIST, WHY, SNOOZE 1D, BELOW 80, BOUGHT, RESUME; STOP ends all texts."
SAY_HOW_LONG = "Say how long, from 1 minute to 60 days, such as SNOOZE 3D or 1H."
SAY_WHICH = (
    "Which alert? Add its code, such as WHY #K7Q2; it stands in the text. Reply LIST for your watches."
)
SAY_HOW_MUCH = "Say the price, such as BELOW 80."
_WHY = {
    Reason.BELOW_LIMIT: "at or under your limit",
    Reason.DROPPED: "it dropped as much as you asked for",
    Reason.HISTORIC_LOW: "lower than on any of the days you named",
    Reason.FURTHER_DROP: "it dropped further",
    Reason.NEW_LISTING: "newly listed",
    Reason.BACK_IN_STOCK: "available again",
    Reason.STATUS_CHANGED: "something about it changed",
    Reason.TEST: "somebody asked for a test",
    Reason.CODE: "somebody asked for a code",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One watch in a list: what its owner calls it, and the watch where it can be read."""

    name: str
    watch: Watch | None


def last_today(answer: str) -> str:
    """The answer after which there is none until tomorrow; it says so where there is room."""
    return _first_that_fits(answer + _LAST_TODAY, answer)


def helped(link: str) -> str:
    """Which words there are."""
    return _linked(
        f"Ticket Scout texts you about ticket prices. Reply {_VERBS} Add a code, as in WHY #K7Q2.", link
    )


def not_understood(link: str) -> str:
    """A short help."""
    return _linked(f"Sorry, not understood. Reply {_VERBS}", link)


def listed(lines: Iterable[Line], link: str, now: datetime) -> str:
    """As many watches as fit, those that watch first, each with what it waits for."""
    sorted_lines = sorted(lines, key=lambda line: (_state(line.watch, now) != "", line.name.casefold()))
    said = [_listed(line, now) for line in sorted_lines]
    if not said:
        return _linked("You watch nothing yet. Begin at", link)
    for shown in range(len(said), 0, -1):
        rest = f" + {len(said) - shown} more at {link}" if shown < len(said) else ""
        if _fits(text := f"You watch: {'; '.join(said[:shown])}.{rest}"):
            return text
    return _linked(f"You have {len(said)} watches.", link)


def why(news: News, code: str, seen: str, link: str) -> str:
    """What an alert told, why, and what comes next. ``seen``: when, on the person's own clock."""
    head = f"#{code[:4]} {_name(news.watch_name)}: {plain(phrases.headline(news))}{phrases.was(news)}"
    told = f"{head}, {_WHY.get(news.reason, plain(str(news.reason)))}."
    when = f" Seen {seen}." if seen else ""
    rule = f" {plain(news.next_text)}" if news.next_text else ""
    return _linked(_first_that_fits(told + when + rule, told + when, told), link)


def snoozed(name: str, until: str, watch: Watch | None) -> str:
    """``until``: on the person's own clock."""
    return (
        f'"{_name(name)}" is quiet until {until}; what comes up waits till then. Reply RESUME to undo.'
        + _rest(watch)
    )


def lowered(name: str, watch: Watch | None) -> str:
    """The new limit, as it was understood."""
    limits = [
        spoken(one.limit, one.currency)
        for one in (watch.conditions if watch else ())
        if isinstance(one, Below)
    ]
    return f'"{_name(name)}" now tells you at {_either(dict.fromkeys(limits))} or less.{_rest(watch)}'


def ended(name: str) -> str:
    """After ``BOUGHT``."""
    return f'Enjoy it! "{_name(name)}" has ended and tells you nothing more. Reply RESUME to undo.'


def resumed(name: str) -> str:
    """After ``RESUME``."""
    return f'"{_name(name)}" is watching again.'


def no_such_alert(code: str) -> str:
    """The code names no alert of theirs."""
    return f"You have no alert #{code}. Its code stands in the text, such as #K7Q2."


def one_of(choices: Sequence[tuple[str, str]], word: str) -> str:
    """The latest text told of several watches: their codes and names."""
    start = f"That text told of {len(choices)} watches. Reply {word} with one code: "
    said = [f"#{code[:4]} {shorten(plain(name), _SHORT_NAME)}" for code, name in choices]
    texts = (start + "; ".join(said[:shown]) for shown in range(len(said), 0, -1))
    return next(filter(_fits, texts), SAY_WHICH)


def refused(reasons: Sequence[str]) -> str:
    """Why it was not done."""
    return shorten(plain(" ".join(reasons)), _ROOM) or "That could not be done."


def _listed(line: Line, now: datetime) -> str:
    name = shorten(plain(line.name), _SHORT_NAME)
    asked = _either(dict.fromkeys(map(_asked, line.watch.conditions))) if line.watch else "cannot be read"
    state = _state(line.watch, now)
    return f"{name} {asked}" + (f" ({state})" if state else "")


def _asked(condition: Condition) -> str:
    match condition:
        case Below():
            return f"under {spoken(condition.limit, condition.currency)}"
        case Drop():
            return f"{condition.percent:g}% off"
        case HistoricLow():
            return f"{condition.days}-day low"
        case NewListing():
            return "new dates"
        case BackInStock():
            return "back in stock"
    return "changes"


def _state(watch: Watch | None, now: datetime) -> str:
    if watch is None or watch.status != "active":
        return watch.status if watch else ""
    return "snoozed" if watch.snoozed_until and watch.snoozed_until > now else ""


def _rest(watch: Watch | None) -> str:
    """That a watch which watches nothing stays so."""
    if watch is None or watch.status == "active":
        return ""
    return f" It is {watch.status}: reply RESUME to watch again."


def _either(words: Iterable[str]) -> str:
    return " or ".join(words)


def _name(name: str) -> str:
    return shorten(plain(name), _NAME)


def _linked(text: str, link: str) -> str:
    return _first_that_fits(f"{text} {link}", text)


def _first_that_fits(*texts: str) -> str:
    return next(filter(_fits, texts), shorten(texts[-1], _ROOM))


def _fits(text: str) -> bool:
    return septets(text) is not None and segments(text) <= MOST_SEGMENTS
