"""Firestore's own language: requests, retries, errors. Only ``store/firestore.py`` imports this.

Every call has a deadline of seconds (the library's own retries go on for minutes when the database is away).

* Reads are retried: they change nothing.
* A commit is retried only when Firestore says ``ABORTED``, which means that nothing of it was done. After a
  time-out or ``UNAVAILABLE`` nobody knows: repeating it here could meet its own success and report it as a
  conflict, so the caller is told that the store is unavailable and repeats its step.
* ``ABORTED`` to the end is contention and no conflict: "exists already" would make a caller drop what it
  wanted to create. No transactions: a lock on a shared document costs seconds, a precondition nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from google.api_core import exceptions as vendor
from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from google.cloud.firestore_v1.field_path import FieldPath

from store.limits import refuse_too_large
from watchers.documents import SERVER_TIME, Create, Delete, Document, Put, Query, Update, Write
from watchers.errors import ConflictError, StoreError, StoreUnavailableError

_VENDOR_TIME: Any = DatetimeWithNanoseconds  # its methods carry no types
_SECONDS: Final = 5.0
_LATER_MAY_WORK: Final = (
    vendor.ServerError,  # every 5xx, with UNAVAILABLE and DEADLINE_EXCEEDED among them
    vendor.TooManyRequests,
    vendor.Aborted,
    vendor.Cancelled,
    vendor.RetryError,
)
_PATIENT: Final = {
    "retry": Retry(if_exception_type(*_LATER_MAY_WORK), initial=0.1, maximum=1.0, timeout=_SECONDS),
    "timeout": _SECONDS,
}
_NOT_DONE: Final = {
    "retry": Retry(if_exception_type(vendor.Aborted), initial=0.05, maximum=1.0, timeout=_SECONDS),
    "timeout": _SECONDS,
}


class FirestoreApi:
    """The five methods of ``Documents``, for what ``store/limits.py`` has let through."""

    def __init__(self, project: str | None, client: Any) -> None:
        self._client: Any = client or _client(project)

    def get(self, path: str) -> Document | None:
        """See ``Documents.get``."""
        with _translated(path):
            snapshot = self._client.document(path).get(**_PATIENT)
        return _document(path, snapshot) if snapshot.exists else None

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """See ``Documents.get_many``."""
        asked = {path: self._client.document(path) for path in paths}
        with _translated(_paths(paths)):
            found = {one.reference.path: one for one in self._client.get_all(asked.values(), **_PATIENT)}
        snapshots = [found[asked[path].path] for path in paths]
        return [
            _document(path, one) if one.exists else None for path, one in zip(paths, snapshots, strict=True)
        ]

    def commit(self, writes: Sequence[Write]) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        batch = self._client.batch()
        for write in writes:
            self._add(batch, write)
        with _translated(_paths_of(writes)):
            try:
                results = batch.commit(**_NOT_DONE)
            except vendor.GoogleAPICallError as exc:
                self._refuse(writes, exc)
                raise
        return tuple(_version(result.update_time) for result in results)

    def find(self, query: Query) -> list[Document]:
        """See ``Documents.find``."""
        chosen = self._chosen(query)
        if query.field and query.op not in ("==", "array_contains"):
            chosen = chosen.order_by(_name(*query.field))
        if query.limit is not None:
            chosen = chosen.limit(query.limit)
        with _translated(query.collection):
            found = chosen.stream(
                **_PATIENT
            )  # a stream that breaks goes on where it was, with its limit anew
            return [_document(f"{query.collection}/{one.id}", one) for one in islice(found, query.limit)]

    def count(self, query: Query) -> int:
        """See ``Documents.count``."""
        with _translated(query.collection):
            return int(self._chosen(query).count().get(**_PATIENT)[0][0].value)

    def _chosen(self, query: Query) -> Any:
        collection = self._client.collection(query.collection)
        if not query.field and query.value is None:
            return collection
        if not query.field:
            return collection.order_by("__name__").start_after({"__name__": collection.document(query.value)})
        chosen = collection.where(filter=FieldFilter(_name(*query.field), query.op, query.value))
        if query.below is None:
            return chosen
        return chosen.where(filter=FieldFilter(_name(*query.field), "<", query.below))

    def _add(self, batch: Any, write: Write) -> None:
        document = self._client.document(write.path)
        match write:
            case Create():
                batch.create(document, _sent(write.fields))
            case Update():
                fields = {_name(name): value for name, value in _sent(write.fields).items()}
                batch.update(document, fields, self._seen(write.path, write.version))
            case Put():
                batch.set(document, _sent(write.fields))
            case Delete(version=None):
                batch.delete(document)
            case Delete(version=str(version)):
                batch.delete(document, self._seen(write.path, version))

    def _seen(self, path: str, version: str) -> Any:
        return self._client.write_option(last_update_time=_moment(path, version))

    def _refuse(self, writes: Sequence[Write], exc: vendor.GoogleAPICallError) -> None:
        """Say what a refused commit means, by its code."""
        updates = [write for write in writes if isinstance(write, Update)]
        if isinstance(exc, vendor.AlreadyExists):
            raise ConflictError(f"one of {_paths_of(writes)} exists already") from exc
        seen = [write for write in writes if isinstance(write, Update | Delete) and write.version is not None]
        if seen and isinstance(exc, vendor.FailedPrecondition | vendor.NotFound):
            raise ConflictError(f"one of {_paths_of(seen)} has changed or is gone: read it again") from exc
        if isinstance(exc, vendor.InvalidArgument):
            for update in updates:
                self._refuse_growth(update)

    def _refuse_growth(self, update: Update) -> None:
        """Raise ``DocumentTooLargeError`` when it is the fields that stay which leave no room."""
        standing = self.get(update.path)
        refuse_too_large(update.path, {**(standing.fields if standing else {}), **update.fields})


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """The vendor's errors as ours, split by whether trying again can help."""
    try:
        yield
    except _LATER_MAY_WORK as exc:
        raise StoreUnavailableError(f"Firestore did not answer for {what} ({type(exc).__name__})") from exc
    except vendor.GoogleAPIError as exc:
        raise StoreError(f"Firestore refused {what} ({type(exc).__name__}): someone must act") from exc


