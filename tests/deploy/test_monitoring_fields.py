"""Fields and words of our files are those of Google's APIs, as the gcloud that is installed knows them."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KINDS = {
    "metrics": ("logging/v2/logging_v2_messages.py", "LogMetric"),
    "policies": ("monitoring/v3/monitoring_v3_messages.py", "AlertPolicy"),
    "dashboards": ("monitoring/v1/monitoring_v1_messages.py", "Dashboard"),
}
FILES = sorted((ROOT / "deploy/monitoring").glob("*/*.json"))
Known = dict[str, tuple[str, str]]


def messages(module: str) -> dict[str, ast.ClassDef]:
    """The messages of an API, by name."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        pytest.skip("gcloud is not installed here")
    apis = Path(gcloud).resolve().parents[1] / "lib/googlecloudsdk/generated_clients/apis"
    if not (apis / module).exists():
        pytest.skip("this gcloud keeps its messages elsewhere")
    parsed = ast.parse((apis / module).read_text())
    return {one.name: one for one in parsed.body if isinstance(one, ast.ClassDef)}


def fields(message: ast.ClassDef) -> Known:
    """Each field's kind (``MessageField``) and of which type it is."""
    found: Known = {}
    for one in message.body:
        if (
            isinstance(one, ast.Assign)
            and isinstance(one.value, ast.Call)
            and isinstance(one.targets[0], ast.Name)
        ):
            first = one.value.args[0]
            of = str(first.value) if isinstance(first, ast.Constant) else ""
            found[one.targets[0].id] = (ast.unparse(one.value.func).rpartition(".")[2], of)
    return found


def unknown(said: Any, of: ast.ClassDef, known: dict[str, ast.ClassDef]) -> list[str]:
    """What stands there and is no field, or no word, of this message."""
    wrong = []
    for name, value in said.items():
        kind, type_of = fields(of).get(name, ("", ""))
        inner = {one.name: one for one in of.body if isinstance(one, ast.ClassDef)}
        if not kind:
            wrong.append(f"{of.name}.{name}")
        elif kind == "EnumField" and value not in words(inner[type_of]):
            wrong.append(f"{of.name}.{name}={value}")
        elif kind == "MessageField" and type_of in known:
            for one in value if isinstance(value, list) else [value]:
                wrong += unknown(one, known[type_of], known) if isinstance(one, dict) else []
    return wrong


def words(enumeration: ast.ClassDef) -> set[str]:
    return {
        target.id
        for one in enumeration.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_field_and_word_is_one_of_the_api(file: Path) -> None:
    module, name = KINDS[file.parent.name]
    known = messages(module)
    assert unknown(json.loads(file.read_text()), known[name], known) == []


def test_a_field_that_is_none_is_found() -> None:
    known = messages(KINDS["policies"][0])
    said = {"combiner": "PERHAPS", "conditions": [{"conditionAbsent": {"lasts": "600s"}}]}
    assert unknown(said, known["AlertPolicy"], known) == [
        "AlertPolicy.combiner=PERHAPS",
        "MetricAbsence.lasts",
    ]
