"""Who may do what: whoever asks, the accounts of the functions, and who may call each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from web.doctor import Finding
from web.installation.expected import APIS, DATABASE_ROLES, FAR_TOO_MUCH, FUNCTIONS, LOOKING
from web.installation.functions import Deployed

_INVOKE = "roles/run.invoker"
_EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})


def look_at_permissions(deployed: Deployed) -> Iterator[Finding]:
    """What whoever asks may not see, and which role would show it."""
    path = f"v1/projects/{deployed.google.project}:testIamPermissions"
    said = deployed.google.ask("cloudresourcemanager", path, {"permissions": sorted(LOOKING)})
    missing = sorted(LOOKING.keys() - set(said.get("permissions", [])))
    if not missing:
        yield Finding("ok", "permissions", "you may see all of it")
        return
    roles = sorted({LOOKING[one] for one in missing})
    yield Finding(
        "WRONG", "permissions", f"you lack {', '.join(missing)}: ask an owner for {', '.join(roles)}"
    )


def look_at_apis(deployed: Deployed) -> Iterator[Finding]:
    """Whether each API is on."""
    path = f"v1/projects/{deployed.google.project}/services"
    found = deployed.google.every("serviceusage", path, "services", filter="state:ENABLED", pageSize="200")
    on = {one["name"].rpartition("/")[2] for one in found}
    if off := [name for name in APIS if f"{name}.googleapis.com" not in on]:
        yield Finding("WRONG", "APIs", f"{', '.join(off)} are off: run deploy/deploy.sh")
    else:
        yield Finding("ok", "APIs", "all that are needed are on")


def look_at_roles(deployed: Deployed) -> Iterator[Finding]:
    """Whether each function's account may do what it must, and nothing far beyond."""
    path = f"v1/projects/{deployed.google.project}:getIamPolicy"
    roles = _roles(deployed.google.ask("cloudresourcemanager", path, {}).get("bindings", []))
    for account in sorted({account for account, _ in FUNCTIONS.values()}):
        has = roles[f"serviceAccount:{account}@{deployed.google.project}.iam.gserviceaccount.com"]
        if too_much := has & FAR_TOO_MUCH:
            yield Finding(
                "WRONG", account, f"has {', '.join(sorted(too_much))}, far more than it needs: take it away"
            )
        elif not has & DATABASE_ROLES:
            yield Finding(
                "WRONG", account, "may not read the database (roles/datastore.user): run deploy/deploy.sh"
            )
        else:
            yield Finding("ok", account, "has the rights it needs")


def look_at_callers(deployed: Deployed) -> Iterator[Finding]:
    """Whether each function may be called by who calls it, and by nobody else."""
    for name, (_, caller) in FUNCTIONS.items():
        if name not in deployed.functions:
            continue
        policy = deployed.google.get("run", f"v2/{deployed.here}/services/{name}:getIamPolicy")
        callers = {member for member, roles in _roles(policy.get("bindings", [])).items() if _INVOKE in roles}
        yield _called(deployed, name, caller, callers)


def _called(deployed: Deployed, name: str, caller: str, callers: set[str]) -> Finding:
    account = f"serviceAccount:{caller}@{deployed.google.project}.iam.gserviceaccount.com"
    wanted = caller if caller == "allUsers" else account
    if wanted not in callers:
        return Finding("WRONG", name, f"may not be called by {caller} ({_INVOKE}): run deploy/deploy.sh")
    if caller != "allUsers" and (open_to := callers & _EVERYBODY):
        return Finding(
            "WRONG", name, f"may be called by {', '.join(sorted(open_to))}: take {_INVOKE} away from them"
        )
    return Finding("ok", name, f"is called by {caller}")


def _roles(bindings: Iterable[Mapping[str, Any]]) -> defaultdict[str, set[str]]:
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for binding in bindings:
        for member in binding.get("members", []):
            roles[member].add(binding["role"])
    return roles
