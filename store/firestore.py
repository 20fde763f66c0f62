"""Documents in Firestore: what runs in the cloud, and against the emulator.

Importing this costs nothing: the vendor's library (0.2 s) is loaded, and the client built, at the first use.
``store/firestore_api.py`` speaks to it; here are the rules and the bill that both stores share.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from store.bill import Bill
from store.limits import collection_of, refuse_impossible, refuse_unanswerable
from watchers.documents import Document, Query, Write
from watchers.loading import without_collecting


class FirestoreDocuments:
    """``watchers.documents.Documents`` in one database of ``project`` (or of the environment's).

    ``client``: a ``google.cloud.firestore.Client`` to use instead of building one.
    """

    def __init__(self, project: str | None = None, client: Any = None, database: str | None = None) -> None:
        self._project, self._client, self._database = project, client, database
        self._bill = Bill()
        self.operations: Counter[str] = self._bill.operations

    def get(self, path: str) -> Document | None:
        """See ``Documents.get``."""
        collection_of(path)
        document: Document | None = self._api.get(path)
        self._bill.found()
        return document

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """See ``Documents.get_many``."""
        for path in paths:
            collection_of(path)
        documents: list[Document | None] = self._api.get_many(paths) if paths else []
        if paths:
            self._bill.found(len(paths))
        return documents

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``; one commit is at most 10 MiB in all."""
        for write in writes:
            refuse_impossible(write)
        versions: tuple[str, ...] = self._api.commit(writes)
        self._bill.committed(writes)
        return versions

    def find(self, query: Query) -> list[Document]:
        """See ``Documents.find``."""
        refuse_unanswerable(query)
        documents: list[Document] = self._api.find(query)
        self._bill.found(len(documents))
        return documents

    def count(self, query: Query) -> int:
        """See ``Documents.count``."""
        refuse_unanswerable(query)
        number: int = self._api.count(query)
        self._bill.counted(number)
        return number

    @cached_property
    def _api(self) -> Any:
        with without_collecting():
            from store.firestore_api import FirestoreApi  # noqa: PLC0415 - see the module's docstring

        return FirestoreApi(self._project, self._client, self._database)
