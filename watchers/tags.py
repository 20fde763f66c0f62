"""A person's own words on a watch, to find it by: reading them, adding some, taking some away. Pure.

Two words are the same whatever their case; the one that was there first stays as it is written.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from watchers.errors import WatchRefusedError
from watchers.language import say

MOST, LONGEST = 10, 30  # as ``watch.Watch`` has it


def read_tags(text: str) -> tuple[str, ...]:
    """The words in ``concert, with Ann``: each once, in their order.

    Raises:
        WatchRefusedError: with a sentence: there are too many, or one is too long.
    """
    words = (_one_line(part) for part in text.replace(";", ",").split(","))
    found = _once(word for word in words if word)
    if long := next((word for word in found if len(word) > LONGEST), None):
        raise WatchRefusedError(
            [say("“{tag}…” is too long: a tag has {most} letters at most.", tag=long[:LONGEST], most=LONGEST)]
        )
    return _few(found)


def tags_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags among a watch's fields; none where they are not a list of words."""
    said = fields.get("tags")
    return tuple(one for one in said if isinstance(one, str)) if isinstance(said, list | tuple) else ()


def retagged(
    fields: Mapping[str, Any], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> dict[str, Any]:
    """The fields that change with these tags added and those taken away; none where it is so already.

    Raises:
        WatchRefusedError: there would be too many, or the watch is of a shape that has no tags.
    """
    known, gone = tags_of(fields), {word.casefold() for word in remove}
    wanted = _few(_once(word for word in (*known, *add) if word.casefold() not in gone))
    return replaced(fields, wanted)


def replaced(fields: Mapping[str, Any], tags: Iterable[str]) -> dict[str, Any]:
    """As ``retagged``, with exactly these tags."""
    wanted = list(tags)
    if wanted == list(tags_of(fields)):
        return {}
    if "eventId" in fields:  # the plain shape of the first generation
        raise WatchRefusedError([say("This watch has no place for tags yet. Edit it and save it once.")])
    return {"tags": wanted}


def _few(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(words) > MOST:
        raise WatchRefusedError([say("A watch has {most} tags at most.", most=MOST)])
    return words


def _once(words: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(word.casefold(), word)
    return tuple(found.values())


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
