"""Is this entry of one market the same event as that one of another? Pure; reasons with every answer.

``match`` weighs two entries, ``groups`` puts many together. A join below ``CONFIDENT`` is none: showing one
event twice costs a glance, joining two costs somebody the wrong night.

    words.py     text as it is compared            kinds.py     passes, packages, which part or team
    known.py     aliases.toml, places.toml         names.py     titles and performers; teams.py: games
    times.py     local starts, UTC, open hours     venues.py    countries, towns, halls
    things.py    what has neither day nor place    judging.py   the verdict; grouping.py: many entries
"""

from watchers.matching.grouping import groups, matches
from watchers.matching.judging import CONFIDENT, Match, NotSame, match

__all__ = ["CONFIDENT", "Match", "NotSame", "groups", "match", "matches"]
