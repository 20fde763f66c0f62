"""What somebody who texted us is answered: plain words in GSM-7, at most two segments. Pure.

Links are left out rather than cut off, and names shortened, so that no answer ever costs more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifiers.words import phrases
from notifiers.words.gsm import plain, segments, septets, shorten
from notifiers.words.phrases import writable
from watchers.language import say
from watchers.models import News, Reason
from watchers.money import spoken
from watchers.watch import BackInStock, Below, Condition, Drop, HistoricLow, NewListing, Watch

MOST_SEGMENTS = 2
_NAME, _SHORT_NAME = 40, 24  # septets of a watch's name: alone, in a list
_ROOM = 290  # septets of free words; two segments hold 306


@dataclass(frozen=True, slots=True)
class Line:
    """One watch in a list: what its owner calls it, and the watch where it can be read."""

    name: str
    watch: Watch | None


def opted_out() -> str:
    """After ``STOP``."""
    return writable(
        say(
            "You get no more texts from Ticket Scout. Alerts go by e-mail where you gave one. "
            "Reply START for texts again."
        )
    )


def welcome_back() -> str:
    """After ``START``."""
    return writable(say("You get texts from Ticket Scout again. Reply STOP to end them."))


def say_how_long() -> str:
    """A snooze without its length."""
    return writable(say("Say how long, from 1 minute to 60 days, such as SNOOZE 3D or 1H."))


def say_how_much() -> str:
    """A price without its amount."""
    return writable(say("Say the price, such as BELOW 80."))


def say_which() -> str:
    """It is not clear which alert is meant."""
    asked = say("Which alert? Add its code, such as WHY #K7Q2; it stands in the text.")
    listed_by = say("Reply LIST for your watches.")
    return writable(f"{asked} {listed_by}")


def last_today(answer: str) -> str:
    """The answer after which there is none until tomorrow; it says so where there is room."""
    last = writable(say("This is the last answer today."))
    return _first_that_fits(f"{answer} {last}", answer)


def helped(link: str) -> str:
    """Which words there are."""
    return _linked(
        say(
            "Ticket Scout texts you about ticket prices. Reply {words} Add a code, as in WHY #K7Q2.",
            words=_words(),
        ),
        link,
    )


def not_understood(link: str) -> str:
    """A short help."""
    return _linked(say("Sorry, not understood. Reply {words}", words=_words()), link)


def _words() -> str:
    return say("LIST, WHY, SNOOZE 1D, BELOW 80, BOUGHT, RESUME; STOP ends all texts.")


def listed(lines: Iterable[Line], link: str, now: datetime) -> str:
    """As many watches as fit, those that watch first, each with what it waits for."""
    sorted_lines = sorted(lines, key=lambda line: (_state(line.watch, now) != "", line.name.casefold()))
    said = [_listed(line, now) for line in sorted_lines]
    if not said:
        return _linked(say("You watch nothing yet. Begin at"), link)
    for shown in range(len(said), 0, -1):
        more = say("{number} more at {link}", number=len(said) - shown, link=link)
        watched = writable(say("You watch: {watches}.", watches="; ".join(said[:shown])))
        if _fits(text := f"{watched} + {writable(more)}" if shown < len(said) else watched):
            return text
    return _linked(say("You have {number} watches.", number=len(said)), link)


def why(news: News, code: str, seen: str, link: str) -> str:
    """What an alert told, why, and what comes next. ``seen``: when, on the person's own clock."""
    head = f"#{code[:4]} {_name(news.watch_name)}: {plain(phrases.headline(news))}{phrases.was(news)}"
    told = writable(f"{head}, {_because(news.reason)}.")
    looked = writable(say("Seen {at}.", at=seen))
    when = f" {looked}" if seen else ""
    rule = f" {plain(said)}" if (said := phrases.next_text(news)) else ""
    return _linked(_first_that_fits(told + when + rule, told + when, told), link)


