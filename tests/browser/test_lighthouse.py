"""Lighthouse on the form and the list: at least 95 in each category, on its own slow phone and network."""

import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM
from tests.browser.pages import Seeded

LIGHTHOUSE = shutil.which(os.environ.get("LIGHTHOUSE", "lighthouse"))
CATEGORIES = {"performance", "accessibility", "best-practices", "seo"}
BOUND = 95
STARTS = 3  # of the tool itself, which now and then loses its browser and then says nothing of the page
AGAIN = 2  # a busy machine measures its own neighbours: the median of three counts where the first is short

pytestmark = pytest.mark.skipif(not LIGHTHOUSE, reason="needs lighthouse 12 (npm install lighthouse)")


@pytest.mark.parametrize("path", ["/", "/watches/new"], ids=["list", "form"])
def test_a_page_is_fast_and_well_made(path: str, seeded: Seeded, tmp_path: Path) -> None:
    runs = [_scores(seeded.url + path, tmp_path)]
    if not _is_good(runs):
        runs += [_scores(seeded.url + path, tmp_path) for _ in range(AGAIN)]
    assert _is_good(runs), (path, runs)


def _is_good(runs: list[dict[str, float]]) -> bool:
    return all(statistics.median(run[name] for run in runs) >= BOUND for name in CATEGORIES)


def _scores(url: str, folder: Path) -> dict[str, float]:
    """Of 100, by category."""
    report = folder / "report.json"
    flags = ["--output=json", f"--output-path={report}", "--quiet"]
    chrome = "--chrome-flags=--headless=new --no-sandbox"
    for _ in range(STARTS):
        ran = subprocess.run(  # noqa: S603 - nothing of it comes from outside
            [str(LIGHTHOUSE), url, *flags, chrome],
            env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
            check=False,
            timeout=180,
            capture_output=True,
            text=True,
        )
        if ran.returncode == 0:
            break
    assert ran.returncode == 0, ran.stderr
    categories = json.loads(report.read_text())["categories"]
    assert set(categories) == CATEGORIES
    return {name: 100 * one["score"] for name, one in categories.items()}
