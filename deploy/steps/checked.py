"""Whether settings.env makes sense: asked of the product itself, before anything is done.

Names and values come on standard input as ``NAME=value``, each ended by a null byte, so that none stands in a
command line. Says on standard error each thing that is wrong, and ends with 2 if there is any; on standard
output which ways of telling people are off, and what would switch them on. Calls nothing.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

from phonenumbers import SUPPORTED_REGIONS

import notifiers
from notifiers.limits import Limits
from watchers import providers
from watchers.kinds import Channel
from watchers.settings import Settings

_EACH = "(WORKER|BOARD|COPY|DELIVER|WEB)"
_SHAPES = {
    f"{_EACH}_MEMORY": (r"[1-9]\d*[MG]i", "memory such as 512Mi or 1Gi"),
    f"{_EACH}_CPU": (r"[12468]|0?\.\d+", "1, 2, 4, 6 or 8 processors, or a part of one"),
    f"{_EACH}_(TIMEOUT|CONCURRENCY|MAX_INSTANCES)": (r"[1-9]\d{0,3}", "a whole number"),
    f"{_EACH}_MIN_INSTANCES": (r"\d{1,4}", "a whole number"),
    "SECRET_KEY": (r".{32,}", "at least 32 characters"),
    "BACKUP_DAYS": (r"[1-9]|[1-8]\d|9[0-8]", "1 to 98 days"),
    "BUDGET": (r"[1-9]\d*[A-Z]{3}", "a whole amount and its currency, such as 10USD"),
    "WEB_DOMAIN": (r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", "a name such as scout.example.org"),
    "ALERT_EMAIL": (r"[^@\s,]+@[^@\s,]+\.[^@\s,]+", "one e-mail address"),
    "RUNBOOKS_URL": (r"https://[^\s\"\\?#&]+", "a folder's https:// address, without ?, # and &"),
    "FIRESTORE_LOCATION": (r"eur3|nam5|nam7|[a-z]+-[a-z]+\d+", "a region, or eur3, nam5 or nam7"),
    "FIRESTORE_DATABASE": (r"\(default\)|scout-[a-z0-9-]{0,56}[a-z0-9]", "(default), or scout- and a name"),
}
"""What only the scripts read, or what Google asks of it, by name: as a pattern, and in words."""

_LONGEST = {"WORKER": 1800, "BOARD": 540, "COPY": 540, "DELIVER": 540, "WEB": 3600}
"""Seconds a function may take: Cloud Scheduler waits for half an hour, an event for nine minutes."""

_MEMORY = {"4": 2048, "6": 4096, "8": 4096}
"""Mebibytes that an instance must have at least, by its processors."""

_USUALLY = {  # as deploy/steps/functions.sh has it
    "WORKER": (180, 1, 0, 2),
    "BOARD": (180, 1, 0, 10),
    "COPY": (60, 8, 0, 5),
    "DELIVER": (180, 8, 0, 2),
    "WEB": (60, 16, 0, 10),
}

_TELLING = {
    Channel.EMAIL: ("SMTP_URL", "MAIL_FROM"),
    Channel.SMS: ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
}
"""Which settings say that somebody means to tell people by it."""

_BESIDES = 60
"""Seconds of a run of the worker besides asking: it sweeps the outbox for 30, loads and saves."""

_DEPLOYED = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "a-project"}
_SECRET_KEY = "s" * 32  # deploy.sh makes one


def wrong(chosen: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with these settings, in sentences."""
    each = [*_misshapen(chosen), *_what_the_product_says(chosen)]
    yield from each or _at_odds(chosen)


def off(chosen: Mapping[str, str]) -> dict[Channel, str]:
    """The ways of telling people that are off, each with what would switch it on."""
    return notifiers.from_env(chosen)[1]


