"""An installation as Google's APIs show it, on this machine: to be listed, described, changed and deleted.

Every service answers at one address, told apart by paths. Each request is kept, for a test to look at. A
thing is its REST name (``v1/projects/p/secrets/s``); a collection lists what lies directly in it. What this
does not know it refuses, so that a test says which request it was.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.deploy.loopback import Answer, Request, serving

PROJECT, REGION, NUMBER = "demo-app", "us-central1", "123456789012"
SERVICES = [
    "ARTIFACTREGISTRY",
    "CLOUDBILLING",
    "CLOUDFUNCTIONS",
    "CLOUDRESOURCEMANAGER",
    "CLOUDSCHEDULER",
    "EVENTARC",
    "FIREBASERULES",
    "FIRESTORE",
    "IAM",
    "LOGGING",
    "MONITORING",
    "PUBSUB",
    "RUN",
    "SECRETMANAGER",
    "SERVICEUSAGE",
]


@dataclass
class Installed:
    """What is there, and what was asked.

    ``broken``: requests (patterns of ``METHOD path``) that are answered with this status. ``restoring``: how
    a restore ends. ``figures``: what Monitoring says of a metric and a subscription.
    """

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    permissions: set[str] = field(default_factory=set)
    asked: list[Request] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    url: str = ""
    restoring: str = "SUCCESSFUL"
    figures: dict[tuple[str, str], float] = field(default_factory=dict)

    def put(self, name: str, **fields: Any) -> None:
        """Have this thing."""
        self.things[name] = {"name": name.partition("/")[2], **fields}

    def changes(self) -> list[tuple[str, str]]:
        """What was asked that changes anything: method and path, in order."""
        reads = (":testIamPermissions", ":getIamPolicy", ":access", ":query")
        return [
            (one.method, one.path)
            for one in self.asked
            if one.method != "GET" and not one.path.endswith(reads)
        ]

    def answer(self, asked: Request) -> Answer:
        """What Google would say."""
        asked = replace(asked, path=asked.path.lstrip("/"))
        self.asked.append(asked)
        for pattern, status in self.broken.items():
            if re.search(pattern, f"{asked.method} {asked.path}"):
                return _error(status, "PERMISSION_DENIED" if status == 403 else "UNAVAILABLE")
        path, verb = asked.path.replace("/projects/-/", f"/projects/{PROJECT}/"), ""
        if ":" in path.rsplit("/", 1)[-1]:
            path, _, verb = path.rpartition(":")
        return self._act(path, verb, asked) if verb else self._rest(path, asked)

    def _act(self, path: str, verb: str, asked: Request) -> Answer:
        """A verb of its own, after a colon."""
        match verb:
            case "testIamPermissions":
                return 200, {
                    "permissions": [one for one in asked.body["permissions"] if one in self.permissions]
                }
            case "getIamPolicy" | "setIamPolicy":
                return self._policy(path, asked.body if verb == "setIamPolicy" else None)
            case "pause" | "resume" | "run" if path in self.things:
                return self._scheduled(path, verb)
            case "restore":
                return self._restored(path, asked.body)
            case "access" if f"{path}:access" in self.things:
                return 200, self.things[f"{path}:access"]
        return _error(404, "NOT_FOUND")

    def _rest(self, path: str, asked: Request) -> Answer:
        if path.endswith("/timeSeries"):
            return 200, {"timeSeries": self._figures(asked.query["filter"])}
        if path in self.things:
            return self._one(path, asked)
        if "/operations/" in path:
            return 200, {"name": path.partition("/")[2], "done": True, "response": {}}
        return self._listed(path) if asked.method == "GET" else _error(404, "NOT_FOUND")

    def _one(self, path: str, asked: Request) -> Answer:
        if asked.method == "GET":
            return 200, self.things[path]
        if asked.method == "DELETE":
            gone = self.things.pop(path)
            return 200, _done(path, gone) if re.search(
                "/(functions|databases|repositories)/[^/]*$", path
            ) else {}
        if asked.method in ("PUT", "PATCH"):
            self.things[path] |= asked.body
            if "serving.knative.dev" in path:
                _settle(self.things[path])
                return 200, self.things[path]
            return 200, _done(path, self.things[path])
        return _error(405, "UNIMPLEMENTED")

    def _listed(self, path: str) -> Answer:
        kind = path.rsplit("/", 1)[-1]
        pattern = re.sub("/locations/-/", "/locations/[^/]+/", re.escape(path).replace(r"\-/", "-/"))
        found = [thing for name, thing in self.things.items() if re.fullmatch(f"{pattern}/[^/]+", name)]
        if not found and kind.rstrip("s") == kind:
            return _error(404, "NOT_FOUND")
        if "serving.knative" in path:
            return 200, {"metadata": {}, "items": found}
        return 200, {"accounts" if kind == "serviceAccounts" else kind: found}

    def _figures(self, asked: str) -> list[dict[str, Any]]:
        found = [
            value
            for (metric, subscription), value in self.figures.items()
            if f'/{metric}"' in asked and f'"{subscription}"' in asked
        ]
        return [{"points": [{"value": {"int64Value": str(int(value))}}]} for value in found]

    def _policy(self, path: str, new: dict[str, Any] | None) -> Answer:
        if new is not None:
            self.policies[path] = new["policy"]
        return 200, self.policies.get(path, {"etag": "BwY=", "version": 1})

    def _scheduled(self, path: str, verb: str) -> Answer:
        if verb != "run":
            self.things[path]["state"] = "PAUSED" if verb == "pause" else "ENABLED"
        return 200, self.things[path]

    def _restored(self, path: str, body: Mapping[str, Any]) -> Answer:
        database = f"{path}/{body['databaseId']}"
        self.put(database, type="FIRESTORE_NATIVE", locationId=REGION)
        operation = f"{database}/operations/restore1"
        self.put(
            operation,
            done=True,
            metadata={"backup": body["backup"], "operationState": self.restoring},
            response={},
        )
        return 200, self.things[operation]


def _settle(service: dict[str, Any]) -> None:
    """What Cloud Run does with a service whose traffic was moved."""
    latest = service["status"]["latestReadyRevisionName"]
    service["metadata"]["generation"] = service["metadata"].get("generation", 1) + 1
    service["status"] |= {
        "observedGeneration": service["metadata"]["generation"],
        "traffic": [
            {"percent": one["percent"], "revisionName": one.get("revisionName", latest)}
            for one in service["spec"]["traffic"]
        ],
        "conditions": [
            {"type": kind, "status": "True"} for kind in ("Ready", "ConfigurationsReady", "RoutesReady")
        ],
    }


def _done(path: str, thing: Mapping[str, Any]) -> dict[str, Any]:
    place = re.sub(r"/(functions|repositories)/.*", "", path.partition("/")[2])
    return {"name": f"{place}/operations/op1", "done": True, "metadata": {}, "response": dict(thing)}


def _error(status: int, said: str) -> Answer:
    return status, {"error": {"code": status, "message": f"{said}: as asked", "status": said}}


@contextmanager
def answering(installed: Installed) -> Iterator[Installed]:
    """The installation at an address of this machine."""
    with serving(installed.answer) as address:
        installed.url = f"{address}/"
        yield installed
