"""Whether a watch fires: pure, and the same for the same history.

Decides what one observation means to one watch, and what to remember of it. Never knows a clock, a
network or a database, and never learns anything from an observation that knows nothing.

An episode is the time from a condition's becoming true until it has clearly become false again::

                 true: tell                   a further step under the price last told: tell again
    (armed) ───────────────────► (open) ──────────────────────────────────────────────► (open)
       ▲                            │
       └────────────────────────────┘
         over the limit by more than 2 % for two looks in a row

``drop`` counts from the price when the watch was saved, then from the price last told, never from the last
look: a slow slide fires. A price is compared with prices of its own key only. A key that appears beside
known ones is looked at silently once. A suspicious price is held until a second look agrees.

Several markets are one thing to the person: while an episode is open on one of them, a price elsewhere is
told only a further step under the lowest told there. Markets keep episodes of their own all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor

from watchers.history import History
from watchers.memory import Episode, TargetState, Track, WatchState
from watchers.models import News, Reason
from watchers.money import PriceKey, minor_units
from watchers.news import clearest_price, headline, tell
from watchers.next_text import next_alert
from watchers.notices import Verdict, notices
from watchers.observation import EventStatus, Observation
from watchers.watch import Below, Drop, HistoricLow, PriceCondition, Watch

FURTHER_STEP_PERCENT = 5  # under the price last told, before the same episode is worth another text
HYSTERESIS_PERCENT = 2  # over the limit, before a condition counts as clearly false
ENOUGH_HISTORY = timedelta(days=14)  # before "lowest in N days" may be said at all (or N days, if fewer)
RECENT = timedelta(days=1)  # a price no older than this is what the person saw when saving
OVER_AFTER = timedelta(hours=12)  # past the start, an event is over
DAY_OVER_AFTER = timedelta(days=1)  # where only the day is known: over everywhere
ANY_PRICE = 2**53  # as a threshold: whatever it costs


@dataclass(frozen=True, slots=True)
class Decision:
    """What an observation means to a watch.

    ``reason`` is the headline; ``verdicts`` say it of each condition and price key. ``news`` is what to
    tell, if anything. ``state`` is what to remember, equal to the old one when nothing happened.
    """

    reason: Reason
    state: WatchState
    verdicts: tuple[Verdict, ...] = ()
    news: News | None = None
    episode: str = ""
    step: int = 0

    @property
    def held(self) -> bool:
        """Whether a second look is wanted as soon as possible."""
        return any(verdict.reason is Reason.SECOND_LOOK for verdict in self.verdicts)


def decide(watch: Watch, state: WatchState, before: History, now: Observation) -> Decision:
    """What ``now`` means to ``watch``, given its memory and what was seen before.

    Args:
        watch: What the person asked for.
        state: What the watch remembers.
        before: The target's history up to, and without, ``now``.
        now: The observation; its ``target`` is one of the watch's.

    Returns:
        The decision. The same arguments always give the same one; deciding the same observation again on
        the returned state fires nothing and changes nothing.
    """
    remembered = state.of(now.target.id)
    if remembered.decided_at is not None and now.at <= remembered.decided_at:
        return Decision(Reason.OUT_OF_DATE, state)
    introduced = _introduced(watch, remembered, before, now)
    if is_over(now):
        return Decision(Reason.EVENT_OVER, state.remembering(now.target.id, introduced))
    memory, priced = _decide_prices(watch, state, introduced, before, now)
    memory, others = notices(watch, memory, before, now)
    verdicts = (*priced, *others)
    if memory == introduced:
        state = state.remembering(now.target.id, introduced)
        return Decision(headline(verdicts).reason, state, verdicts)
    memory = memory.model_copy(update={"decided_at": now.at})
    state = state.remembering(now.target.id, memory)
    head = headline(verdicts)
    if not head.reason.fires:
        return Decision(head.reason, state, verdicts)
    key = head.key or clearest_price(now)[0]
    news = tell(watch, head, now, rule(watch, state, now.target.id, key))
    return Decision(head.reason, state, verdicts, news, f"{now.target.id}:{head.episode}", head.step)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """At which prices this watch wants to be asked about a target again, by price key."""

    fires_at: Mapping[str, int]
    rearms_at: Mapping[str, int]


def thresholds(watch: Watch, state: WatchState, target_id: str) -> Thresholds:
    """The highest price at which any condition would fire, and the lowest that would re-arm one.

    ``historic_low`` has no fixed price and is not among them: it can fire only under the record itself.
    A key that was never looked at, or was free, is of interest at any price. What another market's open
    episode keeps back is among them: it may end at any look of that market, which this one never hears of.
    """
    fires: dict[str, int] = {}
    rearms: dict[str, int] = {}
    for name, track in state.of(target_id).tracks.items():
        for index, condition in _price_conditions(watch, PriceKey.parse(name)):
            episode = track.episodes.get(str(index), Episode())
            price = _fires_at(condition, track, episode, PriceKey.parse(name))
            if price is not None:
                fires[name] = max(price, fires.get(name, 0))
            if not track.reference:
                fires[name] = ANY_PRICE
            if episode.open:
                rearms[name] = min(episode.rearms_at, rearms.get(name, episode.rearms_at))
    return Thresholds(fires, rearms)


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────


def _introduced(watch: Watch, remembered: TargetState, before: History, now: Observation) -> TargetState:
    """With a track for every key that concerns the watch, so that one that is away is noticed on return."""
    keys = (*before.prices, *now.buyable_prices)
    new = {
        str(key): Track()
        for key in keys
        if str(key) not in remembered.tracks and any(_price_conditions(watch, key))
    }
    return remembered.model_copy(update={"tracks": {**remembered.tracks, **new}}) if new else remembered


def _decide_prices(
    watch: Watch, state: WatchState, introduced: TargetState, before: History, now: Observation
) -> tuple[TargetState, list[Verdict]]:
    tracks = dict(introduced.tracks)
    known = any(track.reference is not None for track in tracks.values())
    verdicts: list[Verdict] = []
    for key, price in now.buyable_prices.items():
        conditions = list(_price_conditions(watch, key))
        if not conditions:
            continue
        track = tracks[str(key)]
        first_look = track.reference is None
        look = _Look(
            watch,
            before,
            now,
            key,
            price,
            introduced.decided_at,
            first_look,
            appeared=first_look and known,
            elsewhere=_told_elsewhere(watch, state, now.target.id, key),
        )
        tracks[str(key)], said = _decide_key(look, track, conditions)
        verdicts += said
    if not now.buyable_prices:
        verdicts += [
            Verdict(index, Reason.NOT_KNOWN)
            for index, condition in enumerate(watch.conditions)
            if isinstance(condition, PriceCondition)
        ]
    return introduced.model_copy(update={"tracks": tracks}), verdicts


@dataclass(frozen=True, slots=True)
class _Look:
    """One price of one key, and all that is needed to judge it; ``elsewhere`` see ``_told_elsewhere``."""

    watch: Watch
    before: History
    now: Observation
    key: PriceKey
    price: int
    decided_at: datetime | None
    first_look: bool
    appeared: bool
    elsewhere: int | None

    @property
    def is_told_elsewhere(self) -> bool:
        """Whether another market's price, told and still open, is no further step away from this one."""
        if self.elsewhere is None:
            return False
        further = _further_step(self.elsewhere)
        return further is None or self.price > further

    @property
    def waits(self) -> bool:
        """Whether what is already true now is taken as told."""
        return self.first_look and not self.appeared and self.watch.already_true == "wait"

    def was_over(self, price: int) -> bool:
        """Whether the look before this one, since the last decision, was at or over ``price`` too."""
        runs = self.before.runs(self.key)
        recent = runs and (self.decided_at is None or runs[-1].last_at >= self.decided_at)
        return bool(recent) and runs[-1].value >= price


