"""What must hold for every history: random watches on random sequences of observations.

The gate is driven through ``looking.look`` itself, on documents kept in memory, and must give the same
alerts as a watch that looks at everything.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.builders import (
    FACE,
    ITEM,
    RESALE,
    SEARCH,
    START,
    at,
    below,
    decisions,
    drop,
    observed,
    watch,
)
from tests.histories import EUROS, RULES, histories, stories, watches
from watchers.documents import SERVER_TIME, Create, Delete, Document, Query, Write
from watchers.encoding import decode, encode
from watchers.errors import ConflictError
from watchers.history import History
from watchers.jobs import Job, waits_for
from watchers.looking import look
from watchers.memory import WatchState
from watchers.models import News, Reason
from watchers.money import PriceKey
from watchers.observation import Availability, Observation
from watchers.places import Places
from watchers.rows import Row
from watchers.rules import Decision, decide
from watchers.target import Target
from watchers.watch import Below, Drop, HistoricLow, Watch


def alerts(decided: Sequence[Decision]) -> list[object]:
    """What is told, with everything a person would read."""
    return [(decision.news, decision.episode, decision.step) for decision in decided if decision.news]


# ── one watch ────────────────────────────────────────────────────────────────────────────────────────────


@RULES
@given(stories())
def test_a_step_of_an_episode_is_told_at_most_once(story: tuple[Watch, list[Observation]]) -> None:
    told = Counter((decision.episode, decision.step) for decision in decisions(*story) if decision.news)
    assert all(count == 1 for count in told.values())


@RULES
@given(stories())
def test_a_decision_fires_exactly_when_it_has_news(story: tuple[Watch, list[Observation]]) -> None:
    for decision in decisions(*story):
        assert decision.reason.fires == (decision.news is not None)
        fired = [verdict for verdict in decision.verdicts if verdict.reason.fires]
        assert bool(fired) == (decision.news is not None)


@RULES
@given(stories(), st.data())
def test_looks_that_learn_nothing_change_no_later_decision(
    story: tuple[Watch, list[Observation]], data: st.DataObject
) -> None:
    asked, seen = story
    with_gaps: list[Observation] = []
    for now in seen:
        if data.draw(st.booleans()):
            with_gaps.append(observed(when=now.at - timedelta(seconds=30), target=now.target))
        with_gaps.append(now)
    assert alerts(decisions(asked, with_gaps)) == alerts(decisions(asked, seen))


@RULES
@given(stories())
def test_the_same_observation_again_changes_nothing(story: tuple[Watch, list[Observation]]) -> None:
    asked, seen = story
    state, history = WatchState(), History()
    for now in seen:
        first = decide(asked, state, history, now)
        again = decide(asked, first.state, history, now)
        assert again.news is None
        assert again.state == first.state
        state, history = first.state, history.after(now)
        late = decide(asked, state, history, now)
        assert late.news is None or first.news is None
        assert history.after(now) is history


@RULES
@given(stories())
def test_the_same_arguments_give_the_same_decision(story: tuple[Watch, list[Observation]]) -> None:
    assert decisions(*story) == decisions(*story)


@RULES
@given(stories())
def test_the_order_in_which_prices_are_listed_does_not_matter(story: tuple[Watch, list[Observation]]) -> None:
    asked, seen = story
    turned = [structs.replace(now, prices=now.prices[::-1]) for now in seen]
    assert alerts(decisions(asked, turned)) == alerts(decisions(asked, seen))


@RULES
@given(stories())
def test_what_cannot_be_bought_has_no_price_in_an_alert(story: tuple[Watch, list[Observation]]) -> None:
    for now, decision in zip(story[1], decisions(*story), strict=True):
        if decision.news and decision.news.price is not None:
            assert now.availability is not Availability.UNAVAILABLE
            assert decision.news.price in now.buyable_prices.values()


@RULES
@given(stories())
def test_every_price_that_is_told_satisfies_a_condition(story: tuple[Watch, list[Observation]]) -> None:
    """Judged from all that was seen, without the rules' own memory."""
    asked, seen = story
    for index, decision in enumerate(decisions(asked, seen)):
        for verdict in decision.verdicts:
            if verdict.reason.fires and verdict.key and verdict.price is not None:
                condition = asked.conditions[verdict.condition]
                assert _is_true(condition, verdict.key, verdict.price, seen[: index + 1]), verdict


