"""Every sentence has its translation, with the same values in it, and what is compiled is what was written.

What fails here is mended by ``make messages``, and by writing what it leaves empty.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from watchers import language

ROOT = Path(__file__).parent.parent.parent
OTHERS = sorted(language.LANGUAGES.keys() - {language.SOURCE})
SAYING = {"say", "say_many", "to_say", "Saying"}
_VALUE = re.compile(r"\{\w*\}|%\(\w+\)s|%%|<[^>]+>")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What stands in the code and in the templates, collected as `make messages` does."""
    collected = tmp_path_factory.mktemp("messages") / "messages.pot"
    makefile = (ROOT / "Makefile").read_text()
    command = re.search(r"pybabel (-q extract .*?)-o data/messages\.pot (.*?)\n", makefile, re.DOTALL)
    assert command
    options = command[1].replace("\\\n", " ").split()
    subprocess.run(  # noqa: S603 - our own Makefile
        [
            sys.executable,
            "-m",
            "babel.messages.frontend",
            *options,
            "-o",
            str(collected),
            *command[2].split(),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    with collected.open("rb") as file:
        return read_po(file)


def written(code: str) -> Catalog:
    path = language.FOLDER / code / "LC_MESSAGES" / f"{language.DOMAIN}.po"
    with path.open("rb") as file:
        return read_po(file, locale=code)


def test_every_sentence_that_is_said_is_collected(said: Catalog) -> None:
    """One inside an f-string, or inside another such call, is not seen by those who collect."""
    there = {form for message in said if message.id for form in _forms(message.id)}
    assert sorted(one for one in map(str, _said_in_code()) if one not in there) == []


def _said_in_code() -> Iterator[object]:
    for part in ("watchers", "notifiers", "web"):
        for path in sorted((ROOT / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
                    yield from (one.value for one in node.args[:1] if isinstance(one, ast.Constant))


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated_and_nothing_else(code: str, said: Catalog) -> None:
    there = {message.id for message in said if message.id}
    translated = {message.id for message in written(code) if message.id and _is_whole(message.string)}
    assert len(there) > 1000
    assert sorted(map(str, there - translated)) == []
    assert sorted(map(str, translated - there)) == []


def _is_whole(string: object) -> bool:
    return all(_forms(string))


def _forms(text: object) -> tuple[str, ...]:
    """One form, or two where it depends on a number."""
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text or ""),)


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_names_the_values_of_its_sentence(code: str) -> None:
    for message in written(code):
        ids, strings = _forms(message.id), _forms(message.string)
        if len(ids) > 1:
            values = set().union(*map(_values, ids))
            assert all(set(_values(form)) <= values for form in strings), ids
        elif message.id:
            assert _values(strings[0]) == _values(ids[0]), ids


def _values(text: str) -> list[str]:
    return sorted(_VALUE.findall(text))


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_only_a_guess(code: str) -> None:
    assert [message.id for message in written(code) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_compiled_is_what_was_written(code: str) -> None:
    path = language.FOLDER / code / "LC_MESSAGES" / f"{language.DOMAIN}.mo"
    with path.open("rb") as file:
        compiled = GNUTranslations(file)
    for message in written(code):
        ids, strings = _forms(message.id), _forms(message.string)
        if len(ids) > 1:
            assert tuple(compiled.ngettext(ids[0], ids[1], number) for number in (1, 2)) == strings
        elif message.id:
            assert compiled.gettext(ids[0]) == strings[0]
