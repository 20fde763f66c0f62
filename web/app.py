"""The web application: wiring only. Pages for people, short links for alerts, nothing that needs JavaScript.

Every answer carries the same headers: style and scripts are our own, nobody frames a page, nothing is
cached. An error is a page that says what to do; it never shows what broke.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from notifiers.personal.returning import StillErasedError
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
    navigation,
    own_writes,
    saving,
    search,
    search_buttons,
    traffic,
    twilio,
    verbs,
    watches,
)
from web.account import contact_pages, signing_in
from web.api import guide, token_page
from web.api import routes as api
from web.operator import health, measured, mine, people, status
from web.settings import mydata, page
from web.site import EXTENSION, Link, Site, invented
from web.watch import calendars, porting
from web.watch import page as watch

__all__ = ["Link", "create_app"]

PARTS = (
    assets,
    entry,
    watches,
    saving,
    search,
    search_buttons,
    alerts,
    verbs,
    status,
    twilio,
    signing_in,
    contact_pages,
    page,
    mydata,
    api,
    guide,
    token_page,
    people,
    mine,
    health,
    measured,
    porting,
    calendars,
    watch,
    bulk,
    live,
)
MAX_BODY = 256 * 1024


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
    app.config["LINKS"] = links
    _configure(app, site.secret_key, is_secure=urlsplit(site.public_url).scheme == "https")
    assets.install(app)
    languages.install(app)
    navigation.install(app)
    app.context_processor(lambda: {"links": links, "invented": invented(links), "who": entry.who()})
    app.jinja_env.globals["csrf_token"] = forgery.token
    app.before_request(forgery.refuse_forged)
    app.after_request(entry.renew)
    app.after_request(navigation.unlisted)
    app.after_request(own_writes.mark)
    app.after_request(_guarded(links, is_secure=app.config["SESSION_COOKIE_SECURE"]))
    app.register_error_handler(HTTPException, failures.page)
    app.register_error_handler(StoreUnavailableError, failures.store_unavailable)
    app.register_error_handler(StillErasedError, failures.still_erased)
    for part in PARTS:
        app.register_blueprint(part.pages)
    traffic.install(app, site.traffic, site.meter, site.now)
    return app


def _configure(app: Flask, secret_key: str, *, is_secure: bool) -> None:
    app.secret_key = secret_key
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        PERMANENT_SESSION_LIFETIME=entry.STAYS_SIGNED_IN,
        PROPAGATE_EXCEPTIONS=False,  # also in tests and debuggers: people see a page
        SESSION_COOKIE_NAME="__Host-scout" if is_secure else "scout",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_secure,
        SESSION_REFRESH_EACH_REQUEST=False,  # once a day: ``entry.renew``
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open as long as its session
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
    }
    if is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"

    def guarded(answer: Response) -> Response:
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        return answer

    return guarded