def _is_true(condition: object, key: PriceKey, price: int, seen: Sequence[Observation]) -> bool:
    earlier = [(now.at, now.buyable_prices[key]) for now in seen if key in now.buyable_prices][:-1]
    if isinstance(condition, Below):
        return condition.concerns(key) and price <= condition.limit
    if isinstance(condition, Drop):
        highest = max(value for _, value in earlier)
        saving = int(condition.min_saving * 100) if condition.min_saving else 0
        return price <= highest * (100 - condition.percent) / 100 + 1e-6 and price <= highest - saving
    assert isinstance(condition, HistoricLow)
    recently = seen[-1].at - timedelta(days=condition.days - 1)
    confirmed = [
        value
        for (when, value), (_, before) in zip(earlier[1:], earlier, strict=False)
        if value == before and value > 0 and when >= recently
    ]
    return all(price < value for value in confirmed)


@RULES
@given(stories())
def test_a_price_key_fires_only_after_it_was_looked_at_or_at_the_very_first_look(
    story: tuple[Watch, list[Observation]],
) -> None:
    asked, seen = story
    known: set[PriceKey] = set()
    for now, decision in zip(seen, decisions(asked, seen), strict=True):
        mine = {
            key
            for key in now.buyable_prices
            if asked.wants(key)
            and any(
                condition.concerns(key)
                for condition in asked.conditions
                if isinstance(condition, Below | Drop | HistoricLow)
            )
        }
        for verdict in decision.verdicts:
            if verdict.reason.fires and verdict.key:
                assert verdict.key in known or not known
        if decision.reason not in (Reason.EVENT_OVER, Reason.OUT_OF_DATE):
            known |= mine


@RULES
@given(stories(), st.sampled_from([FACE, RESALE, EUROS]))
def test_a_price_key_that_vanishes_fires_nothing(
    story: tuple[Watch, list[Observation]], gone: PriceKey
) -> None:
    asked, seen = story
    last = structs.replace(seen[-1], listings=None)
    settled = [structs.replace(last, at=last.at + timedelta(minutes=minutes)) for minutes in (1, 2, 3)]
    without = structs.replace(
        last, at=last.at + timedelta(minutes=4), prices=tuple(one for one in last.prices if one.key != gone)
    )
    assert decisions(asked, [*seen, *settled, without])[-1].news is None


@RULES
@given(limit=st.integers(3, 999_999_99), above=st.floats(1.0, 1.6))
def test_a_price_equal_to_the_limit_fires(limit: int, above: float) -> None:
    before = max(limit + 1, int(limit * above))
    first, second = decisions(
        watch(below(f"{limit // 100}.{limit % 100:02}")),
        [observed(before, when=at(1)), observed(limit, when=at(2))],
    )
    assert first.news is None
    assert second.reason is Reason.BELOW_LIMIT


