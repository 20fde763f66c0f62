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
    """``{"format": …, "version": 1, "watches": […]}``, each watch in the shape of its own document."""
    every = [dict(fields) for fields in documents]
    whole = {"format": FORMAT, "version": VERSION, "watches": every}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=_written) + "\n"


def as_csv(watches: Iterable[Watch]) -> str:
    """A header and a row a watch, for spreadsheets too: no cell is a formula."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for watch in watches:
        row = cells(watch)
        writer.writerow([guarded(row[name]) for name in COLUMNS])
    return _MARK + sheet.getvalue()


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
