"""Google's APIs on this machine, for the real gcloud: what is asked is recorded, what is made is there.

It is a plain HTTP proxy. ``environment`` points gcloud's endpoints at ``http://<api>.test/`` and its proxy
here, so that hosts made of a region and an API come here, too, and nothing leaves the machine: whatever is
asked for by https is refused.

Resources are documents by their path without the version: created, listed, patched by their masks, deleted.
What an API adds of its own (a function's address, a trigger's subscription, a secret's versions) stands in a
method of its own below. Operations are over at once. ``changes`` are the requests that may have changed
something.
"""

import re
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
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

    def members(self, thing: str, role: str) -> set[str]:
        """Who has this role on this thing."""
        bindings = self.policies.get(thing, {}).get("bindings", [])
        return {member for one in bindings if one["role"] == role for member in one["members"]}

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
        if "/operations/" in path:
            return 200, {"name": path, "done": True, "metadata": {}, "response": {}}
        if path in self.things:
            return 200, self.things[path]
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
            inside = re.compile(
                re.escape(path).replace(r"collectionGroups/\-", "collectionGroups/[^/]+") + "/[^/]+$"
            )
            return 200, {_LISTS[kind]: [one for at, one in self.things.items() if inside.match(at)]}
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
        given = (
            ids[0]
            if ids
            else str(body.get("name") or body.get("metadata", {}).get("name") or "").rsplit("/", 1)[-1]
        )
        name = f"{path}/{given or len(self.things)}"
        if name in self.things:
            return 409, {"error": {"code": 409, "message": f"{name} is there", "status": "ALREADY_EXISTS"}}
        self.things[name] = self._made(
            kind, {**body, "name": body.get("name", name) if kind in ("releases", "metrics") else name}
        )
        return 200, self._done(request, self.things[name])

    def _put(self, path: str, request: Request) -> tuple[int, Json]:
        if "/upload" in path:
            return 200, {}
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
        del self.things[path]
        return 200, self._done(request, {})

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
        self.things[f"namespaces/{self.project}/services/{short}"] = {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": short, "namespace": self.project},
        }
        return made

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
    "backupSchedules": "backupSchedules",
    "indexes": "indexes",
    "fields": "fields",
    "secrets": "secrets",
    "versions": "versions",
    "topics": "topics",
    "subscriptions": "subscriptions",
    "serviceAccounts": "accounts",
    "functions": "functions",
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
