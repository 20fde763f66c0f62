"""The list of where personal data lies is whole: a collection that code names is on it, or on the other."""

import re
from pathlib import Path

import pytest

from notifiers.personal.whereabouts import IMPERSONAL, OTHER_PERSONAL, Holding, Named, found, holdings
from store.sqlite import SqliteDocuments
from tests.notifiers.personal.life import UID, Remembering, live
from watchers.places import Places

ROOT = Path(__file__).parents[3]
CODE = [*ROOT.glob("watchers/**/*.py"), *ROOT.glob("notifiers/**/*.py"), *ROOT.glob("web/**/*.py")]
NAMES = re.compile(
    r"""(?:COLLECTION|ALERTS|REFUSED)\s*(?::\s*\w+)?\s*=\s*"([a-z_]+)"         # COLLECTION = "people"
      | f"([a-z_]+)/\{[^"]*"\s*$                                       # return f"boards/{name}"
      | Query\("([a-z_]+)"                                             # Query("alerts", …)
      | (?:Put|Create|Update|Delete|\.get)\(f?"([a-z_]+)/              # Put(f"people/{uid}", …)
    """,
    re.VERBOSE | re.MULTILINE,
)
NOT_COLLECTIONS = frozenset({"artifacts", "projects"})  # where folders begin; of Google


def named() -> set[str]:
    """Every collection that the code names."""
    return {
        name
        for source in CODE
        if "providers" not in source.parts
        for groups in NAMES.findall(source.read_text())
        for name in groups
        if name
    }


def listed() -> set[str]:
    return {holding.collection for holding in holdings(Places(), UID)} | OTHER_PERSONAL


def test_every_collection_that_the_code_names_is_personal_or_is_said_not_to_be() -> None:
    assert named() >= {"people", "alerts", "tallies", "boards", "verdicts", "alert_shelves", "inbound"}
    assert named() - listed() - IMPERSONAL - NOT_COLLECTIONS == set()


def test_nothing_is_both() -> None:
    assert not listed() & IMPERSONAL


@pytest.mark.parametrize("holding", holdings(Places(), UID), ids=lambda holding: holding.collection)
def test_a_life_in_the_product_leaves_something_in_each(holding: Holding) -> None:
    documents = Remembering(SqliteDocuments(":memory:"))
    live(documents)

    assert found(documents, holding, UID, 10)
    assert not found(documents, holding, "nobody", 10) or holding.named is Named.BY_FOLDER


def test_a_document_that_names_a_person_lies_nowhere_else() -> None:
    documents = Remembering(SqliteDocuments(":memory:"))
    live(documents)
    places = [*(one.collection for one in holdings(Places(), UID)), *OTHER_PERSONAL]

    stray = [path for path in documents.mentions(UID) if not path.startswith(tuple(places))]

    assert stray == []
