"""Google's APIs on this machine, for the real gcloud: what is asked is recorded, what is made is there.

It is a plain HTTP proxy. ``environment`` points gcloud's endpoints at ``http://<api>.test/`` and its proxy
here, so that hosts made of a region and an API come here, too, and nothing leaves the machine: whatever is
asked for by https is refused.

Resources are documents by their path without the version: created, listed, patched by their masks, deleted.
What an API adds of its own (a function's address, a trigger's subscription, a secret's versions) stands in a
method of its own below, and so does what goes with a thing. Operations are over at once. ``changes`` are the
requests that may have changed something.
"""

import re
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from tests.deploy.loopback import Request, serving

NUMBER = "123456789012"
APIS = (
    *(
        "serviceusage",
        "cloudresourcemanager",
        "iam",
        "cloudfunctions",
        "run",
        "cloudbuild",
        "artifactregistry",
    ),
    *(
        "storage",
        "eventarc",
        "pubsub",
        "cloudscheduler",
        "firestore",
        "secretmanager",
        "logging",
        "monitoring",
    ),
    *("cloudbilling", "billingbudgets", "clouderrorreporting"),
)
TOKEN = "a-token-of-nobody"
LOOKS = re.compile(
    r":(getIamPolicy|testIamPermissions|access|generateUploadUrl|generateServiceIdentity|batchGet|query\w*)$"
)
VERSIONS = re.compile(r"^/(?:apis/[\w.]+/)?v\d\w*/")
Json = dict[str, Any]


def changes(request: Request) -> bool:
    """Whether it may have changed something; an upload alone changes nothing that runs."""
    return request.method != "GET" and not LOOKS.search(request.path) and "/upload" not in request.path


