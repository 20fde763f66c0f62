"""The product's settings, read once; those of providers and notifiers stand beside them.

A setting that is there but wrong stops the start with a sentence that names it; a value is never repeated.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from urllib.parse import unquote, urlsplit

import msgspec

from watchers.caller import Expected
from watchers.places import Places

SECRETS = (
    "SECRET_KEY",
    "TICKETMASTER_API_KEY",
    "EVENTBRITE_TOKEN",
    "SEATGEEK_CLIENT_ID",
    "SEATGEEK_CLIENT_SECRET",
    "EBAY_CLIENT_SECRET",
    "BESTBUY_API_KEY",
    "STUBHUB_CLIENT_SECRET",
    "TWILIO_AUTH_TOKEN",
    "SMTP_URL",
    "METRICS_TOKEN",
)
"""Settings whose values must never appear in a log line."""

DOCUMENTED: Mapping[str, str] = {
    "STORE": "sqlite:///data/ticket-scout.db",
    "GOOGLE_CLOUD_PROJECT": "",
    "FIRESTORE_DATABASE": "",
    "RELEASE": "",
    "APP_ID": "ticket-scout",
    "WORKER_COLLECTION": "worker_monitor_jobs",
    "PUBLIC_URL": "http://127.0.0.1:8080",
    "PORT": "8080",
    "SECRET_KEY": "",
    "MIN_INTERVAL_SECONDS": "60",
    "TICK_SECONDS": "45",
    "TICK_EVERY_SECONDS": "60",
    "BOARDS_TOPIC": "",
    "PRICE_HISTORY_DAYS": "730",
    "LOCAL_PERSON": "",
    "OPERATORS": "",
    "SANDBOX_LINKS": "",
    "SMS_COUNTRIES": "US,CA,GB,IE,AU,NZ,DE,AT,CH",
    "CODES_PER_HOUR": "200",
    "TRUSTED_PROXIES": "",
    "FIREBASE_PROJECT": "",
    "FIREBASE_CERTS_URL": (
        "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
    ),
    "WORKER_AUDIENCE": "",
    "SCHEDULER_ACCOUNT": "",
    "WORKER_BEHIND_IAM": "",
    "SCHEDULER_CERTS_URL": "https://www.googleapis.com/oauth2/v1/certs",
    "METRICS_TOKEN": "",
    "TEXT_PRICE": "0.0118",
    "K_REVISION": "",
    "K_SERVICE": "ticket-scout",
}
"""Every setting of the product itself with its default."""

_SHORTEST_TOKEN = 16
CENTURY = 36_500  # days: longer is no different, and the calendar has an end


class Settings(msgspec.Struct, frozen=True):
    """What an operator may choose.

    Attributes:
        store: ``sqlite:///path`` or ``firestore``.
        project: The Google Cloud project, where there is one.
        database: Which of its Firestore databases; ``None``: the default one.
        places: Where documents lie.
        public_url: The product's address as people see it, without a final slash.
        port: Where ``scout.py run`` listens.
        secret_key: Signs links and sessions; ``None`` when not set.
        every: How long a target rests between two looks.
        tick_seconds: After this long a tick asks nothing more.
        tick_every: How often the worker is run, by ``scout.py run`` or by a scheduler.
        boards_topic: The Pub/Sub topic by which several boards are ticked side by side, by its full name.
        price_history: How long past prices are kept; zero: none are.
        local_person: On a laptop, who is signed in without asking.
        operators: Who else may see the status page, by id.
        sandbox_links: The sandbox's pages as JSON, for the header.
        metrics_token: Who names it may read ``/metrics``; ``None``: there is no such page.
        text_price: What a segment of a text costs, in US dollars, for the operator's estimate.
        version: What runs here, as Cloud Run calls it.
        service: Which function it is, as Cloud Run calls it; for Error Reporting.
        secrets: Values that no log line may show.
        sms_countries: Whose numbers may prove themselves by a texted code.
        codes_per_hour: How many codes are texted in an hour at most.
        trusted_proxies: How many proxies stand before ``web``.
        firebase_project: Whose Firebase ID tokens are believed; ``None``: nobody's.
        firebase_certs_url: Where the certificates are that sign them.
        caller: Whose token the worker asks for; ``None``: it asks for none.
    """

    store: str
    project: str | None
    database: str | None
    places: Places
    public_url: str
    port: int
    secret_key: str | None
    every: timedelta
    tick_seconds: float
    tick_every: timedelta
    boards_topic: str | None
    price_history: timedelta
    local_person: str | None
    operators: frozenset[str]
    sandbox_links: str
    metrics_token: str | None
    text_price: Decimal
    version: str
    service: str
    secrets: tuple[str, ...]
    sms_countries: tuple[str, ...]
    codes_per_hour: int
    trusted_proxies: int
    firebase_project: str | None
    firebase_certs_url: str
    caller: Expected | None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read them.

        Raises:
            ValueError: a setting is wrong; the message names it.
        """

        def text(name: str) -> str:
            return env.get(name, "").strip() or DOCUMENTED[name]

        places = Places(
            _name("APP_ID", text("APP_ID")), _name("WORKER_COLLECTION", text("WORKER_COLLECTION"))
        )
        return cls(
            store=text("STORE"),
            project=text("GOOGLE_CLOUD_PROJECT") or None,
            database=text("FIRESTORE_DATABASE") or None,
            places=places,
            public_url=_url("PUBLIC_URL", text("PUBLIC_URL")),
            port=int(_number("PORT", text("PORT"))),
            secret_key=text("SECRET_KEY") or None,
            every=timedelta(seconds=_number("MIN_INTERVAL_SECONDS", text("MIN_INTERVAL_SECONDS"))),
            tick_seconds=_number("TICK_SECONDS", text("TICK_SECONDS")),
            tick_every=timedelta(seconds=_number("TICK_EVERY_SECONDS", text("TICK_EVERY_SECONDS"))),
            boards_topic=_topic("BOARDS_TOPIC", text("BOARDS_TOPIC"), text("GOOGLE_CLOUD_PROJECT")),
            price_history=timedelta(
                days=min(_number("PRICE_HISTORY_DAYS", text("PRICE_HISTORY_DAYS")), CENTURY)
            ),
            local_person=text("LOCAL_PERSON") or None,
            operators=frozenset(filter(None, map(str.strip, text("OPERATORS").split(",")))),
            sandbox_links=text("SANDBOX_LINKS"),
            metrics_token=_token("METRICS_TOKEN", text("METRICS_TOKEN")),
            text_price=Decimal(str(_number("TEXT_PRICE", text("TEXT_PRICE")))),
            version=" ".join(filter(None, (text("K_REVISION"), text("RELEASE")))),
            service=text("K_SERVICE"),
            secrets=tuple(_secrets(env)),
            sms_countries=tuple(_countries("SMS_COUNTRIES", text("SMS_COUNTRIES"))),
            codes_per_hour=int(_number("CODES_PER_HOUR", text("CODES_PER_HOUR"))),
            # Cloud Run's own front end is one, and says so by this variable
            trusted_proxies=int(
                _number(
                    "TRUSTED_PROXIES",
                    text("TRUSTED_PROXIES") or str(int(bool(env.get("K_SERVICE", "").strip()))),
                )
            ),
            firebase_project=text("FIREBASE_PROJECT") or text("GOOGLE_CLOUD_PROJECT") or None,
            firebase_certs_url=_url("FIREBASE_CERTS_URL", text("FIREBASE_CERTS_URL")),
            caller=_caller(text),
        )


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:  # noqa: PLR2004 - also refuses NaN and infinity
        raise ValueError(f"{name} must be a number of at least 0, such as {DOCUMENTED[name] or 1}")
    return number


