"""What people read, in their language: English as it stands in the code, or a translation of it.

    say("Saved “{name}”.", name=name)        say_many("{number} call", "{number} calls", number)

English loads nothing. Another language is a gettext catalogue under ``locales/``, which ``make messages``
collects and compiles; what it lacks is said in English. The language holds for the thread (or the request)
that chose it, so that everything deep below says the right thing without being told.

Never here: how amounts are written (``money.spoken``), and what operators read on the command line.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gettext import NullTranslations

SOURCE = "en"
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Every language by its code, under its own name."""

DOMAIN, FOLDER = "ticket_scout", Path(__file__).parent / "locales"

K = TypeVar("K")

_SPOKEN: ContextVar[str] = ContextVar("language", default=SOURCE)


def spoken_language() -> str:
    """The code of the language in which is spoken now."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak ``language`` (or English, where it is none of ours) until the block ends."""
    before = _SPOKEN.set(language if language in LANGUAGES else SOURCE)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def say(text: str, **values: object) -> str:
    """``text`` in the language that is spoken, with the values at ``{name}``."""
    said = text if (spoken := _SPOKEN.get()) == SOURCE else _catalogue(spoken).gettext(text)
    return said.format(**values) if values else said


def to_say(text: str) -> str:
    """The same text: a sentence that somebody says later, marked for those who collect sentences."""
    return text


def say_many(one: str, many: str, number: int, **values: object) -> str:
    """The form that fits ``number``, which is ``{number}`` in it."""
    if (spoken := _SPOKEN.get()) == SOURCE:
        said = one if number == 1 else many
    else:
        said = _catalogue(spoken).ngettext(one, many, number)
    return said.format(number=f"{number:,}", **values)


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence with its values, said when it is needed as text: ``str`` speaks the language of then."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return say(self.text, **self.values)


class Sayings(Mapping[K, str]):
    """A table of sentences (``to_say``), each said when it is looked up."""

    def __init__(self, texts: Mapping[K, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: K) -> str:
        return say(self._texts[key])

    def __iter__(self) -> Iterator[K]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@cache
def _catalogue(language: str) -> "NullTranslations":
    from gettext import translation  # noqa: PLC0415 - who reads English pays nothing for others

    return translation(DOMAIN, FOLDER, [language], fallback=True)
