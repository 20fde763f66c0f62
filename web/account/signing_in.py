"""The pages by which people come in: say where a code can reach you, and show it.

The answer to a question is the same for everybody, known here or not. The letter's link leads to one button,
because scanners open every link they see.
"""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from notifiers import outbox, proofs
from notifiers.proofs import Kind, Proof
from watchers.language import say
from watchers.models import AlertState
from web import entry, forgery
from web.account import addresses, firebase, questions
from web.account.addresses import UnreadableContactError
from web.account.proving import Proven
from web.account.questions import RefusedError
from web.site import site

pages = Blueprint("signing_in", __name__)


@pages.get("/sign-in")
def show() -> ResponseReturnValue:
    """One field: an e-mail address or a mobile number."""
    return _form({"next": questions.own_path(request.args.get("next"))}), 200


@pages.post("/sign-in")
def ask() -> ResponseReturnValue:
    """Send a code there, whoever it is."""
    typed = {name: request.form.get(name, "")[:300] for name in ("contact", "country", "next", "asked")}
    if not forgery.has_token():
        return _form(typed, note=forgery.stale()), 403
    try:
        contact = addresses.read(typed["contact"], typed["country"], site().doors.countries)
        questions.ask(contact)
    except UnreadableContactError as unreadable:
        return _form(typed, error=str(unreadable)), 422
    except RefusedError as refused:
        return _form(typed, error=refused.sentence), refused.status, refused.headers
    return redirect(url_for("signing_in.code"), 303)


@pages.get("/sign-in/code")
def code() -> ResponseReturnValue:
    """Where the code is typed that this browser waits for."""
    proof = _waiting()
    if proof is None:
        return redirect(url_for("signing_in.show"), 303)
    return _asked_for(proof), 200


@pages.post("/sign-in/code")
def prove() -> ResponseReturnValue:
    """Take the code."""
    proof = _waiting()
    if proof is None:
        return redirect(url_for("signing_in.show"), 303)
    try:
        proven = questions.prove(proof.id, request.form.get("code", "")[:40], _owner(proof))
    except RefusedError as refused:
        return _asked_for(proof, error=refused.sentence), refused.status
    return _welcome(proven)


@pages.get("/sign-in/link/<token>")
def follow(token: str) -> ResponseReturnValue:
    """One button; looking at it changes nothing."""
    proof = _linked(token)
    return render_template("link.html", contact=proof.contact.masked, adds=proof.uid is not None)


@pages.post("/sign-in/link/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Come in by the link of the letter."""
    proof = _linked(token)
    try:
        return _welcome(questions.prove(proof.id, None, _owner(proof)))
    except RefusedError as refused:
        return _said(say("That did not work"), refused.sentence), refused.status


@pages.post("/sign-in/firebase")
def by_token() -> ResponseReturnValue:
    """A session for whoever brings a Firebase ID token as a bearer token; no body, and none comes back."""
    doors = site().doors
    believed = doors.firebase
    if believed is None or not entry.is_bearer():
        abort(401)
    try:
        token, now = firebase.token_of(request), site().now()
        uid = firebase.signed_in(token, believed, site().documents, doors.countries, now)
    except firebase.RefusedTokenError:
        abort(401)
    entry.sign_in(uid)
    return "", 204


@pages.post("/leave/everywhere")
def end_all() -> ResponseReturnValue:
    """Sign out here and on every other device."""
    entry.end_all(entry.person())
    session.clear()
    return _said(
        say("You are signed out everywhere"),
        say(
            "Whoever was signed in as you, on whatever device, is not any more. Your watches go on watching."
        ),
    ), 200


def _form(typed: dict[str, str], *, error: str = "", note: str = "") -> str:
    doors = site().doors
    has_phone, has_email = questions.is_on(Kind.PHONE), questions.is_on(Kind.EMAIL)
    return render_template(
        "sign_in.html",
        typed=typed,
        error=error,
        note=note,
        asked=typed.get("asked") or questions.new_question(),
        countries=addresses.countries(doors.countries) if has_phone else [],
        has_phone=has_phone,
        has_email=has_email,
        here_by_itself=entry.local_person(),
    )


def _asked_for(proof: Proof, *, error: str = "") -> str:
    is_over = not proof.is_open(site().now()) and not error
    return render_template(
        "code.html",
        proof=proof,
        is_phone=proof.contact.kind is Kind.PHONE,
        asked=questions.new_question(),
        error=error,
        over=is_over,
        trouble=_trouble(proof),
    )


def _trouble(proof: Proof) -> str:
    """That the code may not come; never why: that would tell a stranger of whoever has the contact."""
    alert = outbox.load(site().documents, proof.alert_id)
    if alert is None:
        return ""
    if alert.state in (AlertState.FAILED, AlertState.UNDELIVERED):
        return say("The code could not be delivered there. Look at what you typed, or use something else.")
    if alert.state is AlertState.UNCERTAIN:
        return say("We do not know whether the code was sent. If it does not come, ask for another one.")
    return ""


def _waiting() -> Proof | None:
    identity = session.get(questions.PROOF)
    return proofs.find(site().documents, identity) if isinstance(identity, str) else None


def _linked(token: str) -> Proof:
    identity = site().links.read_proof(token)
    proof = proofs.find(site().documents, identity) if identity else None
    if proof is None or not proof.is_open(site().now()):
        abort(410, questions.over())
    if proof.uid is not None and proof.uid != entry.person():
        abort(409, say("Open this link where you are signed in and asked for it, or type the code there."))
    return proof


def _owner(proof: Proof) -> str | None:
    """Who may answer: whoever asked to add it, signed in; of who signs in there is nobody yet."""
    return entry.person() if proof.uid else None


def _welcome(proven: Proven) -> ResponseReturnValue:
    to = questions.own_path(proven.proof.to)
    if proven.proof.uid:
        session.pop(questions.PROOF, None)
        flash(say("{contact} is yours now.", contact=proven.proof.contact.masked))
        return redirect(to, 303)
    entry.sign_in(proven.uid)
    if proven.is_new:
        flash(_new(proven.proof.contact.kind))
    return redirect(to, 303)


def _new(kind: Kind) -> str:
    if kind is Kind.PHONE:
        return say("Welcome. We text you about what you watch only after you agree to it, under Contacts.")
    return say("Welcome. Say what you wait for, and we tell you when it happens.")


def _said(title: str, sentence: str) -> str:
    context: dict[str, Any] = {"title": title, "sentences": [sentence], "sign_in": url_for("signing_in.show")}
    return render_template("message.html", **context)
