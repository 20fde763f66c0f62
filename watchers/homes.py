"""A provider's boards: how many there are, which of them stands for the others, and reading without a lease.

The home board (``shards.py``) says in its document ``first`` and ``shards``, so that one query finds every
provider's home and with it all boards. How many there are is remembered for a minute by those who only read;
a board that says another number proves it wrong.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import msgspec

from watchers import board as boards
from watchers.board import Board, Refused, is_held, path, shards_in
from watchers.clocks import Moment
from watchers.documents import Document, Documents, Query, Update
from watchers.errors import ConflictError, DocumentTooLargeError
from watchers.quota import Quota
from watchers.rows import Row
from watchers.shards import board_name, board_of, home_of, is_board, provider_of, shard_in, shard_of, share

_ATTEMPTS = 5  # at boards that others are saving
_PAUSE = 1.0  # seconds between two attempts at a home that is being ticked
_TOLD = "blocked_until"  # of a home's document; no tick writes it, so that none wipes it
_REMEMBERED_FOR = 60.0  # seconds
_KNOWN: MutableMapping[Documents, dict[str, tuple[int, float]]] = WeakKeyDictionary()


def find(documents: Documents) -> dict[str, Document]:
    """The home board of each provider that has one, by provider (one read each)."""
    found = documents.find(Query("boards", ("first",), "==", value=True))
    return {provider_of(document.id): document for document in found}


def adopt(documents: Documents) -> dict[str, Document]:
    """As ``find``, where no home says yet that it is one: those of an older release are told so, all at once.

    Raises:
        ConflictError: they kept being saved; nothing was written.
    """
    for _ in range(_ATTEMPTS):
        older = [one for one in documents.find(Query("boards")) if is_board(one.id) and not shard_in(one.id)]
        try:
            documents.commit(*(Update(one.path, {"first": True}, one.version) for one in older))
        except ConflictError:
            continue
        return find(documents) if older else {}
    raise ConflictError("the boards kept being saved")


def ticked_at(home: Document) -> datetime | None:
    """When a tick of it last finished; ``None``: none ever has.

    Not when its document was written: a tick that breaks off has written there, too.
    """
    if ticks := home.fields.get("ticks"):
        at: datetime = ticks[-1]["at"]
        return at
    return home.updated_at if home.fields.get("runs") else None  # of a release that did not note them


def told_until(home: Document) -> datetime | None:
    """Before when, as one of the provider's other boards was told, nothing is to be asked."""
    said = home.fields.get(_TOLD)
    return said if isinstance(said, datetime) else None


