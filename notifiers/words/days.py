"""Days and months in the language that is spoken, as short as a text needs them. Pure."""

from datetime import date

from watchers.language import SOURCE, say, spoken_language


def weekday(on: date) -> str:
    """``Sat``."""
    if spoken_language() == SOURCE:
        return f"{on:%a}"
    names = (say("Mon"), say("Tue"), say("Wed"), say("Thu"), say("Fri"), say("Sat"), say("Sun"))
    return names[on.weekday()]


def month(on: date) -> str:
    """``Jun``."""
    if spoken_language() == SOURCE:
        return f"{on:%b}"
    names = (
        *(say("Jan"), say("Feb"), say("Mar"), say("Apr"), say("May"), say("Jun")),
        *(say("Jul"), say("Aug"), say("Sep"), say("Oct"), say("Nov"), say("Dec")),
    )
    return names[on.month - 1]


def day(on: date) -> str:
    """``1 Jun``, on its own calendar."""
    return say("{day} {month}", day=on.day, month=month(on))
