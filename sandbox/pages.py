"""The look the three sandbox sites share: one template, one inline stylesheet, one header.

Every page and answer says that it is the sandbox's. Pages load nothing from anywhere and work without
JavaScript; the one small script only renews what is shown.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from flask import Flask, Response

CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Link(TypedDict):
    """One entry of the header; ``SANDBOX_LINKS`` is a JSON list of these."""

    name: str
    url: str


def site(name: str, links: Iterable[Link] = ()) -> Flask:
    """An app whose templates know its name and the header's links, and whose answers are marked."""
    app = Flask("sandbox", static_folder=None)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    shown: Sequence[Link] = tuple(links)

    @app.context_processor
    def header() -> dict[str, Any]:
        return {"site_name": name, "links": shown}

    @app.after_request
    def marked(answer: Response) -> Response:
        answer.headers["Sandbox"] = "yes"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
        if answer.mimetype == "text/html":
            answer.headers.setdefault("Content-Security-Policy", CSP)
        return answer

    return app
