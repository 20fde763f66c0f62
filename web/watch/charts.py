"""Which charts a watch has: one a currency, of the days that were asked for. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from markupsafe import Markup

from notifiers.words import phrases
from watchers.language import say
from watchers.models import Alert
from watchers.money import PriceKey, spoken
from watchers.price_history import Step
from watchers.rules import ANY_PRICE, thresholds
from watchers.watch import Below
from web import words
from web.watch import chart
from web.watch.chart import Chart, Limit, Line, Mark
from web.watch.story import KEPT, Story

RANGES: Mapping[str, timedelta | None] = {
    "7": timedelta(days=7),
    "30": timedelta(days=30),
    "90": timedelta(days=90),
    "365": timedelta(days=365),
    "all": None,
}
"""How far back a chart reaches, by what an address says of it."""
USUAL = "30"
DASHES = 4  # that the style sheet tells apart
MOST_ROWS = 200  # of a table
_SHORTEST, _A_DAY = timedelta(minutes=2), timedelta(days=1)
_GAP, _MISSED = timedelta(hours=3), 3  # turns


@dataclass(frozen=True, slots=True)
class TableRow:
    """One step of a price, or one alert, in words."""

    since: str
    until: str
    kind: str
    price: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, its legend (how its line looks, name, last price) and the same as a table.

    ``left_out``: steps that the table has no room for. ``others``: lines that the drawing has none for.
    """

    currency: str
    svg: Markup
    gist: str
    legend: Sequence[tuple[str, str, str]]
    rows: Sequence[TableRow]
    left_out: int
    others: int
    has_alerts: bool
    has_limit: bool


def drawings(story: Story, days: str) -> list[Drawing]:
    """The charts of a watch over the range called ``days``: one a currency."""
    length = RANGES.get(days, RANGES[USUAL])
    since = story.clock.now - length if length else datetime.min.replace(tzinfo=story.clock.now.tzinfo)
    lines = list(_lines(story, since)) or list(_told(story, since))
    currencies = dict.fromkeys(key.currency for key, _ in lines)
    return [_drawing(story, number, currency, lines) for number, currency in enumerate(currencies)]


def _lines(story: Story, since: datetime) -> Iterator[tuple[PriceKey, Line]]:
    """What is drawn first is what the conditions speak of."""
    found = []
    for target in story.targets:
        series = story.series.get(target.id)
        where = f" ({words.shop(target.provider)})" if len(story.targets) > 1 else ""
        for key, steps in (series.steps if series else {}).items():
            shown = [
                step if step.since >= since else _cut(step, since) for step in steps if step.until >= since
            ]
            if shown and (story.watch is None or story.watch.wants(key)):
                found.append((key, Line(f"{_kind(key)}{where}", shown, str(key.basis))))
    counted = Counter[PriceKey]()
    for key, line in sorted(found, key=lambda one: (not _concerns(story, one[0]), one[0])):
        counted[key] += 1
        yield key, replace(line, nth=min(counted[key], DASHES))


def _told(story: Story, since: datetime) -> Iterator[tuple[PriceKey, Line]]:
    """Where no price is kept any more, those that the watch told: they were seen."""
    told: dict[PriceKey, list[Step]] = {}
    for alert in _once(story.alerts):
        news, at = alert.news, alert.news.observed_at or alert.created_at
        if news.basis and news.currency and news.price is not None and at >= since:
            key = PriceKey(news.basis, news.currency)
            told.setdefault(key, []).append(Step(at, at, news.price))
    for key, steps in told.items():
        yield key, Line(_kind(key), steps, str(key.basis))


def _cut(step: Step, since: datetime) -> Step:
    return step._replace(since=since)


def _concerns(story: Story, key: PriceKey) -> bool:
    conditions = story.watch.conditions if story.watch else ()
    return any(concerns(key) for one in conditions if (concerns := getattr(one, "concerns", None)))


def _kind(key: PriceKey) -> str:
    return phrases.capital(words.BASIS_NAME[key.basis])