def _countries(name: str, text: str) -> Iterator[str]:
    for code in text.upper().split(","):
        if not re.fullmatch(r"[A-Z]{2}", code.strip()):
            raise ValueError(f"{name} must be countries' codes with commas between, such as US,CA,GB")
        yield code.strip()


def _name(name: str, value: str) -> str:
    if "/" in value:
        raise ValueError(f"{name} must not contain a slash")
    return value


def _topic(name: str, topic: str, project: str) -> str | None:
    """Its full name; one that says no project is of ours."""
    if not topic:
        return None
    full = topic if "/" in topic else f"projects/{project}/topics/{topic}"
    if not re.fullmatch(r"projects/[^/\s]+/topics/[A-Za-z][\w.~+%-]{2,254}", full):
        raise ValueError(f"{name} must be projects/…/topics/…, or a topic's name with GOOGLE_CLOUD_PROJECT")
    return full


def _token(name: str, text: str) -> str | None:
    if text and (len(text) < _SHORTEST_TOKEN or not text.isascii()):
        raise ValueError(
            f"{name} must be at least {_SHORTEST_TOKEN} plain characters, so that nobody guesses it"
        )
    return text or None


def _caller(text: Callable[[str], str]) -> Expected | None:
    audience, account = text("WORKER_AUDIENCE"), text("SCHEDULER_ACCOUNT")
    if bool(audience) != bool(account):
        raise ValueError("WORKER_AUDIENCE and SCHEDULER_ACCOUNT are set together, or neither is")
    if not audience:
        return None
    certs = _url("SCHEDULER_CERTS_URL", text("SCHEDULER_CERTS_URL"))
    return Expected(audience, account, certs, _switch("WORKER_BEHIND_IAM", text("WORKER_BEHIND_IAM")))


def _switch(name: str, text: str) -> bool:
    if text.lower() not in ("", "on", "off"):
        raise ValueError(f"{name} must be on or off")
    return text.lower() == "on"


def _url(name: str, text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError(f"{name} must begin with https:// (or http:// on this machine)")
    return text.rstrip("/")


def _secrets(env: Mapping[str, str]) -> Iterator[str]:
    """Every secret value, and the password within an address."""
    for name in SECRETS:
        if value := env.get(name, "").strip():
            yield value
            if password := urlsplit(value).password if "://" in value else None:
                yield password
                yield unquote(password)
