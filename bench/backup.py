"""How long a copy of the SQLite file takes, and how long those wait who write meanwhile.

    .venv/bin/python bench/backup.py

Real: ``store/snapshot.py``, as ``scout.py backup`` calls it, on a file of 100,000 documents of which each has
a text that is indexed and two more fields; a thread saves one small document after another all the time.
Promised: writing goes on, and nobody who writes waits for as long as a process's patience (5 seconds).
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.report import Report, arguments
from store.snapshot import back_up
from store.sqlite import SqliteDocuments
from watchers.documents import Put

DOCUMENTS, AT_ONCE, TEXT = 100_000, 500, "x" * 700
PATIENCE = 5.0  # seconds


def fill(documents: SqliteDocuments, number: int) -> None:
    """So many documents."""
    for start in range(0, number, AT_ONCE):
        batch = range(start, min(start + AT_ONCE, number))
        documents.commit(*(Put(f"rows/{n}", {"text": TEXT, "n": n, "uid": f"u{n % 999}"}) for n in batch))


class Writer(threading.Thread):
    """Saves all the time, and notes how long each took."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self._path, self.took, self.over = path, list[float](), threading.Event()

    def run(self) -> None:
        """Until it is over."""
        documents = SqliteDocuments(self._path)
        while not self.over.is_set():
            began = time.perf_counter()
            documents.commit(Put("counters/c", {"n": len(self.took)}))
            self.took.append(time.perf_counter() - began)
        documents.close()


def main() -> int:
    """Measure, print, and say in the exit code whether the promises hold."""
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    asked = parser.parse_args()
    report = Report("backup")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scout.db"
        fill(SqliteDocuments(str(path)), asked.documents)
        writer = Writer(str(path))
        writer.start()
        time.sleep(0.5)
        began, before = time.perf_counter(), len(writer.took)
        made = back_up(path, Path(folder) / "copy.db")
        seconds = time.perf_counter() - began
        took = writer.took[before:]
        writer.over.set()
        writer.join()
    report.say("documents", made.documents)
    report.say("size of the copy", made.size / 1e6, ",.0f", "MB")
    report.say("copied and looked through in", seconds, ".2f", "s")
    report.say("writes meanwhile", len(took))
    report.say("the slowest of them", max(took, default=0.0), ".3f", "s")
    report.promise("writing goes on", holds=bool(took))
    report.promise("nobody who writes runs out of patience", holds=max(took, default=0.0) < PATIENCE)
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
