"""Whether settings.env makes sense: asked of the product itself, before anything is done.

Names and values come on standard input as ``NAME=value``, each ended by a null byte, so that none stands in a
command line. Says each thing that is wrong, and ends with 1 if there is any. Calls nothing.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import notifiers
from notifiers.limits import Limits
from watchers import providers
from watchers.settings import Settings

_WHOLE, _SIZE = "a whole number", "memory such as 512Mi or 1Gi"
_SHAPES = {
    r"(WORKER|BOARD|COPY|DELIVER|WEB)_MEMORY": (r"[1-9]\d*[MG]i", _SIZE),
    r"(WORKER|BOARD|COPY|DELIVER|WEB)_CPU": (r"[1-8]|0?\.\d+", "processors, such as 1"),
    r"(WORKER|BOARD|COPY|DELIVER|WEB)_(TIMEOUT|CONCURRENCY|MAX_INSTANCES)": (r"[1-9]\d*", _WHOLE),
    r"(WORKER|BOARD|COPY|DELIVER|WEB)_MIN_INSTANCES": (r"\d+", _WHOLE),
    "BACKUP_DAYS": (r"[1-9]|[1-8]\d|9[0-8]", "1 to 98 days"),
    "BUDGET": (r"[1-9]\d*[A-Z]{3}", "a whole amount and its currency, such as 10USD"),
    "WEB_DOMAIN": (r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", "a name such as scout.example.org"),
    "ALERT_EMAIL": (r"[^@\s,]+@[^@\s,]+\.[^@\s,]+", "one e-mail address"),
    "RUNBOOKS_URL": (r"https://[^\s\"\\?#&]+", "a folder's https:// address, without ?, # and &"),
    "FIRESTORE_LOCATION": (r"eur3|nam5|nam7|[a-z]+-[a-z]+\d+", "a region, or eur3, nam5 or nam7"),
    "FIRESTORE_DATABASE": (r"\(default\)|scout-[a-z0-9-]{0,56}[a-z0-9]", "(default), or scout- and a name"),
    "SMTP_URL": (r"smtps?://\S+", "an address such as smtp://user:password@host:587"),
}
"""What only the scripts read, by name: as a pattern, and in words."""

_DEPLOYED = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "a-project"}


def wrong(chosen: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with these settings, in sentences."""
    for name, value in sorted(chosen.items()):
        for pattern, (shape, words) in _SHAPES.items():
            if re.fullmatch(pattern, name) and not re.fullmatch(shape, value):
                yield f"{name} must be {words}"
    seconds = chosen.get("TICK_EVERY_SECONDS", "60")
    if not re.fullmatch(r"[1-9]\d*", seconds) or int(seconds) % 60 or 3600 % int(seconds):
        yield "TICK_EVERY_SECONDS must be whole minutes that divide an hour, such as 60, 120 or 300"
    env = {**chosen, **_DEPLOYED}
    env.setdefault("SECRET_KEY", "s" * 32)  # deploy.sh makes one
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


def main() -> None:
    """Read, ask, say."""
    pairs = (one.split("=", 1) for one in sys.stdin.read().split("\0") if one)
    said = list(dict.fromkeys(wrong({name: value for name, value in pairs if value})))
    sys.stderr.writelines(f"{one}\n" for one in said)
    raise SystemExit(1 if said else 0)


if __name__ == "__main__":
    main()
