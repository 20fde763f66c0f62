"""What every bench has in common: medians, a table, a file of JSON, and an exit code that says what holds."""

import argparse
import gc
import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def median(figures: Sequence[float]) -> float:
    """Half are at least this much."""
    return statistics.median(figures)


def resident_now_mb() -> float:
    """What this process holds now, and not at its worst moment (Linux)."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def resident_peak_mb() -> float:
    """The most this process ever held in memory; counted from its own first line, not its parent's."""
    status = Path("/proc/self/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


@dataclass
class Report:
    """Figures by name, and promises about them. ``title`` is also the name of the JSON's one key."""

    title: str
    figures: dict[str, Any] = field(default_factory=dict)
    promises: dict[str, bool] = field(default_factory=dict)

    def say(self, name: str, figure: float | str, form: str = ",.0f", unit: str = "") -> None:
        """Print one line and keep its figure."""
        told = figure if isinstance(figure, str) else f"{figure:{form}}"
        print(f"{name:58}{told:>14}{unit and ' ' + unit}", flush=True)
        self.figures[name] = figure if isinstance(figure, str) else round(figure, 6)

    def promise(self, what: str, *, holds: bool) -> None:
        """Print whether something that was promised holds."""
        self.promises[what] = holds
        print(f"{'  holds' if holds else 'X BROKEN'}  {what}", flush=True)

    def end(self, path: Path | None) -> int:
        """Write the JSON where it was asked for; the exit code: 0 if every promise holds."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            told = {self.title: {"figures": self.figures, "promises": self.promises}}
            path.write_text(json.dumps(told, indent=2) + "\n")
        return 0 if all(self.promises.values()) else 1


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """A parser with what every bench understands: ``--json PATH`` and ``--runs N``."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures here")
    parser.add_argument("--runs", type=int, default=5, help="medians are taken over so many")
    return parser
