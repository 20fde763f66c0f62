"""Stand-ins that do what the real thing does on a bad day."""

from collections.abc import Callable, Sequence

from watchers.documents import Document, Documents, Query, Write
from watchers.errors import StoreUnavailableError


class Crash(BaseException):
    """The process died here: no ``except Exception`` of the product sees it."""


class FaultyDocuments:
    """Any ``Documents``, until told to fail.

    ``down = True``: every method raises ``StoreUnavailableError``. ``before_commit`` is called with the
    writes of each commit before it, to slip in somebody else's (through ``inner``). ``commits`` counts those
    done. ``tried``: the paths of every write, in order.
    """

    def __init__(self, inner: Documents) -> None:
        self.inner, self.operations = inner, inner.operations
        self.down = False
        self.before_commit: Callable[[tuple[Write, ...]], object] | None = None
        self.commits = 0
        self.tried: list[str] = []
        self._crash_before = self._crash_after = 0

    def crash_before(self, number: int) -> None:
        """Die with nothing of the ``number``-th commit from now (1 is the next) written."""
        self._crash_before = self.commits + number

    def crash_after(self, number: int) -> None:
        """Die with the ``number``-th commit from now (1 is the next) written, and nobody told."""
        self._crash_after = self.commits + number

    def get(self, path: str) -> Document | None:
        """See ``Documents.get``."""
        self._refuse_when_down()
        return self.inner.get(path)

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """See ``Documents.get_many``."""
        self._refuse_when_down()
        return self.inner.get_many(paths)

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        self._refuse_when_down()
        if self.commits + 1 == self._crash_before:
            raise Crash
        self.tried += [write.path for write in writes]
        if self.before_commit:
            self.before_commit(writes)
        versions = self.inner.commit(*writes)
        self.commits += 1
        if self.commits == self._crash_after:
            raise Crash
        return versions

    def find(self, query: Query) -> list[Document]:
        """See ``Documents.find``."""
        self._refuse_when_down()
        return self.inner.find(query)

    def count(self, query: Query) -> int:
        """See ``Documents.count``."""
        self._refuse_when_down()
        return self.inner.count(query)

    def _refuse_when_down(self) -> None:
        if self.down:
            raise StoreUnavailableError("the test took the database down")