@RULES
@given(percent=st.integers(1, 60), step=st.integers(1, 4), start=st.integers(50_00, 5000_00))
def test_a_slow_slide_fires_however_small_its_steps(percent: int, step: int, start: int) -> None:
    slide = [start]
    while slide[-1] > start * (100 - percent) / 100:
        slide.append(slide[-1] * (100 - step) // 100)
    decided = decisions(
        watch(drop(percent)), [observed(cents, when=at(index)) for index, cents in enumerate(slide)]
    )
    assert [decision.reason for decision in decided if decision.news] == [Reason.DROPPED]
    assert decided[-1].news is not None


@RULES
@given(st.lists(st.integers(86_00, 91_80), min_size=2, max_size=30).filter(lambda some: min(some) <= 90_00))
def test_flapping_within_the_hysteresis_is_told_once(flapping: list[int]) -> None:
    decided = decisions(
        watch(), [observed(cents, when=at(index)) for index, cents in enumerate([95_00, *flapping])]
    )
    assert sum(decision.news is not None for decision in decided) == 1


@RULES
@given(stories(), st.data())
def test_a_row_that_is_not_saved_doubles_no_alert(
    story: tuple[Watch, list[Observation]], data: st.DataObject
) -> None:
    """A crash after the alert: the memory moved on, the history did not, and the provider says the same."""
    asked, seen = story
    state, history = WatchState(), History()
    for now in seen:
        decision = decide(asked, state, history, now)
        if decision.news and data.draw(st.booleans()):
            later = structs.replace(now, at=now.at + timedelta(seconds=20))
            repeated = decide(asked, decision.state, history, later)
            assert repeated.news is None or repeated.news.reason is not decision.news.reason
        state, history = decision.state, history.after(now)


@RULES
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 90_00)), max_size=40), st.sampled_from(["tell", "wait"])
)
def test_of_several_markets_each_text_tells_a_price_a_further_step_lower(
    looks: list[tuple[bool, int]], already_true: str
) -> None:
    """Never over the limit, so that no episode ends."""
    markets = {"markets": [{"provider": "ticketmaster", "item": "E1"}, {"provider": "steam", "item": "440"}]}
    asked = watch(target=markets, already_true=already_true)
    state, told = WatchState(), list[int]()
    before = {target.id: History() for target in asked.targets}
    for days, (is_first, cents) in enumerate(looks):
        now = observed(cents, when=at(days=days), target=asked.targets[0 if is_first else 1])
        decision = decide(asked, state, before[now.target.id], now)
        state, before[now.target.id] = decision.state, before[now.target.id].after(now)
        told += [cents] if decision.news else []
    assert all(later <= earlier * 0.95 for earlier, later in pairwise(told))


# ── the gate, and what is stored ─────────────────────────────────────────────────────────────────────────


class MemoryDocuments:
    """Documents in a dict. Maps come back with sorted keys, as they do from Firestore."""

    def __init__(self) -> None:
        self.operations = Counter[str]()
        self._stored: dict[str, tuple[int, dict[str, Any]]] = {}

    def get(self, path: str) -> Document | None:
        if path not in self._stored:
            return None
        version, fields = self._stored[path]
        return Document(path, _sorted(fields), str(version), START)

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        return [self.get(path) for path in paths]

    def commit(self, *writes: Write) -> tuple[str, ...]:
        return tuple(self._write(write) for write in writes)

    def _write(self, write: Write) -> str:
        if isinstance(write, Delete):
            self._stored.pop(write.path, None)
            return ""
        version, fields = self._stored.get(write.path, (0, {}))
        if isinstance(write, Create) and version:
            raise ConflictError(write.path)
        updated = {name: START if value is SERVER_TIME else value for name, value in write.fields.items()}
        self._stored[write.path] = (version + 1, fields | updated)
        return str(version + 1)

    def find(self, query: Query) -> list[Document]:
        inside = [path for path in self._stored if path.rsplit("/", 1)[0] == query.collection]
        found = (self.get(path) for path in inside)
        return [one for one in found if one and _matches(one.fields, query)]

    def count(self, query: Query) -> int:
        return len(self.find(query))


def _sorted(value: Any) -> Any:
    return {name: _sorted(value[name]) for name in sorted(value)} if isinstance(value, dict) else value


def _matches(fields: Mapping[str, Any], query: Query) -> bool:
    value: Any = fields
    for name in query.field:
        if name not in value:
            return False
        value = value[name]
    if query.op == "array_contains":
        return query.value in value
    return bool(value >= query.value if query.op == ">=" else value <= query.value)


PLACES = Places()
OTHER_MARKET = Target(provider="steam", item="440")
Joining = tuple[Watch, int]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[Joining], list[Observation]]:
    """Several watches of one target, each saved before one of its looks."""
    target = draw(st.sampled_from([ITEM, SEARCH]))
    seen = draw(histories(target))
    joining = st.tuples(watches(target), st.integers(0, len(seen) - 1))
    return draw(st.lists(joining, min_size=1, max_size=3)), seen


