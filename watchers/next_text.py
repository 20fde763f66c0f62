"""When something is told next, in words: "Next text at $79.80 or less, or after it was over $91.80". Pure.

A text says so of the next text. Whatever may reach somebody in another way speaks of the next alert.
"""

from collections.abc import Iterable

from watchers.language import Sayings, say, to_say
from watchers.money import Basis, PriceKey, spoken

BASIS_NAME = Sayings(
    {
        Basis.FACE: to_say("face value"),
        Basis.ALL_IN: to_say("all-in"),
        Basis.RESALE: to_say("resale"),
        Basis.LISTING: to_say("list price"),
    }
)
"""A kind of price, by its name."""


def next_text(at: int, over: int | None, currency: str) -> str:
    """The rule in one line.

    Args:
        at: The highest price that is told, in minor units of ``currency``.
        over: Over which price it must have been to be told at the limit again, where it was told there.
        currency: Its ISO code.
    """
    limit = spoken(at, currency)
    if over is None:
        return say("Next text at {limit} or less.", limit=limit)
    return say(
        "Next text at {limit} or less, or after it has been over {over}.",
        limit=limit,
        over=spoken(over, currency),
    )


def next_alert(at: int, over: int | None, currency: str) -> str:
    """The same where it is not known to be a text."""
    limit = spoken(at, currency)
    if over is None:
        return say("Next alert at {limit} or less.", limit=limit)
    return say(
        "Next alert at {limit} or less, or after it has been over {over}.",
        limit=limit,
        over=spoken(over, currency),
    )


def each(rules: Iterable[tuple[PriceKey, str]]) -> list[str]:
    """Each sentence once; where they differ, of which kinds of price it speaks."""
    found = dict[str, dict[str, None]]()
    for key, sentence in rules:
        found.setdefault(sentence, {})[BASIS_NAME[key.basis]] = None
    if len(found) == 1:
        return list(found)
    return [f"{sentence.removesuffix('.')} ({', '.join(bases)})." for sentence, bases in found.items()]
