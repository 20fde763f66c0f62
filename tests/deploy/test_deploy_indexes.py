"""Which commands bring a database's indexes to what the file says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.installation import ROOT

Json = dict[str, Any]
PLACE = "projects/p/databases/(default)/collectionGroups"
BY_PERSON: Json = {
    "collectionGroup": "alerts",
    "queryScope": "COLLECTION",
    "fields": [{"fieldPath": "uid", "order": "ASCENDING"}, {"fieldPath": "tags", "arrayConfig": "CONTAINS"}],
}
EXPIRY: Json = {"collectionGroup": "runs", "fieldPath": "expires_at", "ttl": True, "indexes": []}

CREATED = (
    "indexes composite create --collection-group=alerts --query-scope=collection"
    " --field-config=field-path=uid,order=ascending --field-config=field-path=tags,array-config=contains"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "firestore.indexes.json"
    path.write_text(json.dumps({"indexes": [BY_PERSON], "fieldOverrides": [EXPIRY]}))
    return path


def _commands(file: Path, *present: list[Json], jobs: str = "worker_monitor_jobs") -> list[str]:
    ran = subprocess.run(  # noqa: S603 - the project's own script
        [sys.executable, str(ROOT / "deploy/steps/indexes.py"), str(file), jobs],
        input=json.dumps(present),
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.replace("\t", " ") for line in ran.stdout.splitlines()]


def test_an_empty_database_gets_all_of_them(file: Path) -> None:
    assert _commands(file, [], [], []) == [
        CREATED,
        "fields ttls update expires_at --collection-group=runs --enable-ttl",
        "indexes fields update expires_at --collection-group=runs --disable-indexes",
    ]


def test_what_is_there_is_not_asked_for_again(file: Path) -> None:
    """Firestore ends an index with the name by itself; an exemption and an expiry are listed apart."""
    fields = [*BY_PERSON["fields"], {"fieldPath": "__name__", "order": "ASCENDING"}]
    index = {"name": f"{PLACE}/alerts/indexes/i1", "queryScope": "COLLECTION", "fields": fields}
    name = f"{PLACE}/runs/fields/expires_at"
    indexed: Json = {"name": name, "indexConfig": {}}
    expiring: Json = {"name": name, "ttlConfig": {"state": "CREATING"}}

    assert _commands(file, [index], [indexed], [expiring]) == []


def test_an_index_in_another_order_is_another_index(file: Path) -> None:
    turned = {**BY_PERSON, "name": f"{PLACE}/alerts/indexes/i1", "fields": BY_PERSON["fields"][::-1]}
    assert len(_commands(file, [turned], [], [])) == 3


def test_an_expiry_that_needs_repair_is_asked_for_again(file: Path) -> None:
    broken: Json = {"name": f"{PLACE}/runs/fields/expires_at", "ttlConfig": {"state": "NEEDS_REPAIR"}}
    assert "fields ttls update expires_at --collection-group=runs --enable-ttl" in _commands(
        file, [], [], [broken]
    )


def test_a_field_keeps_the_indexes_that_the_file_names(file: Path) -> None:
    kept = {"collectionGroup": "alerts", "fieldPath": "tags", "indexes": [{"arrayConfig": "CONTAINS"}]}
    file.write_text(json.dumps({"fieldOverrides": [kept]}))
    assert _commands(file, [], [], []) == [
        "indexes fields update tags --collection-group=alerts --index=array-config=contains"
    ]


def test_another_worker_collection_has_the_indexes_of_the_usual_one(file: Path) -> None:
    usual, other = EXPIRY | {"collectionGroup": "worker_monitor_jobs"}, "other_jobs"
    file.write_text(json.dumps({"indexes": [], "fieldOverrides": [usual]}))
    assert _commands(file, [], [], []) == [
        "fields ttls update expires_at --collection-group=worker_monitor_jobs --enable-ttl",
        "indexes fields update expires_at --collection-group=worker_monitor_jobs --disable-indexes",
    ]
    assert _commands(file, [], [], [], jobs=other) == [
        "fields ttls update expires_at --collection-group=other_jobs --enable-ttl",
        "indexes fields update expires_at --collection-group=other_jobs --disable-indexes",
    ]
