"""What ``scout.py doctor --cloud`` says of an installation, one thing spoilt at a time."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.installed import PROJECT, REGION
from tests.deploy.operators import DEPLOY, HERE, Operator, why_missing
from tests.smtp_server import PASSWORD
from tests.web.installation.conftest import (
    AUTH,
    DATABASE,
    FIELDS,
    INDEXES,
    MAY,
    NOW,
    RELEASE,
    THEIRS,
    WEBHOOK,
    Scene,
    Spoil,
)
from web.installation import database
from web.installation.expected import JOB, LOOKING, WORKER
from web.installation.google import UnseenError, token

WORKERS = f"v2/{HERE}/functions/{WORKER}"
WRONG_PASSWORD = "smtp://alerts:wrong@127.0.0.1:"


def test_of_an_installation_that_is_well_it_says_so_and_changes_nothing(scene: Scene) -> None:
    found = scene.looked_at()
    assert [one for one in found if one.mark == "WRONG"] == []
    said = {one.what: one.said for one in found if one.mark == "ok"}
    assert said["permissions"] == "you may see all of it"
    assert said[WORKER] == "is called by scout-scheduler"
    assert said["scheduler"] == "called the worker 20 s ago (* * * * *)"
    assert said["deliver-alert's trigger"] == "is alive"
    assert said["database (default)"] == "is protected and backed up"
    assert said["rules"] == "those of deploy/firestore.rules hold"
    assert said["secrets"] == "all 3 can be read"
    assert said["sender …0100"] == "can send texts"
    assert said["Twilio"] == "may text to US, GB"
    assert said["e-mail"] == "127.0.0.1 lets us in"
    assert said["ticketmaster's key"] == "is valid"
    assert scene.google.changes() == scene.twilio.changes() == []
    assert scene.mail.letters == []
    assert len(scene.market.asked) == 1, "one question"


def _set(path: str, **fields: Any) -> Spoil:
    return lambda scene: scene.google.things[path].update(fields)


def _gone(path: str) -> Spoil:
    return lambda scene: scene.google.things.pop(path)


def _worker(**fields: Any) -> Spoil:
    return lambda scene: scene.google.things[WORKERS]["serviceConfig"].update(fields)


def _setting(**settings: str) -> Spoil:
    return lambda scene: scene.google.things[WORKERS]["serviceConfig"]["environmentVariables"].update(
        settings
    )


def _bind(path: str, role: str, *members: str) -> Spoil:
    return lambda scene: scene.google.policies.update(
        {path: {"bindings": [{"role": role, "members": members}]}}
    )


def _twilio(path: str, **said: Any) -> Spoil:
    return lambda scene: scene.twilio.things.update({path: said})


def _number(**fields: Any) -> Spoil:
    numbers = f"{THEIRS}/IncomingPhoneNumbers.json"
    return lambda scene: scene.twilio.things[numbers]["incoming_phone_numbers"][0].update(fields)


def _toll_free(scene: Scene) -> None:
    _setting(TWILIO_FROM_NUMBER="+18885550100")(scene)
    scene.twilio.things["v1/Tollfree/Verifications"] = {"verifications": [{"status": "PENDING_REVIEW"}]}


EVENTS = f"v1/{HERE}/triggers/copy-monitor-job"
JOBS = f"v1/{HERE}/jobs/{JOB}"
COPY = f"v2/{HERE}/services/copy-monitor-job"
EDITOR = "serviceAccount:scout-web@demo-app.iam.gserviceaccount.com"
SPOILT: dict[str, tuple[Spoil, str, str]] = {
    "a right to look is missing": (
        lambda scene: scene.google.permissions.discard("firebaserules.releases.get"),
        "permissions",
        "you lack firebaserules.releases.get: ask an owner for roles/firebaserules.viewer",
    ),
    "an API is off": (
        _gone(f"v1/projects/{PROJECT}/services/eventarc.googleapis.com"),
        "APIs",
        "eventarc are off",
    ),
    "a function was never deployed": (
        _gone(f"v2/{HERE}/functions/web"),
        "web",
        "it is not there: run deploy",
    ),
    "a function's build failed": (
        _set(f"v2/{HERE}/functions/web", state="FAILED", stateMessages=[{"message": "build failed"}]),
        "web",
        "is FAILED: build failed",
    ),
    "a function runs as somebody else": (
        _worker(serviceAccountEmail="123-compute@developer.gserviceaccount.com"),
        WORKER,
        "not as scout-worker",
    ),
    "an upgrade was broken off": (
        _setting(RELEASE="s1-newer"),
        "release",
        "run deploy/upgrade.sh to the end",
    ),
    "an account may not read the database": (
        _bind(MAY, "roles/datastore.user"),
        "scout-web",
        "may not read the database",
    ),
    "an account may do everything": (
        _bind(MAY, "roles/editor", EDITOR),
        "scout-web",
        "far more than it needs",
    ),
    "the worker may not be called": (
        _bind(f"v2/{HERE}/services/{WORKER}", "roles/run.invoker"),
        WORKER,
        "may not be called by scout-scheduler",
    ),
    "everybody may call an event function": (
        lambda scene: scene.google.policies[COPY]["bindings"][0]["members"].append("allUsers"),
        "copy-monitor-job",
        "may be called by allUsers",
    ),
    "the scheduler rests": (_set(JOBS, state="PAUSED"), "scheduler", f"gcloud scheduler jobs resume {JOB}"),
    "the last call failed": (_set(JOBS, status={"code": 7}), "scheduler", "its last call failed (code 7)"),
    "no call for an hour": (
        _set(JOBS, lastAttemptTime=(NOW - timedelta(hours=1)).isoformat()),
        "scheduler",
        "called the worker 3600 s ago",
    ),
    "the token is for another": (
        _set(JOBS, httpTarget={"oidcToken": {"audience": "https://other.run.app"}}),
        "scheduler",
        "its token is for https://other.run.app",
    ),
    "the scheduler is impatient": (_set(JOBS, attemptDeadline="60s"), "scheduler", "gives up after 60 s"),
    "a trigger is gone": (_gone(EVENTS), "copy-monitor-job's trigger", "no event reaches the function"),
    "a trigger is broken": (
        _set(EVENTS, conditions={"transport": {"code": "NOT_FOUND", "message": "topic deleted"}}),
        "copy-monitor-job's trigger",
        "transport: topic deleted",
    ),
    "a trigger hears of another database": (
        _set(EVENTS, eventFilters=[{"attribute": "database", "value": "old"}]),
        "copy-monitor-job's trigger",
        "hears of the database old",
    ),
    "events wait": (
        lambda scene: scene.google.figures.update({("oldest_unacked_message_age", "copy-monitor-job"): 1800}),
        "copy-monitor-job's trigger",
        "has waited for 30 minutes",
    ),
    "there are dead letters": (
        lambda scene: scene.google.figures.update(
            {("num_undelivered_messages", "ticket-scout-events-dead"): 3}
        ),
        "ticket-scout-events-dead",
        "3 messages that no try could deliver",
    ),
    "the database is unprotected": (
        _set(DATABASE, deleteProtectionState="DELETE_PROTECTION_DISABLED"),
        "database (default)",
        "may be deleted by one command",
    ),
    "nothing is backed up": (
        _gone(f"{DATABASE}/backupSchedules/daily"),
        "database (default)",
        "is never backed up",
    ),
    "no rules were released": (_gone(RELEASE), "rules", "none were ever released"),
    "other rules hold": (
        _set(f"v1/projects/{PROJECT}/rulesets/r1", source={"files": [{"content": "allow read;"}]}),
        "rules",
        "other rules than deploy/firestore.rules hold",
    ),
    "a secret was destroyed": (
        _gone(f"v1/projects/{PROJECT}/secrets/scout-smtp-url/versions/1:access"),
        "secret scout-smtp-url",
        "it is not there",
    ),
    "a setting is wrong": (
        _setting(PUBLIC_URL="scout.example"),
        "settings",
        "PUBLIC_URL must begin with https://",
    ),
    "Twilio refuses the sign-in": (
        lambda scene: scene.twilio.broken.update({"GET 2010": 403}),
        "Twilio",
        "correct TWILIO_ACCOUNT_SID",
    ),
    "a trial account": (
        _twilio(f"{THEIRS}.json", status="active", type="Trial"),
        "Twilio",
        "a trial account",
    ),
    "a closed account": (_twilio(f"{THEIRS}.json", status="suspended"), "Twilio", "the account is suspended"),
    "the number is somebody else's": (
        _twilio(f"{THEIRS}/IncomingPhoneNumbers.json", incoming_phone_numbers=[]),
        "sender …0100",
        "is no number of this account",
    ),
    "the number cannot text": (_number(capabilities={"sms": False}), "sender …0100", "cannot send texts"),
    "no campaign is registered": (
        _twilio("v1/Services/MG1/Compliance/Usa2p", compliance=[{"campaign_status": "IN_PROGRESS"}]),
        "sender …0100",
        "its campaign (A2P 10DLC) is IN_PROGRESS",
    ),
    "the number is in no service": (
        lambda scene: scene.twilio.things.pop("v1/Services/MG1/PhoneNumbers/PN1"),
        "sender …0100",
        "belongs to no Messaging Service",
    ),
    "a toll-free number is not verified": (
        _toll_free,
        "sender …0100",
        "its toll-free verification is PENDING_REVIEW",
    ),
    "a country is not allowed": (
        _twilio("v1/Messaging/GeoPermissions", permissions=[{"country_code": "US", "enabled": True}]),
        "Twilio",
        "may not text to GB",
    ),
    "the Messaging Service is unknown": (
        _setting(TWILIO_MESSAGING_SERVICE_SID="MG9"),
        "Messaging Service",
        "is none of this account",
    ),
    "the mail server refuses the sign-in": (
        lambda scene: scene.secret("scout-smtp-url", f"{WRONG_PASSWORD}{scene.mail.port}"),
        "e-mail",
        "refuses the sign-in: correct SMTP_URL",
    ),
    "there is no mail server": (
        lambda scene: scene.secret("scout-smtp-url", "smtp://127.0.0.1:9"),
        "e-mail",
        "does not answer from here",
    ),
    "a provider's key is refused": (
        lambda scene: scene.secret("scout-ticketmaster-api-key", "wrong"),
        "ticketmaster's key",
        "is refused: get a new one",
    ),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_wrong_is_named_with_what_to_do(scene: Scene, spoilt: str) -> None:
    spoil, what, said = SPOILT[spoilt]
    spoil(scene)
    found = scene.looked_at()
    assert [one.said for one in found if one.is_wrong and one.what == what and said in one.said], [
        (one.what, one.said) for one in found if one.is_wrong
    ]
    assert scene.google.changes() == scene.twilio.changes() == []
    told = "".join(f"{one.what}{one.said}" for one in found)
    assert not [secret for secret in (AUTH, PASSWORD, "a-token-of-gcloud") if secret in told]


def test_a_number_that_posts_answers_elsewhere_is_named(scene: Scene) -> None:
    _number(sms_url="https://old.example/reply", phone_number="+447700900000")(scene)
    _setting(TWILIO_FROM_NUMBER="+447700900000")(scene)
    scene.twilio.things.pop("v1/Services/MG1/PhoneNumbers/PN1")
    assert scene.wrong() == [
        ("sender …0000", f"posts answers elsewhere than to {WEBHOOK}: run deploy/deploy.sh")
    ]


def test_a_rollback_is_said_and_is_nothing_wrong(scene: Scene) -> None:
    older = [{"percent": 100, "revision": "web-1"}]
    scene.google.things[f"v2/{HERE}/services/web"]["trafficStatuses"] = older
    found = scene.looked_at()
    assert [one.said for one in found if one.what == "web" and one.mark == "off"] == [
        "100 % of its traffic goes to web-1, an older one: rolled back; upgrade.sh ends that"
    ]
    assert not [one for one in found if one.is_wrong]


def test_pages_that_answer_from_the_database_before_a_restore_are_wrong(scene: Scene) -> None:
    """A rolled back revision keeps all traffic, whatever is deployed after it."""
    older = [{"percent": 100, "revision": "web-1"}]
    scene.google.things[f"v2/{HERE}/services/web"]["trafficStatuses"] = older
    env = [{"name": "FIRESTORE_DATABASE", "value": "scout-before"}]
    scene.google.things[f"v2/{HERE}/services/web/revisions/web-1"] = {"containers": [{"env": env}]}
    said = "100 % of its traffic goes to web-1, an older one over the database scout-before, not (default)"
    assert scene.wrong() == [("web", f"{said}: run deploy/restore.sh to its end")]


def test_functions_over_different_databases_are_wrong(scene: Scene) -> None:
    service = scene.google.things[f"v2/{HERE}/functions/web"]["serviceConfig"]
    service["environmentVariables"] = {**service["environmentVariables"], "FIRESTORE_DATABASE": "scout-new"}
    assert ("database", "functions work over (default) and scout-new: run deploy/restore.sh to its end") in (
        scene.wrong()
    )


def test_what_google_does_not_show_stops_no_other_question(scene: Scene) -> None:
    scene.google.broken["GET v1/.*/databases"] = 403
    wrong = dict(scene.wrong())
    assert wrong == {
        "database": "firestore does not show it to you (403): see `permissions` above",
        "indexes": wrong.get("indexes", ""),
    } or wrong == {"database": "firestore does not show it to you (403): see `permissions` above"}


def test_of_an_empty_project_it_says_to_deploy(scene: Scene) -> None:
    scene.google.things.clear()
    scene.google.policies.clear()
    found = scene.looked_at()
    assert ("web", "it is not there: run deploy/deploy.sh, or say the region in which it runs") in [
        (one.what, one.said) for one in found
    ]
    assert found[-1].what == "accounts"


def test_an_index_that_is_missing_or_being_built_is_named(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = [{"fieldPath": "uid", "order": "ASCENDING"}, {"fieldPath": "at", "order": "DESCENDING"}]
    ready, building, missing = (
        {"collectionGroup": group, "queryScope": "COLLECTION", "fields": fields} for group in ("a", "b", "c")
    )
    expiry = [{"collectionGroup": one, "fieldPath": "until", "ttl": True} for one in ("a", "b")]
    wanted = {"indexes": [ready, building, missing], "fieldOverrides": expiry}
    (tmp_path / "firestore.indexes.json").write_text(json.dumps(wanted))
    (tmp_path / "firestore.rules").write_text((DEPLOY / "firestore.rules").read_text())
    monkeypatch.setattr(database, "DEPLOY", tmp_path)
    base = f"{DATABASE.removeprefix('v1/')}/collectionGroups"
    listed = [*fields, {"fieldPath": "__name__", "order": "DESCENDING"}]
    scene.google.things[INDEXES] = {
        "indexes": [
            {
                "name": f"{base}/{group}/indexes/1",
                "queryScope": "COLLECTION",
                "fields": listed,
                "state": state,
            }
            for group, state in (("a", "READY"), ("b", "CREATING"))
        ]
    }
    scene.google.things[FIELDS] = {
        "fields": [{"name": f"{base}/a/fields/until", "ttlConfig": {"state": "ACTIVE"}}]
    }
    assert scene.wrong() == [
        ("index of b", "is still being built: look again in some minutes"),
        ("index of c", "is missing: run deploy/deploy.sh"),
        ("expiry of b", "is missing: run deploy/deploy.sh"),
    ]


def test_another_worker_collection_is_looked_for_by_its_name(scene: Scene) -> None:
    worker = scene.google.things[f"v2/{HERE}/functions/{WORKER}"]["serviceConfig"]
    worker["environmentVariables"]["WORKER_COLLECTION"] = "other_jobs"
    missing = {what for what, said in scene.wrong() if said.startswith("is missing")}
    assert missing == {"expiry of other_jobs"}, "the database has those of the usual name"
    fields = scene.google.things[FIELDS]["fields"]
    for field in fields:
        field["name"] = field["name"].replace("worker_monitor_jobs", "other_jobs")
    assert [what for what, _ in scene.wrong() if "of other_jobs" in what] == []


def test_the_command_line_takes_the_token_from_gcloud_and_ends_with_what_is_wrong(
    scene: Scene, tmp_path: Path
) -> None:
    if reason := why_missing():
        pytest.skip(reason)
    operator = Operator(tmp_path, scene.google)
    env = operator.environment() | {"CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": scene.google.url}
    script = DEPLOY.parent / "scout.py"

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(script), "doctor", "--cloud", PROJECT, REGION, *options]
        return subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603

    said = run()
    assert f"ok {WORKER}: runs s1-new" in said.stdout.splitlines()
    assert {one.token for one in scene.google.asked} == {"Bearer a-token-of-gcloud"}
    late = [one for one in json.loads(run("--json").stdout) if one["mark"] == "WRONG"]
    assert [one["what"] for one in late] in ([], ["scheduler"]), "its last run was when this was written"
    assert "does not go with --send" in run("--send", "ann").stderr


def test_without_gcloud_or_a_sign_in_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnseenError, match="install it"):
        token()
    gcloud = tmp_path / "gcloud"
    gcloud.write_text("#!/bin/sh\nexit 1\n")
    gcloud.chmod(0o755)
    with pytest.raises(UnseenError, match="gcloud auth login"):
        token()


def test_every_right_to_look_names_a_role() -> None:
    assert all(role.startswith("roles/") for role in LOOKING.values())
