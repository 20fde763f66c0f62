"""Who may look: operators only, and every look is a line in the log. Nobody else learns of these pages."""

import logging

from flask import abort, request

from web import entry

log = logging.getLogger(__name__)


def operator(looked_at: str, **about: str) -> str:
    """The operator who is signed in; "there is nothing here" for everybody else.

    Args:
        looked_at: The page, for the log.
        **about: Ids that say whose or what it was; never a contact.
    """
    if not entry.is_operator():
        abort(404)
    uid = entry.person()
    log.info("operator.looked", extra={"operator": uid, "page": looked_at, "method": request.method, **about})
    return uid
