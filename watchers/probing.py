"""Open questions about the providers, put to the live APIs once and remembered: ``probes/{provider}``.

Documents say one thing and APIs do another. What only a call can tell is asked by an operator
(``scout.py doctor --probe``), from the calls that are kept for people, at most ``MOST`` in all. An answer is
kept until somebody asks again; a call that failed has taught nothing, and leaves the question open.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Protocol, runtime_checkable

import msgspec

from watchers.clocks import Moment
from watchers.documents import Documents, Put
from watchers.errors import ProviderError, StoreError
from watchers.providers.base import Probe, Provider
from watchers.purse import draw, remember

MOST = 10  # calls of one run, to all providers together


@runtime_checkable
class Probing(Protocol):
    """A provider with open questions."""

    def probes(self) -> tuple[Probe, ...]:
        """What only a live call can tell."""
        ...


class Answer(msgspec.Struct, frozen=True):
    """One question and what is known: ``said`` and ``asked_at`` are ``None`` while it is open.

    ``failed`` is why it could not be asked just now.
    """

    provider: str
    id: str
    question: str
    said: str | None = None
    asked_at: datetime | None = None
    failed: str | None = None


def known(documents: Documents, providers: Mapping[str, Provider]) -> list[Answer]:
    """Every question of these providers, with what was learned. One read for each provider that has some."""
    return [
        _answer(name, one, remembered)
        for name, probes in _questions(providers)
        for remembered in [_remembered(documents, name)]
        for one in probes
    ]


def ask(
    documents: Documents, providers: Mapping[str, Provider], now: Moment, *, again: bool = False
) -> list[Answer]:
    """Ask what is open (``again``: everything), one call a question at most, and remember the answers."""
    return list(islice(_asked(documents, providers, now, again=again), MOST))


def _asked(
    documents: Documents, providers: Mapping[str, Provider], now: Moment, *, again: bool
) -> Iterator[Answer]:
    for name, probes in _questions(providers):
        remembered = _remembered(documents, name)
        for one in probes:
            if again or one.id not in remembered:
                yield _put(documents, providers[name], one, now)


def _put(documents: Documents, provider: Provider, probe: Probe, now: Moment) -> Answer:
    """Put one question."""
    answer = Answer(provider.name, probe.id, probe.question)
    try:
        purse = draw(documents, provider.name, provider.quota, now)
        try:
            said = probe.ask(purse, now.at)
        finally:
            remember(documents, provider.name, provider.quota, purse)
    except (ProviderError, StoreError) as exc:  # our own sentences: no key, no vendor's prose
        return msgspec.structs.replace(answer, failed=str(exc))
    answer = msgspec.structs.replace(answer, said=said, asked_at=now.at)
    _keep(documents, answer)
    return answer


def _questions(providers: Mapping[str, Provider]) -> Iterator[tuple[str, tuple[Probe, ...]]]:
    for name, provider in providers.items():
        if isinstance(provider, Probing) and (probes := provider.probes()):
            yield name, probes


def _path(provider: str) -> str:
    return f"probes/{provider}"


def _remembered(documents: Documents, provider: str) -> Mapping[str, Mapping[str, object]]:
    document = documents.get(_path(provider))
    return document.fields.get("answers") or {} if document else {}


def _answer(provider: str, probe: Probe, remembered: Mapping[str, Mapping[str, object]]) -> Answer:
    said = remembered.get(probe.id, {})
    text, asked_at = said.get("said"), said.get("asked_at")
    if not isinstance(text, str) or not isinstance(asked_at, datetime):
        return Answer(provider, probe.id, probe.question)
    return Answer(provider, probe.id, probe.question, text, asked_at)


def _keep(documents: Documents, answer: Answer) -> None:
    """One operator asks at a time; of two, the later one's answers stand."""
    others = _remembered(documents, answer.provider)
    said = {"question": answer.question, "said": answer.said, "asked_at": answer.asked_at}
    documents.commit(Put(_path(answer.provider), {"answers": {**others, answer.id: said}}))
