"""The web application: wiring only. Pages for people, short links for alerts, nothing that needs JavaScript.

Every answer carries the same headers: style and scripts are our own, nobody frames a page, nothing is
cached. An error is a page that says what to do; it never shows what broke.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from watchers.errors import StoreUnavailableError
from web import (
    alerts,
    assets,
    bulk,
    entry,
    failures,
    forgery,
    languages,
    live,
    own_writes,
    saving,
    search,
    status,
    twilio,
    verbs,
    watches,
)
from web.site import EXTENSION, Link, Site, invented

__all__ = ["Link", "create_app"]

MAX_BODY = 256 * 1024
STAY_SIGNED_IN = timedelta(days=30)


def create_app(site: Site, links: Sequence[Link] = ()) -> Flask:
    """The whole application as one WSGI callable; reads no environment.

    Args:
        site: What every page rests on.
        links: Other parts of the sandbox, for the header.

    Raises:
        ValueError: without a secret key nobody can be told from anybody.
    """
    if not site.secret_key:
        raise ValueError("set SECRET_KEY to a long random text: cookies and links are signed with it")
    app = Flask("web", static_folder=None)  # nothing may lie under /static: functions-framework owns it
    app.extensions[EXTENSION] = site
    _configure(app, site.secret_key, is_secure=urlsplit(site.public_url).scheme == "https")
    assets.install(app)
    languages.install(app)
    always = {"links": links, "invented": invented(links), "searches": site.catalog is not None}
    app.context_processor(lambda: {**always, "who": entry.who()})
    app.jinja_env.globals["csrf_token"] = forgery.token
    app.before_request(forgery.refuse_forged)
    app.after_request(own_writes.mark)
    app.after_request(_guarded(links, is_secure=app.config["SESSION_COOKIE_SECURE"]))
    app.register_error_handler(HTTPException, failures.page)
    app.register_error_handler(StoreUnavailableError, failures.store_unavailable)
    for part in (assets, entry, watches, bulk, live, saving, search, alerts, verbs, status, twilio):
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


def _guarded(links: Sequence[Link], *, is_secure: bool) -> Callable[[Response], Response]:
    """Puts the headers every answer carries on an answer that does not have its own.

    Pictures of events come from the markets, over https (the sandbox's from its own).
    """
    played = "".join(f" {link['url']}" for link in links)
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
            f"img-src 'self' data: https:{played}; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
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
