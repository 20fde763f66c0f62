"""The indexes and rules that lie in ``deploy/``, as an installation with these settings is to have them.

``deploy/steps/`` brings them there, ``doctor --cloud`` compares: both by this.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
DEFAULT_JOBS: Final = "worker_monitor_jobs"  # as the file of indexes has it
DEFAULT_APP: Final = "ticket-scout"  # as the file of rules has it
DEFAULT_DATABASE: Final = "(default)"  # Firestore's own name for it
NAME: Final = "__name__"  # Firestore itself ends every index with it
Index = tuple[str, str, tuple[tuple[str, str], ...]]


def indexes(file: Path, jobs: str | None = None) -> dict[str, Any]:
    """What ``firestore.indexes.json`` says, for this ``WORKER_COLLECTION``."""
    said: dict[str, Any] = json.loads(
        file.read_text().replace(f'"{DEFAULT_JOBS}"', json.dumps(jobs or DEFAULT_JOBS))
    )
    return said


def identity(index: Mapping[str, Any], group: str) -> Index:
    """What makes two indexes the same: collection, scope, and by what in which order."""
    ways = tuple((one["fieldPath"], way(one)) for one in index["fields"] if one["fieldPath"] != NAME)
    return group, index.get("queryScope", "COLLECTION"), ways


def way(field: Mapping[str, Any]) -> str:
    """``order=ascending``, ``array-config=contains``: as gcloud wants to be told."""
    if "arrayConfig" in field:
        return f"array-config={field['arrayConfig'].lower()}"
    return f"order={field.get('order', '').lower()}"  # somebody else's vector index has none


def rules(file: Path, app: str | None = None) -> str:
    """The security rules, for this ``APP_ID``."""
    return file.read_text().replace(f"/artifacts/{DEFAULT_APP}/", f"/artifacts/{app or DEFAULT_APP}/")


def release_of_rules(project: str, database: str) -> str:
    """The name under which Google keeps which rules hold for a database."""
    name = f"projects/{project}/releases/cloud.firestore"
    return name if database == DEFAULT_DATABASE else f"{name}/{database}"
