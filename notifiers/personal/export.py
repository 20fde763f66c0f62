"""Everything a person's account holds, as one JSON document for them to keep.

::

    {"format": "ticket-scout.my-data", "version": 1, "made_at": "2026-11-30T02:00:00+00:00", "person": "uid",
     "profile":  {…}         contacts, wishes, plan, consents, saved searches: people/{uid}
     "watches":  [{…}, …]    as they were saved, each with its id
     "memory":   [{…}, …]    what the worker remembers of each: prices told, and when
     "statuses": [{…}, …]    what was said of each
     "alerts":   [{…}, …]    of all time: news, way, state
     "texts_from_you", "tokens", "counted": [{…}, …]}

Times are ISO 8601, amounts minor units with their currency. Left out: what guards the account (codes, digests
of tokens, where push messages go, which is as secret as a password), and what is there in another form
already. Price history is about events, and about nobody.

A version tells readers whether they understand the shape: a field may be added, and none changes or goes, as
long as it is the same.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from notifiers import contacts
from notifiers.personal.whereabouts import AT_ONCE, Holding, found, holdings, told
from watchers.documents import Document, Documents, Query
from watchers.places import Places

FORMAT, VERSION = "ticket-scout.my-data", 1
_SECRET = frozenset({"push_url"})
_OF_A_JOB = ("watch", "state", "rule_version", "source_updated_at", "deleted_at")


def export(documents: Documents, places: Places, uid: str, now: datetime) -> Iterator[str]:
    """The document, piece by piece: nothing is held that was given away.

    Raises:
        StoreUnavailableError: on the way; what was given away is then no whole document.
    """
    head = {"format": FORMAT, "version": VERSION, "made_at": now, "person": uid}
    profile = _profile(documents.get(contacts.path(uid)))
    yield _json({**head, "profile": profile}).removesuffix("}")
    yield from _section("memory", map(_memory, _jobs(documents, places, uid)))
    for holding in holdings(places, uid):
        if holding.said_as:
            rows = (told(document, holding) for document in _all(documents, holding, uid))
            yield from _section(holding.said_as, rows)
    yield "}\n"


def _profile(person: Document | None) -> dict[str, Any]:
    known = person.fields if person else {}
    shown = {name: value for name, value in known.items() if name not in _SECRET}
    push = known.get("push_url")
    return shown | ({"push": f"{str(push).partition('://')[0]}://…"} if push else {})


def _memory(job: Document) -> dict[str, Any]:
    return {"id": job.id, **{name: job.fields.get(name) for name in _OF_A_JOB}}


def _jobs(documents: Documents, places: Places, uid: str) -> Iterator[Document]:
    yield from documents.find(Query(places.worker_collection, ("uid",), "==", uid))


def _all(documents: Documents, holding: Holding, uid: str) -> Iterator[Document]:
    """Page by page where there may be thousands: alerts are found one after another."""
    if holding.collection != "alerts":
        yield from found(documents, holding, uid, _MOST)
        return
    from watchers import alerts  # noqa: PLC0415 - the only one of its kind

    after, end = alerts.feed(uid), alerts.end_of_feed(uid)
    while page := documents.find(Query(alerts.COLLECTION, ("newest_first",), ">", after, AT_ONCE, below=end)):
        yield from (one for one in page if one.fields.get("uid") == uid)
        after = str(page[-1].fields["newest_first"])


_MOST = 20_000


def _section(name: str, rows: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    yield f", {_json(name)}: ["
    for number, row in enumerate(rows):
        yield f"{', ' if number else ''}{_json(row)}"
    yield "]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_said)


def _said(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no place in a person's copy")
