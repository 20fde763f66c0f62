"""Open SMTP sessions between two letters, so that a batch of them greets the server once, not each time.

A session belongs to one thread at a time: ``take`` hands it out, and only ``give_back`` lets another have
it. It is asked whether it still lives before it is used again, and closed when it was idle too long, at any
error, and when the pool itself goes.
"""

import smtplib
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass

_OK = 250
_CHECK_TIMEOUT = 2.0  # seconds a session may think about whether it is alive


@dataclass(frozen=True, slots=True)
class _Idle:
    smtp: smtplib.SMTP
    since: float


class MailPool:
    """At most ``most`` open sessions, each for ``idle`` seconds after its last letter."""

    def __init__(self, *, most: int = 4, idle: float = 20.0) -> None:
        self._most, self._keep_for = most, idle
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []  # longest idle first
        self._is_watched = False
        weakref.finalize(self, _retire, self._idle)

    def take(self) -> smtplib.SMTP | None:
        """The session that was used last, alive and between letters; ``None``: open one.

        When one has died the others are not asked: the server closed them all, or is gone.
        """
        self._close_old()
        with self._lock:
            found = self._idle.pop() if self._idle else None
        if found is None or _is_alive(found.smtp):
            return found.smtp if found else None
        _retire([found])
        self.close()
        return None

    def give_back(self, smtp: smtplib.SMTP) -> None:
        """Keep it for the next letter; the caller does not touch it any more."""
        with self._lock:
            self._idle.append(_Idle(smtp, time.monotonic()))
            surplus = self._idle[: -self._most]
            del self._idle[: -self._most]
            self._watch()
        _retire(surplus)

    def close(self) -> None:
        """Say goodbye in every idle session."""
        with self._lock:
            idle, self._idle[:] = list(self._idle), []
        _retire(idle)

    def _close_old(self) -> None:
        with self._lock:
            before = time.monotonic() - self._keep_for
            old = [one for one in self._idle if one.since <= before]
            self._idle[:] = [one for one in self._idle if one.since > before]
        _retire(old)

    def _watch(self) -> None:
        """Somebody must close them also when no further letter comes; holding the lock."""
        if self._idle and not self._is_watched:
            self._is_watched = True
            timer = threading.Timer(self._keep_for, _look_again, (weakref.ref(self),))
            timer.daemon = True
            timer.start()

    def _look_again(self) -> None:
        self._close_old()
        with self._lock:
            self._is_watched = False
            self._watch()


def _look_again(pool: weakref.ref[MailPool]) -> None:
    """Of a pool that nobody holds any more there is nothing left to look at."""
    if alive := pool():
        alive._look_again()  # noqa: SLF001 - the timer must not keep the pool alive


def _is_alive(smtp: smtplib.SMTP) -> bool:
    """Ask, and start over: whatever was said in it before is forgotten (RFC 5321, 4.1.1.5)."""
    if smtp.sock is None:
        return False
    usual = smtp.sock.gettimeout()
    try:
        smtp.sock.settimeout(_CHECK_TIMEOUT if usual is None else min(usual, _CHECK_TIMEOUT))
        answer, _ = smtp.rset()
        if answer == _OK:
            smtp.sock.settimeout(usual)
            return True
    except (smtplib.SMTPException, OSError):
        pass
    return False


def _retire(idle: list[_Idle]) -> None:
    """Close them; the goodbye is not waited for."""
    for one in idle:
        with suppress(smtplib.SMTPException, OSError):
            one.smtp.putcmd("quit")
        with suppress(OSError):
            one.smtp.close()
