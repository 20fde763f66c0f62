"""An installation that is as it should be, with its vendors; a test spoils one thing of it."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.market import API_KEY, Market, market_app
from sandbox.servers import serving
from tests.deploy.installed import PROJECT, REGION, Installed, answering
from tests.deploy.operators import DEPLOY, HERE, TOKEN, url_of
from tests.smtp_server import PASSWORD, USER, SmtpServer
from web.doctor import Finding
from web.installation.examining import examine
from web.installation.expected import APIS, EVENT_FUNCTIONS, FUNCTIONS, JOB, LOOKING, WORKER
from web.installation.google import Google

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ACCOUNT, AUTH, NUMBER = "AC" + "a" * 32, "not-a-real-token", "+14155550100"
DATABASE = f"v1/projects/{PROJECT}/databases/(default)"
RELEASE = f"v1/projects/{PROJECT}/releases/cloud.firestore"
INDEXES = f"{DATABASE}/collectionGroups/-/indexes"
FIELDS = f"{DATABASE}/collectionGroups/-/fields"
MAY = f"v1/projects/{PROJECT}"
WEBHOOK = f"{url_of('web')}/twilio/reply"
THEIRS = f"2010-04-01/Accounts/{ACCOUNT}"


@dataclass
class Scene:
    """What is there at Google and at Twilio, and the mail server."""

    google: Installed
    twilio: Installed
    mail: SmtpServer
    market: Market

    def looked_at(self) -> list[Finding]:
        """What the doctor finds."""
        services = ["cloudfunctions", "cloudresourcemanager", *APIS, "serviceusage"]
        env = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": self.google.url for name in services}
        with httpx.Client(trust_env=False) as http:
            return list(examine(Google(PROJECT, TOKEN, http, env), REGION, NOW))

    def wrong(self) -> list[tuple[str, str]]:
        """What someone must act on."""
        return [(one.what, one.said) for one in self.looked_at() if one.is_wrong]

    def secret(self, name: str, value: str) -> None:
        """A secret of the worker."""
        said = {"payload": {"data": base64.b64encode(value.encode()).decode()}}
        self.google.things[f"v1/projects/{PROJECT}/secrets/{name}/versions/1:access"] = said


@pytest.fixture
def scene() -> Iterator[Scene]:
    with ExitStack() as stack:
        market = Market()
        google, twilio = (stack.enter_context(answering(Installed())) for _ in range(2))
        mail = stack.enter_context(SmtpServer(login=True))
        found = Scene(google, twilio, mail, market)
        _fill_google(found, stack.enter_context(serving(market_app(market))))
        _fill_twilio(twilio)
        yield found


def _fill_google(scene: Scene, market_url: str) -> None:
    google = scene.google
    google.permissions = set(LOOKING)
    for api in APIS:
        google.put(f"v1/projects/{PROJECT}/services/{api}.googleapis.com", state="ENABLED")
    for name, (account, caller) in FUNCTIONS.items():
        _function(google, name, account, caller)
    secrets = {"TICKETMASTER_API_KEY": API_KEY, "TWILIO_AUTH_TOKEN": AUTH}
    secrets["SMTP_URL"] = f"smtp://{USER}:{PASSWORD}@127.0.0.1:{scene.mail.port}"
    worker = google.things[f"v2/{HERE}/functions/{WORKER}"]["serviceConfig"]
    worker["environmentVariables"] |= {
        "STORE": "firestore",
        "PUBLIC_URL": url_of("web"),
        "TICKETMASTER_BASE_URL": market_url,
        "TWILIO_BASE_URL": scene.twilio.url,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_FROM_NUMBER": NUMBER,
        "MAIL_FROM": "alerts@scout.example",
        "SMS_COUNTRIES": "US,GB",
    }
    names = {key: f"scout-{key.lower().replace('_', '-')}" for key in secrets}
    worker["secretEnvironmentVariables"] = [
        {"key": key, "secret": name, "version": "1", "projectId": PROJECT} for key, name in names.items()
    ]
    for key, value in secrets.items():
        scene.secret(names[key], value)
    members = [
        f"serviceAccount:{account}@{PROJECT}.iam.gserviceaccount.com" for account, _ in FUNCTIONS.values()
    ]
    google.policies[MAY] = {"bindings": [{"role": "roles/datastore.user", "members": members}]}
    google.put(
        f"v1/{HERE}/jobs/{JOB}",
        state="ENABLED",
        schedule="* * * * *",
        lastAttemptTime=(NOW - timedelta(seconds=20)).isoformat(),
        attemptDeadline="180s",
        httpTarget={"oidcToken": {"audience": url_of(WORKER)}},
    )
    _fill_database(google)


def _function(google: Installed, name: str, account: str, caller: str) -> None:
    trigger, subscription = f"{HERE}/triggers/{name}", f"projects/{PROJECT}/subscriptions/{name}"
    is_event = name in EVENT_FUNCTIONS
    google.put(
        f"v2/{HERE}/functions/{name}",
        state="ACTIVE",
        serviceConfig={
            "serviceAccountEmail": f"{account}@{PROJECT}.iam.gserviceaccount.com",
            "uri": url_of(name),
            "timeoutSeconds": 180,
            "environmentVariables": {"RELEASE": "s1-new"},
        },
        **({"eventTrigger": {"trigger": trigger, "retryPolicy": "RETRY_POLICY_RETRY"}} if is_event else {}),
    )
    google.put(
        f"v2/{HERE}/services/{name}",
        latestReadyRevision=f"{HERE}/services/{name}/revisions/{name}-2",
        trafficStatuses=[{"percent": 100, "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"}],
    )
    account = f"serviceAccount:{caller}@{PROJECT}.iam.gserviceaccount.com"
    members = [caller if caller == "allUsers" else account]
    google.policies[f"v2/{HERE}/services/{name}"] = {
        "bindings": [{"role": "roles/run.invoker", "members": members}]
    }
    if is_event:
        filters = [{"attribute": "database", "value": "(default)"}]
        google.put(
            f"v1/{trigger}", eventFilters=filters, transport={"pubsub": {"subscription": subscription}}
        )
        google.put(f"v1/{subscription}", state="ACTIVE")


def _fill_database(google: Installed) -> None:
    google.put(
        DATABASE,
        type="FIRESTORE_NATIVE",
        pointInTimeRecoveryEnablement="POINT_IN_TIME_RECOVERY_ENABLED",
        deleteProtectionState="DELETE_PROTECTION_ENABLED",
    )
    google.put(f"{DATABASE}/backupSchedules/daily")
    wanted = DEPLOY / "firestore.indexes.json"
    kept = json.loads(wanted.read_text()) if wanted.is_file() else {}
    base = DATABASE.removeprefix("v1/")
    google.things[INDEXES] = {
        "indexes": [
            one
            | {
                "name": f"{base}/collectionGroups/{one['collectionGroup']}/indexes/i{number}",
                "state": "READY",
            }
            for number, one in enumerate(kept.get("indexes", []))
        ]
    }
    google.things[FIELDS] = {
        "fields": [
            {
                "name": f"{base}/collectionGroups/{one['collectionGroup']}/fields/{one['fieldPath']}",
                "ttlConfig": {"state": "ACTIVE"},
            }
            for one in kept.get("fieldOverrides", [])
            if one.get("ttl")
        ]
    }
    google.put(RELEASE, rulesetName=f"projects/{PROJECT}/rulesets/r1")
    rules = (DEPLOY / "firestore.rules").read_text()
    google.put(f"v1/projects/{PROJECT}/rulesets/r1", source={"files": [{"content": rules}]})


def _fill_twilio(twilio: Installed) -> None:
    number: dict[str, Any] = {
        "sid": "PN1",
        "phone_number": NUMBER,
        "capabilities": {"sms": True},
        "sms_url": WEBHOOK,
    }
    twilio.things |= {
        f"{THEIRS}.json": {"status": "active", "type": "Full"},
        f"{THEIRS}/IncomingPhoneNumbers.json": {"incoming_phone_numbers": [number]},
        "v1/Services": {"services": [{"sid": "MG1"}]},
        "v1/Services/MG1": {"sid": "MG1"},
        "v1/Services/MG1/PhoneNumbers": {"phone_numbers": [number]},
        "v1/Services/MG1/PhoneNumbers/PN1": number,
        "v1/Services/MG1/Compliance/Usa2p": {"compliance": [{"campaign_status": "VERIFIED"}]},
        "v1/Messaging/GeoPermissions": {
            "permissions": [{"country_code": one, "enabled": True} for one in ("US", "GB")]
        },
    }


Spoil = Callable[[Scene], object]
