"""``/settings/plan``: what somebody's own plan holds, what of it is used, and what happens at the limit."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from notifiers import contacts
from watchers.models import Person
from watchers.tiers import title
from web import entry
from web.membership import membership
from web.site import site

pages = Blueprint("plan", __name__)


@pages.get("/settings/plan")
def show() -> ResponseReturnValue:
    """Three reads: the person, their seats, what they were sent."""
    uid, limits = entry.person(), site().limits
    document = entry.document()
    person = contacts.from_document(document) if document else Person(uid)
    mine = membership(site().documents, site().places, limits, person, site().now())
    return render_template(
        "plan.html",
        mine=mine,
        name=title(mine.tier.name),
        others=[(title(one.name), one, limits.texts_at(one)) for one in limits.tiers.every.values()],
        contact=limits.tiers.contact,
    )