def _decide_key(
    look: _Look, track: Track, conditions: Sequence[tuple[int, PriceCondition]]
) -> tuple[Track, list[Verdict]]:
    """Judge every condition on one key. All of them share the price last told.

    A first look that is held is none: the second one is.
    """
    unseen = track
    if not track.reference:
        track = track.model_copy(update={"reference": _reference(look)})
    episodes = dict(track.episodes)
    verdicts, told = [], track.told
    for index, condition in conditions:
        episode = episodes.get(str(index), Episode())
        verdict, after = _decide_condition(look, track, episode, index, condition)
        verdicts.append(verdict)
        if after != episode:
            episodes[str(index)] = after
        if verdict.reason.fires or verdict.reason is Reason.TAKEN_AS_TOLD:
            told = look.price
    if look.first_look and any(verdict.reason is Reason.SECOND_LOOK for verdict in verdicts):
        return unseen, verdicts
    return track.model_copy(update={"episodes": episodes, "told": told}), verdicts


def _decide_condition(
    look: _Look, track: Track, episode: Episode, index: int, condition: PriceCondition
) -> tuple[Verdict, Episode]:
    limit = _limit(condition, track, episode, look)
    verdict = Verdict(index, Reason.NOT_TRUE, look.key, look.price)
    if not isinstance(limit, Reason) and look.price <= limit:
        return _decide_true(look, track, episode, verdict, condition, limit)
    if not episode.open and isinstance(limit, Reason):
        return replace(verdict, reason=limit), episode
    if not episode.open:
        return replace(verdict, reason=Reason.FIRST_LOOK if look.first_look else Reason.NOT_TRUE), episode
    if look.price >= episode.rearms_at and look.was_over(episode.rearms_at):
        return replace(verdict, reason=Reason.REARMED), episode.model_copy(update={"open": False})
    return replace(verdict, reason=Reason.ALREADY_TOLD), episode


