"""Whatever was seen, the drawing is valid, small, and leaves out no low and no alert."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchers.price_history import Step
from web.watch.chart import MOST, Chart, Limit, Line, Mark, clustered, draw, gist
from web.watch.thinning import drawn, thinned

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
ZONES = [ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Pacific/Apia")]


def _parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


prices = st.one_of(st.integers(0, 20_000), st.integers(0, 10**15))
texts = st.text(max_size=80)


@st.composite
def steps(draw_: st.DrawFn, most: int = 60) -> list[Step]:
    at, found = START, []
    for _ in range(draw_(st.integers(0, most))):
        at += timedelta(seconds=draw_(st.integers(0, 900_000)))
        until = at + timedelta(seconds=draw_(st.integers(0, 900_000)))
        found.append(Step(at, until, draw_(prices)))
        at = until
    return found


@st.composite
def charts(draw_: st.DrawFn) -> Chart:
    lines = [Line(draw_(texts), draw_(steps())) for _ in range(draw_(st.integers(0, 9)))]
    ends = [step.until for line in lines for step in line.steps]
    end = max(ends, default=START) + timedelta(seconds=draw_(st.integers(0, 90_000)))
    span = int((end - START).total_seconds())
    marks = [
        Mark(START + timedelta(seconds=draw_(st.integers(0, span))), draw_(st.none() | prices), draw_(texts))
        for _ in range(draw_(st.integers(0, 80)))
    ]
    limits = [
        Limit(draw_(prices), draw_(texts), draw_(st.booleans())) for _ in range(draw_(st.integers(0, 5)))
    ]
    currency = draw_(st.sampled_from(["USD", "JPY", "KWD", "CHF"]))
    return Chart("c", currency, START, end, draw_(st.sampled_from(ZONES)), lines, limits, marks)


@settings(max_examples=40, deadline=None)
@given(charts())
def test_any_history_is_a_valid_drawing_of_bounded_size(chart: Chart) -> None:
    svg = draw(chart)
    root = _parsed(svg)
    assert len(svg.encode()) <= MOST
    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text
    assert desc is not None
    assert desc.text
    assert "style=" not in svg
    ticks = [one.text or "" for one in root.iter(f"{SVG}text") if one.get("class") == "tick"]
    assert not any("-" in tick for tick in ticks)  # no amount below nothing
    assert "nan" not in svg.lower()
    if not chart.is_empty:
        told = sum(int(mark.get("data-alerts", 0)) for mark in root.iter(f"{SVG}g"))
        assert told == len(chart.marks)


@pytest.mark.parametrize("lines", [1, 6])
def test_ten_thousand_steps_with_two_hundred_alerts_stay_small(lines: int) -> None:
    whole = [
        Step(START + timedelta(hours=n), START + timedelta(hours=n, minutes=50), 5000 + (n * 7919) % 9000)
        for n in range(10_000)
    ]
    whole[4321] = whole[4321]._replace(price=17)
    marks = [
        Mark(step.since, step.price, "Told $50 on 14 Jun 10:40 (#K7Q2), which is news")
        for step in whole[::50]
    ]
    chart = Chart("c", "USD", START, whole[-1].until, ZONES[0], [Line("Face", whole)] * lines, (), marks)
    svg = draw(chart)
    assert len(svg.encode()) <= MOST
    assert _parsed(svg) is not None
    assert lines > 1 or ">$0.17</text>" in svg


@settings(max_examples=40, deadline=None)
@given(steps(150), st.integers(1, 30))
def test_thinning_keeps_every_low_and_high_the_ends_and_the_order(whole: list[Step], columns: int) -> None:
    line = drawn(whole, timedelta(hours=6))
    kept = thinned(line, columns)
    assert len(kept) <= max(4 * columns, 0) or kept is line
    assert [one.since for one in kept] == sorted(one.since for one in kept)
    if line:
        assert min(one.price for one in kept) == min(one.price for one in line)
        assert max(one.price for one in kept) == max(one.price for one in line)
        assert (kept[0][:3], kept[-1][:3]) == (line[0][:3], line[-1][:3])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**7), max_size=300))
def test_no_alert_is_left_out_where_dots_would_lie_on_each_other(seconds: list[int]) -> None:
    marks = [Mark(START + timedelta(seconds=second), None, "told") for second in seconds]
    found = clustered(marks, START, START + timedelta(seconds=10**7))
    assert sum(len(one) for one in found) == len(marks)
    assert len(found) <= 50


def _chart(*several: Step, **changes: object) -> Chart:
    facts: dict[str, object] = {"limits": (), "marks": ()}
    end = max((step.until for step in several), default=START + timedelta(days=1))
    return Chart("c", "USD", START, end, ZONES[0], [Line("Face value", several)], **facts | changes)  # type: ignore[arg-type]


HOUR = timedelta(hours=1)


def test_where_nothing_was_seen_the_line_has_a_gap() -> None:
    close = _chart(Step(START, START + HOUR, 9000), Step(START + 2 * HOUR, START + 3 * HOUR, 8000))
    apart = _chart(Step(START, START + HOUR, 9000), Step(START + 20 * HOUR, START + 21 * HOUR, 8000))
    assert _line(close).count("M") == 1
    assert _line(apart).count("M") == 2


def _line(chart: Chart) -> str:
    path = next(one for one in _parsed(draw(chart)).iter(f"{SVG}path") if one.get("class") == "line face n1")
    return path.get("d") or ""


def test_the_gist_says_range_last_price_limit_and_how_often_was_told() -> None:
    chart = _chart(
        Step(START, START + HOUR, 11200),
        Step(START + HOUR, START + 2 * HOUR, 7100),
        Step(START + 2 * HOUR, START + 3 * HOUR, 8400),
        limits=[Limit(9000, "limit $90.00"), Limit(7980, "next", is_next=True)],
        marks=[Mark(START + HOUR, 7100, "told"), Mark(START + 2 * HOUR, 8400, "told")],
    )
    assert gist(chart) == (
        "1 Mar 12:00 to 1 Mar 15:00: Face value between $71 and $112, last $84; limit $90; told 2 times."
    )


def test_a_limit_far_below_is_said_at_the_edge_and_crushes_nothing() -> None:
    svg = draw(_chart(Step(START, START + HOUR, 50000), limits=[Limit(500, "limit $5.00")]))
    assert "↓ limit $5.00" in svg
    assert ">$0<" not in svg


def test_nothing_seen_is_said() -> None:
    assert "No price was seen yet." in draw(_chart())
    assert gist(_chart()).endswith("no price was seen.")


def test_what_a_stranger_named_cannot_leave_its_text() -> None:
    chart = _chart(
        Step(START, START + HOUR, 5),
        limits=[Limit(5, '"/><script>alert(1)</script>\x00\ufffe')],
        marks=[Mark(START, 5, "</title><image href=x>")],
    )
    svg = draw(chart)
    assert "<script" not in svg
    assert "<image" not in svg
    _parsed(svg)
