"""Who may run the worker: Cloud Scheduler's account, by a token that Google signed for this worker."""

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from flask.testing import FlaskClient

from tests.web.account.test_firebase import OTHERS_KEY, Google
from watchers.caller import REMOVED, Doorkeeper, Expected, RefusedCallerError
from watchers.google_keys import KeysAwayError
from watchers.settings import Settings

MAIN = Path(__file__).parents[2] / "main.py"
AUDIENCE = "https://ticket-monitor-worker-abc123-uc.a.run.app"
ACCOUNT = "scout-scheduler@a-project.iam.gserviceaccount.com"
ISSUER = "https://accounts.google.com"


@pytest.fixture(scope="module")
def a_google() -> Iterator[Google]:
    made = Google()
    yield made
    made.stop()


@pytest.fixture
def google(a_google: Google) -> Google:
    a_google.asked, a_google.down = 0, False
    return a_google


def seconds(ahead: int) -> int:
    return int(datetime.now(UTC).timestamp()) + ahead


def scheduler_token(google: Google, **changes: Any) -> str:
    """A token as Cloud Scheduler brings it."""
    claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "email": ACCOUNT, "email_verified": True}
    return google.token(**claims | {"sub": "1077", "azp": "1077", "auth_time": None} | changes)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def read(token: str) -> Any:
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=="))


def unsigned(token: str) -> str:
    """As Cloud Run hands on a token that it has checked."""
    return f"{token.rpartition('.')[0]}.{REMOVED}"


def keeper(google: Google, *, behind_iam: bool = False) -> Doorkeeper:
    return Doorkeeper(Expected(AUDIENCE, ACCOUNT, google.url, behind_iam))


def admit(doorkeeper: Doorkeeper, token: str) -> None:
    doorkeeper.admit(f"Bearer {token}", datetime.now(UTC))


def why_not(doorkeeper: Doorkeeper, token: str) -> str:
    with pytest.raises(RefusedCallerError) as refused:
        admit(doorkeeper, token)
    assert token not in str(refused.value)
    return refused.value.why


WRONG = [
    pytest.param({"aud": "https://another.a.run.app"}, "audience", id="meant for another function"),
    pytest.param({"aud": [AUDIENCE]}, "audience", id="meant for several"),
    pytest.param({"email": "default@a-project.iam.gserviceaccount.com"}, "account", id="of another account"),
    pytest.param({"email": ACCOUNT.upper()}, "account", id="of an account in capitals"),
    pytest.param({"email": None}, "account", id="of nobody"),
    pytest.param({"email_verified": False}, "account", id="of an account that is not verified"),
    pytest.param({"email_verified": "true"}, "account", id="of an account that is called verified"),
    pytest.param({"exp": seconds(-120), "iat": seconds(-4000)}, "expired", id="ended two minutes ago"),
    pytest.param({"exp": None}, "expired", id="without an end"),
    pytest.param({"iss": "https://accounts.example"}, "issuer", id="of another issuer"),
]


def test_the_schedulers_token_is_let_in(google: Google) -> None:
    doorkeeper = keeper(google)

    for _ in range(3):
        admit(doorkeeper, scheduler_token(google))
    admit(doorkeeper, scheduler_token(google, iss="accounts.google.com"))

    assert google.asked == 1, "certificates are kept"


@pytest.mark.parametrize(("changes", "why"), WRONG)
def test_a_signed_token_is_refused_that_is(google: Google, changes: dict[str, Any], why: str) -> None:
    said = why_not(keeper(google), scheduler_token(google, **changes))
    assert said in (why, "untrusted")


@pytest.mark.parametrize(("changes", "why"), WRONG)
def test_behind_iam_a_token_without_its_signature_is_refused_that_is(
    google: Google, changes: dict[str, Any], why: str
) -> None:
    token = unsigned(scheduler_token(google, **changes))
    assert why_not(keeper(google, behind_iam=True), token) == why


@pytest.mark.parametrize("behind_iam", [False, True])
def test_what_google_did_not_sign_is_refused(google: Google, behind_iam: bool) -> None:
    token = scheduler_token(google)
    header, claims, signature = token.split(".")
    forged = {
        "tampered": f"{header}.{part(read(token) | {'sub': '2'})}.{signature}",
        "unsigned": f"{part({'alg': 'none', 'kid': 'k1'})}.{claims}.",
        "unsigned by another name": f"{part({'alg': 'none', 'kid': 'k1'})}.{claims}.{signature}",
        "by a shared key": f"{part({'alg': 'HS256', 'kid': 'k1'})}.{claims}.{signature}",
        "no key is named": f"{part({'alg': 'RS256'})}.{claims}.{signature}",
        "signature cut off": f"{header}.{claims}.{signature[:-8]}",
        "signature missing": f"{header}.{claims}",
        "by somebody who calls their key so": scheduler_token(google, key=OTHERS_KEY[0]),
        "by a key that nobody knows": scheduler_token(google, kid="k9", key=OTHERS_KEY[0]),
        "too long": "x" * 10_000,
        "nothing like it": "a.b.c",
    }
    doorkeeper = keeper(google, behind_iam=behind_iam)
    for name, one in forged.items():
        assert why_not(doorkeeper, one) == "untrusted", name
    admit(doorkeeper, token)


