"""Where documents live: SQLite on one machine, Firestore in the cloud."""

from watchers.documents import Documents

_FILE = "sqlite:///"


def open_documents(url: str, *, project: str | None = None, database: str | None = None) -> Documents:
    """The database that the setting ``STORE`` names.

    ``sqlite:///data/scout.db`` (relative), ``sqlite:////var/lib/scout.db`` (absolute), ``sqlite:///:memory:``
    (this process only, for tests) or ``firestore``, in ``project`` or the one of the environment:
    its database of that name, or the default one.

    Raises:
        ValueError: ``url`` is none of these.
    """
    if url == "firestore":
        from store.firestore import FirestoreDocuments  # noqa: PLC0415 - each side imports only its own

        return FirestoreDocuments(project, database=database)
    if url.startswith(_FILE) and url != _FILE:
        from store.sqlite import SqliteDocuments  # noqa: PLC0415 - each side imports only its own

        return SqliteDocuments(url.removeprefix(_FILE))
    raise ValueError(f"STORE is {url!r}: it must be sqlite:///path/to/file, sqlite:///:memory: or firestore")