@dataclass
class Recorder:
    """A loopback Google: ``with Recorder("demo-app") as google``.

    ``refusing``: requests (``METHOD path``, without the version) that are refused once.
    """

    project: str
    requests: list[Request] = field(default_factory=list)
    things: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)
    payloads: dict[str, str] = field(default_factory=dict)
    refusing: list[str] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._open = ExitStack()
        self.things[f"projects/{self.project}"] = {
            "projectId": self.project,
            "projectNumber": NUMBER,
            "name": f"projects/{NUMBER}",
            "lifecycleState": "ACTIVE",
            "state": "ACTIVE",
        }

    def __enter__(self) -> Self:
        self.url = self._open.enter_context(serving(self.answer))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def environment(self, folder: Path) -> dict[str, str]:
        """What lets gcloud, with its configuration in ``folder``, talk to this and to nothing else."""
        overrides = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"http://{api}.test/" for api in APIS}
        proxies = dict.fromkeys(("http_proxy", "https_proxy"), self.url)
        return {
            **overrides,
            **proxies,
            "no_proxy": "127.0.0.1",
            "FIREBASERULES_BASE_URL": "http://firebaserules.test",
            "CLOUDSDK_CONFIG": str(folder),
            "CLOUDSDK_AUTH_ACCESS_TOKEN": TOKEN,
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        }

    @property
    def changes(self) -> list[Request]:
        """The requests that may have changed something."""
        return [one for one in self.requests if changes(one)]

    def sent(self, method: str, pattern: str) -> list[Request]:
        """The requests of this method whose path has this pattern in it."""
        return [one for one in self.requests if one.method == method and re.search(pattern, one.path)]

    @property
    def rights(self) -> dict[str, dict[str, set[str]]]:
        """Who may do what: by thing and role, the members."""
        return {
            thing: {one["role"]: set(one["members"]) for one in policy["bindings"]}
            for thing, policy in self.policies.items()
            if policy.get("bindings")
        }

    def answer(self, request: Request) -> tuple[int, Json]:
        """What Google would answer, and what it would then have."""
        with self._lock:
            self.requests.append(request)
            path = without_version(request).replace("projects/-/", f"projects/{self.project}/")
            if (asked := f"{request.method} {path}") in self.refusing:
                self.refusing.remove(asked)
                return 400, {"error": {"code": 400, "message": "not now", "status": "FAILED_PRECONDITION"}}
            name, _, verb = path.rpartition(":") if re.search(r":[a-zA-Z]+$", path) else (path, "", "")
            verb = verb or request.method
            special = getattr(self, "_" + _snake(verb), None)
            try:
                return special(name, request) if special else self._missing(path)
            except (KeyError, IndexError, TypeError, ValueError) as exc:  # or gcloud tries for minutes
                why = f"the recorder does not understand {request}: {exc!r}"
                return 400, {"error": {"code": 400, "message": why, "status": "INVALID_ARGUMENT"}}

    # What follows is called by its verb with the path without it, and the request.

    def _missing(self, path: str) -> tuple[int, Json]:
        return 404, {"error": {"code": 404, "message": f"{path} was not found", "status": "NOT_FOUND"}}

    def _get(self, path: str, request: Request) -> tuple[int, Json]:
        if path in self.things:
            return 200, self.things[path]
        if "/operations/" in path:
            return 200, {"name": path, "done": True, "metadata": {}, "response": {}}
        if request.host == "serviceusage.test":
            return 200, self._service(path)
        if path.endswith("/runtimes"):
            return 200, {"runtimes": [{"name": "python312", "environment": "GEN_2", "stage": "GA"}]}
        if path.endswith("/authorizeddomains"):
            return 200, {"domains": [{"id": "example.com", "name": "example.com"}]}
        if path.endswith("/billingInfo"):
            account = "billingAccounts/AAAAAA-BBBBBB-CCCCCC"
            return 200, {"name": path, "billingAccountName": account, "billingEnabled": True}
        kind = path.rsplit("/", 1)[-1]
        if kind in _LISTS:
            inside = re.compile(re.escape(path).replace(r"/\-/", "/[^/]+/") + "/[^/]+$")
            found = [one for at, one in self.things.items() if inside.match(at)]
            return 200, {_LISTS[kind]: found, **({"metadata": {}} if kind == "revisions" else {})}
        return self._missing(path)

    def _service(self, path: str) -> Json:
        enabled = [one for at, one in self.things.items() if re.match(r"projects/[^/]+/services/", at)]
        if path.endswith("/services"):
            return {"services": enabled}
        return {"name": path, "state": "ENABLED"}

    def _post(self, path: str, request: Request) -> tuple[int, Json]:
        body = dict(request.body or {})
        ids = [value for key, value in request.query.items() if re.fullmatch(r"\w+(Id|_id)", key)]
        kind = path.rsplit("/", 1)[-1]
        if kind == "serviceAccounts":
            ids = [f"{body['accountId']}@{self.project}.iam.gserviceaccount.com"]
            body = {**body["serviceAccount"], "email": ids[0], "uniqueId": "1", "projectId": self.project}
        own = str(body.get("name") or body.get("metadata", {}).get("name") or "").removeprefix(f"{path}/")
        name = f"{path}/{(ids[0] if ids else own) or len(self.requests)}"
        if name in self.things:
            return 409, {"error": {"code": 409, "message": f"{name} is there", "status": "ALREADY_EXISTS"}}
        self.things[name] = self._made(
            kind, {**body, "name": body.get("name", name) if kind in ("releases", "metrics") else name}
        )
        return 200, self._done(request, self.things[name])

    def _put(self, path: str, request: Request) -> tuple[int, Json]:
        if "/upload" in path:
            return 200, {}
        if path.startswith("namespaces/"):
            self.things[path] = _settled({**self.things[path], **request.body})
            return 200, self.things[path]
        own = request.body["name"] if "/metrics/" in path else path
        self.things[path] = {**(request.body or {}), "name": own}
        return 200, self.things[path]

    def _patch(self, path: str, request: Request) -> tuple[int, Json]:
        body = request.body or {}
        wrapped = set(body) & {"subscription", "topic", "release"}
        body = body[wrapped.pop()] if wrapped else body
        mask = request.query.get("updateMask") or (request.body or {}).get("updateMask") or ",".join(body)
        kind = path.split("/")[-2]
        thing = self.things.setdefault(path, {"name": path})
        for one in mask.split(","):
            _put(thing, [_camel(part) for part in one.split(".")], body)
        self.things[path] = self._made(kind, thing)
        return 200, self._done(request, self.things[path])

    def _delete(self, path: str, request: Request) -> tuple[int, Json]:
        if path not in self.things:
            return self._missing(path)
        if self.things[path].get("deleteProtectionState") == "DELETE_PROTECTION_ENABLED":
            return 400, {"error": {"code": 400, "message": "protected", "status": "FAILED_PRECONDITION"}}
        for gone in (path, *self._with(path)):
            for kept in (self.things, self.policies, self.payloads):
                for name in [one for one in kept if f"{one}/".startswith(f"{gone}/")]:
                    del kept[name]
        return 200, self._done(request, {})

    def _with(self, path: str) -> list[str]:
        """What goes with a thing, besides what lies in it: the service of a function, and its trigger."""
        if "/functions/" not in path:
            return []
        function, short = self.things[path], path.rsplit("/", 1)[-1]
        run = f"namespaces/{self.project}"
        revision = re.compile(rf"{run}/revisions/{short}-\d+$")
        found = [f"{run}/services/{short}", function["serviceConfig"]["service"]]
        found += [at for at in self.things if revision.match(at)]
        if trigger := function.get("eventTrigger", {}).get("trigger"):
            found += [trigger, self.things[trigger]["transport"]["pubsub"]["subscription"]]
        return found

    def _done(self, request: Request, thing: Json) -> Json:
        """The thing itself, or an operation that is over, as its API has it."""
        api = request.host.partition(".")[0].rpartition("-")[2]
        if (
            api not in ("firestore", "cloudfunctions", "artifactregistry", "eventarc")
            or "/backupSchedules" in request.path
        ):
            return thing
        kind = {"cloudfunctions": "google.cloud.functions.v2.Function"}.get(api, "google.protobuf.Struct")
        place = f"projects/{self.project}/locations/somewhere"
        if api == "firestore":
            place = "/".join(str(thing.get("name", "")).split("/")[:4])
        return {
            "name": f"{place}/operations/op",
            "done": True,
            "metadata": {"@type": "type.googleapis.com/google.cloud.functions.v2.OperationMetadata"}
            if api == "cloudfunctions"
            else {},
            "response": {"@type": f"type.googleapis.com/{kind}", **thing},
        }

    def _made(self, kind: str, thing: Json) -> Json:
        """The thing with what its API adds."""
        made = getattr(self, f"_made_{kind}", None)
        return made(thing) if made else thing

    def _made_databases(self, thing: Json) -> Json:
        states = {
            "pointInTimeRecoveryEnablement": "POINT_IN_TIME_RECOVERY",
            "deleteProtectionState": "DELETE_PROTECTION",
        }
        return {**{name: f"{word}_DISABLED" for name, word in states.items()}, **thing}

    def _made_indexes(self, thing: Json) -> Json:
        return {"state": "READY", **thing}

    def _made_fields(self, thing: Json) -> Json:
        return {**thing, "ttlConfig": {"state": "ACTIVE"}} if "ttlConfig" in thing else thing

    def _made_dashboards(self, thing: Json) -> Json:
        return {**thing, "etag": f"e{len(self.requests)}"}

    def _made_jobs(self, thing: Json) -> Json:
        return {"state": "ENABLED", **thing}

    def _made_domainmappings(self, thing: Json) -> Json:
        record = {"name": "scout", "type": "CNAME", "rrdata": "ghs.googlehosted.com."}
        return {
            **thing,
            "status": {"conditions": [{"type": "Ready", "status": "True"}], "resourceRecords": [record]},
        }

    def _made_functions(self, thing: Json) -> Json:
        short = thing["name"].rsplit("/", 1)[-1]
        region = thing["name"].split("/")[3]
        address = f"https://{short}-made0up-ew.a.run.app"
        service = f"projects/{self.project}/locations/{region}/services/{short}"
        config = {**thing.get("serviceConfig", {}), "uri": address, "service": service}
        made = {**thing, "state": "ACTIVE", "environment": "GEN_2", "url": address, "serviceConfig": config}
        if trigger := thing.get("eventTrigger"):
            made["eventTrigger"] = {
                **trigger,
                "trigger": self._trigger(short, trigger.get("triggerRegion", region)),
            }
        self._run_revision(short, config)
        return made

    def _run_revision(self, short: str, config: Json) -> None:
        """A new revision, ready; traffic goes to the newest unless it was moved to another."""
        run, number = f"namespaces/{self.project}", len(self.requests)
        service, revision = f"{run}/services/{short}", f"{short}-{number:05}"
        at = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=number)
        metadata = {"namespace": self.project, "creationTimestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        said = [{"name": name, "value": value} for name, value in config["environmentVariables"].items()]
        spec = {"containers": [{"image": "i", "env": said}]}
        self.things[f"{run}/revisions/{revision}"] = {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Revision",
            "metadata": {**metadata, "name": revision, "labels": {"serving.knative.dev/service": short}},
            "spec": spec,
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        newest = {"spec": {"traffic": [{"latestRevision": True, "percent": 100}]}}
        traffic = self.things.get(service, newest)["spec"]["traffic"]
        self.things[service] = _settled(
            {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "Service",
                "metadata": {**metadata, "name": short},
                "spec": {"template": {"metadata": {"name": revision}, "spec": spec}, "traffic": traffic},
                "status": {"url": config["uri"], "latestReadyRevisionName": revision},
            }
        )

    def _trigger(self, short: str, region: str) -> str:
        place = f"projects/{self.project}/locations/{region}"
        subscription = f"projects/{self.project}/subscriptions/eventarc-{short}-sub-001"
        self.things.setdefault(
            subscription, {"name": subscription, "topic": f"projects/{self.project}/topics/of-{short}"}
        )
        name = f"{place}/triggers/{short}-000001"
        self.things[name] = {"name": name, "transport": {"pubsub": {"subscription": subscription}}}
        return name

    def _batch_enable(self, path: str, request: Request) -> tuple[int, Json]:
        for api in request.body["serviceIds"]:
            name = f"projects/{NUMBER}/services/{api}"
            self.things[name] = {"name": name, "state": "ENABLED", "config": {"name": api}}
        return 200, {"name": "operations/acat.op", "done": True, "response": {}}

    def _enable(self, path: str, request: Request) -> tuple[int, Json]:
        api = path.rsplit("/", 1)[-1]
        name = f"projects/{NUMBER}/services/{api}"
        self.things[name] = {"name": name, "state": "ENABLED", "config": {"name": api}}
        return 200, {"name": "operations/acf.op", "done": True, "response": {}}

    def _generate_service_identity(self, path: str, request: Request) -> tuple[int, Json]:
        api = path.rsplit("/", 1)[-1].partition(".")[0]
        email = f"service-{NUMBER}@gcp-sa-{api}.iam.gserviceaccount.com"
        return 200, {"name": "operations/si.op", "done": True, "response": {"email": email, "uniqueId": "1"}}

    def _generate_upload_url(self, path: str, request: Request) -> tuple[int, Json]:
        source = {"bucket": "gcf-v2-uploads", "object": "source.zip"}
        return 200, {"uploadUrl": "http://storage.test/upload", "storageSource": source}

    def _pause(self, path: str, request: Request) -> tuple[int, Json]:
        self.things[path]["state"] = "PAUSED"
        return 200, self.things[path]

    def _resume(self, path: str, request: Request) -> tuple[int, Json]:
        self.things[path]["state"] = "ENABLED"
        return 200, self.things[path]

    def _run(self, path: str, request: Request) -> tuple[int, Json]:
        return 200, self.things[path]

    def _restore(self, path: str, request: Request) -> tuple[int, Json]:
        """A database with what the backup's had, but neither its expiry nor its protection."""
        backup = self.things[request.body["backup"]]
        name, source = f"{path}/{request.body['databaseId']}", backup["database"]
        kept = {key: self.things[source][key] for key in ("type", "locationId")}
        fields = {
            at.replace(source, name, 1): {**one, "name": one["name"].replace(source, name, 1)}
            for at, one in self.things.items()
            if at.startswith(f"{source}/collectionGroups/")
        }
        for at, one in fields.items():
            self.things[at] = {key: value for key, value in one.items() if key != "ttlConfig"}
        self.things[name] = self._made_databases({**kept, "name": name})
        operation = f"{name}/operations/restore"
        told = {"operationState": "SUCCESSFUL", "backup": request.body["backup"]}
        self.things[operation] = {"name": operation, "done": True, "metadata": told, "response": {}}
        return 200, self.things[operation]

    def _get_iam_policy(self, path: str, request: Request) -> tuple[int, Json]:
        return 200, self.policies.get(path, {"etag": "BwA="})

    def _set_iam_policy(self, path: str, request: Request) -> tuple[int, Json]:
        self.policies[path] = {**request.body["policy"], "etag": "BwB="}
        return 200, self.policies[path]

    def _add_version(self, path: str, request: Request) -> tuple[int, Json]:
        number = 1 + sum(at.startswith(f"{path}/versions/") for at in self.things)
        name = f"{path}/versions/{number}"
        self.payloads[path] = request.body["payload"]["data"]
        made = {"createTime": f"2026-11-30T07:00:{number:02}Z", "clientSpecifiedPayloadChecksum": True}
        self.things[name] = {"name": name, "state": "ENABLED", **made}
        return 200, self.things[name]

    def _access(self, path: str, request: Request) -> tuple[int, Json]:
        secret = path.partition("/versions/")[0]
        if secret not in self.payloads:
            return self._missing(path)
        return 200, {"name": path, "payload": {"data": self.payloads[secret]}}


_LISTS = {
    "databases": "databases",
    "backups": "backups",
    "operations": "operations",
    "backupSchedules": "backupSchedules",
    "indexes": "indexes",
    "fields": "fields",
    "secrets": "secrets",
    "versions": "versions",
    "topics": "topics",
    "subscriptions": "subscriptions",
    "serviceAccounts": "accounts",
    "functions": "functions",
    "revisions": "items",
    "repositories": "repositories",
    "jobs": "jobs",
    "budgets": "budgets",
    "triggers": "triggers",
    "metrics": "metrics",
    "alertPolicies": "alertPolicies",
    "notificationChannels": "notificationChannels",
    "uptimeCheckConfigs": "uptimeCheckConfigs",
    "dashboards": "dashboards",
}


def without_version(request: Request) -> str:
    """The path of what was asked for, as a thing is named."""
    return VERSIONS.sub("", request.path)


def _settled(service: Json) -> Json:
    """A service of Cloud Run whose traffic goes where it was said to go."""
    latest = service["status"]["latestReadyRevisionName"]
    generation = service["metadata"].get("generation", 0) + 1
    traffic = [
        {"percent": one["percent"], "revisionName": one.get("revisionName", latest)}
        for one in service["spec"]["traffic"]
    ]
    ready = [{"type": kind, "status": "True"} for kind in ("Ready", "ConfigurationsReady", "RoutesReady")]
    status = {"observedGeneration": generation, "traffic": traffic, "conditions": ready}
    return {
        **service,
        "metadata": {**service["metadata"], "generation": generation},
        "status": {**service["status"], **status},
    }


def _snake(verb: str) -> str:
    return verb.lower() if verb.isupper() else re.sub("([A-Z])", lambda found: "_" + found[1].lower(), verb)


def _camel(word: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), word)


def _put(thing: Json, path: list[str], body: Json) -> None:
    """What the body has at this path, into the thing; what it has not goes."""
    head, *rest = path
    if rest and isinstance(body.get(head), dict):
        _put(thing.setdefault(head, {}), rest, body[head])
    elif head in body:
        thing[head] = body[head]
    else:
        thing.pop(head, None)
