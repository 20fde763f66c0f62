"""The prices of a watch as a drawing: steps, gaps where nothing was seen, limits, and what was told. Pure.

It is as wide as there is room, and its text as large as elsewhere: lines lie in an inner drawing that is
stretched, words and dots outside of it at so many percent. Colours are the style sheet's. Whatever the
history, the drawing is valid and no larger than ``MOST`` bytes; no low and no alert is left out of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from markupsafe import Markup, escape

from notifiers.words.phrases import one_line
from watchers.language import say, say_many
from watchers.money import spoken
from watchers.price_history import Step
from web import words
from web.watch import axes
from web.watch.axes import Prices
from web.watch.thinning import Drawn, drawn, thinned

MOST = 60_000  # bytes
MOST_LINES = 6
WIDTH, HEIGHT, TOP, BOTTOM = 1000, 240, 22, 26
_COLUMNS = 240  # of all lines together
_MARKS = 50  # columns in which alerts are told apart
_WORD = 0.18  # of the width that a date takes on a phone
_LEFT_OF = {"start": 0.0, "middle": 0.5, "end": 1.0}  # of an anchor: how much of its text
_XML = "http://www.w3.org/2000/svg"
_LABEL = 15  # pixels that a line of text needs
_EDGE = 0.06  # so close to a side, words are set inwards


@dataclass(frozen=True, slots=True)
class Line:
    """The steps of one kind of price, oldest first, and what it is called.

    ``kind``: ``face`` and its like; it gives the line its colour. ``nth`` of this kind: its dashes.
    """

    name: str
    steps: Sequence[Step]
    kind: str = "face"
    nth: int = 1

    @property
    def looks(self) -> str:
        """Its classes."""
        return f"{self.kind} n{self.nth}"


@dataclass(frozen=True, slots=True)
class Limit:
    """A price at which something is told: ``is_next`` where that is the rule of now, not the wish."""

    price: int
    said: str
    is_next: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """An alert: when, at which price (``None``: it told of none), and in words."""

    at: datetime
    price: int | None
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: prices of one currency from ``start`` to ``end``, on the clock of ``zone``.

    ``gap``: between two looks further apart than that, nothing is known. ``id``: unique on its page.
    """

    id: str
    currency: str
    start: datetime
    end: datetime
    zone: tzinfo
    lines: Sequence[Line]
    limits: Sequence[Limit] = ()
    marks: Sequence[Mark] = ()
    gap: timedelta = timedelta(hours=6)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was seen at all."""
        return not any(line.steps for line in self.lines)

    @property
    def shown(self) -> Sequence[Line]:
        """The lines there is room for."""
        return [line for line in self.lines if line.steps][:MOST_LINES]


def gist(chart: Chart) -> str:
    """What the drawing says, in one sentence."""
    start, end = (words.moment(at, chart.zone) for at in (chart.start, chart.end))
    days = say("{start} to {end}", start=start, end=end)
    if chart.is_empty:
        return say("{days}: no price was seen.", days=days)
    parts = [_gist_of(line, chart.currency) for line in chart.shown]
    parts += [
        say("limit {price}", price=spoken(one.price, chart.currency))
        for one in chart.limits
        if not one.is_next
    ]
    if chart.marks:
        parts.append(say_many("told once", "told {number} times", len(chart.marks)))
    return f"{days}: {'; '.join(parts)}."


def _gist_of(line: Line, currency: str) -> str:
    low, high = (spoken(of(step.price for step in line.steps), currency) for of in (min, max))
    last = spoken(line.steps[-1].price, currency)
    if low == high:
        return say("{name} {price} all the time", name=line.name, price=last)
    return say("{name} between {low} and {high}, last {last}", name=line.name, low=low, high=high, last=last)


def draw(chart: Chart) -> Markup:
    """The drawing as SVG."""
    return Markup("".join(_svg(chart)))  # noqa: S704 - every text in it was escaped


def _svg(chart: Chart) -> Iterator[str]:
    whole = HEIGHT + TOP + BOTTOM
    names = f"{chart.id}-title {chart.id}-gist"
    yield f'<svg class="chart steps" role="img" aria-labelledby="{names}" height="{whole}" xmlns="{_XML}">'
    named = say("Price chart ({currency})", currency=chart.currency)
    yield f'<title id="{chart.id}-title">{_text(named)}</title>'
    yield f'<desc id="{chart.id}-gist">{_text(gist(chart))}</desc>'
    if chart.is_empty:
        none = _text(say("No price was seen yet."))
        yield f'<text class="none" x="50%" y="{whole // 2}" text-anchor="middle">{none}</text>'
    else:
        yield from _Drawing(chart).parts()
    yield "</svg>"


class _Drawing:
    """The parts of one drawing, back to front."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.start = chart.start.timestamp()
        self.length = max(chart.end.timestamp() - self.start, 1.0)
        seen = (step.price for line in chart.shown for step in line.steps)
        told = (mark.price for mark in chart.marks if mark.price is not None)
        self.axis: Prices = axes.prices([*seen, *told], (limit.price for limit in chart.limits))
        columns = max(_COLUMNS // len(chart.shown), 1)
        self.lines = [thinned(drawn(line.steps, chart.gap), columns) for line in chart.shown]

    def parts(self) -> Iterator[str]:
        yield from self._amounts()
        yield from self._moments()
        inner = f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
        yield f'<svg y="{TOP}" width="100%" height="{HEIGHT}" {inner}>'
        if len(self.lines) == 1:
            yield f'<path class="area {self.chart.shown[0].kind}" d="{"".join(self._area(self.lines[0]))}"/>'
        for line, steps in reversed(list(zip(self.chart.shown, self.lines, strict=True))):
            yield f'<path class="line {line.looks}" d="{"".join(self._path(steps))}"/>'
        yield "</svg>"
        yield from self._limits()
        yield from self._ends()
        yield from self._lowest()
        yield from self._marks()

    # ── where things are ──

    def x(self, at: float) -> float:
        """From 0 to 1."""
        return min(max((at - self.start) / self.length, 0.0), 1.0)

    def y(self, price: int) -> float:
        """Pixels from the top of the inner drawing."""
        return HEIGHT * self.axis.share(price)

    def across(self, at: float) -> str:
        return f"{100 * self.x(at):.2f}%"

    def inside(self, at: float) -> str:
        return _number(WIDTH * self.x(at))

    # ── axes ──

    def _amounts(self) -> Iterator[str]:
        for price, said in axes.amounts(self.axis, self.chart.currency):
            y = _number(TOP + self.y(price))
            yield f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
            yield f'<text class="tick" x="-8" y="{y}" dy=".32em" text-anchor="end">{_text(said)}</text>'

    def _moments(self) -> Iterator[str]:
        free = 0.0
        for at, said in axes.moments(self.chart.start, self.chart.end, self.chart.zone):
            share, x = self.x(at.timestamp()), self.across(at.timestamp())
            anchor = _anchor(share)
            begins = share - _WORD * _LEFT_OF[anchor]
            if begins < free:
                continue  # no room beside the one before
            free = begins + _WORD
            y = TOP + HEIGHT
            yield f'<line class="stroke" x1="{x}" x2="{x}" y1="{y}" y2="{y + 5}"/>'
            yield f'<text class="tick" x="{x}" y="{y + 20}" text-anchor="{anchor}">{_text(said)}</text>'

    # ── lines ──

    def _path(self, line: Sequence[Drawn]) -> Iterator[str]:
        for one in line:
            since, y = self.inside(one.since), _number(self.y(one.price))
            yield f"H{since}V{y}" if one.joined else f"M{since} {y}"
            yield f"H{_number(max(WIDTH * self.x(one.until), WIDTH * self.x(one.since) + 0.1))}"

    def _area(self, line: Sequence[Drawn]) -> Iterator[str]:
        last = ""
        for one in line:
            since = self.inside(one.since)
            if one.joined:
                yield f"H{since}"
            else:
                yield f"V{HEIGHT}Z" if last else ""
                yield f"M{since} {HEIGHT}"
            last = self.inside(one.until)
            yield f"V{_number(self.y(one.price))}H{last}"
        yield f"V{HEIGHT}Z"

    def _ends(self) -> Iterator[str]:
        for line, steps in zip(self.chart.shown, self.lines, strict=True):
            x, y = self.across(steps[-1].until), _number(TOP + self.y(steps[-1].price))
            yield f'<circle class="end {line.kind}" cx="{x}" cy="{y}" r="4"/>'

    def _lowest(self) -> Iterator[str]:
        """The lowest price of a single line, by its amount; not where it stands now, and never twice."""
        if len(self.lines) != 1 or len({one.price for one in self.lines[0]}) == 1:
            return
        lowest = min(self.lines[0], key=lambda one: (one.price, -one.since))
        middle = self.x((lowest.since + lowest.until) / 2)
        said = spoken(lowest.price, self.chart.currency)
        is_covered = any(abs(self.x(mark.at.timestamp()) - middle) < _EDGE for mark in self.chart.marks)
        y = TOP + self.y(lowest.price) + (_LABEL if not is_covered else _LABEL + 9)
        yield (
            f'<text class="low" x="{100 * middle:.2f}%" y="{_number(y)}" '
            f'text-anchor="{_anchor(middle)}">{_text(said)}</text>'
        )

    # ── limits and alerts ──

    def _limits(self) -> Iterator[str]:
        lowest_label = TOP + HEIGHT - 4.0
        above = float(TOP)
        for limit in sorted(self.chart.limits, key=lambda one: -one.price):
            y = TOP + self.y(limit.price)
            label = min(max(y - 5, above), lowest_label)
            above = label + _LABEL
            kind = "limit next" if limit.is_next else "limit"
            if self.axis.has(limit.price):
                yield f'<line class="{kind}" x1="0" x2="100%" y1="{_number(y)}" y2="{_number(y)}"/>'
                said = limit.said
            else:
                said = f"{'↓' if limit.price < self.axis.low else '↑'} {limit.said}"
            yield f'<text class="{kind}" x="4" y="{_number(label)}">{_text(said)}</text>'

    def _marks(self) -> Iterator[str]:
        for told in clustered(self.chart.marks, self.chart.start, self.chart.end):
            lead = min(told, key=lambda one: (one.price is None, one.price))
            x, y = (
                self.across(lead.at.timestamp()),
                TOP + HEIGHT if lead.price is None else TOP + self.y(lead.price),
            )
            size = 6 if len(told) == 1 else 9
            yield f'<g class="alert" data-alerts="{len(told)}"><title>{_text(_told(told))}</title>'
            yield f'<circle cx="{x}" cy="{_number(y)}" r="{size}"/>'
            if len(told) > 1:
                yield f'<text x="{x}" y="{_number(y)}" dy=".34em" text-anchor="middle">{len(told)}</text>'
            yield "</g>"


def clustered(marks: Iterable[Mark], start: datetime, end: datetime) -> list[list[Mark]]:
    """Alerts that lie so close together that they are one dot, oldest first; none is left out."""
    width = max((end - start) / _MARKS, timedelta(seconds=1))
    ordered = sorted(marks, key=lambda mark: mark.at)
    by_column = groupby(ordered, lambda mark: min(max((mark.at - start) // width, 0), _MARKS - 1))
    return [list(found) for _, found in by_column]


def _told(told: Sequence[Mark]) -> str:
    if len(told) == 1:
        return told[0].said
    return say_many(
        "{number} alert, the last: {last}", "{number} alerts, the last: {last}", len(told), last=told[-1].said
    )


def _anchor(share: float) -> str:
    return "start" if share < _EDGE else "end" if share > 1 - _EDGE else "middle"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(said: str) -> str:
    """Words that any reader of XML takes, and not too many of them."""
    allowed = "".join(letter for letter in one_line(said) if letter not in "\ufffe\uffff")
    return str(escape(allowed[:600]))
