"""Pages for what went wrong: what happened, and what to do. Never what broke inside."""

from typing import NamedTuple

from flask import Response, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from notifiers.personal.returning import StillErasedError
from watchers.errors import StoreUnavailableError
from watchers.language import say
from web.api import problems

RETRY_AFTER = 10  # seconds


class _Page(NamedTuple):
    title: str
    sentence: str


def _of(code: int) -> _Page:
    """What is said of it; where the sentence is empty, whoever gave up has said why."""
    no_password = say(
        "Ticket Scout has no passwords: it sends a code to your e-mail address or your phone. If whoever "
        "runs it gave you a personal link, open that one instead; it works for one day."
    )
    cut_off = say("The address may have been cut off on its way, or what it led to is gone.")
    noted = say("It has been noted. What you did may or may not have been kept; look at your watches to see.")
    nothing_lost = say(
        "Nothing is lost and nothing is half-saved. Wait a moment and do it again; twice does no harm."
    )
    too_long = say("The form was longer than any watch can be. Go back and shorten it.")
    pages = {
        401: _Page(say("You are not signed in"), no_password),
        403: _Page(say("This was refused"), ""),
        404: _Page(say("There is nothing here"), cut_off),
        405: _Page(
            say("This address only takes buttons"), say("Go to your watches and press the button there.")
        ),
        409: _Page(say("This cannot be done here"), ""),
        410: _Page(say("This is over"), ""),
        413: _Page(say("That was too much"), too_long),
        500: _Page(say("Something broke on our side"), noted),
        503: _Page(say("The database does not answer at the moment"), nothing_lost),
    }
    return pages.get(code, _Page(say("That did not work"), say("Go back and try again.")))


def page(error: HTTPException) -> Response:
    """The page of an HTTP error."""
    if problems.is_asked():
        return problems.of(error)
    code = error.code or 500
    title, sentence = _of(code)
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    then = url_for("signing_in.show", next=here) if code == 401 else None  # noqa: PLR2004
    return _answer(code, title, sentence or str(error.description), then)


def still_erased(still: StillErasedError) -> Response:
    """The page for who comes back before what was theirs is gone."""
    if problems.is_asked():
        return problems.answer(problems.ProblemError(409, str(still)))
    return _answer(409, _of(409).title, str(still))


def store_unavailable(_: StoreUnavailableError) -> Response:
    """The page for a database that is down."""
    if problems.is_asked():
        return problems.unavailable()
    answer = _answer(503, *_of(503))
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _answer(code: int, title: str, sentence: str, sign_in: str | None = None) -> Response:
    """``sign_in``: where one signs in, and then comes back."""
    page = render_template("message.html", title=title, sentences=[sentence], sign_in=sign_in)
    return make_response(page, code)
