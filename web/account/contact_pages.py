"""The page of somebody's contacts: what is known, prove another one, take one away, agree to texts or not."""

import time
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from notifiers import contacts, owners
from notifiers.owners import LastContactError
from notifiers.proofs import Kind
from watchers.documents import Document, Update, Write
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.language import say
from watchers.models import Person
from web import entry, forgery
from web.account import addresses, consents, network, questions
from web.account.addresses import UnreadableContactError
from web.account.questions import RefusedError
from web.reach import app_of
from web.site import site

pages = Blueprint("contacts", __name__, url_prefix="/settings/contacts")

_ATTEMPTS = 5


@pages.get("")
def show() -> ResponseReturnValue:
    """All of them."""
    return _page(), 200


@pages.post("/<kind>")
def add(kind: str) -> ResponseReturnValue:
    """Ask for a proof of another one; it becomes theirs once it was proven."""
    wanted, uid = _kind(kind), entry.person()
    typed = {name: request.form.get(name, "")[:300] for name in ("address", "country", "asked")}
    agrees = "agree" in request.form
    if not forgery.has_token():
        return _page(wanted, typed, forgery.stale(), agrees=agrees), 403
    try:
        contact = addresses.read(typed["address"], typed["country"], site().doors.countries, wanted)
        agreed = _ticked() if agrees and wanted is Kind.PHONE else None
        questions.ask(contact, uid=uid, agreed=agreed)
    except UnreadableContactError as unreadable:
        return _page(wanted, typed, str(unreadable), agrees=agrees), 422
    except RefusedError as refused:
        return _page(wanted, typed, refused.sentence, agrees=agrees), refused.status, refused.headers
    return redirect(url_for("signing_in.code"), 303)


@pages.post("/<kind>/remove")
def remove(kind: str) -> ResponseReturnValue:
    """Take it away."""
    gone, uid = _kind(kind), entry.person()
    try:
        _commit(lambda: owners.removing(site().documents, uid, gone))
    except LastContactError:
        flash(say("You sign in by this one. Add another before you remove it."), "warn")
    else:
        flash(say("It is removed. Nothing is sent there any more."))
    return _back()


@pages.post("/consent")
def consent() -> ResponseReturnValue:
    """Agree to texts, or take it back."""
    uid, agrees = entry.person(), "agree" in request.form

    def writes() -> tuple[Write, ...]:
        known = site().documents.get(contacts.path(uid))
        if known is None or not known.fields.get(Kind.PHONE):
            return ()
        return (Update(known.path, _consented(known, agrees=agrees), known.version),)

    if not _commit(writes):
        flash(say("Add your mobile number first."), "warn")
    elif agrees:
        flash(say("Noted: we may text you about what you watch. Reply STOP to end it."))
    else:
        flash(say("Noted: no more texts, except codes that you ask for."))
    return _back()


def _consented(known: Document, *, agrees: bool) -> dict[str, Any]:
    number, now = str(known.fields[Kind.PHONE]), site().now()
    if agrees:
        return consents.given(known.fields, number, _ticked(), now)
    return consents.withdrawn(known.fields, number, _ticked(), now)


def _commit(writes: Any) -> bool:
    """Write what is to be written as things stand now; whether that was anything."""
    for attempt in range(_ATTEMPTS):
        wanted = writes()
        try:
            if wanted:
                site().documents.commit(*wanted)
        except ConflictError:
            time.sleep(0.02 * attempt)
            continue
        return bool(wanted)
    raise StoreUnavailableError("the person kept changing")


def _page(
    kind: Kind | None = None, typed: dict[str, str] | None = None, error: str = "", *, agrees: bool = False
) -> str:
    document = entry.document()
    person = contacts.from_document(document) if document else Person(entry.person())
    is_phone_on = questions.is_on(Kind.PHONE)
    return render_template(
        "contacts.html",
        person=person,
        push=app_of(person.push_url) if person.push_url else "",
        kind=kind,
        typed=typed or {},
        error=error,
        agrees=agrees,
        asked=(typed or {}).get("asked") or questions.new_question(),
        countries=addresses.countries(site().doors.countries) if is_phone_on else [],
        has_phone=is_phone_on,
        has_email=questions.is_on(Kind.EMAIL),
        consent=consents.text(site().limits.per_day),
        may_text=bool(person.phone) and not (person.texts_need_consent and not person.texts_agreed_at),
        by_itself=entry.local_person() == person.uid,
    )


def _ticked() -> dict[str, Any]:
    return consents.ticked(network.network(questions.here()), site().limits.per_day)


def _kind(named: str) -> Kind:
    return Kind(named) if named in set(Kind) else abort(404)


def _back() -> ResponseReturnValue:
    return redirect(url_for("contacts.show"), 303)