def _decide_true(
    look: _Look, track: Track, episode: Episode, verdict: Verdict, condition: PriceCondition, limit: int
) -> tuple[Verdict, Episode]:
    if look.before.needs_second_look(look.key, look.price):
        return replace(verdict, reason=Reason.SECOND_LOOK), episode
    if look.waits:
        return replace(verdict, reason=Reason.TAKEN_AS_TOLD), _opened(episode, limit)
    if look.appeared:
        return replace(verdict, reason=Reason.NEW_PRICE_KEY), episode
    if look.is_told_elsewhere:
        return replace(verdict, reason=Reason.ALREADY_TOLD), episode
    if episode.open:
        after = episode.model_copy(update={"step": episode.step + 1})
        reason, was = Reason.FURTHER_DROP, track.told
    else:
        after = _opened(episode, limit)
        reason, was = _first_reason(condition), _was(look, track, condition)
    name = f"{look.key}:{verdict.condition}:{after.number}"
    return replace(verdict, reason=reason, was=was, episode=name, step=after.step), after


def _limit(condition: PriceCondition, track: Track, episode: Episode, look: _Look) -> int | Reason:
    """The highest price that fires now, or why there is none."""
    if isinstance(condition, HistoricLow) and not episode.open:
        return _record(condition, look)
    limit = _fires_at(condition, track, episode, look.key)
    return Reason.NOT_TRUE if limit is None else limit


def _fires_at(condition: PriceCondition, track: Track, episode: Episode, key: PriceKey) -> int | None:
    if isinstance(condition, Drop):
        start = track.told if episode.open and track.told is not None else track.reference
        return _dropped(condition, start, key) if start else None
    first = condition.limit if isinstance(condition, Below) else None
    if not episode.open or track.told is None:
        return first
    further = _further_step(track.told)
    return further if further is None or first is None else min(first, further)


def _further_step(told: int) -> int | None:
    """The highest price that is worth another text; ``None``: nothing is cheaper than free."""
    return told * (100 - FURTHER_STEP_PERCENT) // 100 if told else None


