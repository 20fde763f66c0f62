"""Pages for what went wrong: what happened, and what to do. Never what broke inside."""

from typing import NamedTuple

from flask import Response, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from watchers.errors import StoreUnavailableError
from watchers.language import say, to_say
from web.api import problems

RETRY_AFTER = 10  # seconds


class _Page(NamedTuple):
    title: str
    sentence: str


_UNKNOWN = _Page(to_say("That did not work"), to_say("Go back and try again."))
_PAGES = {
    401: _Page(
        to_say("You are not signed in"),
        to_say(
            "Ticket Scout has no passwords: it sends a code to your e-mail address or your phone. If whoever "
            "runs it gave you a personal link, open that one instead; it works for one day."
        ),
    ),
    403: _Page(to_say("This was refused"), ""),
    404: _Page(
        to_say("There is nothing here"),
        to_say("The address may have been cut off on its way, or what it led to is gone."),
    ),
    405: _Page(
        to_say("This address only takes buttons"), to_say("Go to your watches and press the button there.")
    ),
    409: _Page(to_say("This cannot be done here"), ""),
    410: _Page(to_say("This is over"), ""),
    413: _Page(
        to_say("That was too much"),
        to_say("The form was longer than any watch can be. Go back and shorten it."),
    ),
    500: _Page(
        to_say("Something broke on our side"),
        to_say("It has been noted. What you did may or may not have been kept; look at your watches to see."),
    ),
    503: _Page(
        to_say("The database does not answer at the moment"),
        to_say(
            "Nothing is lost and nothing is half-saved. Wait a moment and do it again; twice does no harm."
        ),
    ),
}


def page(error: HTTPException) -> Response:
    """The page of an HTTP error."""
    if problems.is_asked():
        return problems.of(error)
    code = error.code or 500
    known = _PAGES.get(code, _UNKNOWN)
    title, sentence = say(known.title), say(known.sentence) if known.sentence else ""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    then = url_for("signing_in.show", next=here) if code == 401 else None  # noqa: PLR2004
    return _answer(code, title, sentence or str(error.description), then)


def store_unavailable(_: StoreUnavailableError) -> Response:
    """The page for a database that is down."""
    if problems.is_asked():
        return problems.unavailable()
    answer = _answer(503, *map(say, _PAGES[503]))
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _answer(code: int, title: str, sentence: str, sign_in: str | None = None) -> Response:
    """``sign_in``: where one signs in, and then comes back."""
    page = render_template("message.html", title=title, sentences=[sentence], sign_in=sign_in)
    return make_response(page, code)
