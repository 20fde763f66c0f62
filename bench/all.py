"""Every bench, one after another, and all their figures in one file.

    make bench
    .venv/bin/python bench/all.py tick cost      only these

Prints each table as it comes and the promises that are broken at the end. The figures go to ``data/bench/``:
a file for each bench and ``results.json`` for all, with the machine they were taken on. The exit code says
whether every promise holds.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "data" / "bench"
BENCHES = (
    *("tick", "throughput", "answer_to_post", "cold_start", "million", "cost", "fan_out", "schedule"),
    *("search", "matching", "feed", "pages", "backup", "deliveries"),
)


def _run(name: str) -> int:
    print(f"── {name} " + "─" * (70 - len(name)), flush=True)
    command = [sys.executable, str(ROOT / "bench" / f"{name}.py"), "--json", str(KEPT / f"{name}.json")]
    began = time.monotonic()
    code = subprocess.run(command, check=False).returncode  # noqa: S603 - our own benches
    print(f"   {time.monotonic() - began:.0f} s\n", flush=True)
    return code


def _collected(names: list[str]) -> dict[str, object]:
    """What each bench wrote, by its name."""
    found: dict[str, object] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processors": os.cpu_count(), "system": platform.platform()},
        "python": platform.python_version(),
    }
    for name in names:
        if (file := KEPT / f"{name}.json").is_file():
            found |= json.loads(file.read_text())
    return found


def main() -> int:
    """Run them; 1 if any promise is broken, or a bench did not end well."""
    there = [name for name in BENCHES if (ROOT / "bench" / f"{name}.py").is_file()]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*there, []], default=there)
    names = parser.parse_args().names
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in names:
        (KEPT / f"{name}.json").unlink(missing_ok=True)
    codes = {name: _run(name) for name in names}
    (KEPT / "results.json").write_text(json.dumps(_collected(names), indent=2) + "\n")
    bad = [name for name, code in codes.items() if code]
    print(f"Promises are broken by: {', '.join(bad)}" if bad else "Every promise holds.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