def _client(project: str | None) -> firestore.Client:
    try:
        return firestore.Client(project=project)
    except (GoogleAuthError, OSError) as exc:  # OSError: the vendor's word for "no project"
        raise StoreError(
            "Firestore needs GOOGLE_CLOUD_PROJECT and credentials (`gcloud auth application-default login`), "
            "or FIRESTORE_EMULATOR_HOST"
        ) from exc


def _document(path: str, snapshot: Any) -> Document:
    fields = {name: _plain(value) for name, value in snapshot.to_dict().items()}
    return Document(path, fields, _version(snapshot.update_time), _plain(snapshot.update_time))


def _plain(value: Any) -> Any:
    """A value without the vendor's subclasses of ``datetime``: fields have another one than documents."""
    match value:
        case datetime():
            return datetime.combine(value.date(), value.timetz()).astimezone(UTC)
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
    return value


def _sent(value: Any) -> Any:
    """A value as the client takes it: maps as ``dict``, ``SERVER_TIME`` as its own marker."""
    if isinstance(value, Mapping):
        return {name: _sent(inner) for name, inner in value.items()}
    return firestore.SERVER_TIMESTAMP if value is SERVER_TIME else value


def _version(updated: Any) -> str:
    """The time of a write with all its nanoseconds: what ``_moment`` turns back exactly."""
    return str(updated.rfc3339()) if updated else ""


def _moment(path: str, version: str) -> Any:
    try:
        return _VENDOR_TIME.from_rfc3339(version)
    except ValueError as exc:
        raise ConflictError(f"{path} was never version {version!r}: read it again") from exc


def _name(*parts: str) -> str:
    """Map keys, quoted where need be, as one field path."""
    return FieldPath(*parts).to_api_repr()


def _paths_of(writes: Sequence[Write]) -> str:
    return _paths([write.path for write in writes])


def _paths(paths: Sequence[str]) -> str:
    """The first few, for an error that somebody has to read."""
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004