def _told_elsewhere(watch: Watch, state: WatchState, target_id: str, key: PriceKey) -> int | None:
    """The lowest price of this key that was told of another target of the watch and is still open there."""
    others = (state.of(target.id).tracks.get(str(key)) for target in watch.targets if target.id != target_id)
    return min(
        (
            track.told
            for track in others
            if track and track.told is not None and any(episode.open for episode in track.episodes.values())
        ),
        default=None,
    )


def _dropped(condition: Drop, start: int, key: PriceKey) -> int | None:
    by_percent = floor(round(start * (100 - condition.percent) / 100, 6))
    saving = minor_units(condition.min_saving, key.currency) if condition.min_saving else 0
    limit = min(by_percent, start - saving)
    return limit if limit > 0 else None


def _record(condition: HistoricLow, look: _Look) -> int | Reason:
    record = look.before.lows.get(look.key)
    enough = min(ENOUGH_HISTORY, timedelta(days=condition.days))
    if record is None or look.now.at - record.since < enough:
        return Reason.NOT_ENOUGH_HISTORY
    lowest = record.lowest(condition.days, look.now.at)
    return Reason.NOT_ENOUGH_HISTORY if lowest is None else lowest - 1


def _opened(episode: Episode, limit: int) -> Episode:
    over = limit * (100 + HYSTERESIS_PERCENT) // 100 + 1
    return Episode(number=episode.number + 1, open=True, rearms_at=over)


def _first_reason(condition: PriceCondition) -> Reason:
    if isinstance(condition, Below):
        return Reason.BELOW_LIMIT
    return Reason.DROPPED if isinstance(condition, Drop) else Reason.HISTORIC_LOW


def _was(look: _Look, track: Track, condition: PriceCondition) -> int | None:
    """What the price was: for a drop what it is measured from, else the last one that was not in doubt."""
    if isinstance(condition, Drop):
        return track.reference
    settled = look.before.settled(look.key)
    return settled.value if settled and settled.value != look.price else None


def _reference(look: _Look) -> int:
    """What the person saw when saving: the price just before this look, unless that was doubtful or free."""
    last = look.before.settled(look.key)
    recent = last is not None and look.now.at - last.last_at <= RECENT
    return (last.value if last and recent else 0) or look.price


def _price_conditions(watch: Watch, key: PriceKey) -> Iterator[tuple[int, PriceCondition]]:
    if not watch.wants(key):
        return
    for index, condition in enumerate(watch.conditions):
        if isinstance(condition, PriceCondition) and condition.concerns(key):
            yield index, condition


def rule_sentence(watch: Watch, state: WatchState, target_id: str, key: PriceKey | None) -> str | None:
    """The rule in one line: "Next alert at $79.80 or less, or after it has been over $91.80"."""
    found = rule(watch, state, target_id, key)
    return next_alert(*found) if found else None


def rule(
    watch: Watch, state: WatchState, target_id: str, key: PriceKey | None
) -> tuple[int, int | None, str] | None:
    """When something is told next, as ``next_alert`` says it: from which price, after which, the currency."""
    at = thresholds(watch, state, target_id)
    if key is None or (fires := at.fires_at.get(str(key), ANY_PRICE)) == ANY_PRICE:
        return None
    if (elsewhere := _told_elsewhere(watch, state, target_id, key)) is not None:
        further = _further_step(elsewhere)
        if further is None:
            return None
        fires = min(fires, further)
    rearms = at.rearms_at.get(str(key))
    return fires, None if rearms is None else rearms - 1, key.currency


def is_over(now: Observation) -> bool:
    """Whether an event has taken place. A postponed event keeps its old date until it has a new one."""
    if now.status is EventStatus.POSTPONED:
        return False
    if now.starts_at is not None:
        return now.at > now.starts_at + OVER_AFTER
    return now.starts_on is not None and now.at.date() > now.starts_on + DAY_OVER_AFTER
