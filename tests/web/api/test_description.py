"""The description says what is there: the same table makes both."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.web.kit import World
from web.api.operation import Access
from web.api.routes import routes
from web.api.table import OPERATIONS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def described(world: World) -> dict[str, Any]:
    answer = world.app().test_client().get("/api/v1/openapi.json")
    assert answer.content_type == "application/json"
    made: dict[str, Any] = answer.get_json()
    return made


def test_every_route_is_described_and_nothing_else(described: dict[str, Any]) -> None:
    routed = {
        (method, re.sub(r"<(\w+)>", r"{\1}", str(rule)).removeprefix("/api/v1"))
        for rule in routes().iter_rules()
        if rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert routed == {
        (method.upper(), path) for path, methods in described["paths"].items() for method in methods
    }


def test_no_two_operations_share_a_name() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names))


def test_it_is_openapi_3_1_with_a_server_and_a_version(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert described["servers"] == [{"url": "http://localhost/api/v1"}]
    assert re.fullmatch(r"1\.\d+\.\d+", described["info"]["version"])


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert named <= described["components"]["schemas"].keys()
    assert {"Watch", "Problem", "SavedWatch"} <= named


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_says_what_it_is_and_what_can_go_wrong(
    described: dict[str, Any], operation: Any
) -> None:
    said = described["paths"][operation.path][operation.method.lower()]
    assert said["summary"]
    assert set(said["responses"]) >= {str(status) for status in operation.statuses()}
    for status, answer in said["responses"].items():
        if status >= "400":
            assert list(answer["content"]) == ["application/problem+json"]
    assert said["security"] == ([] if operation.access is Access.ANYBODY else [{"token": []}])
    if operation.body:
        assert operation.example, "somebody will want to copy it"


def test_every_field_of_every_model_of_ours_is_closed(described: dict[str, Any]) -> None:
    open_ones = [
        name
        for name, schema in described["components"]["schemas"].items()
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    ]
    assert set(open_ones) == {"Health", "MyData"}, "which say themselves what they hold"


def test_it_is_only_loaded_when_it_is_asked_for() -> None:
    code = (
        "import sys; sys.path.insert(0, '.'); import web.app; assert 'web.api.routes' in sys.modules; "
        "assert not {'openapi_pydantic', 'web.api.table', 'web.api.models'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 - our own line


def test_the_page_for_people_lists_every_operation_and_every_problem(world: World) -> None:
    page = world.app().test_client().get("/api").get_data(as_text=True)
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page
    assert page.count("<pre") == len(OPERATIONS)
    for slug in ("not-found", "too-often", "changed-meanwhile"):
        assert f'id="{slug}"' in page
    assert "<script" not in page
    assert "style=" not in page