def _drawing(story: Story, number: int, currency: str, lines: Sequence[tuple[PriceKey, Line]]) -> Drawing:
    own = [line for key, line in lines if key.currency == currency]
    end = story.clock.now
    start = min([end - _SHORTEST, *(line.steps[0].since for line in own)])
    told = [alert for alert in _once(story.alerts) if start <= alert.created_at <= end]
    made = Chart(
        f"chart-{number}", currency, start, end, story.zone, own,
        limits=_limits(story, currency),
        marks=[_mark(alert, currency, story) for alert in told],
        gap=_gap(story),
    )  # fmt: skip
    rows = sorted(_rows(made, told), key=lambda row: row[0], reverse=True)
    return Drawing(
        currency,
        chart.draw(made),
        chart.gist(made),
        legend=[(line.looks, line.name, spoken(line.steps[-1].price, currency)) for line in made.shown],
        rows=[row for _, row in rows[:MOST_ROWS]],
        left_out=max(0, sum(len(line.steps) for line in own) + len(told) - MOST_ROWS),
        others=len(own) - len(made.shown),
        has_alerts=bool(told),
        has_limit=bool(made.limits),
    )


def _gap(story: Story) -> timedelta:
    """Longer than that between two looks, and nothing is known of the time between."""
    served = story.plans.of(story.watch) if story.watch else []
    return max([_GAP, *(_MISSED * one.turn.interval for one in served)])


def _once(alerts: Sequence[Alert]) -> Iterator[Alert]:
    """One alert of each step, whatever the channels it went by."""
    told: dict[str, Alert] = {}
    for alert in sorted(alerts, key=lambda one: (one.created_at, one.id)):
        if not alert.copy_of:
            told.setdefault(alert.code, alert)
    return iter(told.values())


def _mark(alert: Alert, currency: str, story: Story) -> Mark:
    news = alert.news
    said = say(
        "{what}, told {at} (#{code})",
        what=phrases.headline(news),
        at=words.moment(alert.created_at, story.zone),
        code=alert.code[:4],
    )
    return Mark(alert.created_at, news.price if news.currency == currency else None, said)


def _limits(story: Story, currency: str) -> list[Limit]:
    """The limits that were asked for, and the price of the next alert where that is another one."""
    if story.watch is None or story.watch.status != "active":
        return []
    conditions = story.watch.conditions
    asked = {one.limit for one in conditions if isinstance(one, Below) and one.currency == currency}
    found = [
        Limit(price, say("limit {price}", price=words.exact(price, currency))) for price in sorted(asked)
    ]
    coming = max(_coming(story, currency), default=0)
    if coming and coming not in asked:
        said = say("next alert at {price}", price=spoken(coming, currency))
        found.append(Limit(coming, said, is_next=True))
    return found


def _coming(story: Story, currency: str) -> Iterator[int]:
    """At which prices of this currency each target would be told next."""
    if (job := story.job) is None:
        return
    for target_id in job.targets:
        for name, price in thresholds(job.watch, job.state, target_id).fires_at.items():
            if PriceKey.parse(name).currency == currency and price != ANY_PRICE:
                yield price


def _rows(made: Chart, told: Sequence[Alert]) -> Iterator[tuple[datetime, TableRow]]:
    """Of each line only as many as the table has room for."""
    for line in made.lines:
        for step in line.steps[-MOST_ROWS:]:
            since, until = (_moment(at, made) for at in (step.since, step.until))
            yield step.since, TableRow(since, until, line.name, spoken(step.price, made.currency))
    for alert in told:
        at, what = _moment(alert.created_at, made), phrases.headline(alert.news)
        yield alert.created_at, TableRow(at, at, say("Told #{code}", code=alert.code[:4]), what)


def _moment(at: datetime, made: Chart) -> str:
    """To the second where all of it is a matter of hours."""
    is_short = made.end - made.start < _A_DAY
    return words.second(at, made.end, made.zone) if is_short else words.moment(at, made.zone)


def complete_since(story: Story) -> datetime | None:
    """From when on past prices are shown, where older ones are kept that are not; ``None``: all are."""
    asked = story.clock.now - KEPT
    cut = [series.since for series in story.series.values() if series.since > asked]
    return max(cut, default=None)
