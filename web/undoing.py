"""Having back what was just deleted: until then only the page that says so holds it, signed.

What comes back is the very documents that they were; one that stands there meanwhile is left alone.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import abort, url_for
from flask.json.tag import TaggedJSONSerializer
from itsdangerous import BadData, URLSafeTimedSerializer

from watchers.documents import Create, Document
from watchers.errors import ConflictError
from watchers.language import say
from web import monitors, own_writes
from web.site import site

log = logging.getLogger(__name__)

UNDO_FOR = timedelta(hours=1)
LONGEST = 200_000  # characters; a form may carry so much back


def offer(uid: str, found: Sequence[Document]) -> dict[str, Any]:
    """What the page needs to say what is gone and to have it back; ``undo``: empty where it is too much."""
    kept = {source.id: dict(source.fields) for source in found}
    token = str(_signer().dumps({"uid": uid, "watches": kept}))
    return {
        "count": len(found),
        "name": monitors.name_of(found[0]),
        "address": url_for("watches.undo", watch_id=found[0].id),
        "undo": token if len(token) <= LONGEST else "",
    }


def bring_back(uid: str, watch_id: str, token: str) -> int:
    """Write them back; how many there were. Only what this person deleted, ``watch_id`` among it."""
    try:
        kept = _signer().loads(token, max_age=int(UNDO_FOR.total_seconds()))
    except BadData:
        abort(403, say("Undo works for an hour after deleting. Make the watch anew."))
    if kept["uid"] != uid or watch_id not in kept["watches"]:
        abort(403, say("This watch was not deleted here."))
    writes = [Create(site().places.source(uid, id_), fields) for id_, fields in kept["watches"].items()]
    own_writes.of(uid, *kept["watches"])
    try:
        site().documents.commit(*writes)
    except ConflictError:
        for write in writes:
            _bring_back_one(write)
    return len(writes)


def _bring_back_one(write: Create) -> None:
    try:
        site().documents.commit(write)
    except ConflictError:
        log.info("watch.undone_already", extra={"watch": write.path.rsplit("/", 1)[1]})


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        site().secret_key, salt="ticket-scout.undo", serializer=TaggedJSONSerializer()
    )
