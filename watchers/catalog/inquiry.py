"""One question to one market, for a person who waits: paid by the people's purse, and tried again.

Whatever goes wrong is an answer too: why there is none, as a sentence. Only what may pass is tried again,
after pauses that nobody can foresee; each try is a call more, drawn like the first. A search that turns out
to take several calls (pages, a token) is begun anew with as many: nearly all take one, and calls are few.
"""

import logging
import re
import time
from collections.abc import Callable
from datetime import datetime

import msgspec

from watchers.clocks import Moment, read_clocks, stopwatch
from watchers.documents import Documents
from watchers.errors import (
    OutOfQuotaError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnavailableError,
    StoreError,
)
from watchers.language import Saying
from watchers.observation import Observation
from watchers.providers.base import Fetched, Provider
from watchers.purse import Drawn, draw, remember
from watchers.target import Target

log = logging.getLogger(__name__)

SECONDS = 10.0  # of all tries together
TRIES = 3
CALLS_OF_A_LONG_SEARCH = 6  # pages, and a token
_PAUSE, _LONGEST_PAUSE, _JITTER = 0.2, 2.0, 0.4  # seconds

_TOO_LONG = Saying("this takes more calls than can be made in time; narrow it by a city or days.")
_NO_ANSWER = Saying("no answer.")
_CODES = {
    "not_found": Saying("it knows nothing by this id."),
    "missing": Saying("it knows nothing by this id."),
    "bad_id": Saying("this is no id of its."),
    "malformed": Saying("its answer could not be understood."),
}

_UNKNOWN = frozenset({"not_found", "missing", "bad_id"})


class Answered(msgspec.Struct, frozen=True):
    """What a market said, or ``why`` it was not seen. ``number`` tells two answers apart.

    It is kept for whoever asks next, so its sentence is said when it is read.
    """

    seen: Observation | None
    why: str | Saying = ""
    number: int = 0
    is_unknown: bool = False  # the market answered, and knows nothing by this id


class _UnknownError(ProviderError):
    """The market knows nothing by this id."""


class Inquiry(msgspec.Struct, frozen=True):
    """How markets are asked for people. ``now``, ``clocks``, ``clock`` and ``sleep`` are the world's.

    ``closed``: the last purse of each market that was drawn here and is done with.
    """

    documents: Documents
    now: Callable[[], datetime]
    clocks: Callable[[datetime], Moment] = read_clocks
    clock: Callable[[], float] = stopwatch
    sleep: Callable[[float], None] = time.sleep
    seconds: float = SECONDS
    closed: dict[str, Drawn] = msgspec.field(default_factory=dict)

    def ask(self, name: str, provider: Provider, target: Target) -> Answered:
        """Ask; never raises, whatever the market, the database or a bug does."""
        try:
            return Answered(self._tried(name, provider, target, self.clock() + self.seconds))
        except ProviderRejectedError as exc:
            log.warning("provider.rejected", extra={"why": str(exc)})
            return Answered(None, _sentence(name, exc))
        except ProviderError as exc:
            log.info("catalog.not_seen", extra={"provider": name, "why": str(exc)})
            return Answered(None, _worded(name, exc), is_unknown=isinstance(exc, _UnknownError))
        except StoreError as exc:
            log.warning("catalog.no_purse", extra={"provider": name, "why": type(exc).__name__})
            return Answered(None, Saying("our own count of its calls could not be read just now; try again."))
        except Exception:  # a bug met by one market must not harm the others
            log.exception("provider.crashed")
            return Answered(None, Saying("asking it went wrong here; the log says how."))

    def _tried(self, name: str, provider: Provider, target: Target, until: float) -> Observation:
        import stamina  # noqa: PLC0415 - only who searches pays for it

        tries = stamina.retry_context(
            _may_pass, attempts=TRIES, timeout=self.seconds,
            wait_initial=_PAUSE, wait_max=_LONGEST_PAUSE, wait_jitter=_JITTER,
        )  # fmt: skip
        failed: ProviderUnavailableError | None = None
        for attempt in tries:
            with attempt:
                try:
                    return self._asked(name, provider, target, until)
                except OutOfQuotaError as exc:  # what the market said comes before what our own count says
                    raise ProviderError(str(failed), failed.why) if failed else exc from None
                except ProviderUnavailableError as exc:
                    failed = exc
                    raise
        raise AssertionError("a try either answers or raises")

    def _asked(self, name: str, provider: Provider, target: Target, until: float) -> Observation:
        for calls in (1, CALLS_OF_A_LONG_SEARCH):
            if (seen := self._paid(name, provider, target, until, calls)) is not None:
                return seen
        raise OutOfQuotaError(f"{name}: {_TOO_LONG}", _TOO_LONG)

    def _paid(
        self, name: str, provider: Provider, target: Target, until: float, calls: int
    ) -> Observation | None:
        """What it says, or ``None`` when it takes more than so many calls."""
        now, left = self.now(), until - self.clock()
        purse = draw(
            self.documents, name, provider.quota, self.clocks(now),
            calls=calls, patience=left, sleep=self.sleep, clock=self.clock,
            closed=self.closed.get(name),
        )  # fmt: skip
        try:
            return _seen(name, provider.fetch([target], purse, now), target)
        except OutOfQuotaError:
            if purse.ledger.blocked_until or not purse.made:
                raise
            return None
        finally:
            self.closed[name] = purse
            remember(self.documents, name, provider.quota, purse)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, ProviderUnavailableError) and not isinstance(error, OutOfQuotaError)


def _seen(name: str, fetched: Fetched, target: Target) -> Observation:
    seen = fetched.observations.get(target.id)
    if seen is None:
        code = fetched.failures.get(target.id, "")
        why = _CODES.get(code) or Saying("no answer ({code}).", {"code": code}) if code else _NO_ANSWER
        error = _UnknownError if code in _UNKNOWN else ProviderError
        raise error(f"{name}: {why}", why)
    return seen


def _worded(name: str, error: ProviderError) -> str | Saying:
    """As ``_sentence``; a bare status is for the log, and people are told what to do."""
    said = _sentence(name, error)
    is_bare = isinstance(said, str) and re.fullmatch(r"status \d+\.", said)
    return Saying("it did not answer; try again in a minute.") if is_bare else said


def _sentence(name: str, error: ProviderError) -> str | Saying:
    """Without the market's name, which stands before it."""
    if error.why is not None:
        return error.why
    said = str(error).removeprefix(f"{name}: ").removeprefix(f"{name} ")
    return said if said.endswith(".") else f"{said}."
