"""Cells that no spreadsheet takes for a formula, and the way back. Pure.

Spreadsheets run what begins with one of a few characters, so such a cell gets an apostrophe; and so that it
can be taken off again without a doubt, a cell that has apostrophes before such a character gets one more.
Where another separator than the file's is usual (semicolons, in much of Europe), a cell is torn apart at it,
whatever quotation marks say: what would then begin a cell is guarded in the same way.
https://owasp.org/www-community/attacks/CSV_Injection
"""

import re

_RUNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_BEGINS = re.compile(rf"'*(?:[\t\r\n]|\s*{_RUNS})")
_TORN = re.compile(rf"""([;\t\r\n][\s"]*)('*)(?={_RUNS})""")


def guarded(cell: str) -> str:
    """The cell as it is written."""
    cell = _TORN.sub(r"\1'\2", cell)
    return f"'{cell}" if _BEGINS.match(cell) else cell


def unguarded(cell: str) -> str:
    """The inverse of ``guarded``; what was never guarded stays."""
    cell = cell[1:] if cell.startswith("'") and _BEGINS.match(cell) else cell
    return _TORN.sub(lambda found: found[1] + found[2][1:], cell)
