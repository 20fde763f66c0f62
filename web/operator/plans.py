"""Giving somebody another plan: what ``scout.py person set --plan`` does, for pages."""

from notifiers import contacts
from watchers.documents import Update
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.jobs import carry_plan
from watchers.providers import cannot_see
from web.site import Site

_ATTEMPTS = 5


def give_plan(surroundings: Site, uid: str, plan: str) -> int:
    """Write the person's plan, and let their watches know; how many of them it changed.

    Doing it again changes nothing.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    _write(surroundings, uid, plan)
    surroundings.memo.forget()
    return carry_plan(
        surroundings.documents,
        surroundings.places,
        surroundings.refusal,
        uid=uid,
        now=surroundings.now(),
        cannot_see=cannot_see,
        tiers=surroundings.limits.tiers,
    )


def _write(surroundings: Site, uid: str, plan: str) -> None:
    for _ in range(_ATTEMPTS):
        known = surroundings.documents.get(contacts.path(uid))
        if known is None or known.fields.get("plan", "basic") == plan:
            return
        try:
            surroundings.documents.commit(Update(known.path, {"plan": plan}, known.version))
        except ConflictError:
            continue
        return
    raise StoreUnavailableError(f"person {uid} kept changing")
