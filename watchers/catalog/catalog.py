"""One search over all markets, for people: asked at once, the same event merged, its prices side by side.

    search     what everybody knows by a few words; an answer is good for five minutes
    compare    one event on every market; good for two minutes
    deals      of a search, what costs at most so much

Every market is asked within the part of its quota that is kept for people, and has ten seconds. One that
fails, hangs or may not be asked harms no other: it is named with the reason, never taken for empty.
Answers are kept in this process, and two people with one question are one call. No market is asked for venues
by themselves (an event comes with its own), so of venues there is nothing to keep.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as NotInTimeError
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import count
from threading import Lock

from msgspec.structs import replace

from watchers.catalog import same
from watchers.catalog.bargains import Bargain, bargains
from watchers.catalog.found import Found
from watchers.catalog.inquiry import Answered, Inquiry
from watchers.catalog.kept import Asked, Kept, Start
from watchers.catalog.merged import Merged, merged
from watchers.catalog.question import about, key, question
from watchers.deal import WINDOWS, Deal, deal
from watchers.documents import Documents
from watchers.events import Event, normalised
from watchers.language import Saying, say
from watchers.money import Basis
from watchers.observation import Observation
from watchers.price_history import past
from watchers.providers.base import ForWatchesOnly, Provider
from watchers.target import Search, Target

SEARCHED, COMPARED, FAILED = 300.0, 120.0, 15.0  # seconds for which an answer, or none, is good
MOST_KEPT = 20_000  # entries of answers, in this process
REMEMBERED = max(WINDOWS)
_FAR = date.max

Groups = Callable[[Sequence[Event]], Sequence[Sequence[int]]]


class Catalog:
    """All markets together; built once a process, safe to share between threads.

    Args:
        documents: Where the people's purses lie.
        providers: The markets that are on, by name.
        switched_off: The others, and why.
        inquiry: How they are asked; the world's clocks by default.
        groups: Which of these are the same event, every index once: together are only those of which every
            two certainly are. By default ``watchers.matching`` says so.
        start: How a question is put beside us; in a thread by default.
    """

    def __init__(
        self,
        documents: Documents,
        providers: Mapping[str, Provider],
        switched_off: Mapping[str, str] | None = None,
        *,
        inquiry: Inquiry | None = None,
        groups: Groups | None = None,
        start: Start | None = None,
    ) -> None:
        from cachetools import LRUCache, TTLCache  # noqa: PLC0415 - only who searches pays for it

        self._documents = documents
        self._inquiry = inquiry or Inquiry(documents, lambda: datetime.now(UTC))
        self._providers, self._off = providers, switched_off or {}
        self._groups = groups or partial(same.groups, documents)
        self._kept = Kept[Answered](MOST_KEPT, _seconds, _size, self._inquiry.clock, start)
        self._numbers, self._lock = count(1), Lock()
        self._merged: LRUCache[object, tuple[Merged, ...]] = LRUCache(MOST_KEPT, getsizeof=_entries)
        self._seen: TTLCache[str, Observation] = TTLCache(MOST_KEPT, SEARCHED, timer=self._inquiry.clock)

    # ── the questions ────────────────────────────────────────────────────────────────────────────────────

    def search(
        self,
        query: str | None = None,
        city: str | None = None,
        date_from: date | None = None,
        date_to: date | None = None,
        category: str | None = None,
        *,
        country: str | None = None,
    ) -> Found:
        """Everything that all markets find; days are the events' own, ``country`` has two letters.

        Raises:
            ValueError: it asks for nothing, or for what cannot be; a sentence for each fault.
        """
        asked = {"keyword": query, "city": city, "country": country, "category": category}
        return self.find(question({**asked, "date_from": date_from, "date_to": date_to}))

    def find(self, asked: Search, age: float = SEARCHED) -> Found:
        """``search`` by a question that was read; no answer in it is older than ``age`` seconds."""
        targets, unable = self._able(asked)
        found = self._found(self._answers(targets, age))
        return replace(found, unasked=unable, off=self._off)

    def known(self, target: Target) -> Observation | None:
        """What its market said of one target in the last five minutes, in any answer; nobody is asked."""
        with self._lock:
            return self._seen.get(target.id)

    def look(self, target: Target) -> Answered:
        """What its own market says of one target, at most five minutes old; never raises.

        Why not, as a sentence, where it is not seen.
        """
        if seen := self.known(target):
            return Answered(seen)
        if isinstance(provider := self._providers.get(target.provider), ForWatchesOnly):
            return Answered(None, provider.only_for_watches)
        try:
            self._able_to_look(target)
        except ValueError as refused:
            return Answered(None, str(refused))
        return self._in_time(
            self._kept.ask(key(target), partial(self._ask, target.provider, target), age=SEARCHED)
        )

    def compare(self, wanted: Target | Event) -> Found:
        """One event as every market has it, the market of ``wanted`` first; at most two minutes old.

        Raises:
            ValueError: it names no item of a market that is on; a sentence.
        """
        own = self._own(wanted)
        seen = self._answers({own.provider: own}, COMPARED)
        event = normalised(one) if (one := seen[own.provider].seen) else None
        if event is None:
            return replace(self._found(seen), off=self._off)
        targets, unable = self._able(about(event) if event.name else Search(), but=own.provider)
        if not event.name:
            unable |= dict.fromkeys(targets, f"{own.provider} says no name that could be searched for.")
            targets = {}
        found = self._found(seen | self._answers(targets, COMPARED))
        mine = tuple(one for one in found.events if any(market.target.id == own.id for market in one.markets))
        return replace(found, events=mine, unasked=unable, off=self._off)

    def deals(
        self,
        asked: Search,
        max_price: Decimal,
        currency: str,
        *,
        min_quantity: int = 1,
        basis: Basis | None = None,
    ) -> tuple[list[Bargain], Found]:
        """Of a search, what costs at most ``max_price``, the lowest first; and the whole search.

        Where a market does not say how many offers there are, the deal says that it does not.
        """
        found = self.find(asked)
        return bargains(found.events, max_price, currency, min_quantity, basis), found

    def deal(self, one: Merged) -> Deal | None:
        """How good its best price is, against that market's own past and the other markets now.

        Three reads at most; ``None`` where no price can be bought.
        """
        if not one.best:
            return None
        price, market = one.best[0].price, one.best[0].market
        now = self._inquiry.now()
        known = past(self._documents, market.target.id, now - REMEMBERED)
        return deal(
            price.low, price.currency, known.steps.get(price.key, ()), now,
            since=known.since, others=one.elsewhere(one.best[0]),
        )  # fmt: skip

    def able(self, asked: Search) -> list[Target]:
        """What would be asked for this search, of every market that can be searched like this."""
        return list(self._able(asked)[0].values())

    def reconsider(self) -> None:
        """Work out anew which entries are the same: somebody has said that two are not, or took it back.

        In this process; others go on as they were until they ask for the answers anew, five minutes at most.
        """
        with self._lock:
            self._merged.clear()

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────

    def _able(self, asked: Search, but: str = "") -> tuple[dict[str, Target], dict[str, str]]:
        """What to ask of each market, and why not of others."""
        from watchers.watch import Filters  # noqa: PLC0415 - pydantic, for those who search

        targets, unable = dict[str, Target](), dict[str, str]()
        for name, provider in self._providers.items():
            target = Target(name, search=asked)
            if name == but:
                continue
            if isinstance(provider, ForWatchesOnly):
                unable[name] = provider.only_for_watches
            elif said := provider.refusal(target, Filters()):
                unable[name] = said
            else:
                targets[name] = target
        return targets, unable

    def _own(self, wanted: Target | Event) -> Target:
        own = wanted if isinstance(wanted, Target) else Target(wanted.provider or "", wanted.item or "")
        if own.provider in self._providers and (own.search or not own.item):
            raise ValueError(say("To compare, name one item of a market, or search."))
        self._able_to_look(own)
        return own

    def _able_to_look(self, target: Target) -> None:
        """Raises ``ValueError`` where its market cannot be asked about it."""
        from watchers.watch import Filters  # noqa: PLC0415 - pydantic, for those who search

        if target.provider not in self._providers:
            off = self._off.get(target.provider)
            raise ValueError(
                say("{provider} is switched off: {why}.", provider=target.provider, why=off)
                if off
                else say("There is no market {name}.", name=repr(target.provider))
            )
        if said := self._providers[target.provider].refusal(target, Filters()):
            raise ValueError(said)

    def _answers(self, targets: Mapping[str, Target], age: float) -> dict[str, Answered]:
        """Everybody's answer; whoever is late is absent, and is not asked twice."""
        asked = {
            name: self._kept.ask(key(target), partial(self._ask, name, target), age=age)
            for name, target in targets.items()
        }
        self._groups(())  # while the markets answer, it loads what it needs
        return {name: self._in_time(one) for name, one in asked.items()}

    def _ask(self, name: str, target: Target) -> Answered:
        answered = self._inquiry.ask(name, self._providers[name], target)
        if answered.seen:
            entries = {one.target.id: one for one in (*(answered.seen.listings or ()), answered.seen)}
            with self._lock:
                self._seen.update(entries)
        return replace(answered, number=next(self._numbers))

    def _in_time(self, asked: Asked[Answered]) -> Answered:
        left = asked.began + self._inquiry.seconds - self._inquiry.clock()
        try:
            return asked.answer.result(max(0.0, left))
        except NotInTimeError:
            seconds = f"{self._inquiry.seconds:g}"
            return Answered(None, Saying("no answer within {seconds} seconds.", {"seconds": seconds}))

    # ── what it adds up to ───────────────────────────────────────────────────────────────────────────────

    def _found(self, answers: Mapping[str, Answered]) -> Found:
        seen = {name: one.seen for name, one in answers.items() if one.seen}
        return Found(
            self._all_merged(tuple((name, one.number) for name, one in answers.items() if one.seen), seen),
            answered=tuple(seen),
            absences={name: str(one.why) for name, one in answers.items() if not one.seen},
            remarks={name: one.problems for name, one in seen.items() if one.problems},
            as_of=min((one.at for one in seen.values()), default=None),
        )

    def _all_merged(self, which: object, seen: Mapping[str, Observation]) -> tuple[Merged, ...]:
        """The events of these answers; worked out once."""
        with self._lock:
            if (known := self._merged.get(which)) is not None:
                return known
        made = self._merge([entry for one in seen.values() for entry in _entries_of(one)])
        with self._lock:
            if _entries(made) <= self._merged.maxsize:
                self._merged[which] = made
        return made

    def _merge(self, entries: Sequence[Observation]) -> tuple[Merged, ...]:
        events = [normalised(one) for one in entries]
        made = [merged([entries[index] for index in sorted(group)]) for group in self._groups(events)]
        return tuple(sorted(made, key=_order))


def _entries_of(seen: Observation) -> Sequence[Observation]:
    return (seen,) if seen.listings is None else seen.listings


def _entries(made: Sequence[Merged]) -> int:
    return 1 + sum(len(one.markets) for one in made)


def _seconds(answered: Answered) -> float:
    return SEARCHED if answered.seen else FAILED


def _size(answered: Answered) -> int:
    return 1 + len(answered.seen.listings or ()) if answered.seen else 1


def _order(one: Merged) -> tuple[date, str]:
    return one.event.date or _FAR, str(one.event.time or "")
