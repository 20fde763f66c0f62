"""In which language a page is: the one its reader chose, or else the first of their browser's that we have.

Templates say ``{{ _("Save") }}`` and ``{% trans %}…{% endtrans %}``; code says ``say("…")``.
"""

from contextlib import ExitStack

from flask import Flask, g, request, session

from watchers.language import LANGUAGES, SOURCE, say, say_many, speaking, spoken_language

KEY = "language"
"""Where the session keeps what its person chose; who signs in brings it along."""
HEARD = "heard"
"""Where it keeps which language their settings had when it last followed them."""

WISH = "lang"
"""What a link to the same page in another language has in its address; also for who is not signed in."""


def install(app: Flask) -> None:
    """Let templates and requests of this application speak."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(say, say_many, newstyle=True)  # type: ignore[attr-defined]
    app.before_request(_choose)
    app.teardown_request(_fall_silent)
    app.context_processor(lambda: {"language": spoken_language()})


def chosen() -> str:
    """The language of the request being answered."""
    kept = session.get(KEY)
    return kept if kept in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or SOURCE


def follow(setting: object) -> None:
    """Speak as the settings of whoever is signed in say, from now on, if they changed: on any device."""
    if setting not in LANGUAGES or session.get(HEARD) == setting:
        return
    session[HEARD] = setting
    if request.args.get(WISH) not in LANGUAGES:
        session[KEY] = setting
        g.speaking.enter_context(speaking(chosen()))


def _choose() -> None:
    if (wish := request.args.get(WISH)) in LANGUAGES:
        session[KEY] = wish
    g.speaking = ExitStack()
    g.speaking.enter_context(speaking(chosen()))


def _fall_silent(_: BaseException | None) -> None:
    """A thread that answers another request next, or delivers an alert, does not go on in this language."""
    if stack := g.pop("speaking", None):
        stack.close()
