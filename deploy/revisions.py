"""Which revision of each function a rollback goes back to: reads what gcloud lists, prints a line for each.

The *last* release is that of the newest revision of all functions; the one before it is gone back to. So a
rollback that was broken off may be run again, and one run twice goes back no further. A release says which
it is in the variable RELEASE of its revisions; where none says anything, each function goes back by one
revision. A revision carries its database, too (FIRESTORE_DATABASE): no rollback leads back over a restore.
Standard library only: an operator's machine has gcloud and a Python, and perhaps nothing else.

Usage: gcloud run revisions list --format=json | revisions.py RELEASE|previous FUNCTION…
"""

import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SERVICE = "serving.knative.dev/service"


class NoWayBackError(Exception):
    """There is nothing to go back to; the message says why."""


@dataclass(frozen=True)
class Revision:
    """One revision of one function; times are RFC 3339 in UTC, which sort as text."""

    service: str
    name: str
    created_at: str
    release: str
    is_ready: bool
    database: str


def revisions(listed: Iterable[Mapping[str, Any]], services: Collection[str]) -> list[Revision]:
    """What ``gcloud run revisions list --format=json`` said of these functions."""
    return [
        Revision(
            service,
            one["metadata"]["name"],
            one["metadata"]["creationTimestamp"],
            _variable(one, "RELEASE"),
            _is_ready(one),
            _variable(one, "FIRESTORE_DATABASE") or "(default)",
        )
        for one in listed
        if (service := one["metadata"].get("labels", {}).get(SERVICE)) in services
    ]


def _is_ready(one: Mapping[str, Any]) -> bool:
    said = one.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in said)


def _variable(one: Mapping[str, Any], name: str) -> str:
    for container in one.get("spec", {}).get("containers", []):
        for variable in container.get("env", []):
            if variable.get("name") == name:
                return str(variable.get("value", ""))
    return ""


def chosen(every: Sequence[Revision], wanted: str | None) -> dict[str, Revision]:
    """By function, the newest sound revision of the release that is gone back to.

    A function that is new in the last release has none, and stays as it is.

    Raises:
        NoWayBackError: there is no such release, it cannot read what the last one wrote, or it ran over
            another database.
    """
    newest_first = sorted(every, key=lambda one: one.created_at, reverse=True)
    if not newest_first:
        raise NoWayBackError("no function has a revision here: is it the right project and region?")
    last = newest_first[0].release
    if wanted is None and not any(one.release for one in newest_first):
        found = _second_newest(newest_first)
        _refuse_another_database(newest_first[0], found)
        return found
    target = wanted if wanted is not None else _before(newest_first, last)
    found = {}
    for one in newest_first:
        if one.release == target and one.is_ready:
            found.setdefault(one.service, one)
    if not found:
        raise NoWayBackError(f"no sound revision of {target or 'a release without a name'} is left")
    _refuse_a_leap(last, target)
    _refuse_another_database(newest_first[0], found)
    return found


def _second_newest(newest_first: Sequence[Revision]) -> dict[str, Revision]:
    newest = {one.service: one for one in reversed(newest_first)}
    found: dict[str, Revision] = {}
    for one in newest_first:
        if one.is_ready and one != newest[one.service]:
            found.setdefault(one.service, one)
    if not found:
        raise NoWayBackError("no function has a sound revision before its newest")
    return found


def _before(newest_first: Sequence[Revision], last: str) -> str:
    for one in newest_first:
        if one.release != last and one.is_ready:
            return one.release
    raise NoWayBackError(f"there is no release before {last or 'the one that runs'}")


def _refuse_a_leap(last: str, target: str) -> None:
    shapes = [re.match(r"s(\d+)-", release) for release in (last, target)]
    if not shapes[0] or not shapes[1]:
        return
    newer, older = int(shapes[0][1]), int(shapes[1][1])
    if newer - older > 1:
        raise NoWayBackError(
            f"{last} writes documents of shape {newer}, which {target} (shape {older}) cannot read: "
            f"go back to a release of shape {newer - 1}, or restore a backup (deploy/restore.sh)"
        )


def _refuse_another_database(newest: Revision, found: Mapping[str, Revision]) -> None:
    for one in found.values():
        if one.database != newest.database:
            raise NoWayBackError(
                f"{one.name} runs over the database {one.database}, and since a restore {newest.database} is "
                f"what runs: put the files of {one.release or 'the release before'} into this folder, let "
                f"FIRESTORE_DATABASE={newest.database} stand in settings.env, and run deploy/deploy.sh"
            )


def main(arguments: Sequence[str]) -> int:
    """Print ``SERVICE REVISION RELEASE`` for each function that goes back."""
    asked, *services = arguments
    every = revisions(json.load(sys.stdin), services)
    try:
        found = chosen(every, None if asked == "previous" else asked)
    except NoWayBackError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    for one in found.values():
        sys.stdout.write(f"{one.service} {one.name} {one.release or '-'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