def tell(
    documents: Documents,
    provider: str,
    until: datetime,
    now: datetime,
    sleep: Callable[[float], object] = time.sleep,
) -> bool:
    """Write on the provider's home that nothing is to be asked before ``until``; whether it says so now.

    Best effort: one that is being ticked is waited for, as a write would cost that tick all it has seen.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            sleep(_PAUSE)
        home = documents.get(path(home_of(provider)))
        if home is None:
            return False
        if (known := told_until(home)) is not None and known >= until:
            return True
        if is_held(home, now + attempt * timedelta(seconds=_PAUSE)):
            continue
        with suppress(ConflictError):
            documents.commit(Update(home.path, {_TOLD: until}, home.version))
            return True
    return False


class Place(msgspec.Struct, frozen=True):
    """Where a tick works: a board, its document if there is one, and how many boards its provider has.

    ``shards`` is 0 when the board is not one of them (any more).
    """

    name: str
    shards: int
    document: Document | None

    def share_of(self, quota: Quota) -> Quota:
        """What this board may ask of what the provider allows."""
        return share(quota, shard_in(self.name), self.shards)


def place(
    documents: Documents, name: str, told: int | None = None, document: Document | None = None
) -> Place:
    """Where the board stands among its provider's (one read, unless its ``document`` was read already).

    Its own document knows; the home is asked only where that says another number than was ``told``.
    """
    document = document or documents.get(path(name))
    own = shards_in(document) if document else None
    shard = shard_in(name)
    if shard == 0:
        return Place(name, own or 1, document)
    if own is not None and own == told and shard < own:
        return Place(name, own, document)
    home = documents.get(path(home_of(provider_of(name))))
    shards = shards_in(home) if home else 0
    return Place(name, shards if shard < shards else 0, document)


def claim(  # noqa: PLR0913 - see ``board.claim``
    documents: Documents,
    place: Place,
    run: str,
    quota: Quota,
    now: datetime,
    *,
    at_most: int,
    moment: Moment | None = None,
    seconds: float = 0.0,
) -> Board | Refused:
    """As ``board.claim``, of a board that knows its place; ``not_named`` where it has none."""
    if not place.shards:
        return Refused("not_named")
    board = boards.claim(
        documents, place.name, run, quota, now,
        at_most=at_most, document=place.document, moment=moment, seconds=seconds,
    )  # fmt: skip
    if isinstance(board, Board):
        settle(board, place.shards)
    return board


def settle(board: Board, shards: int) -> None:
    """Make it one of so many: what is not its own leaves it, and what has come is folded in from the jobs."""
    if board.shards != shards:
        mine = {one: row for one, row in board.rows.items() if shard_of(one, shards) == board.shard}
        board.rows, board.cursor, board.shards = mine, None, shards


def too_full(board: Board) -> DocumentTooLargeError:
    """What to do about a board that no longer fits into its document."""
    command = f"scout.py reshard {provider_of(board.name)} {2 * board.shards}"
    return DocumentTooLargeError(f"{path(board.name)} holds too many targets: `{command}` spreads them out")


def every(documents: Documents, provider: str) -> Iterator[Board]:
    """All boards of a provider as they were last saved, its home first; for reading only."""
    home = boards.peek(documents, home_of(provider))
    yield home
    for shard in range(1, home.shards):
        yield boards.peek(documents, board_name(provider, shard))


class Peek:
    """What the boards know of some targets, for reading only; each board is read at most once.

    ``read``: how a board is read by its name, where somebody else reads it as well.
    """

    def __init__(self, documents: Documents, read: Callable[[str], Board] | None = None) -> None:
        self._documents = documents
        self._read = read or (lambda name: boards.peek(documents, name))
        self._boards: dict[str, Board] = {}

    def row(self, target_id: str) -> Row | None:
        """One target's; ``None`` when it was never looked at."""
        return self.rows([target_id]).get(target_id)

    def rows(self, target_ids: Iterable[str]) -> Mapping[str, Row]:
        """Those that are known, by id. Only boards that one of them lies on are read."""
        found = {one: board.rows.get(one) for one, board in self.boards(target_ids).items()}
        return {one: row for one, row in found.items() if row}

    def boards(self, target_ids: Iterable[str]) -> Mapping[str, Board]:
        """The board that each lies on, or will, by the target's id."""
        wanted: dict[str, list[str]] = {}
        for target_id in target_ids:
            wanted.setdefault(provider_of(target_id), []).append(target_id)
        found: dict[str, Board] = {}
        for provider, ids in sorted(wanted.items()):
            shards = self._shards(provider, ids)
            found |= {one: self._boards[board_of(one, shards)] for one in ids}
        return found

    def _shards(self, provider: str, ids: list[str]) -> int:
        """How many boards there are, once those of ``ids`` are read and none of them says otherwise."""
        remembered = _remembered(self._documents, provider)
        if remembered and self._agree(ids, remembered):
            return remembered
        self._forget(provider)
        shards = self._board(home_of(provider)).shards
        _KNOWN.setdefault(self._documents, {})[provider] = (shards, time.monotonic())
        self._agree(ids, shards)
        return shards

    def _agree(self, ids: list[str], shards: int) -> bool:
        """Whether those boards say so, too."""
        needed = {board_of(one, shards) for one in ids}
        said = [self._board(name).shards for name in sorted(needed)]  # each is read, whatever one says
        return all(one == shards for one in said)

    def _board(self, name: str) -> Board:
        if name not in self._boards:
            self._boards[name] = self._read(name)
        return self._boards[name]

    def _forget(self, provider: str) -> None:
        for name in [name for name in self._boards if provider_of(name) == provider]:
            del self._boards[name]


def _remembered(documents: Documents, provider: str) -> int | None:
    shards, at = _KNOWN.get(documents, {}).get(provider, (None, 0.0))
    return shards if time.monotonic() < at + _REMEMBERED_FOR else None
