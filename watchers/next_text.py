"""When the next text comes, in words: "Next text at $79.80 or less, or after it was over $91.80". Pure."""

from watchers.language import say
from watchers.money import spoken


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
    """The same in a message that is no text."""
    limit = spoken(at, currency)
    if over is None:
        return say("Next alert at {limit} or less.", limit=limit)
    return say(
        "Next alert at {limit} or less, or after it has been over {over}.",
        limit=limit,
        over=spoken(over, currency),
    )