def test_without_iam_nobody_gets_in_by_saying_that_google_removed_the_signature(google: Google) -> None:
    assert why_not(keeper(google), unsigned(scheduler_token(google))) == "untrusted"


def test_behind_iam_no_key_is_asked_for(google: Google) -> None:
    admit(keeper(google, behind_iam=True), unsigned(scheduler_token(google)))
    assert google.asked == 0


@pytest.mark.parametrize(
    "rest", ["a.b", "a.b.c.d", "a.é", "a." + part([1]), "a." + part("x"), "a." + "x" * 9000]
)
def test_behind_iam_nonsense_is_refused(google: Google, rest: str) -> None:
    assert why_not(keeper(google, behind_iam=True), f"{rest}.{REMOVED}") == "untrusted"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic c2NvdXQ6eA=="])
def test_who_brings_no_token_is_refused(google: Google, header: str | None) -> None:
    with pytest.raises(RefusedCallerError, match="no_token"):
        keeper(google).admit(header, datetime.now(UTC))


def test_while_googles_certificates_cannot_be_had_nobody_is_judged(google: Google) -> None:
    google.down = True
    with pytest.raises(KeysAwayError):
        admit(keeper(google), scheduler_token(google))


# ── the function ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def worker(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FlaskClient]:
    """The deployed function, with settings."""

    def built(**settings: str) -> FlaskClient:
        named = {
            "STORE": f"sqlite:///{tmp_path / 'scout.db'}",
            "WORKER_AUDIENCE": AUDIENCE,
            "SCHEDULER_ACCOUNT": ACCOUNT,
            "SCHEDULER_CERTS_URL": google.url,
        }
        for name, value in (named | settings).items():
            monkeypatch.setenv(name, value)
        client: FlaskClient = functions_framework.create_app("ticket_monitor_worker", str(MAIN)).test_client()
        return client

    return built


def called(client: FlaskClient, token: str | None, path: str = "/") -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.post(path, headers=headers).status_code


def documents_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [name for (name,) in database.execute("SELECT path FROM documents")]


@pytest.mark.parametrize("path", ["/", "/?reconcile=1", "/?dry_run=1"])
def test_the_worker_runs_for_the_scheduler_and_for_nobody_else(
    google: Google, worker: Callable[..., FlaskClient], tmp_path: Path, path: str
) -> None:
    client = worker()

    assert called(client, None, path) == 401
    assert called(client, scheduler_token(google, email="someone@example.com"), path) == 401
    assert called(client, unsigned(scheduler_token(google)), path) == 401
    assert documents_in(tmp_path / "scout.db") == []
    assert called(client, scheduler_token(google), path) == 200


def test_the_worker_behind_iam_runs_by_a_token_whose_signature_was_removed(
    google: Google, worker: Callable[..., FlaskClient]
) -> None:
    client = worker(WORKER_BEHIND_IAM="on", SCHEDULER_CERTS_URL="http://127.0.0.1:9")

    assert called(client, unsigned(scheduler_token(google))) == 200
    assert called(client, unsigned(scheduler_token(google, email="someone@example.com"))) == 401


WAKE = """
import json, os, sys
from functions_framework import create_app
headers = {"Authorization": f"Bearer {sys.argv[1]}"}
answer = create_app("ticket_monitor_worker", "main.py").test_client().post("/", headers=headers)
print(json.dumps([answer.status_code, sorted(sys.modules)]))
"""


def test_behind_iam_a_worker_that_wakes_loads_nothing_more_for_it(google: Google, tmp_path: Path) -> None:
    settings = {
        "STORE": f"sqlite:///{tmp_path / 'scout.db'}",
        "WORKER_AUDIENCE": AUDIENCE,
        "SCHEDULER_ACCOUNT": ACCOUNT,
        "WORKER_BEHIND_IAM": "on",
    }
    command = [sys.executable, "-c", WAKE, unsigned(scheduler_token(google))]
    ran = subprocess.run(  # noqa: S603 - our own code
        command, cwd=MAIN.parent, env=settings, capture_output=True, check=True, text=True
    )
    status, loaded = json.loads(ran.stdout.splitlines()[-1])

    assert status == 200
    assert "watchers.caller" in loaded
    assert not {"httpx", "google.auth", "cryptography", "requests"} & set(loaded)


def test_a_call_that_cannot_be_judged_is_to_come_again(
    google: Google, worker: Callable[..., FlaskClient]
) -> None:
    google.down = True
    assert called(worker(), scheduler_token(google)) == 503


def test_without_the_settings_iam_alone_guards_the_worker(worker: Callable[..., FlaskClient]) -> None:
    assert called(worker(WORKER_AUDIENCE="", SCHEDULER_ACCOUNT=""), None) == 200


@pytest.mark.parametrize(
    "settings",
    [{"WORKER_AUDIENCE": AUDIENCE}, {"SCHEDULER_ACCOUNT": ACCOUNT}],
    ids=["an audience alone", "an account alone"],
)
def test_half_of_the_settings_stops_the_start(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="set together"):
        Settings.from_env(settings)


def test_a_switch_is_on_or_off() -> None:
    both = {"WORKER_AUDIENCE": AUDIENCE, "SCHEDULER_ACCOUNT": ACCOUNT}
    with pytest.raises(ValueError, match="WORKER_BEHIND_IAM must be on or off"):
        Settings.from_env(both | {"WORKER_BEHIND_IAM": "perhaps"})
