"""The database: protected, backed up, with the indexes, expiry and rules that lie in ``deploy/``."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from web.doctor import Finding
from web.installation.functions import Deployed
from web.installation.google import MissingError

DEPLOY = Path(__file__).parents[2] / "deploy"
DEFAULT_JOBS = "worker_monitor_jobs"  # as the file of indexes has it
_APP = "/artifacts/ticket-scout/"  # as the file of rules has it
_NAME = "__name__"  # Firestore itself ends every index with it
Index = tuple[str, str, tuple[tuple[str, str], ...]]


def _path(deployed: Deployed) -> str:
    return f"v1/projects/{deployed.google.project}/databases/{deployed.database}"


def look_at_database(deployed: Deployed) -> Iterator[Finding]:
    """Whether it is of the right kind, and what would be left after a mistake."""
    found = deployed.google.get("firestore", _path(deployed))
    wrong = [
        said
        for said, field, wanted in (
            ("is not in native mode: Ticket Scout needs another database", "type", "FIRESTORE_NATIVE"),
            (
                "has no point-in-time recovery",
                "pointInTimeRecoveryEnablement",
                "POINT_IN_TIME_RECOVERY_ENABLED",
            ),
            ("may be deleted by one command", "deleteProtectionState", "DELETE_PROTECTION_ENABLED"),
        )
        if found.get(field) != wanted
    ]
    if not list(deployed.google.every("firestore", f"{_path(deployed)}/backupSchedules", "backupSchedules")):
        wrong.append("is never backed up")
    what = f"database {deployed.database}"
    yield from (Finding("WRONG", what, f"{said}: run deploy/deploy.sh") for said in wrong)
    if not wrong:
        yield Finding("ok", what, "is protected and backed up")


def look_at_indexes(deployed: Deployed) -> Iterator[Finding]:
    """Whether every index and every expiry of ``firestore.indexes.json`` is there and ready."""
    file = DEPLOY / "firestore.indexes.json"
    if not file.is_file():
        yield Finding("off", "indexes", f"there is no {file.name} here to compare with")
        return
    jobs = deployed.environment().get("WORKER_COLLECTION") or DEFAULT_JOBS
    wanted = json.loads(file.read_text().replace(f'"{DEFAULT_JOBS}"', json.dumps(jobs)))
    path = f"{_path(deployed)}/collectionGroups/-"
    found = {
        _index(one, one["name"].split("/")[-3]): one.get("state", "")
        for one in deployed.google.every("firestore", f"{path}/indexes", "indexes")
    }
    states = {
        f"index of {one['collectionGroup']}": found.get(_index(one, one["collectionGroup"]))
        for one in wanted.get("indexes", [])
    }
    asked = f"{path}/fields", "fields"
    expiry = {
        tuple(one["name"].split("/")[-3::2]): one.get("ttlConfig", {}).get("state")
        for one in deployed.google.every("firestore", *asked, filter="ttlConfig:*")
    }
    states |= {
        f"expiry of {one['collectionGroup']}": expiry.get((one["collectionGroup"], one["fieldPath"]))
        for one in wanted.get("fieldOverrides", [])
        if one.get("ttl")
    }
    yield from _said(states)


def _said(states: Mapping[str, str | None]) -> Iterator[Finding]:
    for what, state in states.items():
        if state is None:
            yield Finding("WRONG", what, "is missing: run deploy/deploy.sh")
        elif state == "CREATING":
            yield Finding("WRONG", what, "is still being built: look again in some minutes")
        elif state not in ("READY", "ACTIVE"):
            yield Finding("WRONG", what, f"is {state}: delete it, and run deploy/deploy.sh")
    if all(state in ("READY", "ACTIVE") for state in states.values()):
        yield Finding("ok", "indexes", f"all {len(states)} indexes and expiries are ready")


def _index(one: Mapping[str, Any], group: str) -> Index:
    fields = tuple(
        (field["fieldPath"], field.get("order") or field.get("arrayConfig", ""))
        for field in one["fields"]
        if field["fieldPath"] != _NAME
    )
    return group, one.get("queryScope", "COLLECTION"), fields


def look_at_rules(deployed: Deployed) -> Iterator[Finding]:
    """Whether the rules that hold are those that lie here."""
    release = f"v1/projects/{deployed.google.project}/releases/cloud.firestore"
    release += "" if deployed.database == "(default)" else f"/{deployed.database}"
    try:
        ruleset = deployed.google.get("firebaserules", release)["rulesetName"]
    except MissingError:
        yield Finding("WRONG", "rules", "none were ever released for this database: run deploy/deploy.sh")
        return
    files = deployed.google.get("firebaserules", f"v1/{ruleset}")["source"]["files"]
    app = deployed.environment().get("APP_ID", "")
    ours = (DEPLOY / "firestore.rules").read_text().replace(_APP, f"/artifacts/{app}/" if app else _APP)
    if "".join(one["content"] for one in files) == ours:
        yield Finding("ok", "rules", "those of deploy/firestore.rules hold")
    else:
        yield Finding("WRONG", "rules", "other rules than deploy/firestore.rules hold: run deploy/deploy.sh")
