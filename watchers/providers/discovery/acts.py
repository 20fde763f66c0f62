"""Who plays in which event, as far as this process has seen: an act's page shows up to 200 of its events.

Fifty events are asked for in one call by their ids, so an act's page is cheaper only for those who play more
often than that (a musical, a residency), or where Ticketmaster refuses lists of ids.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from watchers.providers import shapes
from watchers.providers.discovery.event import event_id
from watchers.target import Target

A_PAGE = 200
MOST = 50_000  # events remembered; beyond that all are forgotten


class Acts:
    """Remembers the first attraction of each event that was seen. Forgetting costs calls, nothing else."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._many: set[str] = set()

    def plays_more_than_a_page(self, act: str) -> None:
        """Its page does not show all of its events: they are asked for by their ids."""
        self._many.add(act)

    def learn(self, event: Mapping[str, Any]) -> None:
        """Note who plays."""
        attractions = shapes.rows(shapes.mapping(event.get("_embedded")).get("attractions"))
        item, act = event_id(event), shapes.text(attractions[0].get("id")) if attractions else None
        if item and act:
            self._of[item] = act
            if len(self._of) > MOST:  # rare, and several threads may be here
                self._of = {}

    def of(self, targets: Sequence[Target]) -> str | None:
        """The act that plays in all of these, if there is one."""
        acts = {self._of.get(target.item or "") for target in targets}
        return acts.pop() if len(acts) == 1 else None

    def grouped(self, items: Sequence[Target], more_than: int) -> tuple[list[list[Target]], list[Target]]:
        """Pages of acts of which more than so many events are asked for, and all other items."""
        by_act: dict[str, list[Target]] = {}
        for target in items:
            if (act := self._of.get(target.item or "")) and act not in self._many:
                by_act.setdefault(act, []).append(target)
        pages = [events[:A_PAGE] for events in by_act.values() if len(events) > more_than]
        taken = {id(target) for events in pages for target in events}
        return pages, [target for target in items if id(target) not in taken]
