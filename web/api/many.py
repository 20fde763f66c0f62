"""Many watches with one request: pause, resume, snooze, tag, untag, delete."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from watchers import verbs
from watchers.tags import MOST as MOST_TAGS
from watchers.tags import retagged
from watchers.watch import Word
from web import bulk
from web.api.models import WatchId
from web.api.operation import Access, Call, Operation, Reply
from web.api.reading import not_accepted
from web.api.shape import Shape
from web.api.watches import LONGEST_SNOOZE
from web.bulk import Change
from web.site import site


class ManyAsked(Shape):
    """What to do, and with which."""

    ids: Annotated[tuple[WatchId, ...], Field(min_length=1, max_length=200)]
    act: Literal["pause", "resume", "snooze", "bought", "tag", "untag", "delete"]
    until: AwareDatetime | None = Field(None, description="Of `snooze`: a time in the next 366 days.")
    tags: Annotated[tuple[Word, ...], Field(max_length=MOST_TAGS)] = Field(
        (), description="Of `tag` and `untag`.", examples=[["december"]]
    )


class NotDone(Shape):
    """A watch that could not be changed so, and why."""

    name: str
    why: str


class ManyDone(Shape):
    """What became of them; one that is not there is in neither list."""

    changed: tuple[WatchId, ...]
    refused: tuple[NotDone, ...]


def change(call: Call) -> Reply:
    """Do it to all of them."""
    asked: ManyAsked = call.body
    ids = list(dict.fromkeys(asked.ids))
    if asked.act == "delete":
        gone = bulk.delete(call.uid, ids)
        return Reply(ManyDone(changed=tuple(one.id for one in gone), refused=()))
    done = bulk.change(call.uid, ids, _change(asked))
    if asked.act == "resume":
        bulk.let_go(call.uid, done)
    refused = tuple(NotDone(name=name, why=why) for name, why in done.refused)
    return Reply(ManyDone(changed=tuple(one.id for one in done.changed), refused=refused))


def _change(asked: ManyAsked) -> Change:
    plain: Mapping[str, Change] = {"pause": verbs.stop, "resume": verbs.resume, "bought": verbs.bought}
    if asked.act in plain:
        return plain[asked.act]
    if asked.act == "snooze":
        now = site().now()
        if asked.until is None or not now < asked.until < now + LONGEST_SNOOZE:
            raise not_accepted("Choose a time in the next 366 days.", "/until")
        return partial(verbs.snooze, until=asked.until)
    if not asked.tags:
        raise not_accepted("Name at least one tag.", "/tags")
    if asked.act == "tag":
        return partial(retagged, add=asked.tags)
    return partial(retagged, remove=asked.tags)


OPERATIONS = (
    Operation(
        name="changeWatches", method="POST", path="/changes", run=change, tag="Watches",
        summary="Pause, resume, snooze, tag or delete many", access=Access.WRITE, body=ManyAsked,
        answers={200: ManyDone}, takes_key=True,
        example={"ids": ["0f1e2d3c4b5a69788796"], "act": "tag", "tags": ["december"]},
        details="What cannot be changed so is named with its reason, and keeps nothing else back.",
    ),
)  # fmt: skip