def _because(reason: Reason) -> str:
    said = {
        Reason.BELOW_LIMIT: say("at or under your limit"),
        Reason.DROPPED: say("it dropped as much as you asked for"),
        Reason.HISTORIC_LOW: say("lower than on any of the days you named"),
        Reason.FURTHER_DROP: say("it dropped further"),
        Reason.NEW_LISTING: say("newly listed"),
        Reason.BACK_IN_STOCK: say("available again"),
        Reason.STATUS_CHANGED: say("something about it changed"),
        Reason.TEST: say("somebody asked for a test"),
        Reason.CODE: say("somebody asked for a code"),
    }
    return said.get(reason, plain(str(reason)))


def snoozed(name: str, until: str, watch: Watch | None) -> str:
    """``until``: on the person's own clock."""
    said = say(
        '"{name}" is quiet until {until}; what comes up waits till then. Reply RESUME to undo.',
        name=_name(name),
        until=until,
    )
    return writable(said) + _rest(watch)


def lowered(name: str, watch: Watch | None) -> str:
    """The new limit, as it was understood."""
    limits = [
        spoken(one.limit, one.currency)
        for one in (watch.conditions if watch else ())
        if isinstance(one, Below)
    ]
    limit = _either(dict.fromkeys(limits))
    said = say('"{name}" now tells you at {limit} or less.', name=_name(name), limit=limit)
    return writable(said) + _rest(watch)


def ended(name: str) -> str:
    """After ``BOUGHT``."""
    return writable(
        say(
            'Enjoy it! "{name}" has ended and tells you nothing more. Reply RESUME to undo.',
            name=_name(name),
        )
    )


def resumed(name: str) -> str:
    """After ``RESUME``."""
    return writable(say('"{name}" is watching again.', name=_name(name)))


def no_such_alert(code: str) -> str:
    """The code names no alert of theirs."""
    return writable(say("You have no alert #{code}. Its code stands in the text, such as #K7Q2.", code=code))


def one_of(choices: Sequence[tuple[str, str]], word: str) -> str:
    """The latest text told of several watches: their codes and names."""
    start = say(
        "That text told of {number} watches. Reply {word} with one code:", number=len(choices), word=word
    )
    said = [f"#{code[:4]} {shorten(plain(name), _SHORT_NAME)}" for code, name in choices]
    texts = (f"{writable(start)} {'; '.join(said[:shown])}" for shown in range(len(said), 0, -1))
    return next(filter(_fits, texts), say_which())


def refused(reasons: Sequence[str]) -> str:
    """Why it was not done."""
    return shorten(plain(" ".join(reasons)), _ROOM) or writable(say("That could not be done."))


def _listed(line: Line, now: datetime) -> str:
    name = shorten(plain(line.name), _SHORT_NAME)
    asked = (
        _either(dict.fromkeys(map(_asked, line.watch.conditions))) if line.watch else say("cannot be read")
    )
    state = _state(line.watch, now)
    return f"{name} {asked}" + (f" ({state})" if state else "")


def _asked(condition: Condition) -> str:
    match condition:
        case Below():
            return say("under {price}", price=spoken(condition.limit, condition.currency))
        case Drop():
            return say("{percent}% off", percent=f"{condition.percent:g}")
        case HistoricLow():
            return say("{days}-day low", days=condition.days)
        case NewListing():
            return say("new dates")
        case BackInStock():
            return say("back in stock")
    return say("changes")


def _state(watch: Watch | None, now: datetime) -> str:
    if watch is None or watch.status != "active":
        return _status(watch.status) if watch else ""
    return say("snoozed") if watch.snoozed_until and watch.snoozed_until > now else ""


def _rest(watch: Watch | None) -> str:
    """That a watch which watches nothing stays so."""
    if watch is None or watch.status == "active":
        return ""
    said = say("It is {status}: reply RESUME to watch again.", status=_status(watch.status))
    return f" {writable(said)}"


def _status(status: str) -> str:
    return {"paused": say("paused"), "ended": say("ended")}.get(status, status)


def _either(words: Iterable[str]) -> str:
    return f" {say('or')} ".join(words)


def _name(name: str) -> str:
    return shorten(plain(name), _NAME)


def _linked(text: str, link: str) -> str:
    return _first_that_fits(f"{writable(text)} {link}", writable(text))


def _first_that_fits(*texts: str) -> str:
    return next(filter(_fits, texts), shorten(texts[-1], _ROOM))


def _fits(text: str) -> bool:
    return septets(text) is not None and segments(text) <= MOST_SEGMENTS
