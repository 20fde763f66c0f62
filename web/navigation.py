"""The frame around every page: where one can go, the language, and whether a search engine may list it.

A place appears where its page is wired and the one who is signed in may go there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, request, session, url_for

from watchers.language import LANGUAGES, say, spoken_language
from web import entry
from web.site import site

WELCOME = frozenset({"signing_in.show", "guide.show"})
"""Pages made for people who are not signed in: the only ones that a search engine may list."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the header or the footer."""

    label: str
    url: str
    is_current: bool
    code: str = ""


def install(app: Flask) -> None:
    """Give every page its frame."""
    app.context_processor(_frame)


def unlisted(answer: Response) -> Response:
    """Search engines list the welcome pages; who is signed in is none, and is told nothing about them."""
    is_somebody = "uid" in session or entry.local_person() is not None
    if not is_somebody and request.endpoint not in WELCOME:
        answer.headers.setdefault("X-Robots-Tag", "noindex")
    return answer


def _frame() -> dict[str, Any]:
    return {
        "places": list(_places() if entry.who() else _doors()),
        "tongues": list(_languages()),
        "has": _has,
    }


def _places() -> Iterator[Place]:
    for endpoint, label in (
        ("watches.home", say("Watches")),
        ("search.show", say("Search")),
        ("watches.alerts", say("Alerts")),
        ("settings.show", say("Settings")),
        ("status.show", say("Status")),
    ):
        if _has(endpoint) and _may(endpoint):
            yield Place(label, url_for(endpoint), _is_within(endpoint), code=endpoint)


def _doors() -> Iterator[Place]:
    """For strangers: the way in."""
    endpoint = "signing_in.show"
    yield Place(say("Sign in"), url_for(endpoint), request.endpoint == endpoint, code=endpoint)


def _may(endpoint: str) -> bool:
    if endpoint == "status.show":
        return entry.is_operator()
    return endpoint != "search.show" or site().catalog is not None


def _has(endpoint: str) -> bool:
    return endpoint in current_app.view_functions


def _is_within(endpoint: str) -> bool:
    """Whether the page is this one, or one of its part: the form belongs to the watches."""
    return request.endpoint == endpoint or _PARTS.get(request.blueprint or "") == endpoint


_PARTS = {
    "saving": "watches.home",
    "watch": "watches.home",
    "porting": "watches.home",
    "calendars": "watches.home",
    "search": "search.show",
    "search_buttons": "search.show",
    "settings": "settings.show",
    "contacts": "settings.show",
    "tokens": "settings.show",
    "mydata": "settings.show",
    "plan": "settings.show",
    "status": "status.show",
    "people": "status.show",
}


def _languages() -> Iterator[Place]:
    """This page in each language; from the answer to a form, the page that one can go to by its address."""
    methods = (request.url_rule.methods if request.url_rule else None) or ()
    path = request.path if "GET" in methods else url_for("watches.home")
    query = request.args.to_dict(flat=False) if request.method == "GET" else {}
    for code, name in LANGUAGES.items():
        address = f"{path}?{urlencode({**query, 'lang': [code]}, doseq=True)}"
        yield Place(name, address, code == spoken_language(), code=code)
