"""Whose Firebase ID token is believed: one that Google signed, for us, that has not ended."""

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from notifiers import owners
from notifiers.proofs import Kind
from tests.web.account.kit import ADDRESS, NUMBER, Town, uid_in
from watchers import google_keys
from watchers.documents import Put, Query
from web.account import firebase
from web.account.firebase import Firebase, RefusedTokenError

PROJECT, UID = "our-project", "Fb8Zq1xY2aBcD3eFgH4iJ5kL6m72"


@dataclass
class Google:
    """The keys that sign, and the server that names their certificates."""

    max_age: int = 3600
    asked: int = 0
    down: bool = False
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.new_key("k1")
        self.gate.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"google": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}/certs"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def new_key(self, name: str) -> None:
        self.keys[name] = made_key()

    def token(self, kid: str = "k1", key: str | None = None, **changes: Any) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": f"https://securetoken.google.com/{PROJECT}",
            "aud": PROJECT,
            "auth_time": int(now.timestamp()) - 60,
            "iat": int(now.timestamp()) - 60,
            "exp": int(now.timestamp()) + 3000,
            "sub": UID,
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        signer = crypt.RSASigner.from_string(key or self.keys[kid][0], kid)
        return str(jwt.encode(signer, claims).decode())


class _Handler(BaseHTTPRequestHandler):
    google: Google

    def do_GET(self) -> None:
        self.google.asked += 1
        self.google.gate.wait(10)
        body = json.dumps({name: cert for name, (_, cert) in self.google.keys.items()}).encode()
        self.send_response(503 if self.google.down else 200)
        self.send_header("Cache-Control", f"public, max-age={self.google.max_age}, must-revalidate")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def made_key() -> tuple[str, str]:
    """A private key and its certificate, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.system.gserviceaccount.com")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=10))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return private.decode(), cert.public_bytes(serialization.Encoding.PEM).decode()


OTHERS_KEY = made_key()


@pytest.fixture
def google() -> Iterator[Google]:
    running = Google()
    yield running
    running.stop()


@pytest.fixture
def believed(google: Google) -> Firebase:
    return Firebase(PROJECT, google.url)


def now() -> datetime:
    return datetime.now(UTC)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_token_of_ours_is_believed(google: Google, believed: Firebase) -> None:
    claims = believed.claims(google.token(email="a@b.example", email_verified=True), now())
    assert (claims.uid, claims.email) == (UID, "a@b.example")
    assert "a@b.example" not in repr(claims)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-project"},
        {"iss": "https://securetoken.google.com/another-project"},
        {"iss": f"https://evil.example/{PROJECT}"},
        {"exp": int(now().timestamp()) - 120},
        {"iat": int(now().timestamp()) + 3600},
        {"auth_time": int(now().timestamp()) + 3600},
        {"auth_time": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "~proof"},
        {"sub": "a/b"},
        {"sub": 7},
        {"exp": None},
    ],
    ids="-".join,
)
def test_a_token_for_another_time_or_place_is_not(
    google: Google, believed: Firebase, changes: dict[str, Any]
) -> None:
    with pytest.raises(RefusedTokenError):
        believed.claims(google.token(**changes), now())


def test_a_forged_token_is_not(google: Google, believed: Firebase) -> None:
    token = google.token()
    header, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = [
        f"{header}.{part(said | {'sub': 'another'})}.{signature}",  # tampered with
        f"{part({'alg': 'none', 'kid': 'k1'})}.{claims}.",  # unsigned
        f"{part({'alg': 'none', 'kid': 'k1'})}.{claims}.{signature}",
        f"{part({'alg': 'HS256', 'kid': 'k1'})}.{claims}.{signature}",
        f"{part({'alg': 'RS256'})}.{claims}.{signature}",  # no key is named
        f"{header}.{claims}.",
        f"{header}.{claims}",
        google.token(key=OTHERS_KEY[0]),  # signed by somebody who calls their key k1
        google.token(kid="k9", key=OTHERS_KEY[0]),
        "",
        "x",
        "a.b.c",
        "x" * 10_000,
    ]
    for one in forged:
        with pytest.raises(RefusedTokenError):
            believed.claims(one, now())
    assert believed.claims(token, now()).uid == UID


def test_certificates_are_kept_as_long_as_their_answer_says(google: Google, believed: Firebase) -> None:
    for _ in range(5):
        believed.claims(google.token(), now())
    assert google.asked == 1
    for _ in range(5):  # keys nobody knows are no way to make us ask Google again and again
        with pytest.raises(RefusedTokenError):
            believed.claims(google.token(kid="k9", key=OTHERS_KEY[0]), now())
    assert google.asked == 1


def test_without_certificates_nobody_is_believed(google: Google, believed: Firebase) -> None:
    google.down = True
    with pytest.raises(RefusedTokenError):
        believed.claims(google.token(), now())


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────


def exchange(town: Town, token: str, **headers: str) -> tuple[int, str | None]:
    client = town.app().test_client()
    answer = client.post("/sign-in/firebase", headers={"Authorization": f"Bearer {token}", **headers})
    return answer.status_code, uid_in(client)


@pytest.fixture
def with_firebase(town: Town, google: Google) -> Town:
    town.doors = replace(town.doors, firebase=Firebase(PROJECT, google.url))
    return town


def test_a_token_becomes_a_session(with_firebase: Town, google: Google) -> None:
    assert exchange(with_firebase, google.token()) == (204, UID)
    assert exchange(with_firebase, google.token(aud="another")) == (401, None)
    assert exchange(with_firebase, "") == (401, None)


def test_without_a_project_no_token_is_believed(town: Town, google: Google) -> None:
    assert exchange(town, google.token()) == (401, None)


def test_what_firebase_verified_becomes_theirs_unless_it_is_somebody_elses(
    with_firebase: Town, google: Google
) -> None:
    with_firebase.come_in(NUMBER)
    token = google.token(email=ADDRESS, email_verified=True, phone_number=NUMBER)
    assert exchange(with_firebase, token) == (204, UID)
    person = with_firebase.fields(f"people/{UID}")
    assert person["email"] == ADDRESS
    assert "phone" not in person


@pytest.mark.parametrize("number", ["+18765550123", "+19005551234", "+442071838750", "+14155550"])
def test_a_number_that_may_not_be_texted_becomes_nobodys(
    with_firebase: Town, google: Google, number: str
) -> None:
    assert exchange(with_firebase, google.token(phone_number=number)) == (204, UID)
    assert with_firebase.documents.inner.get(f"people/{UID}") is None
    assert with_firebase.documents.inner.find(Query("contacts")) == []


def test_a_mobile_number_that_firebase_verified_becomes_theirs(with_firebase: Town, google: Google) -> None:
    exchange(with_firebase, google.token(phone_number=NUMBER))
    assert with_firebase.fields(f"people/{UID}")["phone"] == NUMBER


def test_an_address_firebase_did_not_verify_is_nobodys(with_firebase: Town, google: Google) -> None:
    exchange(with_firebase, google.token(email=ADDRESS, email_verified=False))
    assert with_firebase.documents.inner.get(f"people/{UID}") is None


def test_who_signed_out_everywhere_needs_a_newer_token(with_firebase: Town, google: Google) -> None:
    with_firebase.documents.inner.commit(Put(f"people/{UID}", {"sessions_since": now()}))
    assert exchange(with_firebase, google.token()) == (401, None)


def test_the_cookie_of_a_request_with_a_token_counts_for_nothing(with_firebase: Town) -> None:
    browser = with_firebase.come_in(NUMBER)
    assert browser.client.get("/", headers={"Authorization": "Bearer x"}).status_code == 401
    watched = browser.client.post("/watches/w1/delete", headers={"Authorization": "Bearer x"})
    assert watched.status_code == 401


def test_the_uid_of_a_token_is_what_the_api_asks_for(google: Google, believed: Firebase, town: Town) -> None:
    assert firebase.person_of(google.token(), believed, town.documents, now()) == UID


def test_what_they_took_away_here_does_not_come_back(with_firebase: Town, google: Google) -> None:
    token = google.token(email=ADDRESS, email_verified=True, phone_number=NUMBER)
    exchange(with_firebase, token)
    with_firebase.documents.inner.commit(*owners.removing(with_firebase.documents, UID, Kind.PHONE))
    assert exchange(with_firebase, token) == (204, UID)
    assert with_firebase.fields(f"people/{UID}")["phone"] is None


def test_while_google_is_asked_for_one_key_others_are_believed(
    google: Google, believed: Firebase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_keys, "_SOON", 0.0)
    believed.claims(google.token(), now())
    google.new_key("k2")
    google.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(believed.claims, google.token("k2"), now())
        assert believed.claims(google.token(), now()).uid == UID
        assert not waiting.done()
        google.gate.set()
        assert waiting.result().uid == UID
