"""One Pub/Sub message a board, so that boards are ticked side by side in instances of their own.

A message is only a hint to tick a board now: it may come twice, late, or not at all. The run's key on the
board makes the second one nothing, and whoever could not publish ticks the board itself.
"""

import base64
import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import msgspec

from watchers import logs
from watchers.shards import is_board, shard_in

if TYPE_CHECKING:
    from google.cloud.pubsub_v1 import PublisherClient

log = logging.getLogger(__name__)

OVER = timedelta(minutes=2)  # a message so old is of a run that others have followed
_SECONDS = 10.0  # for Pub/Sub to take a message
_ODD = "this is no message about a board"


class Message(msgspec.Struct, frozen=True):
    """Tick this board: one of ``shards``, where it is known how many there are; ``trace`` is the run's."""

    board: str
    run: str
    shards: int | None = None
    blocked_until: datetime | None = None
    trace: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is published; what is not known is left out."""
        until = self.blocked_until.isoformat() if self.blocked_until else None
        said = {"board": self.board, "run": self.run, "shards": self.shards, "blocked_until": until}
        said |= {"trace": self.trace}
        return {name: value for name, value in said.items() if value is not None}

    @classmethod
    def from_event(cls, data: Any) -> "Message":
        """The message in the data of a Pub/Sub event.

        Raises:
            ValueError: it is not one of these messages.
        """
        try:
            said = json.loads(base64.b64decode(data["message"]["data"]))
            board, run, shards = said["board"], said["run"], said.get("shards")
            until, trace = said.get("blocked_until"), logs.read(said.get("trace"))
            blocked_until = datetime.fromisoformat(until).astimezone(UTC) if until else None
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as exc:
            raise ValueError(_ODD) from exc
        texts = isinstance(board, str) and isinstance(run, str) and bool(run)
        if not texts or not is_board(board) or not _is_among(board, shards):
            raise ValueError(_ODD)
        return cls(board, run, shards, blocked_until, trace)


def _is_among(board: str, shards: Any) -> bool:
    return shards is None or (type(shards) is int and shard_in(board) < shards)


def is_over(published_at: str | None, now: datetime) -> bool:
    """Whether a message is so old that newer runs have done what it asks for; one without a time is not."""
    try:
        at = datetime.fromisoformat(published_at or "")
    except ValueError:
        return False
    return at.tzinfo is not None and now - at > OVER


Publish = Callable[[Sequence[Message]], set[str]]
"""Publish one message a board, in seconds; the boards whose message was surely taken. Raises nothing."""


class Topic:
    """A Pub/Sub topic: ``projects/p/topics/boards``. Nothing is imported or opened before the first use."""

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def _client(self) -> "PublisherClient":
        from google.cloud.pubsub_v1 import PublisherClient  # noqa: PLC0415 - only where boards are several

        return PublisherClient()

    def publish(self, messages: Sequence[Message]) -> set[str]:
        """See ``Publish``. After a time-out a message may be on its way all the same; that is harmless."""
        deadline = time.monotonic() + _SECONDS
        taken, why = set[str](), set[str]()
        for board, sent in [(message.board, self._sent(message)) for message in messages]:
            try:
                sent().result(timeout=max(0.0, deadline - time.monotonic()))
                taken.add(board)
            except Exception as exc:  # noqa: BLE001 - whatever it is, whoever asked ticks the board itself
                why.add(type(exc).__name__)
        if why:
            failed = len(messages) - len(taken)
            log.error("boards.not_published", extra={"boards": failed, "why": sorted(why)})
        return taken

    def _sent(self, message: Message) -> Callable[[], Any]:
        """The vendor's promise of a message that is under way; asked for, it may be its error."""
        body = json.dumps(message.to_json()).encode()
        try:
            future = self._client.publish(self.name, body, timeout=_SECONDS)
        except Exception as exc:  # noqa: BLE001 - no credentials, no such project
            return partial(_raise, exc)
        return lambda: future


def _raise(error: Exception) -> Any:
    raise error
