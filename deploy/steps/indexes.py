"""What is missing of the indexes, exemptions and expiry of ``firestore.indexes.json``, as commands of gcloud.

``indexes.py FILE [WORKER_COLLECTION]``; where that is another than the file's, it stands in its place. Reads
what the database has as JSON on standard input: ``[composite indexes, indexed fields, expiring fields]``, as
gcloud lists them. Prints one command a line, its words parted by tabs, without ``gcloud
firestore`` before them. What the database has besides is left alone: an index that no code needs costs a
little, one that is taken away costs an answer.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from web.installation import wanted as files
from web.installation.wanted import identity, way

SCOPES = {"COLLECTION": "collection", "COLLECTION_GROUP": "collection-group"}


def commands(
    wanted: dict[str, Any], composite: list[dict[str, Any]], fields: list[dict[str, Any]]
) -> Iterator[list[str]]:
    """The commands that bring a database to what is wanted."""
    have = {identity(index, index["name"].split("/")[-3]) for index in composite}
    for index in wanted.get("indexes", []):
        if identity(index, index["collectionGroup"]) not in have:
            yield _create(index)
    known: dict[tuple[str, ...], dict[str, Any]] = {}
    for field in fields:
        known.setdefault(tuple(field["name"].split("/")[-3::2]), {}).update(field)
    for override in wanted.get("fieldOverrides", []):
        yield from _field(override, known.get((override["collectionGroup"], override["fieldPath"]), {}))


def _create(index: dict[str, Any]) -> list[str]:
    fields = [f"--field-config=field-path={one['fieldPath']},{way(one)}" for one in index["fields"]]
    scope = f"--query-scope={SCOPES[index.get('queryScope', 'COLLECTION')]}"
    return [
        "indexes",
        "composite",
        "create",
        f"--collection-group={index['collectionGroup']}",
        scope,
        *fields,
    ]


def _field(override: dict[str, Any], present: dict[str, Any]) -> Iterator[list[str]]:
    path, group = override["fieldPath"], f"--collection-group={override['collectionGroup']}"
    if override.get("ttl") and present.get("ttlConfig", {}).get("state") not in ("ACTIVE", "CREATING"):
        yield ["fields", "ttls", "update", path, group, "--enable-ttl"]
    if "indexes" in override and _ways(override["indexes"]) != _present_ways(present):
        kept = [f"--index={one}" for one in sorted(_ways(override["indexes"]))]
        yield ["indexes", "fields", "update", path, group, *(kept or ["--disable-indexes"])]


def _ways(indexes: list[dict[str, Any]]) -> set[str]:
    if any(index.get("queryScope", "COLLECTION") != "COLLECTION" for index in indexes):
        raise SystemExit("a single field's index can only be of one collection here: gcloud makes no other")
    return {way(index) for index in indexes}


def _present_ways(present: dict[str, Any]) -> set[str] | None:
    """How a field is indexed; ``None``: as every field is."""
    config = present.get("indexConfig", {})
    if not present or config.get("usesAncestorConfig"):
        return None
    return {way(field) for index in config.get("indexes", []) for field in index["fields"]}


def main() -> None:
    """Read, compare, print."""
    file, jobs = [*sys.argv[1:], None][:2]
    wanted = files.indexes(Path(str(file)), jobs)
    composite, indexed, expiring = json.load(sys.stdin)
    for command in commands(wanted, composite, [*indexed, *expiring]):
        print("\t".join(command))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
