"""``/settings/plan``: what somebody's own plan holds, what of it is used, and what happens at the limit."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from notifiers import contacts
from watchers import seats
from watchers.models import Person
from watchers.tiers import title
from web import entry, membership
from web.membership import Used
from web.site import site

pages = Blueprint("plan", __name__)


@pages.get("/settings/plan")
def show() -> ResponseReturnValue:
    """Three reads: the person, their seats, what they were sent."""
    uid, tiers = entry.person(), site().limits.tiers
    document = entry.document()
    person = contacts.from_document(document) if document else Person(uid)
    tier = tiers.of(person.plan)
    held = seats.read(site().documents, site().places, uid)
    try:
        texts = membership.texts(person, site().now())
    except ValueError:
        texts = None
    return render_template(
        "plan.html",
        tier=tier,
        name=title(tier.name),
        others=[(title(other.name), other, site().limits.texts_at(other)) for other in tiers.every.values()],
        watches=Used(len(held.held), tier.watches),
        waiting=len(held.waiting),
        texts=texts,
        contact=tiers.contact,
        has_own_texts=person.segments_per_month is not None,
    )