def _misshapen(chosen: Mapping[str, str]) -> Iterator[str]:
    for name, value in sorted(chosen.items()):
        for pattern, (shape, words) in _SHAPES.items():
            if re.fullmatch(pattern, name) and not re.fullmatch(shape, value):
                yield f"{name} must be {words}"
    seconds = chosen.get("TICK_EVERY_SECONDS", "60")
    if not re.fullmatch(r"[1-9]\d*", seconds) or int(seconds) % 60 or 3600 % int(seconds):
        yield "TICK_EVERY_SECONDS must be whole minutes that divide an hour, such as 60, 120 or 300"
    if "PUBLIC_URL" in chosen and not _is_public(chosen["PUBLIC_URL"]):
        yield "PUBLIC_URL must begin with https:// and a name that everybody can reach (empty: Google's own)"
    known = {code.strip() for code in chosen.get("SMS_COUNTRIES", "").upper().split(",")} - {""}
    if strange := sorted(code for code in known - SUPPORTED_REGIONS if re.fullmatch("[A-Z]{2}", code)):
        yield f"SMS_COUNTRIES must be countries with telephones, and {', '.join(strange)} is none"


def _is_public(address: str) -> bool:
    try:
        url = urlsplit(address)
    except ValueError:  # a bracket that does not close
        return False
    host = url.hostname or ""
    try:
        return url.scheme == "https" and ip_address(host).is_global
    except ValueError:
        return url.scheme == "https" and "." in host and not host.endswith((".local", ".localhost"))


def _what_the_product_says(chosen: Mapping[str, str]) -> Iterator[str]:
    env = {"SECRET_KEY": _SECRET_KEY, **chosen, **_DEPLOYED}
    asked: tuple[Callable[[Mapping[str, str]], object], ...] = (
        Settings.from_env,
        Limits.from_env,
        providers.from_env,
        notifiers.from_env,
    )
    for read in asked:
        try:
            read(env)
        except ValueError as exc:
            yield str(exc)


def _at_odds(chosen: Mapping[str, str]) -> Iterator[str]:
    """What is right by itself, and not together."""
    for name, usual in _USUALLY.items():
        words = ("TIMEOUT", "CONCURRENCY", "MIN_INSTANCES", "MAX_INSTANCES")
        asked = (int(chosen.get(f"{name}_{word}", value)) for word, value in zip(words, usual, strict=True))
        timeout, at_once, least, most = asked
        if timeout > _LONGEST[name]:
            yield f"{name}_TIMEOUT must be at most {_LONGEST[name]} seconds"
        if float(chosen.get(f"{name}_CPU", "1")) < 1 < at_once:
            yield f"{name}_CPU must be 1 or more, or {name}_CONCURRENCY 1"
        needed = _MEMORY.get(chosen.get(f"{name}_CPU", "1"), 0)
        if _mebibytes(chosen.get(f"{name}_MEMORY", "512Mi")) < needed:
            yield f"{name}_MEMORY must be {needed // 1024}Gi or more with so many processors"
        if least > most:
            yield f"{name}_MIN_INSTANCES must not be more than {name}_MAX_INSTANCES ({most})"
    longest = int(chosen.get("WORKER_TIMEOUT", _USUALLY["WORKER"][0]))
    if float(chosen.get("TICK_SECONDS", "45")) + _BESIDES > longest:
        yield f"WORKER_TIMEOUT must be TICK_SECONDS and {_BESIDES} seconds more, or a run is cut off"
    for channel, said in off(chosen).items():
        if any(name in chosen for name in _TELLING.get(channel, ())):
            yield said


def _mebibytes(memory: str) -> int:
    return int(memory[:-2]) * (1024 if memory.endswith("Gi") else 1)


def main() -> None:
    """Read, ask, say."""
    pairs = (one.split("=", 1) for one in sys.stdin.read().split("\0") if one)
    chosen = {name: value for name, value in pairs if value}
    said = list(dict.fromkeys(wrong(chosen)))
    sys.stderr.writelines(f"{one}\n" for one in said)
    if said:
        raise SystemExit(2)
    told_by = (Channel.SMS, Channel.EMAIL)
    sys.stdout.writelines(f"{why}\n" for channel, why in off(chosen).items() if channel in told_by)


if __name__ == "__main__":
    main()
