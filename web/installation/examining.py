"""All the questions, in the order in which their answers are needed: each finding says what to do."""

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from watchers.settings import Settings
from web.doctor import Finding
from web.installation.database import look_at_database, look_at_indexes, look_at_rules
from web.installation.expected import WORKER
from web.installation.functions import Deployed, look_at_functions, look_at_scheduler, look_at_triggers
from web.installation.google import Google, UnseenError
from web.installation.rights import look_at_apis, look_at_callers, look_at_permissions, look_at_roles
from web.installation.vendors import look_at_keys, look_at_mail, look_at_twilio

QUESTIONS: Mapping[str, Callable[[Deployed], Iterator[Finding]]] = {
    "permissions": look_at_permissions,
    "APIs": look_at_apis,
    "functions": look_at_functions,
    "rights": look_at_roles,
    "callers": look_at_callers,
    "scheduler": look_at_scheduler,
    "triggers": look_at_triggers,
    "database": look_at_database,
    "indexes": look_at_indexes,
    "rules": look_at_rules,
}


def examine(google: Google, region: str, now: datetime) -> Iterator[Finding]:
    """Everything that can be seen of an installation. One question that cannot be answered stops no other."""
    deployed = Deployed(google, region, now)
    for what, question in QUESTIONS.items():
        try:
            yield from question(deployed)
        except UnseenError as exc:
            yield Finding("WRONG", what, str(exc))
    if WORKER not in deployed.functions:
        yield Finding(
            "off", "accounts", "not looked at: their settings are those of the worker, which is not there"
        )
        return
    env: dict[str, str] = {}
    yield from _settings(deployed, env)
    yield from _accounts(env, google, now)


def _settings(deployed: Deployed, env: dict[str, str]) -> Iterator[Finding]:
    """Fill ``env`` with the worker's own settings, and say which secrets cannot be had."""
    env |= deployed.environment()
    wrong = 0
    for one in deployed.secrets():
        name = f"projects/{one.get('projectId') or deployed.google.project}/secrets/{one['secret']}"
        try:
            version = deployed.google.get("secretmanager", f"v1/{name}/versions/{one['version']}:access")
        except UnseenError as exc:
            wrong += 1
            yield Finding("WRONG", f"secret {one['secret']}", str(exc))
        else:
            env[one["key"]] = base64.b64decode(version["payload"]["data"]).decode()
    if not wrong:
        yield Finding("ok", "secrets", f"all {len(deployed.secrets())} can be read")


def _accounts(env: Mapping[str, str], google: Google, now: datetime) -> Iterator[Finding]:
    try:
        settings = Settings.from_env(env)
        yield from look_at_twilio(env, settings, google.http)
        yield from look_at_mail(env)
        yield from look_at_keys(env, now)
    except ValueError as exc:
        yield Finding("WRONG", "settings", f"{exc}; then run deploy/deploy.sh")
