"""What our filters use of Cloud Logging's query language, so that they are asked of lines really written.

Comparisons (``=``, ``!=``, ``>=``, ``<=``, ``>``, ``<``, ``=~``) of a field with a text, a number, true or
false, or with ``("a" OR "b")``; ``AND``, ``OR``, ``NOT`` and brackets. All else is refused, not guessed.
https://cloud.google.com/logging/docs/view/logging-query-language
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SEVERITIES = ("DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL")
Entry = Mapping[str, Any]
Test = Callable[[Entry], bool]

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\(|\)|=~|!=|>=|<=|=|>|<|[\w.\-]+)')
_ORDERS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


@dataclass
class Filter:
    """A filter that was read: it ``matches`` an entry or not, asks about ``fields`` and names ``events``."""

    matches: Test
    fields: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)


def read(text: str) -> Filter:
    """Read a filter.

    Raises:
        ValueError: it says something that is not understood here.
    """
    reader = _Reader(_tokens(text))
    matches = reader.either()
    if reader.tokens:
        raise ValueError(f"not understood: {' '.join(reader.tokens)}")
    return Filter(matches, reader.fields, reader.events)


def entry(line: str, service: str = "ticket-monitor-worker") -> dict[str, Any]:
    """A line of the log as Cloud Logging has it: severity, trace and message are the entry's own."""
    payload = json.loads(line)
    labels = {"service_name": service, "revision_name": f"{service}-00001-abc", "location": "europe-west1"}
    return {
        "severity": payload.pop("severity"),
        "trace": payload.pop("logging.googleapis.com/trace", ""),
        "jsonPayload": payload,
        "resource": {"type": "cloud_run_revision", "labels": labels},
    }


def value(of: Entry, path: str) -> Any:
    """What stands in a field; ``None``: it is not there."""
    found: Any = of
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"not understood: {text[at:]}")
        found.append(token[1])
        at = token.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.fields: set[str] = set()
        self.events: set[str] = set()

    def either(self) -> Test:
        tests = [self.both()]
        while self._next_is("OR"):
            tests.append(self.both())
        return lambda one: any(test(one) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self._next_is("AND"):
            tests.append(self.single())
        return lambda one: all(test(one) for test in tests)

    def single(self) -> Test:
        if self._next_is("NOT"):
            test = self.single()
            return lambda one: not test(one)
        if self._next_is("("):
            test = self.either()
            self._expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        path, sign = self.tokens.pop(0), self.tokens.pop(0)
        wanted = self._values()
        self.fields.add(path)
        if path == "jsonPayload.event":
            self.events.update(map(str, wanted))
        return lambda one: any(_compares(value(one, path), sign, single) for single in wanted)

    def _values(self) -> list[Any]:
        if not self._next_is("("):
            return [_plain(self.tokens.pop(0))]
        found = [_plain(self.tokens.pop(0))]
        while self._next_is("OR"):
            found.append(_plain(self.tokens.pop(0)))
        self._expect(")")
        return found

    def _next_is(self, token: str) -> bool:
        if not self.tokens or self.tokens[0] != token:
            return False
        self.tokens.pop(0)
        return True

    def _expect(self, token: str) -> None:
        if not self._next_is(token):
            raise ValueError(f"{token} is missing")


def _plain(token: str) -> Any:
    if token.startswith('"'):
        return json.loads(token)
    if token in SEVERITIES or token in ("true", "false"):
        return (token in SEVERITIES and token) or token == "true"
    return float(token)


def _compares(found: Any, sign: str, wanted: Any) -> bool:
    if found is None:
        return False
    if wanted in SEVERITIES and isinstance(wanted, str):
        found, wanted = SEVERITIES.index(found), SEVERITIES.index(wanted)
    if sign == "=~":
        return re.search(wanted, str(found)) is not None
    if any(isinstance(wanted, kind) != isinstance(found, kind) for kind in (bool, str)):
        return False
    if sign in _ORDERS:
        return bool(_ORDERS[sign](found, wanted))
    return bool((found == wanted) == (sign == "="))
