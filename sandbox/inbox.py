"""The phone's page: the texts as bubbles, newest last, with what each costs; and a field to text back."""

import re

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sandbox import replying
from sandbox.segments import size
from sandbox.texts import FAULTS, Phone, conversations

MAX_BODY = 1600
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]']")
FAULT_TEXTS = {
    "hang": "hang, then fail: nothing is received",
    "timeout_after_accept": "accept it, but never answer",
    "500": "refuse it with an error 500",
    "500_after_accept": "accept it, but answer an error 500",
    "429": "refuse it: too many requests",
}


def blueprint(phone: Phone) -> Blueprint:
    """The page and what its forms post to."""
    pages = Blueprint("inbox", __name__)

    @pages.get("/")
    def index() -> str:
        return render_template(
            "phone.html",
            phone=phone,
            talks=conversations(phone.everything),
            size=size,
            linked=linked,
            faults=FAULT_TEXTS,
            ahead=list(phone.faults),
        )

    @pages.post("/reply")
    def reply() -> Response:
        texts, body = phone.texts, request.form.get("body", "").strip()[:MAX_BODY]
        number = request.form.get("number") or (texts[-1].to if texts else "")
        if number and body:
            replying.reply(phone, number, body)
        return redirect(url_for("inbox.index"), 303)

    @pages.post("/fault")
    def fault() -> Response:
        if (chosen := request.form.get("fault")) in FAULTS:
            phone.faults.append(chosen)
        return redirect(url_for("inbox.index"), 303)

    @pages.post("/clear")
    def clear() -> Response:
        phone.clear()
        return redirect(url_for("inbox.index"), 303)

    return pages


def linked(text: str) -> Markup:
    """The text with its links made links; everything else escaped."""
    shown, end = Markup(), 0
    for found in LINK.finditer(text):
        shown += text[end : found.start()]
        shown += Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(found[0])
        end = found.end()
    return shown + text[end:]
