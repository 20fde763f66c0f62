"""What a search over all markets found, and who is missing in it. A frozen value without I/O."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from watchers.catalog.merged import Merged


class Found(msgspec.Struct, frozen=True):
    """What the markets know.

    Attributes:
        events: By day, and then as the markets order them.
        answered: Markets that were seen, whether they have anything or not.
        absences: Markets that were asked and not seen, with the reason as a sentence.
        unasked: Markets that cannot be searched like this, with the reason.
        off: Markets that are switched off, with the setting that is missing.
        remarks: What could not be understood of a market's answer, or is missing in it.
        as_of: When the oldest answer in it arrived; ``None`` where nobody answered.
    """

    events: tuple[Merged, ...] = ()
    answered: tuple[str, ...] = ()
    absences: Mapping[str, str] = msgspec.field(default_factory=dict)
    unasked: Mapping[str, str] = msgspec.field(default_factory=dict)
    off: Mapping[str, str] = msgspec.field(default_factory=dict)
    remarks: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    as_of: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Every field."""
        return {"events": [one.to_json() for one in self.events], **self.surroundings()}

    def surroundings(self) -> dict[str, Any]:
        """All but the events."""
        return {
            "answered": list(self.answered),
            "absences": dict(self.absences),
            "unasked": dict(self.unasked),
            "off": dict(self.off),
            "remarks": {name: list(said) for name, said in self.remarks.items()},
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }
