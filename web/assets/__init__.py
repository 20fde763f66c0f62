"""Style, scripts and the icon, served by ourselves: no build step, nothing of anybody else's.

The style sheets are one file, in the order of their names; a script is loaded by the page that needs it, and
every page works without. An address holds a digest of what it leads to, so a browser keeps it for ever.
"""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, url_for
from flask.typing import ResponseReturnValue

_FOLDER = Path(__file__).parent
_KEPT = "public, max-age=31536000, immutable"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
STYLE = "style.css"

pages = Blueprint("assets", __name__)


def install(app: Flask) -> None:
    """Give templates ``asset('style.css')``: the address of one."""
    app.jinja_env.globals["asset"] = _address


@pages.get("/assets/<digest>/<name>")
def serve(digest: str, name: str) -> ResponseReturnValue:
    """One of them; an old address leads to what it is now, but is not kept."""
    text = _known().get(name)
    if text is None:
        abort(404)
    kept = _KEPT if digest == _digest(text) else "no-cache"
    return Response(text, mimetype=_TYPES[Path(name).suffix], headers={"Cache-Control": kept})


def _address(name: str) -> str:
    return url_for("assets.serve", digest=_digest(_known()[name]), name=name)


@cache
def _known() -> dict[str, str]:
    """Each by the name it is served under."""
    sheets = sorted((_FOLDER / "css").glob("*.css"))
    others = (*(_FOLDER / "js").glob("*.js"), *_FOLDER.glob("*.svg"))
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    return {STYLE: style} | {file.name: file.read_text(encoding="utf-8") for file in others}


@cache
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
