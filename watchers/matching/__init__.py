"""Is this entry of one market the same event as that one of another? Pure; reasons with every answer.

``match`` weighs two entries, ``groups`` puts many together. A join below ``CONFIDENT`` is none: showing one
event twice costs a glance, joining two costs somebody the wrong night.

    words.py    text as it is compared           kinds.py    passes, parking, packages beside the event
    known.py    aliases.toml, places.toml        parts.py    which game, show, part or team
    times.py    local starts, UTC, open hours    names.py    titles and performers; teams.py: games
    rhythms.py  how often a day such a thing is  venues.py   places.py, towns.py, halls.py
    things.py   what has no day and no place     judging.py  the verdict; grouping.py: many entries
    pairs.py    two events on a line of a file   finding.py  what one comparison found
"""

from watchers.matching.grouping import groups, matches
from watchers.matching.judging import CONFIDENT, Match, NotSame, match

__all__ = ["CONFIDENT", "Match", "NotSame", "groups", "match", "matches"]
