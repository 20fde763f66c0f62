"""The mailbox's pages: the list, newest first, and each mail with its plain part, HTML part and headers.

The HTML part stands in a frame that runs no script, has no origin and loads nothing from outside.
"""

from flask import Blueprint, abort, render_template

from sandbox.letters import Mail, Mailbox

NEW_WINDOW = '<base target="_blank">'  # the frame itself goes nowhere


def blueprint(mailbox: Mailbox) -> Blueprint:
    """The pages."""
    pages = Blueprint("postbox", __name__)

    @pages.get("/")
    def index() -> str:
        return render_template("mailbox.html", mails=tuple(reversed(mailbox.mails)))

    @pages.get("/mail/<int:number>")
    def one(number: int) -> str:
        return _one(mailbox.find(number) or abort(404))

    return pages


def _one(mail: Mail) -> str:
    html = None if mail.html is None else NEW_WINDOW + mail.html
    return render_template("mail.html", mail=mail, framed=html)
