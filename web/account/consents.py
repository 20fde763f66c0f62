"""The consent to texts: the words that are ticked, and the receipt that is kept of it.

Carriers ask for proof that each person wanted texts: who sends, what for, how often, that it may cost, how
to get help and how to stop, beside a box that nobody ticked for them. A receipt names the version of the
words, the number, the time and the network. Who changes the words counts ``VERSION`` up: old receipts name
theirs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watchers.language import say

VERSION = "2026-11-1"


def text() -> str:
    """What is agreed to, in the reader's language."""
    return say(
        "I agree to get texts from Ticket Scout about what I watch: when a price, a date or what is left "
        "changes. How many depends on my watches and on the limits I set (at most 20 a day if I set none). "
        "Msg & data rates may apply. Reply HELP for help, STOP to end them. I need not agree to use Ticket "
        "Scout."
    )


def ticked(network: str) -> dict[str, Any]:
    """What is kept with the proof until the number is proven."""
    return {"text": VERSION, "network": network}


def given(known: Mapping[str, Any], number: str, agreed: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The fields of ``people/{uid}`` once its owner agreed to texts to this number."""
    receipt = {"kind": "texts", "given": True, "at": now, "number": number, **agreed}
    fields: dict[str, Any] = {"consents": [*(known.get("consents") or ()), receipt], "texts_agreed_at": now}
    if known.get("opted_out_at") and not known.get("opted_out_at_vendor"):
        fields["opted_out_at"] = None  # their latest word counts; a carrier's own block only START ends
    return fields


def withdrawn(known: Mapping[str, Any], number: str, network: str, now: datetime) -> dict[str, Any]:
    """The fields once they took it back."""
    receipt = {
        "kind": "texts", "given": False, "at": now, "number": number, "text": VERSION, "network": network,
    }  # fmt: skip
    return {
        "consents": [*(known.get("consents") or ()), receipt],
        "texts_agreed_at": None,
        "texts_need_consent": True,
    }
