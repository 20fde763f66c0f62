"""The web application: wiring only. Pages for people, short links for alerts, nothing that needs JavaScript.

Every answer carries the same headers: nothing is loaded from anywhere, no script runs, nobody frames a page,
nothing is cached. An error is a page that says what to do; it never shows what broke.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, Response
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from notifiers.base import Report
from notifiers.limits import Limits
from watchers.asked import Refusal
from watchers.catalog import Catalog
from watchers.documents import Documents
from watchers.errors import StoreUnavailableError
from watchers.places import Places
from watchers.providers.base import Provider
from web import alerts, entry, failures, forgery, saving, search, status, twilio, verbs, watches
from web.site import EXTENSION, Link, Site, invented

__all__ = ["Link", "create_app"]

MAX_BODY = 256 * 1024
STAY_SIGNED_IN = timedelta(days=30)


def create_app(  # noqa: PLR0913 - everything the pages rest on, by name
    documents: Documents,
    places: Places,
    *,
    refusal: Refusal,
    secret_key: str,
    public_url: str,
    local_person: str | None = None,
    links: Sequence[Link] = (),
    providers: Mapping[str, str],
    now: Callable[[], datetime],
    learn: Callable[[str, Report], object] | None = None,
    twilio_token: str | None = None,
    limits: Limits | None = None,
    asked: Mapping[str, Provider] | None = None,
    shortest: timedelta = timedelta(minutes=1),
    operators: Collection[str] = (),
    catalog: Catalog | None = None,
) -> Flask:
    """The whole application as one WSGI callable; reads no environment.

    Args:
        documents: The database.
        places: Where documents lie.
        refusal: Why a target cannot be watched; what the worker itself asks.
        secret_key: Signs cookies, entry links and undo forms.
        public_url: Scheme and host people see; ``https`` makes the cookie Secure.
        local_person: Who is signed in by itself, on this machine only.
        links: Other parts of the sandbox, for the header.
        providers: By name, ``on`` or why it is off; in the order of the form.
        now: The time, aware UTC.
        learn: What to do with a vendor's report on the message of the alert with this id; may be told the
            same twice, late, or of an alert that is unknown. Raises ``StoreError`` to be told again.
        twilio_token: What Twilio signs its requests with; without it none is believed.
        limits: How much anybody is sent; the usual if nothing is said.
        asked: Those of ``providers`` that are on: how often they may be asked is their own to say.
        shortest: How often a target is looked at when nothing is short.
        operators: Who may see the status page, besides ``local_person``.
        catalog: All markets, to search; without it there is no such page.

    Raises:
        ValueError: without a secret key nobody can be told from anybody.
    """
    if not secret_key:
        raise ValueError("set SECRET_KEY to a long random text: cookies and links are signed with it")
    app = Flask("web", static_folder=None)  # nothing may lie under /static: functions-framework owns it
    app.extensions[EXTENSION] = Site(
        documents,
        places,
        refusal,
        secret_key,
        public_url,
        local_person,
        providers,
        now,
        learn,
        twilio_token,
        limits or Limits(),
        {} if asked is None else asked,
        shortest,
        operators,
        catalog,
    )
    _configure(app, secret_key, is_secure=urlsplit(public_url).scheme == "https")
    style = app.jinja_env.get_template("style.css").render()
    always = {"style": Markup(style), "links": links, "invented": invented(links)}  # noqa: S704 - ours
    can_search = catalog is not None
    app.context_processor(lambda: {**always, "who": entry.who(), "searches": can_search})
    app.jinja_env.globals["csrf_token"] = forgery.token
    app.before_request(forgery.refuse_forged)
    app.after_request(_guarded(style, is_secure=app.config["SESSION_COOKIE_SECURE"]))
    app.register_error_handler(HTTPException, failures.page)
    app.register_error_handler(StoreUnavailableError, failures.store_unavailable)
    for part in (entry, watches, saving, search, alerts, verbs, status, twilio):
        app.register_blueprint(part.pages)
    for path in ("/healthz", "/health"):  # *.run.app keeps paths that end in z to itself
        app.add_url_rule(path, path, _health)
    return app


def _configure(app: Flask, secret_key: str, *, is_secure: bool) -> None:
    app.secret_key = secret_key
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        PERMANENT_SESSION_LIFETIME=STAY_SIGNED_IN,
        PROPAGATE_EXCEPTIONS=False,  # also in tests and debuggers: people see a page
        SESSION_COOKIE_NAME="__Host-scout" if is_secure else "scout",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_secure,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}


def _guarded(style: str, *, is_secure: bool) -> Callable[[Response], Response]:
    """Puts the headers every answer carries on an answer that does not have its own."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin",  # stricter, and a browser would post our own forms as Origin: null
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }
    if is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"

    def guarded(answer: Response) -> Response:
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        return answer

    return guarded


def _health() -> Response:
    return Response("ok\n", mimetype="text/plain")
