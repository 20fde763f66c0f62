"""The whole of deploy.sh by the real gcloud against a recorder of Google's APIs: once, and again.

All but the budget: gcloud lets its API be nowhere but at Google (test_deploy_interrupted.py pretends it).
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.installation import REGION, Installation, Ran, gcloud, spelled
from tests.deploy.loopback import Request
from tests.deploy.recorder import NUMBER, Json, Recorder, without_version
from tests.twilio_senders import NUMBER as PHONE
from tests.twilio_senders import SendersServer
from watchers.settings import SECRETS

PROJECT = "demo-app"
KEY, LOGIN = "tm-key-of-nobody", "twilio-token-of-nobody"
EVENTS = f"serviceAccount:scout-events@{PROJECT}.iam.gserviceaccount.com"
PUBSUB = f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"
EVENTARC = f"serviceAccount:service-{NUMBER}@gcp-sa-eventarc.iam.gserviceaccount.com"
WORKER_URL = "https://ticket-monitor-worker-made0up-ew.a.run.app"

pytestmark = pytest.mark.skipif(gcloud() is None, reason="needs gcloud")


@dataclass(frozen=True)
class Story:
    """Two runs: into an empty project, and the same again."""

    google: Recorder
    twilio: SendersServer
    mine: Installation
    first: Ran
    second: Ran
    made: list[Request]
    repeated: list[Request]
    pointed: int

    def function(self, name: str) -> Json:
        """A function as it was first asked for."""
        asked = [one for one in self.made if one.query.get("functionId") == name]
        assert len(asked) == 1
        body: Json = asked[0].body
        return body

    def job(self, name: str) -> Json:
        """A job of the scheduler as it is."""
        return self.google.things[f"projects/{PROJECT}/locations/{REGION}/jobs/{name}"]


def _account(name: str) -> str:
    return f"serviceAccount:{name}@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("deploy")
    with Recorder(PROJECT) as google, SendersServer() as twilio:
        mine = Installation(folder, google.environment(folder / "gcloud"))
        chosen = {
            "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
            "TWILIO_AUTH_TOKEN": LOGIN,
            "TWILIO_FROM_NUMBER": PHONE,
            "TWILIO_SENDERS": f"1={PHONE}",
            "TWILIO_BASE_URL": twilio.url,
            "LOCAL_PERSON": "whoever-sits-here",
            "WEB_DOMAIN": "scout.example.com",
        }
        mine.choose(TICKETMASTER_API_KEY=KEY, **chosen)
        first, made = mine.deploy(PROJECT), list(google.changes)
        pointed = len(twilio.writes)
        second = mine.deploy(PROJECT)
        yield Story(google, twilio, mine, first, second, made, google.changes[len(made) :], pointed)


def test_from_an_empty_project_to_the_address_of_the_pages(story: Story) -> None:
    assert story.first.returncode == 0, story.first.stderr
    off = "# E-mail is off: set SMTP_URL and MAIL_FROM.\n"
    assert story.first.stdout.endswith(f"\n# Done: https://scout.example.com\n{off}")


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.second.returncode == 0, story.second.stderr
    assert [(one.method, one.path, one.body) for one in story.repeated] == []
    assert len(story.twilio.writes) == story.pointed == 1


def _versions(named: list[Json]) -> dict[str, str]:
    return {one["key"]: one["version"] for one in named}


def test_no_secret_is_anywhere_but_in_secret_manager(story: Story) -> None:
    key = base64.b64decode(story.google.payloads[f"projects/{PROJECT}/secrets/scout-secret-key"]).decode()
    assert len(key) == 64
    for secret in (KEY, LOGIN, key):
        shapes = [secret.encode(), base64.b64encode(secret.encode())]
        sent = [one for one in story.google.requests if not one.path.endswith(":addVersion")]
        assert not [one.path for one in sent if any(shape in one.raw for shape in shapes)]
        said = "".join(ran.stdout + ran.stderr for ran in (story.first, story.second))
        written = "".join(path.read_text() for path in (story.mine.folder / "gcloud").rglob("*.log"))
        called = story.mine.log.read_text()
        assert not [text for text in (said, written, called) if secret in text]


def test_the_scheduler_calls_the_worker_with_a_token_for_it_alone(story: Story) -> None:
    job, worker = story.job("ticket-scout-worker"), story.function("ticket-monitor-worker")
    target = job["httpTarget"]
    assert target["uri"] == target["oidcToken"]["audience"] == WORKER_URL
    assert _account("scout-scheduler").endswith(":" + target["oidcToken"]["serviceAccountEmail"])
    assert (job["schedule"], job["timeZone"], target["httpMethod"]) == ("* * * * *", "Etc/UTC", "POST")
    assert float(job["attemptDeadline"].rstrip("s")) >= worker["serviceConfig"]["timeoutSeconds"]


def test_once_a_day_the_outbox_is_compared_under_the_same_audience(story: Story) -> None:
    target = story.job("ticket-scout-reconcile")["httpTarget"]
    assert target["uri"] == f"{WORKER_URL}/?reconcile=1"
    assert target["oidcToken"]["audience"] == WORKER_URL


@pytest.mark.parametrize(
    ("name", "kind", "path"),
    [
        ("copy-monitor-job", "written", "artifacts/ticket-scout/users/{uid}/ticket_monitors/{watch}"),
        ("deliver-alert", "created", "alerts/{alert}"),
    ],
)
def test_documents_call_their_function_until_it_has_answered(
    story: Story, name: str, kind: str, path: str
) -> None:
    trigger = story.function(name)["eventTrigger"]
    assert trigger["eventType"] == f"google.cloud.firestore.document.v1.{kind}"
    assert trigger["retryPolicy"] == "RETRY_POLICY_RETRY"
    filters = {one["attribute"]: (one["value"], one.get("operator")) for one in trigger["eventFilters"]}
    assert filters == {"database": ("(default)", None), "document": (path, "match-path-pattern")}
    assert trigger["triggerRegion"] == REGION
    assert EVENTS.endswith(":" + trigger["serviceAccountEmail"])


def test_a_message_calls_poll_board_until_it_has_answered(story: Story) -> None:
    trigger = story.function("poll-board")["eventTrigger"]
    assert trigger["pubsubTopic"] == f"projects/{PROJECT}/topics/ticket-scout-boards"
    assert trigger["retryPolicy"] == "RETRY_POLICY_RETRY"
    assert EVENTS.endswith(":" + trigger["serviceAccountEmail"])


@pytest.mark.parametrize(
    ("name", "account", "secrets"),
    [
        (
            "ticket-monitor-worker",
            "scout-worker",
            {"SECRET_KEY", "TICKETMASTER_API_KEY", "TWILIO_AUTH_TOKEN"},
        ),
        ("poll-board", "scout-board", {"SECRET_KEY", "TICKETMASTER_API_KEY", "TWILIO_AUTH_TOKEN"}),
        ("copy-monitor-job", "scout-copy", set()),
        ("deliver-alert", "scout-deliver", {"SECRET_KEY", "TWILIO_AUTH_TOKEN"}),
        ("web", "scout-web", {"SECRET_KEY", "TICKETMASTER_API_KEY", "TWILIO_AUTH_TOKEN"}),
    ],
)
def test_each_function_runs_as_itself_with_its_own_secrets(
    story: Story, name: str, account: str, secrets: set[str]
) -> None:
    function = story.function(name)
    config, build = function["serviceConfig"], function["buildConfig"]
    assert _account(account).endswith(":" + config["serviceAccountEmail"])
    assert set(_versions(config.get("secretEnvironmentVariables", []))) == secrets
    plain = config["environmentVariables"]
    assert not set(plain) & {*SECRETS, "LOCAL_PERSON", "PORT"}
    assert plain["STORE"] == "firestore"
    assert plain["PUBLIC_URL"] == "https://scout.example.com"
    assert plain["TWILIO_SENDERS"] == f"1={PHONE}"
    assert (build["entryPoint"], build["runtime"]) == (name.replace("-", "_"), "python312")
    assert build["serviceAccount"].endswith(f"/scout-build@{PROJECT}.iam.gserviceaccount.com")


def test_only_the_pages_are_open_to_the_internet(story: Story) -> None:
    names = ("ticket-monitor-worker", "poll-board", "copy-monitor-job", "deliver-alert", "web")
    open_to = {name: story.function(name)["serviceConfig"]["ingressSettings"] for name in names}
    assert {name for name, way in open_to.items() if way != "ALLOW_INTERNAL_ONLY"} == {"web"}


def test_everybody_has_the_rights_that_they_need_and_nobody_any_other(story: Story) -> None:
    """All policies that there are: of the project, accounts, services, topics, secrets and so on."""
    worker, board, copy, deliver, web = (
        _account(f"scout-{name}") for name in ("worker", "board", "copy", "deliver", "web")
    )
    build, here = _account("scout-build"), f"projects/{PROJECT}/locations/{REGION}"
    project, may_read = f"projects/{PROJECT}", "roles/secretmanager.secretAccessor"
    events = {"roles/run.invoker": {EVENTS}}
    assert story.google.rights == {
        project: {
            "roles/datastore.user": {worker, board, copy, deliver, web},
            "roles/eventarc.eventReceiver": {EVENTS},
            "roles/eventarc.serviceAgent": {EVENTARC},
            "roles/storage.objectViewer": {build},
            "roles/logging.logWriter": {build},
        },
        f"{project}/serviceAccounts/{EVENTS.partition(':')[2]}": {
            "roles/iam.serviceAccountTokenCreator": {PUBSUB}
        },
        f"{here}/repositories/ticket-scout": {"roles/artifactregistry.writer": {build}},
        f"{here}/services/ticket-monitor-worker": {"roles/run.invoker": {_account("scout-scheduler")}},
        f"{here}/services/poll-board": events,
        f"{here}/services/copy-monitor-job": events,
        f"{here}/services/deliver-alert": events,
        f"{here}/services/web": {"roles/run.invoker": {"allUsers"}},
        f"{project}/secrets/scout-secret-key": {may_read: {worker, board, web, deliver}},
        f"{project}/secrets/scout-ticketmaster-api-key": {may_read: {worker, board, web}},
        f"{project}/secrets/scout-twilio-auth-token": {may_read: {worker, board, web, deliver}},
        f"{project}/topics/ticket-scout-boards": {"roles/pubsub.publisher": {worker}},
        f"{project}/topics/ticket-scout-boards-dead": {"roles/pubsub.publisher": {PUBSUB}},
        f"{project}/topics/ticket-scout-events-dead": {"roles/pubsub.publisher": {PUBSUB}},
        **{
            f"{project}/subscriptions/eventarc-{name}-sub-001": {"roles/pubsub.subscriber": {PUBSUB}}
            for name in ("copy-monitor-job", "deliver-alert", "poll-board")
        },
    }


@pytest.mark.parametrize(
    ("name", "topic", "tries"),
    [("copy-monitor-job", "events", 20), ("deliver-alert", "events", 20), ("poll-board", "boards", 5)],
)
def test_what_fails_again_and_again_goes_to_the_dead_letters(
    story: Story, name: str, topic: str, tries: int
) -> None:
    subscription = f"projects/{PROJECT}/subscriptions/eventarc-{name}-sub-001"
    assert story.google.things[subscription]["deadLetterPolicy"] == {
        "deadLetterTopic": f"projects/{PROJECT}/topics/ticket-scout-{topic}-dead",
        "maxDeliveryAttempts": tries,
    }


def test_dead_letters_wait_a_week_in_a_subscription_that_does_not_end(story: Story) -> None:
    for name in ("ticket-scout-boards-dead", "ticket-scout-events-dead"):
        kept = story.google.things[f"projects/{PROJECT}/subscriptions/{name}"]
        assert kept["messageRetentionDuration"] == "604800s"
        assert kept["expirationPolicy"] == {}


def test_the_database_can_be_recovered_and_not_be_deleted(story: Story) -> None:
    database = story.google.things[f"projects/{PROJECT}/databases/(default)"]
    assert database["type"] == "FIRESTORE_NATIVE"
    assert database["locationId"] == REGION
    assert database["pointInTimeRecoveryEnablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
    assert database["deleteProtectionState"] == "DELETE_PROTECTION_ENABLED"
    schedules = [one for at, one in story.google.things.items() if "/backupSchedules/" in at]
    assert [one["retention"] for one in schedules] == ["1209600s"]


def test_every_index_of_the_file_is_asked_for_and_the_rules_are_released(story: Story) -> None:
    wanted = json.loads((story.mine.project / "deploy/firestore.indexes.json").read_text())
    asked = [one for one in story.made if one.path.endswith("/indexes")]
    assert len(asked) == len(wanted["indexes"])
    rulesets = [one.body for one in story.made if one.path.endswith("/rulesets")]
    rules = (story.mine.project / "deploy/firestore.rules").read_text()
    assert [one["source"]["files"][0]["content"] for one in rulesets] == [rules]


def test_every_field_of_the_file_is_asked_for_with_its_exemption_and_its_expiry(story: Story) -> None:
    wanted = json.loads((story.mine.project / "deploy/firestore.indexes.json").read_text())["fieldOverrides"]
    said = {"indexes": ("indexConfig", []), "ttl": ("ttlConfig", True)}
    expected = [
        (f"{one['collectionGroup']}/fields/{one['fieldPath']}", said[name][0])
        for one in wanted
        for name in one.keys() & said.keys()
        if one[name] == said[name][1]
    ]
    assert {mask for _, mask in expected} == {"indexConfig", "ttlConfig"}
    groups = f"projects/{PROJECT}/databases/(default)/collectionGroups/"
    asked = [one for one in story.made if one.method == "PATCH" and "/fields/" in one.path]
    assert sorted((without_version(one), one.query["updateMask"]) for one in asked) == sorted(
        (groups + field, mask) for field, mask in expected
    )
    for one in asked:  # empty: no index of this field; expires by it
        assert one.body == {"name": without_version(one), one.query["updateMask"]: {}}


def test_only_what_the_functions_need_is_uploaded(story: Story) -> None:
    uploads = [one.raw for one in story.google.requests if one.method == "PUT" and "/upload" in one.path]
    assert len(uploads) == 5
    names = zipfile.ZipFile(io.BytesIO(uploads[0])).namelist()
    assert {"main.py", "requirements.txt"} <= set(names)
    assert not [name for name in names if name.startswith("deploy/") or name.endswith(".env")]


def test_the_domain_is_mapped_to_the_pages_and_answers_come_there(story: Story) -> None:
    mappings = [one.body for one in story.made if one.path.endswith("/domainmappings")]
    assert [(one["metadata"]["name"], one["spec"]["routeName"]) for one in mappings] == [
        ("scout.example.com", "web")
    ]
    assert story.twilio.number["sms_url"] == "https://scout.example.com/twilio/reply"


def test_every_command_that_was_run_passes_gclouds_own_lint(story: Story, tmp_path: Path) -> None:
    lines = sorted({spelled(arguments) for arguments, _ in story.mine.calls()})
    commands = tmp_path / "commands.json"
    commands.write_text(json.dumps([{"command_string": line} for line in lines]))
    linted = story.mine.run("gcloud", "meta", "lint-gcloud-commands", f"--commands-file={commands}")
    found = json.loads(linted.stdout)
    assert len(found) == len(lines) > 60
    assert not [(one["command_string"], one["error_message"]) for one in found if not one["success"]]
