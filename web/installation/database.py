"""The database: protected, backed up, with the indexes, expiry and rules that lie in ``deploy/``."""

from collections.abc import Iterator, Mapping

from web.doctor import Finding
from web.installation.functions import Deployed
from web.installation.google import MissingError
from web.installation.wanted import DEPLOY, identity, indexes, release_of_rules, rules


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
    wanted = indexes(file, deployed.environment().get("WORKER_COLLECTION"))
    path = f"{_path(deployed)}/collectionGroups/-"
    found = {
        identity(one, one["name"].split("/")[-3]): one.get("state", "")
        for one in deployed.google.every("firestore", f"{path}/indexes", "indexes")
    }
    states = {
        f"index of {one['collectionGroup']}": found.get(identity(one, one["collectionGroup"]))
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


def look_at_rules(deployed: Deployed) -> Iterator[Finding]:
    """Whether the rules that hold are those that lie here."""
    release = release_of_rules(deployed.google.project, deployed.database)
    try:
        ruleset = deployed.google.get("firebaserules", f"v1/{release}")["rulesetName"]
    except MissingError:
        yield Finding("WRONG", "rules", "none were ever released for this database: run deploy/deploy.sh")
        return
    files = deployed.google.get("firebaserules", f"v1/{ruleset}")["source"]["files"]
    ours = rules(DEPLOY / "firestore.rules", deployed.environment().get("APP_ID"))
    if "".join(one["content"] for one in files) == ours:
        yield Finding("ok", "rules", "those of deploy/firestore.rules hold")
    else:
        yield Finding("WRONG", "rules", "other rules than deploy/firestore.rules hold: run deploy/deploy.sh")
