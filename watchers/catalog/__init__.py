"""One search over all markets, for people: ``Catalog`` with ``search``, ``compare`` and ``deals``.

catalog.py     asks everybody at once, and adds it up
question.py    what is asked of them
kept.py        what was asked a moment ago, and never twice at once
inquiry.py     one question to one market, from the purse, tried again
same.py        which entries are one event (``watchers.matching``, and what people said)
merged.py      one event, its markets and its best prices
bargains.py    what costs at most so much
found.py       all of it, and who is missing
"""

from watchers.catalog.catalog import COMPARED, FAILED, SEARCHED, Catalog

__all__ = ["COMPARED", "FAILED", "SEARCHED", "Catalog"]
