"""How keenly a target is watched: a sketch of everybody's wishes, small enough for the board.

A target whose watchers would fire at the next small drop is worth more looks than one whose watchers wait
for a miracle. The schedule needs a rough number only (four times the weight halves the interval), so this
counts watches by limit in steps of 5 %, and by kind of event. It may count a watch twice, or one that has
left; ``watchers`` is exact and bounds what comes out. Never used to decide whom to tell.
"""

import math
from collections.abc import Iterable, Mapping

import msgspec

from watchers.kinds import Kind
from watchers.money import PriceKey
from watchers.schedule import KEEN, nearness

STEP = math.log(1.05)
AT_LEAST, AT_MOST = 0.05, max(KEEN.values())  # of one watcher


class Demand(msgspec.Struct):
    """``limits``: of each price key, how many watches fire at about ``1.05 ** step``; ``kinds``: by word."""

    limits: dict[PriceKey, dict[int, int]] = msgspec.field(default_factory=dict)
    kinds: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, fires_at: Mapping[str, int], waits_for: Iterable[str]) -> None:
        """One more watch with these wishes; prices by the text of their key."""
        for name, price in fires_at.items():
            steps = self.limits.setdefault(PriceKey.parse(name), {})
            steps[_step(price)] = steps.get(_step(price), 0) + 1
        for kind in waits_for:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def asked_at(self, key: PriceKey, price: int) -> None:
        """Everybody who fires at ``price`` or a higher one was asked, and says anew what they wait for."""
        kept = {step: number for step, number in self.limits.get(key, {}).items() if step < _step(price)}
        self.limits.pop(key, None)
        if kept:
            self.limits[key] = kept

    def asked_about(self, kind: str) -> None:
        """Everybody who waits for this kind of event was asked."""
        self.kinds.pop(kind, None)

    def weight(self, prices: Mapping[PriceKey, int], watchers: int) -> float:
        """How many watchers it is worth, given its last prices: each counts 0.05 to 4.

        Each limit counts by the chance that the next drop reaches it, each kind by how long what it waits
        for lives.
        """
        near = sum(
            number * nearness(prices.get(key), _price(step))
            for key, steps in self.limits.items()
            for step, number in steps.items()
        )
        keen = sum(number * KEEN[Kind(kind.partition(":")[0])] for kind, number in self.kinds.items())
        return min(max(near + keen, AT_LEAST * watchers), AT_MOST * watchers)


def _step(price: int) -> int:
    return round(math.log(max(price, 1)) / STEP)


def _price(step: int) -> int:
    return round(math.exp(step * STEP))
