"""What a watch remembers between looks.

It lies in the worker's copy of the watch and is written only when something happened. Frozen values in
the form they are stored; ``rules.py`` alone decides what they become.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Episode(BaseModel):
    """One condition on one price key: how often it opened, how deep it went, and whether it is open."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    number: int = 0
    step: int = 0
    open: bool = False
    rearms_at: int = 0


class Track(BaseModel):
    """One price key of one target, as this watch knows it. Prices in minor units.

    ``reference`` is what a drop is measured from; ``None`` until the first look at this key. A free price is
    none to drop from: 0 gives way to the first price above it.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    reference: int | None = None
    told: int | None = None
    episodes: Mapping[str, Episode] = {}


class TargetState(BaseModel):
    """What a watch remembers of one target; written only when something happened."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    decided_at: datetime | None = None
    tracks: Mapping[str, Track] = {}
    listings_told: tuple[str, ...] = ()
    facts_told: Mapping[str, datetime] = {}
    restock_told_at: datetime | None = None
    steps: int = 0  # alerts about anything but a price


class LastTold(BaseModel):
    """What the person was told last; ``price`` in minor units of ``currency``."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    at: datetime
    reason: str
    code: str
    price: int | None = None
    currency: str | None = None


class WatchState(BaseModel):
    """The memory of one watch, by target id."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    targets: Mapping[str, TargetState] = {}
    last_told: LastTold | None = None

    def of(self, target_id: str) -> TargetState:
        """What is remembered of this target; a fresh memory when nothing is."""
        return self.targets.get(target_id, TargetState())

    def remembering(self, target_id: str, memory: TargetState) -> "WatchState":
        """With this memory of a target; the same when nothing is new."""
        if memory == self.of(target_id):
            return self
        return self.model_copy(update={"targets": {**self.targets, target_id: memory}})

    def to_fields(self) -> dict[str, Any]:
        """As a map of the worker's document."""
        return self.model_dump(exclude_defaults=True)
