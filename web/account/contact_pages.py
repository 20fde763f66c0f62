"""The page of somebody's contacts: what is known, prove another one, take one away, agree to texts or not."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from notifiers import contacts
from notifiers.owners import LastContactError
from notifiers.proofs import Kind
from watchers.language import say
from watchers.models import Person
from web import entry, forgery
from web.account import addresses, consents, own_contacts, questions
from web.account.addresses import UnreadableContactError
from web.account.questions import RefusedError
from web.reach import app_of
from web.site import site

pages = Blueprint("contacts", __name__, url_prefix="/settings/contacts")


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
        agreed = own_contacts.ticked() if agrees and wanted is Kind.PHONE else None
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
        own_contacts.remove(uid, gone)
    except LastContactError:
        flash(say("You sign in by this one. Add another before you remove it."), "warn")
    else:
        flash(say("It is removed. Nothing is sent there any more."))
    return _back()


@pages.post("/consent")
def consent() -> ResponseReturnValue:
    """Agree to texts, or take it back."""
    uid, agrees = entry.person(), "agree" in request.form
    if not own_contacts.consent(uid, agrees=agrees):
        flash(say("Add your mobile number first."), "warn")
    elif agrees:
        flash(say("Noted: we may text you about what you watch. Reply STOP to end it."))
    else:
        flash(say("Noted: no more texts, except codes that you ask for."))
    return _back()


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


def _kind(named: str) -> Kind:
    return Kind(named) if named in set(Kind) else abort(404)


def _back() -> ResponseReturnValue:
    return redirect(url_for("contacts.show"), 303)
