"""The page about the API, for people: every operation of the table, each with a line to copy."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from watchers.language import say
from web.api.operation import Access, Operation
from web.api.problems import DETAILS, SLUGS, TITLES
from web.site import site

pages = Blueprint("guide", __name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation on the page. ``parameters``: name and what it is for."""

    operation: Operation
    parameters: tuple[tuple[str, str], ...]
    statuses: str
    curl: str

    @property
    def details(self) -> list[str]:
        """Words, and between them what is code."""
        return self.operation.details.split("`")

    @property
    def needs(self) -> str:
        """Who may."""
        match self.operation.access:
            case Access.WRITE:
                return say("Needs a token that may change things.")
            case Access.OPERATOR:
                return say("For operators only.")
            case Access.ANYBODY:
                return say("Needs no token.")
        return ""


@pages.get("/api")
def show() -> ResponseReturnValue:
    """All of it on one page."""
    from web.api.table import OPERATIONS  # noqa: PLC0415 - only who asks for it pays

    tags = list(dict.fromkeys(one.tag for one in OPERATIONS))
    grouped = [
        (tag, [_entry(operation) for operation in several])
        for tag, several in groupby(
            sorted(OPERATIONS, key=lambda one: tags.index(one.tag)), attrgetter("tag")
        )
    ]
    return render_template(
        "api.html",
        groups=grouped,
        problems=[
            (SLUGS[status], status, title, DETAILS.get(status, "")) for status, title in TITLES.items()
        ],
        public_url=site().public_url,
    )


def _entry(operation: Operation) -> Entry:
    statuses = sorted({*operation.answers, *operation.statuses()})
    return Entry(operation, tuple(_parameters(operation)), ", ".join(map(str, statuses)), _curl(operation))


def _parameters(operation: Operation) -> Iterator[tuple[str, str]]:
    fields = operation.query.model_fields if operation.query else {}
    for name, field in fields.items():
        yield name, field.description or ""


def _curl(operation: Operation) -> str:
    """As one would type it, with the token in ``$TOKEN``."""
    behind = f"?{operation.example_query}" if operation.example_query else ""
    address = f"{site().public_url}/api/v1{operation.path}{behind}"
    lines = ["curl"] if operation.method == "GET" else [f"curl -X {operation.method}"]
    if operation.access is not Access.ANYBODY:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if operation.takes_key:
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if operation.example is not None:
        lines.append(f'-H "Content-Type: {operation.takes[0]}"')
        lines.append(f"-d {shlex.quote(json.dumps(operation.example, ensure_ascii=False))}")
    lines.append(shlex.quote(address) if behind or "{" in address else address)
    return " \\\n  ".join(lines)
