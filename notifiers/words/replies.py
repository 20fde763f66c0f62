"""What people text back, understood; and what they are answered (``answers.py``). Pure.

A text is read as words: case, accents, punctuation, emoji, typographic quotes and spaces do not matter. One
of the words may be the code of the alert that is meant (``#K7Q2``, or all eight characters).

Whoever clearly wants no more texts is believed, however they put it; but ``stop`` inside a sentence about
something else is no wish to stop. Nothing is guessed: what is not understood is ``UNKNOWN``.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from watchers.money import CURRENCIES


class Verb(StrEnum):
    """What a text asks for."""

    STOP = "stop"  # no more texts at all
    START = "start"
    HELP = "help"
    LIST = "list"
    WHY = "why"
    SNOOZE = "snooze"
    BELOW = "below"
    BOUGHT = "bought"
    RESUME = "resume"
    UNKNOWN = "unknown"
    NOTHING = "nothing"  # nobody expects an answer: thanks, a one-time code, a reaction, a picture


@dataclass(frozen=True, slots=True)
class Amount:
    """A price as it was written. ``sign``: ``$`` or an ISO code; empty for a plain number."""

    number: Decimal
    sign: str = ""

    def means(self, currency: str) -> bool:
        """Whether it may be an amount of this currency. Many countries call theirs a dollar or a peso."""
        if self.sign == "$":
            return currency.endswith("D") or currency in _PESOS
        return self.sign in ("", currency)


@dataclass(frozen=True, slots=True)
class Reply:
    """A text that was understood.

    Attributes:
        verb: What it asks for.
        code: The code it names, in capitals: four or eight characters, or empty.
        length: Of a snooze; ``None`` when it cannot be had, or for other verbs.
        amount: Of a limit; ``None`` when none was said.
        is_keyword: Whether the vendor has seen to it, and has answered: the whole text is a word it knows.
    """

    verb: Verb
    code: str = ""
    length: timedelta | None = None
    amount: Amount | None = None
    is_keyword: bool = False


SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=60)

# Twilio acts on a whole text that is one of these, and on no looser wording:
# https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-
KEYWORDS = {
    **dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"), Verb.STOP
    ),
    **dict.fromkeys(("start", "yes", "unstop"), Verb.START),
    **dict.fromkeys(("help", "info"), Verb.HELP),
}
# With Advanced Opt-Out, Twilio says itself what it took a text for:
# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
_OPT_OUT_TYPES = {"STOP": Verb.STOP, "START": Verb.START, "HELP": Verb.HELP}

_LONGEST_TEXT = 1600  # as Twilio hands it over; whoever writes more meant no verb
_PESOS = frozenset({"MXN", "ARS", "CLP", "COP", "UYU", "DOP"})
_SIGNS = {"$": "$", "€": "EUR", "£": "GBP", "¥": "JPY"}

_APOSTROPHES = re.compile("['`\u00b4\u2018\u2019\u02bc]")
_WORD = re.compile(r"\d+(?:[.,]\d+)+(?![^\W_])|[^\W_]+|[#<$€£¥?]")
_CODE = re.compile(r"[2-9a-hj-np-z]{4}(?:[2-9a-hj-np-z]{4})?")
_ONE_TIME_CODE = re.compile(r"\s*\d{4,8}\s*")
_REACTION = re.compile(  # phones send these as texts that quote ours
    r"\s*(liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted \S+ to|removed an? .{1,30} from"
    "|\\W+ to)\\s+[\"'\u201c\u2018\u00ab\u201e]",
    re.IGNORECASE,
)

_POLITE_WORDS = """
please pls plz kindly thanks thank you u thx ty ok okay hi hello hey bitte danke por favor gracias merci svp
ticket scout
"""
_STOP_WORDS = """
stop stopall unsubscribe unsub cancel quit revoke optout
stopp abmelden abbestellen aufhoren kundigen alto parar cancelar baja basta
arret arreter arretez stopper desabonner
"""
_WORDS_BESIDE_STOP = """
i im id want wanna would like need to can could will just now immediately asap right away already again
it this that these those the all any everything my me us from of for and with your more ever
texting text texts txt txts messaging message messages msg msgs sms alert alerts notification notifications
spam spamming sending send contacting bothering calling subscription list number phone
"""
_POLITE, _STOPS = frozenset(_POLITE_WORDS.split()), frozenset(_STOP_WORDS.split())
# What may stand beside such a word and leave it a wish to be left alone; anything else may turn it round.
_OF_A_STOP = _STOPS | _POLITE | frozenset(_WORDS_BESIDE_STOP.split())
_NO_MORE = re.compile(r"\b(opt (me )?out|no more|leave me alone|(remove|unsub) me|take me off|stop all)\b")

_NUMBER = r"(?P<number>\d+(?:[.,]\d+)*)"
_PRICE = rf"(?:(?P<before>[$€£¥]|[a-z]{{3}}) )?{_NUMBER}(?: (?P<after>[$€£¥]|[a-z]{{3}}))?"
_AMOUNT = re.compile(_PRICE)
_SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(days=7)}
_SPAN = r"(?P<count>\d{1,6}|an?|one) ?(?P<unit>m(?:ins?|inutes?)?|h(?:rs?|ours?)?|d(?:ays?)?|w(?:eeks?)?)"
_GRAMMAR = {
    Verb.START: re.compile(r"(start|unstop|restart)( (again|texts?|texting|messages|alerts|sending|me|my))*"),
    Verb.HELP: re.compile(r"(help|info|information|commands?|menu|options|\?)( me)?( \?)*"),
    Verb.LIST: re.compile(r"(show )?(list|watches|my watches)( all)?( my)?( watches)?"),
    Verb.WHY: re.compile(r"why( this| that| me)?( \?)*"),
    Verb.SNOOZE: re.compile(rf"snooze( it| this)?|(snooze )?(it |this )?(for )?{_SPAN}"),
    Verb.BELOW: re.compile(rf"(below|under|less than|<)( {_PRICE})?"),
    Verb.BOUGHT: re.compile(
        r"(i |ive )?(have )?(bought|got|purchased)( (it|them|this|one|mine|some|tickets?))?"
    ),
    Verb.RESUME: re.compile(r"(resume|unsnooze)( it| this)?"),
}
_ONE_DAY = timedelta(days=1)


def parse(text: str, opt_out_type: str = "") -> Reply:
    """What the text asks for. ``opt_out_type``: what the vendor took it for, where it says so."""
    if verb := _OPT_OUT_TYPES.get(opt_out_type.strip().upper()) or KEYWORDS.get(text.strip().casefold()):
        return Reply(verb, is_keyword=True)
    words = _words(text[:_LONGEST_TEXT])
    if _POLITE.issuperset(words) or _ONE_TIME_CODE.fullmatch(text) or _REACTION.match(text):
        return Reply(Verb.NOTHING)
    found = (_understood(rest, code) for rest, code in _with_and_without_code(words))
    return next(filter(None, found), Reply(Verb.UNKNOWN))


def amount(text: str) -> Amount | None:
    """A price as people write it: ``80``, ``$79.50``, ``79,50 EUR``, ``1,200``; ``None`` when it is none."""
    return _amount(_AMOUNT.fullmatch(" ".join(_words(text[:40]))))


def _words(text: str) -> list[str]:
    """Small letters without accents; a sign of money, ``#``, ``<`` and ``?`` are words of their own."""
    spelled = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).casefold()
    shown = "".join(
        one for one in spelled if unicodedata.category(one) not in {"Mn", "Me", "Cf", "Cc"} or one in "\n\r\t"
    )
    return _WORD.findall(shown)


