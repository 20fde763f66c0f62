"""What can be asked upstream. Frozen values, light enough for boards of thousands.

What a person writes is read and refused by ``watch.py``; here stands only what always holds.
"""

import hashlib
import json
from datetime import date
from functools import cached_property
from typing import Any, Literal

import msgspec

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Search(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A query over a provider's catalogue. Texts are as the person wrote them; days are the event's own."""

    keyword: str | None = None
    city: str | None = None
    country: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    category: str | None = None
    weekdays: tuple[Weekday, ...] = ()


class Target(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, dict=True):
    """One thing that can be asked upstream. Watches that share a target share its calls.

    Exactly one of ``item`` (the provider's own id) and ``search`` is given. ``country`` chooses the shop
    for providers whose prices depend on it (two letters).

    Raises:
        ValueError: both are given, or neither.
    """

    provider: str
    item: str | None = None
    search: Search | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        if (self.item is None) == (self.search is None):
            raise ValueError("a target has either an item or a search")

    @cached_property
    def id(self) -> str:
        """Derived from what is asked, so that equal questions are one target: ``steam-1f0c…``."""
        canonical = json.dumps(self.to_document(), sort_keys=True, ensure_ascii=False)
        return f"{self.provider}-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"

    @cached_property
    def question(self) -> bytes:
        """The target as JSON, made once: boards hold thousands."""
        return msgspec.json.encode(self)

    def to_document(self) -> dict[str, Any]:
        """The target as stored: only what was given."""
        return msgspec.json.decode(self.question)  # type: ignore[no-any-return]


def asked(question: bytes) -> Target:
    """The target of a ``Target.question``.

    Raises:
        ValueError: it is none.
    """
    return msgspec.json.decode(question, type=Target)
