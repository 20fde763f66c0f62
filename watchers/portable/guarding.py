"""Cells that no spreadsheet takes for a formula, and the way back. Pure.

Spreadsheets run what begins with one of a few characters, so such a cell gets an apostrophe; and so that it
can be taken off again without a doubt, a cell that has apostrophes before such a character gets one more.
https://owasp.org/www-community/attacks/CSV_Injection
"""

import re

_RUNS = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def guarded(cell: str) -> str:
    """The cell as it is written."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def unguarded(cell: str) -> str:
    """The inverse of ``guarded``; what was never guarded stays."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell
