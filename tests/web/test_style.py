"""Every text and its background differ enough to be read (WCAG AA: 4.5 to 1), by day and in the dark."""

import re
from pathlib import Path

import pytest

import web

CSS = (Path(web.__file__).parent / "assets" / "css" / "base.css").read_text(encoding="utf-8")
TEXT = [
    *((ink, paper) for ink in ("ink", "soft", "accent", "bad") for paper in ("paper", "card")),
    ("on-accent", "accent"),
    ("warn-ink", "warn"),
    ("good", "good-paper"),
    ("bad", "bad-paper"),
    ("ink", "bad-paper"),
    ("ink", "calm-paper"),
    ("accent", "bad-paper"),
    ("ink", "accent-paper"),
    ("accent", "accent-paper"),
]
SERIES = ("face", "all-in", "resale", "listing", "limit", "alert")


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), TEXT)
def test_text_can_be_read(mode: int, ink: str, paper: str) -> None:
    assert _contrast(_colours(mode)[ink], _colours(mode)[paper]) >= 4.5


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("paper", ["paper", "card"])
@pytest.mark.parametrize("line", ["edge", "accent"])
def test_fields_and_focus_can_be_seen(mode: int, paper: str, line: str) -> None:
    assert _contrast(_colours(mode)[line], _colours(mode)[paper]) >= 3


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("series", SERIES)
def test_lines_of_a_chart_can_be_seen(mode: int, series: str) -> None:
    assert _contrast(_colours(mode)[f"chart-{series}"], _colours(mode)["card"]) >= 3


def _colours(mode: int) -> dict[str, str]:
    block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[mode]
    found = re.findall(r"--([a-z-]+): #([0-9a-f]{3,6});", block)
    return {
        name: value if len(value) == 6 else "".join(2 * digit for digit in value) for name, value in found
    }


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
