"""How watches are served, for pages and commands: each board is read, and its plan worked out, at most once.

Nothing is said where nothing is known: of a provider that is off or does not answer, of a board that is not
there or not ticked, of a target that is not on it yet.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from watchers import homes, plan
from watchers.board import Board
from watchers.documents import Documents
from watchers.homes import Peek
from watchers.language import say
from watchers.plan import Plan, Turn
from watchers.providers.base import Provider
from watchers.rows import Row
from watchers.shards import provider_of
from watchers.target import Target
from watchers.watch import Watch
from web import words
from web.boards import Boards

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """How one target of a watch is served: in a sentence, and what is wrong with it, if anything is."""

    target: Target
    turn: Turn
    said: str
    warning: str | None

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "target": self.target.id,
            "interval_seconds": round(self.turn.interval.total_seconds()),
            "next_in_seconds": round(self.turn.next_in.total_seconds()),
            "chance_12_minutes": round(self.turn.chance(plan.BRIEF), 4),
            "chance_2_hours": round(self.turn.chance(plan.A_WHILE), 4),
            "said": self.said,
            "warning": self.warning,
        }


class Plans:
    """The boards as they were last saved, and what their schedules come to.

    Args:
        documents: The database.
        asked: The providers that are on, by name.
        now: The time (aware).
        shortest: See ``plan.shortest``.
        shared: What other pages have read and worked out already is taken from here.
    """

    def __init__(
        self,
        documents: Documents,
        asked: Mapping[str, Provider],
        now: datetime,
        shortest: timedelta,
        shared: Boards | None = None,
    ) -> None:
        self._documents, self._asked, self._now, self._shortest = documents, asked, now, shortest
        self._shared = shared or Boards()
        self._peek = Peek(documents, partial(self._shared.board, documents))
        self._boards_of: dict[str, Board] = {}
        self._plans: dict[str, Plan | None] = {}
        self._of_providers: dict[str, list[Board]] = {}

    def rows(self, targets: Iterable[Target]) -> Mapping[str, Row]:
        """What the boards know about these targets, by id."""
        return self.known(target.id for target in targets)

    def known(self, target_ids: Iterable[str]) -> Mapping[str, Row]:
        """As ``rows``, by the targets' ids; opened."""
        boards = self._peek.boards(sorted(set(target_ids)))
        self._boards_of.update(boards)
        found = {one: row for one, board in boards.items() if (row := board.rows.get(one))}
        self._shared.open(found.values())
        return found

    def of(self, watch: Watch, joins: Collection[Target] = ()) -> list[Served]:
        """How each target of an active watch is served, as far as that can be said.

        ``joins`` are those of its targets that the boards do not know it watches: it was saved just now.
        """
        active = watch.targets if watch.status == "active" else ()
        return list(self._served(watch, active, joins)) if active else []

    def of_provider(self, provider: str) -> Plan | None:
        """What all boards of a provider come to; ``None`` when it is off, or that cannot be said."""
        plans = [self._plan(board) for board in self._every(provider)]
        known = [one for one in plans if one is not None]
        return plan.together(known) if known else None

    def is_watched(self, provider: str) -> bool:
        """Whether anybody ever watched something there: then it has a board."""
        return bool(self.boards(provider))

    def boards(self, provider: str) -> list[Board]:
        """The provider's boards that were ever saved; what is read for one question is there for the next."""
        return [board for board in self._every(provider) if board.saved_at is not None]

    def why_not(self, target: Target) -> str:
        """Why nothing can be said of a target of an active watch."""
        found, shop = self._peek.boards([target.id])[target.id], words.shop(target.provider)
        if found.saved_at is None or target.id not in found.rows:
            return say("The first look is still to come.")
        if _is_unknown(found, target):
            return say("{shop} knows nothing by this id: check it.", shop=shop)
        if found.down_since is not None:
            length = words.span(self._now - found.down_since)
            return say("{shop} has not answered for {length}.", shop=shop, length=length)
        length = words.span(self._now - found.saved_at)
        return say("The worker has not looked for {length}: is it running?", length=length)

    def _served(
        self, watch: Watch, targets: Collection[Target], joins: Collection[Target]
    ) -> Iterator[Served]:
        boards = self._where([target.id for target in targets if target.provider in self._asked])
        for target in targets:
            if (board := boards.get(target.id)) is None:
                continue
            onto = [one for one in targets if one in joins and boards.get(one.id) is board]
            known = self._worked_out(board, watch, onto) if onto else self._plan(board)
            turn = known.turns.get(target.id) if known and known.is_kept(self._now) else None
            if known and turn and not _is_unknown(board, target):
                shop = words.shop(target.provider)
                where = say(" at {shop}", shop=shop) if len(targets) > 1 else ""
                wrong = plan.warning(watch, target, turn, known, self._asked[target.provider])
                yield Served(target, turn, plan.sentence(watch, turn, where), wrong)

    def _where(self, target_ids: list[str]) -> Mapping[str, Board]:
        """The board that each lies on; one that was asked for already is not looked for again."""
        if any(one not in self._boards_of for one in target_ids):
            self._boards_of.update(self._peek.boards(target_ids))
        return {one: self._boards_of[one] for one in target_ids}

    def _plan(self, board: Board) -> Plan | None:
        if board.name not in self._plans:
            self._plans[board.name] = self._shared.plan(board, self._worked_out)
        return self._plans[board.name]

    def _worked_out(
        self, board: Board, joining: Watch | None = None, onto: Collection[Target] = ()
    ) -> Plan | None:
        provider = self._asked.get(provider_of(board.name))
        if provider is None or board.saved_at is None:
            return None
        try:
            return plan.plan(board, provider, self._now, self._shortest, joining, list(onto))
        except Exception:  # a forecast that fails must not take the page with it
            log.exception("plan.crashed", extra={"board": board.name})
            return None

    def _every(self, provider: str) -> list[Board]:
        """All boards of a provider, its home first."""
        if provider not in self._of_providers:
            self._of_providers[provider] = list(homes.every(self._documents, provider))
        return self._of_providers[provider]


def _is_unknown(board: Board, target: Target) -> bool:
    """Whether the shop said that it knows nothing by this id: how often we look is then no comfort."""
    row = board.rows.get(target.id)
    return row is not None and row.unseen_why in words.UNKNOWN_THERE
