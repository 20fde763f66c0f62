"""How days are written for people, in the language that is spoken: ``9 Jan 2027``, ``9. Jan 2027``. Pure.

Never by the machine's own locale, which is another one on each machine.
"""

from datetime import date

from watchers.language import Sayings, say, to_say

_MONTHS = Sayings(
    dict(
        enumerate(
            (
                to_say("Jan"), to_say("Feb"), to_say("Mar"), to_say("Apr"), to_say("May"), to_say("Jun"),
                to_say("Jul"), to_say("Aug"), to_say("Sep"), to_say("Oct"), to_say("Nov"), to_say("Dec"),
            ),
            1,
        )
    )
)  # fmt: skip
_WEEKDAYS = Sayings(
    dict(
        enumerate(
            (
                to_say("Mon"), to_say("Tue"), to_say("Wed"), to_say("Thu"), to_say("Fri"), to_say("Sat"),
                to_say("Sun"),
            )
        )
    )
)  # fmt: skip


def short(at: date) -> str:
    """``9 Jan``, on its own calendar."""
    return say("{day} {month}", day=at.day, month=_MONTHS[at.month])


def full(at: date) -> str:
    """``9 Jan 2027``."""
    return say("{day} {month} {year}", day=at.day, month=_MONTHS[at.month], year=at.year)


def weekday(at: date) -> str:
    """``Sat``."""
    return _WEEKDAYS[at.weekday()]
