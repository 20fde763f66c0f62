"""The consent to texts: the words that are ticked, and the receipt that is kept of it.

Carriers ask for proof that each person wanted texts: who sends, what for, how often, that it may cost, how
to get help and how to stop, beside a box that nobody ticked for them. A receipt names the version of the
words, the number, the time and the network. The version follows from the words, so that other words, or
another number of texts a day, are another version: old receipts name theirs. Saying the same again adds none.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from notifiers.personal import receipts
from watchers.language import SOURCE, say, speaking


def text(per_day: int) -> str:
    """What is agreed to, in the reader's language. ``per_day``: texts to whoever set no limit."""
    return say(
        "I agree to get texts from Ticket Scout about what I watch: when a price, a date or what is left "
        "changes. How many depends on my watches and on the limits I set (at most {per_day} a day if I set "
        "none). Msg & data rates may apply. Reply HELP for help, STOP to end them. I need not agree to use "
        "Ticket Scout.",
        per_day=per_day,
    )


def version(per_day: int) -> str:
    """What names these words, in whatever language they were read: the number, and a digest of them."""
    with speaking(SOURCE):
        said = text(per_day)
    return f"{per_day}-a-day-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def ticked(network: str, per_day: int) -> dict[str, Any]:
    """What is kept with the proof until the number is proven."""
    return {"text": version(per_day), "network": network}


def given(known: Mapping[str, Any], number: str, agreed: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The fields of ``people/{uid}`` once its owner agreed to texts to this number."""
    agreed_at, stopped_at = known.get("texts_agreed_at"), known.get("opted_out_at")
    if agreed_at and not stopped_at and _is_said(known, number, agreed, given=True):
        return {"texts_agreed_at": agreed_at}
    fields = {"consents": _with(known, number, agreed, now, given=True), "texts_agreed_at": now}
    if stopped_at and not known.get("opted_out_at_vendor"):
        fields["opted_out_at"] = None  # their latest word counts; a carrier's own block only START ends
    return fields


def withdrawn(
    known: Mapping[str, Any], number: str, ticked: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The fields once they took it back; ``ticked``: what they had to tick."""
    fields: dict[str, Any] = {"texts_agreed_at": None, "texts_need_consent": True}
    if not known.get("texts_agreed_at") and _is_said(known, number, ticked, given=False):
        return fields
    return fields | {"consents": _with(known, number, ticked, now, given=False)}


def _is_said(known: Mapping[str, Any], number: str, words: Mapping[str, Any], *, given: bool) -> bool:
    """Whether their latest word is this one, so that there is nothing to add."""
    said = {"number": number, "given": given, "text": words.get("text")}
    latest: Mapping[str, Any] = (known.get("consents") or ({},))[-1]
    return all(latest.get(name) == value for name, value in said.items())


def _with(
    known: Mapping[str, Any], number: str, words: Mapping[str, Any], now: datetime, *, given: bool
) -> list[Mapping[str, Any]]:
    receipt = {"kind": "texts", "given": given, "at": now, "number": number, **words}
    return list(receipts.bounded([*(known.get("consents") or ()), receipt]))
