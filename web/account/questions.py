"""Asking and proving as the pages do it: the request is translated in, what comes of it into words."""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import request, session

from notifiers.owners import TakenError
from notifiers.personal.returning import StillErasedError
from notifiers.proofs import DIGITS, Contact, Kind, Proof
from watchers.kinds import Channel
from watchers.language import say, say_many, spoken_language
from web.account import asking, network, proving
from web.account.asking import NoTextsLeftError, Question, Rules
from web.account.doors import Doors
from web.account.proving import Also, NoAnswerError, OverError, Proven, WrongCodeError
from web.account.throttle import TooOftenError
from web.site import site

PROOF = "proof"
"""Where the session keeps which code this browser waits for: nobody else can type it."""

_MINUTE = timedelta(minutes=1)
_LONGEST_PATH = 500


class RefusedError(Exception):
    """It was not done, and why, as people read it; ``status`` is the answer's, ``wait`` until it may be."""

    def __init__(self, sentence: str, status: int, wait: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.status, self.wait = sentence, status, wait

    @property
    def headers(self) -> dict[str, str]:
        """When to come again, where that is known."""
        return {"Retry-After": str(int(self.wait.total_seconds()) + 1)} if self.wait else {}


def here() -> str:
    """The address of whoever asks."""
    return network.address(
        request.remote_addr, request.headers.get("X-Forwarded-For", ""), site().doors.proxies
    )


def own_path(text: str | None) -> str:
    """A path of ours to go to afterwards; the page of watches instead of anything else."""
    said = text or "/"
    try:
        parts = urlsplit(said)
    except ValueError:
        return "/"
    is_ours = said.startswith("/") and not parts.scheme and not parts.netloc
    is_plain = said.isprintable() and not said.startswith("//") and "\\" not in said and " " not in said
    return said if is_ours and is_plain and len(said) <= _LONGEST_PATH else "/"


def new_question() -> str:
    """For a hidden field of each form that asks: pressed twice, it asks once."""
    return secrets.token_hex(16)


def is_on(kind: Kind) -> bool:
    """Whether a code can get to such a contact here at all."""
    doors = site().doors
    return kind.channel in doors.ways() or (kind.channel is Channel.SMS and doors.verify is not None)


def ask(contact: Contact, *, uid: str | None = None, agreed: Mapping[str, Any] | None = None) -> Proof:
    """Send a code there; this browser then waits for it. Raises as ``put`` does."""
    asked, to = request.form.get("asked", "")[:64], own_path(request.form.get("next"))
    proof = put(contact, asked=asked, uid=uid, to=to, agreed=agreed)
    session[PROOF] = proof.id
    return proof


def put(
    contact: Contact,
    *,
    asked: str | None = None,
    uid: str | None = None,
    to: str = "/",
    agreed: Mapping[str, Any] | None = None,
) -> Proof:
    """Send a code there; whoever has the proof's id waits for it.

    Raises:
        RefusedError: no code was sent.
        StoreUnavailableError: nothing is known; it may be asked again.
    """
    if not is_on(contact.kind):
        raise RefusedError(_off(contact.kind), 422)
    question = Question(
        contact=contact,
        asked=asked or new_question(),
        network=network.network(here()),
        uid=uid,
        language=spoken_language(),
        to=to,
        agreed=agreed,
    )
    try:
        proof = asking.ask(site().documents, question, _rules(site().doors), site().secret_key, site().now())
    except TooOftenError as often:
        raise RefusedError(_too_often(often.wait), 429, often.wait) from None
    except NoTextsLeftError:
        raise RefusedError(_no_texts(), 429) from None
    return proof


def prove(identity: str, code: str | None, uid: str | None, also: Also | None = None) -> Proven:
    """Take the answer to a question of this person (``None``: of nobody's). Without a code: the link's.

    What cannot be a code costs no try.
    ``also``: what else a code brings, in the same commit.

    Raises:
        RefusedError: nothing was proven.
        StoreUnavailableError: nothing is known; it may be tried again.
    """
    documents, doors, now = site().documents, site().doors, site().now()
    if code is not None and len(re.findall(r"[0-9]", code)) != DIGITS:
        raise RefusedError(say("Write the six digits of the code."), 422)
    try:
        if code is None:
            return proving.by_link(documents, identity, now, uid)
        check = doors.verify.check if doors.verify else None
        return proving.by_code(
            documents, identity, code, site().secret_key, now, check=check, uid=uid, also=also
        )
    except WrongCodeError as wrong:
        raise RefusedError(_wrong(wrong.left), 422) from None
    except OverError:
        raise RefusedError(over(), 410) from None
    except NoAnswerError:
        raise RefusedError(
            say("The service that compares codes does not answer. Try again, or ask for a new code."), 503
        ) from None
    except TakenError:
        raise RefusedError(_taken(), 409) from None
    except StillErasedError as still:
        raise RefusedError(str(still), 409) from None


def _rules(doors: Doors) -> Rules:
    return Rules(
        codes_per_hour=doors.codes_per_hour,
        segments_per_month=site().limits.segments_in_all,
        vendor=doors.verify is not None,
    )


def _off(kind: Kind) -> str:
    if kind is Kind.PHONE:
        return say("Texts are switched off here. Use an e-mail address.")
    return say("E-mail is switched off here. Use a mobile number.")


def _no_texts() -> str:
    return say("No more codes can be texted this month. Use an e-mail address instead.")


def _too_often(wait: timedelta) -> str:
    if wait > asking.DAY:
        return _no_texts()
    minutes = max(1, -(-wait // _MINUTE))
    return say_many(
        "Too many codes were asked for. Wait {number} minute, then ask again.",
        "Too many codes were asked for. Wait {number} minutes, then ask again.",
        minutes,
    )


def _wrong(left: int) -> str:
    if left <= 0:
        return say("That was not the code, and no tries are left. Ask for a new one.")
    return say_many(
        "That is not the code. You have {number} more try.",
        "That is not the code. You have {number} more tries.",
        left,
    )


def over() -> str:
    """Of a code or a link that nothing can be proven by any more."""
    return say(
        "This code does not work any more: it was used, or is older than ten minutes. Ask for a new one."
    )


def _taken() -> str:
    return say(
        "This already signs somebody in here. If that is you as well: sign out, sign in with it, and remove "
        "it there (or delete all your data there, if it is the only contact); then add it here."
    )
