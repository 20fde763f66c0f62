"""Who is looked for in a country's file: any number of events and searches, in one pass.

A keyword asks for events that have all of its words in their name, their performers or their venue. A city is
the venue's, a category a word of any level (Music, Rock); accents, case and punctuation do not count.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from watchers.observation import Observation
from watchers.providers import shapes
from watchers.providers.discovery.search import found
from watchers.providers.discovery.shows import Entry
from watchers.providers.feed.row import categories, item, observed, performers, row_id, why_no_show
from watchers.target import Search, Target

MOST = 1000  # events of a search, as in Discovery
TOO_MANY, MISSING = "too_many", "missing"

Words = frozenset[str]


@lru_cache(maxsize=4096)  # venues, cities and kinds come again and again
def words(text: str | None) -> Words:
    """The words of a text, plain: ``Beyoncé's`` has ``beyonce`` and ``s``."""
    plain = (text or "").casefold()
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain)
        plain = "".join(one for one in apart if not unicodedata.combining(one))
    return frozenset(re.findall(r"\w+", plain))


class _Searched(msgspec.Struct):
    """One search, and what was found for it so far."""

    target: Target
    search: Search
    keyword: Words
    city: Words
    category: Words
    entries: list[Entry] = msgspec.field(default_factory=list)


class Sought:
    """One pass over one country's rows. ``see`` each of them, then take ``observations`` and ``failures``."""

    def __init__(self, targets: Sequence[Target], country: str, now: datetime) -> None:
        self._country, self._now = country, now
        self._items: dict[str, list[Target]] = {}
        self._searches: list[_Searched] = []
        for target in targets:
            if search := target.search:
                asked = (words(search.keyword), words(search.city), words(search.category))
                self._searches.append(_Searched(target, search, *asked))
            else:
                self._items.setdefault(target.item or "", []).append(target)
        self._seen: dict[str, Observation] = {}

    def see(self, row: Mapping[str, Any]) -> None:
        """One row of the file."""
        id_ = row_id(row)
        if not id_:
            return
        for target in self._items.get(id_, ()):
            self._seen[target.id] = item(row, target, self._now)
        if self._searches:
            self._see_whether_it_is_searched(id_, row)

    def _see_whether_it_is_searched(self, id_: str, row: Mapping[str, Any]) -> None:
        venue = shapes.mapping(row.get("venue"))
        city = words(shapes.text(venue.get("venueCity")))
        said = words(shapes.text(row.get("eventName"))) | words(shapes.text(venue.get("venueName")))
        said = said.union(*map(words, performers(row)))
        kinds = frozenset[str]().union(*map(words, categories(row)))
        matching = [
            one
            for one in self._searches
            if one.keyword <= said
            and one.category <= kinds
            and (not one.city or one.city == city)
            and len(one.entries) <= MOST
        ]
        if matching:
            entry = self._entry(id_, row)
            for one in matching:
                one.entries.append(entry)

    def _entry(self, id_: str, row: Mapping[str, Any]) -> Entry:
        """The country is part of it, so that it stays the same event whatever country is asked by default."""
        target = Target("ticketmaster_feed", item=id_, country=self._country)
        return Entry(observed(row, target, self._now), why_no_show(row), frozenset())

    @property
    def observations(self) -> dict[str, Observation]:
        """What is known at the end of the file. A search that finds nothing has found nothing."""
        searched = [one for one in self._searches if len(one.entries) <= MOST]
        return {
            **self._seen,
            **{one.target.id: found(one.target, one.search, one.entries, self._now) for one in searched},
        }

    @property
    def failures(self) -> dict[str, str]:
        """Whom the file does not show: an event it leaves out is not gone, and of too many none is told."""
        missing = (target for same in self._items.values() for target in same if target.id not in self._seen)
        too_many = (one.target for one in self._searches if len(one.entries) > MOST)
        return {**_all(missing, MISSING), **_all(too_many, TOO_MANY)}


def _all(targets: Iterable[Target], why: str) -> dict[str, str]:
    return {target.id: why for target in targets}
