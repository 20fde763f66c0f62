"""Loading code in a hurry: what a function that slept does before its first answer.

Nothing of a library becomes rubbish while it is loaded, yet Python looks for some again and again among ever
more objects, and once more, among all of them, as soon as it may: a tenth of the time to a first answer.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Look for no rubbish until the block ends, if anybody does at all.

    If it loaded anything, whatever is alive then is taken to stay, and never looked through again
    (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    was_on, loaded = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if len(sys.modules) > loaded:
                gc.freeze()
            gc.enable()


def collect_rarely() -> None:
    """Look through all that is alive far less often; for a process that knows much and answers people.

    With thousands of targets in memory such a look takes a sixth of a second, in which nobody is answered,
    and Python's own thresholds (700, 10, 10) have one every few seconds. With these it takes thirty times as
    many new objects until the next; what a request leaves to it is little.
    """
    gc.set_threshold(2_000, 10, 100)