def _with_and_without_code(words: Sequence[str]) -> Iterator[tuple[Sequence[str], str]]:
    """Every way to read them: as they are, and without a word that may be a code. ``#`` leaves no choice."""
    if "#" in words[:-1]:
        at = words.index("#")
        if _CODE.fullmatch(words[at + 1]):
            yield [*words[:at], *words[at + 2 :]], f"#{words[at + 1]}"
            return
    yield words, ""
    for at, word in enumerate(words):
        if _CODE.fullmatch(word):
            yield [*words[:at], *words[at + 1 :]], word


def _understood(words: Sequence[str], marked: str) -> Reply | None:
    code = marked.removeprefix("#").upper()
    if _is_stop(words) and not marked.isalpha():  # "cant stop": a word of four letters is no code here
        return Reply(Verb.STOP, code)
    line = " ".join(word for word in words if word not in _POLITE)
    for verb, pattern in _GRAMMAR.items():
        if found := pattern.fullmatch(line):
            length = _length(found) if verb is Verb.SNOOZE else None
            return Reply(verb, code, length, _amount(found) if verb is Verb.BELOW else None)
    return None


def _is_stop(words: Sequence[str]) -> bool:
    said = _NO_MORE.sub("stop", " ".join(words)).split()
    if [word for word in said if word not in _POLITE] == ["end"]:
        return True
    return not _STOPS.isdisjoint(said) and _OF_A_STOP.issuperset(said)


def _length(found: re.Match[str]) -> timedelta | None:
    """How long; a day when it was not said, and ``None`` when it is too short or too long."""
    if found["unit"] is None:
        return _ONE_DAY
    count = int(found["count"]) if found["count"].isdecimal() else 1
    length = count * _SPANS[found["unit"][0]]
    return length if SHORTEST <= length <= LONGEST else None


def _amount(found: re.Match[str] | None) -> Amount | None:
    number = _number(found["number"]) if found and found["number"] else None
    if found is None or number is None:
        return None
    said = found["before"] or found["after"] or ""
    sign = _SIGNS.get(said, said.upper())
    return Amount(number, sign) if sign in ("", "$") or sign in CURRENCIES else None


def _number(text: str) -> Decimal | None:
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"[0-9]+,[0-9]{1,2}", text):
        text = text.replace(",", ".")
    return Decimal(text) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,3})?", text) else None