def _through_the_gate(crowd: Sequence[Joining], seen: Sequence[Observation], *, stored: bool) -> list[Any]:
    """What is told when only those whom the gate lets through are asked."""
    documents, row, told = MemoryDocuments(), Row(seen[0].target, since=START), []
    for index, now in enumerate(seen):
        for number, (asked, first) in enumerate(crowd):
            if first == index:
                _join(documents, row, f"w{number}", asked)
        looked = look(documents, PLACES, row, now)
        assert not looked.failures
        told += [(alert.watch_id, _as_decided(alert.news)) for alert in looked.alerts]
        if stored:
            row = decode(encode({row.target.id: row}))[row.target.id]
    return told


def _as_decided(news: News) -> News:
    """Without the background that telling adds."""
    return replace(news, target_id=None, recent=())


def _join(documents: MemoryDocuments, row: Row, watch_id: str, asked: Watch) -> None:
    """As the trigger writes the job and ``folding`` admits it."""
    job = Job(watch_id, "u1", asked, "v1", START, {row.target.id: row.target})
    documents.commit(Create(PLACES.job(watch_id), job.fields()))
    row.gate.widen({}, {}, waits_for(asked))
    row.fresh = (*row.fresh, watch_id)


def _looking_at_everything(crowd: Sequence[Joining], seen: Sequence[Observation]) -> list[Any]:
    told = []
    for number, (asked, first) in enumerate(crowd):
        before = History()
        for now in seen[:first]:
            before = before.after(now)
        told += [(f"w{number}", one.news) for one in decisions(asked, seen[first:], before) if one.news]
    return told


def _order(told: tuple[str, Any]) -> tuple[Any, ...]:
    return told[1].observed_at, told[0]


@settings(RULES, max_examples=400)
@given(crowds())
def test_the_gate_never_loses_an_alert(crowd: tuple[list[Joining], list[Observation]]) -> None:
    passed = _through_the_gate(*crowd, stored=False)
    assert sorted(passed, key=_order) == sorted(_looking_at_everything(*crowd), key=_order)


@st.composite
def two_markets(draw: st.DrawFn) -> tuple[Watch, list[Observation]]:
    """One watch on two markets, and what both say, as it comes."""
    markets = {"markets": [ITEM.to_document(), OTHER_MARKET.to_document()]}
    asked = Watch.model_validate(draw(watches(ITEM)).model_dump(exclude={"target"}) | {"target": markets})
    seen = [*draw(histories(ITEM, size=10)), *draw(histories(OTHER_MARKET, size=10))]
    return asked, sorted(seen, key=lambda now: now.at)


KEPT_BACK = (
    watch(target={"markets": [ITEM.to_document(), OTHER_MARKET.to_document()]}),
    [
        observed(cents, when=at(minutes), target=target)
        for minutes, (target, cents) in enumerate(
            [(ITEM, 80_00), (OTHER_MARKET, 89_00), (ITEM, 95_00), (ITEM, 95_00), (OTHER_MARKET, 89_00)]
        )
    ],
)


@settings(RULES, max_examples=200)
@given(two_markets())
@example(KEPT_BACK)
def test_the_gates_of_two_markets_never_lose_an_alert(story: tuple[Watch, list[Observation]]) -> None:
    asked, seen = story
    documents, state = MemoryDocuments(), WatchState()
    rows = {target.id: Row(target, since=START) for target in asked.targets}
    job = Job("w0", "u1", asked, "v1", START, {target.id: target for target in asked.targets})
    documents.commit(Create(PLACES.job("w0"), job.fields()))
    for row in rows.values():
        row.gate.widen({}, {}, waits_for(asked))
        row.fresh = ("w0",)
    histories_of = dict.fromkeys(rows, History())
    for now in seen:
        looked = look(documents, PLACES, rows[now.target.id], now)
        decision = decide(asked, state, histories_of[now.target.id], now)
        assert {_as_decided(alert.news) for alert in looked.alerts} == {decision.news} - {None}
        state, histories_of[now.target.id] = decision.state, histories_of[now.target.id].after(now)


@RULES
@given(crowds())
def test_a_board_that_was_stored_decides_the_same(crowd: tuple[list[Joining], list[Observation]]) -> None:
    assert _through_the_gate(*crowd, stored=True) == _through_the_gate(*crowd, stored=False)
