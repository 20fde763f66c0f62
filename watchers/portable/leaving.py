"""Watches as a file: JSON that holds all of them as they are, or a sheet of those that fit. Pure."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from watchers.portable.columns import COLUMNS, cells
from watchers.portable.guarding import guarded
from watchers.watch import Watch

VERSION = 1
FORMAT = "ticket-scout-watches"
_MARK = "\ufeff"  # by which spreadsheets know UTF-8


def as_json(documents: Iterable[Mapping[str, Any]]) -> str:
    """``{"format": …, "version": 1, "watches": […]}``, each watch as its own document, on a line."""
    every = (json.dumps(dict(fields), ensure_ascii=False, default=_written) for fields in documents)
    watches = ",\n".join(every)
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "watches": [\n{watches}\n]}}\n'


def as_csv(watches: Iterable[Watch]) -> str:
    """A header and a row a watch, for spreadsheets too: no cell is a formula, whatever they split it at."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for watch in watches:
        row = cells(watch)
        writer.writerow([guarded(row[name]) for name in COLUMNS])
    return _MARK + sheet.getvalue()


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
