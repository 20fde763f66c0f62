"""The page of one's tokens: make one, see it this once, revoke one.

The form carries what names it, so that a double click leaves one token, the one that is shown.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from notifiers import contacts
from watchers import dates
from watchers.language import say
from web import entry
from web.api import tokens
from web.api.tokens import LONGEST_NAME, Scope, Token, TooManyTokensError
from web.site import site

pages = Blueprint("tokens", __name__)

_DAYS = ("", "30", "90", "365")


@pages.get("/settings/tokens")
def show() -> ResponseReturnValue:
    """All of one's tokens, and the form of a new one."""
    return _page()


@pages.post("/settings/tokens")
def create() -> ResponseReturnValue:
    """Make one; the answer is the only place where it is shown."""
    given = {name: request.form.get(name, "").strip()[:200] for name in ("name", "scope", "days", "form")}
    if errors := _errors(given):
        return _page(given, errors), 422
    now = site().now()
    expires_at = now + timedelta(days=int(given["days"])) if given["days"] else None
    scope: Scope = "write" if given["scope"] == "write" else "read"
    made_by = f"form {given['form']}" if given["form"] else None
    wanted = Token("", entry.person(), given["name"], scope, now, expires_at, made_by=made_by)
    known = tokens.every(site().documents, wanted.uid) if made_by else []
    earlier = [one for one in known if one.made_by == made_by]
    if any(one.used_on or now - one.created_at >= tokens.UNSEEN_FOR for one in earlier):
        flash(say("This form has made its token already: it is among those below."))
        return redirect(url_for("tokens.show"), 303)
    try:
        text, _ = tokens.make(site().documents, wanted)
    except TooManyTokensError as exc:
        return _page(given, {"form": str(exc)}), 409
    return _page(made=text, instead=bool(earlier))


@pages.post("/settings/tokens/<token_id>/revoke")
def revoke(token_id: str) -> ResponseReturnValue:
    """End one now; twice is once."""
    tokens.revoke(site().documents, entry.person(), token_id)
    flash(say("Revoked: whoever still has this token is refused from now on."))
    return redirect(url_for("tokens.show"), 303)


def _errors(given: dict[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not given["name"] or not given["name"].isprintable():
        errors["name"] = say("Write what it is for, so that you know it again.")
    elif len(given["name"]) > LONGEST_NAME:
        errors["name"] = say("Write at most {most} letters.", most=LONGEST_NAME)
    if given["days"] not in _DAYS:
        errors["days"] = say("Choose how long it works.")
    return errors


def _page(
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    made: str | None = None,
    *,
    instead: bool = False,
) -> str:
    """``instead``: what was made takes the place of one that was shown before."""
    now = site().now()
    return render_template(
        "tokens.html",
        tokens=[_line(token, now) for token in tokens.every(site().documents, entry.person())],
        given={"name": "", "scope": "read", "days": "90", **(given or {}), "form": secrets.token_hex(10)},
        errors=errors or {},
        made=made,
        instead=instead,
        longest=LONGEST_NAME,
        public_url=site().public_url,
    )


def _line(token: Token, now: datetime) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "created": _day(token.created_at),
        "expires": _day(token.expires_at) if token.expires_at else "",
        "is_over": not token.is_usable(now),
        "used": _day(datetime.fromisoformat(token.used_on)) if token.used_on else "",
    }


def _day(at: datetime) -> str:
    """On the person's own calendar."""
    if at.tzinfo and (document := entry.document()):
        at = at.astimezone(contacts.zone_of(contacts.from_document(document)))
    return dates.full(at)
