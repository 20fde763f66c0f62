"""The people, for operators: a page of them at a time, one person's page, their plan. Contacts are masked.

Somebody is found by their id, or by a number or address in full, which is sent in a form (never in an
address) and is neither shown nor logged.
"""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from notifiers import contacts, owners, tallies
from notifiers.profile import profile
from notifiers.proofs import Contact, Kind
from watchers import seats
from watchers.documents import Document, Query
from watchers.language import say
from watchers.tiers import NAMES, is_plan, title
from web import monitors
from web.operator.guard import log, operator
from web.operator.lines import watches
from web.operator.plans import give_plan
from web.site import site

pages = Blueprint("people", __name__)

PAGE = 25


@pages.get("/status/people")
def show() -> ResponseReturnValue:
    """So many people, by id, from the one after ``?after=``."""
    operator("people")
    after = request.args.get("after") or None
    if after and not monitors.is_id(after):
        abort(404)
    found = site().documents.find(Query("people", value=after, limit=PAGE + 1))
    shown = found[:PAGE]
    return render_template(
        "people.html",
        rows=_rows(shown),
        after=shown[-1].id if len(found) > PAGE else None,
        is_first=after is None,
        title=title,
    )


@pages.post("/status/people")
def find() -> ResponseReturnValue:
    """One person, by id, number or address."""
    said = request.form.get("who", "").strip()
    operator("people.find")
    uid = _uid_of(said) if said else None
    if uid is None:
        flash(say("Nobody has this id, number or address. Write a number as in +14155550123."), "warn")
        return redirect(url_for("people.show"), 303)
    return redirect(url_for("people.one", uid=uid), 303)


@pages.get("/status/people/<uid>")
def one(uid: str) -> ResponseReturnValue:
    """What is known of one person."""
    operator("people.one", person=uid)
    document = _person(uid)
    (row,) = _rows([document])
    return render_template("person.html", row=row, plans=NAMES, title=title, problems=_refused(uid))


@pages.post("/status/people/<uid>/plan")
def change_plan(uid: str) -> ResponseReturnValue:
    """Give them another plan."""
    plan = request.form.get("plan", "")
    by = operator("people.plan", person=uid)
    _person(uid)
    if not is_plan(plan):
        flash(say("Choose one of {plans}.", plans=", ".join(NAMES)), "warn")
        return redirect(url_for("people.one", uid=uid), 303)
    carried = give_plan(site(), uid, plan)
    log.info("person.plan_changed", extra={"operator": by, "person": uid, "plan": plan})
    changed = watches(carried)
    flash(
        say(
            "{person} is on {plan} now; {watches} changed with it.",
            person=uid,
            plan=title(plan),
            watches=changed,
        )
    )
    return redirect(url_for("people.one", uid=uid), 303)


def _person(uid: str) -> Document:
    return (site().documents.get(contacts.path(uid)) if monitors.is_id(uid) else None) or abort(404)


def _rows(found: list[Document]) -> list[dict[str, Any]]:
    """Each person masked, with how much they use: two reads a person, in two questions."""
    documents, limits, now = site().documents, site().limits, site().now()
    seated = documents.get_many([seats.path(one.id) for one in found])
    counted = documents.get_many([tallies.path(one.id) for one in found])
    rows = []
    for document, seat, tally in zip(found, seated, counted, strict=True):
        person = contacts.from_document(document)
        try:
            kept = tallies.from_document(person.uid, tally).at(now, contacts.zone_of(person))
        except ValueError:
            kept = None
        held = seats.from_document(person.uid, seat) if seat else seats.Seats(person.uid)
        shown = profile(person, kept)
        rows.append(
            shown
            | {
                "watches": len(held.held),
                "waiting": len(held.waiting),
                "watches_of": limits.tiers.of(person.plan).watches,
                "texts_of": limits.texts_of(person),
                "opted_out": bool(person.opted_out_at),
                "problems": [
                    f"{name}: {shown[name]['problem']}"
                    for name in ("phone", "email", "push")
                    if shown[name] and shown[name]["problem"]
                ],
            }
        )
    return rows


def _refused(uid: str) -> list[tuple[str, list[str]]]:
    """Their watches that are refused, and why."""
    found = site().documents.find(Query("refused", ("uid",), "==", uid, 50))
    return [(str(one.fields.get("watch")), list(one.fields.get("reasons") or ())) for one in found]


def _uid_of(said: str) -> str | None:
    """Whose id, number or address this is."""
    documents = site().documents
    if monitors.is_id(said) and documents.get(contacts.path(said)):
        return said
    contact = Contact(Kind.EMAIL, said.lower()) if "@" in said else Contact(Kind.PHONE, said.replace(" ", ""))
    bound = documents.get(owners.path(contact))
    if bound and isinstance(uid := bound.fields.get("uid"), str):
        return uid
    found = documents.find(Query("people", (str(contact.kind),), "==", contact.address, 1))
    return found[0].id if found else None
