"""The short links of alerts: to the official page, and to stop. Neither needs anyone to be signed in.

One message may tell of several things; its one link then leads to a page with all of them.

A text shows four characters of a code and its link carries all eight, forty bits that only its reader
knows. Four lead to the official page, which is public, when only one person's alert can be meant. Eight are
needed to stop. Looking at an address never changes anything: scanners look at every address in a letter.
"""

import logging
import re
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template
from flask.typing import ResponseReturnValue

from notifiers.words import phrases
from watchers import alerts
from watchers.documents import Query
from watchers.language import say
from watchers.models import Alert, News
from web import entry, monitors, words
from web.site import site

log = logging.getLogger(__name__)

_CODE = re.compile(r"[2-9A-HJ-NP-Z]{8}")
_SHORT_CODE = re.compile(r"[2-9A-HJ-NP-Z]{4}")
_LOOKED_AT = 50

pages = Blueprint("alerts", __name__)


@pages.after_request
def without_referrer(answer: Response) -> Response:
    """The code in the address is a secret: it goes to no other site."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@pages.get("/a/<code>")
def follow(code: str) -> ResponseReturnValue:
    """To the official page; or everything the message told, when that is more, or has no such page."""
    found = _find(code.upper())
    if not found:
        abort(404)
    if len({alert.uid for alert in found}) > 1:
        ambiguous = say(
            "This short code fits more than one alert. Use the whole link from your text or e-mail."
        )
        return _said(say("Which alert is it?"), ambiguous)
    newest = max(found, key=lambda one: (one.created_at, one.id))
    alert = max((one for one in found if one.code == newest.code), key=lambda one: len(one.more))
    if _is_web_address(alert.news.url) and not alert.more:
        return redirect(str(alert.news.url))
    is_owner = entry.who() == alert.uid
    return render_template("alert.html", entries=[_facts(*told, is_owner=is_owner) for told in _told(alert)])


def _told(alert: Alert) -> list[tuple[News, str]]:
    """Everything its message told, each with the code of its own alert, where that is known."""
    is_known = len(alert.more_codes) == len(alert.more)
    codes = alert.more_codes if is_known else ("",) * len(alert.more)
    return list(zip(alert.every_news, (alert.code, *codes), strict=True))


def _facts(news: News, code: str, *, is_owner: bool) -> dict[str, Any]:
    return {
        "code": code[:4],
        "headline": phrases.headline(news) + phrases.was(news),
        "name": phrases.one_line(news.event_name),
        "about": phrases.joined(
            phrases.starts(news, year=True), phrases.one_line(news.venue), phrases.one_line(news.city)
        ),
        "shop": words.shop(news.provider),
        "url": news.url if _is_web_address(news.url) else "",
        "seen": words.ago(news.observed_at, site().now()) if news.observed_at else "",
        "watch_name": phrases.one_line(news.watch_name) if is_owner else "",
    }


@pages.get("/stop/<code>")
def ask_to_stop(code: str) -> ResponseReturnValue:
    """One button."""
    alert = _whole(code)
    return render_template("stop.html", code=alert.code, name=phrases.one_line(alert.news.watch_name))


@pages.post("/stop/<code>")
def stop(code: str) -> ResponseReturnValue:
    """Pause the alert's watch: by the button, or by a mail client in one click (RFC 8058)."""
    alert = _whole(code)
    source = monitors.set_status(alert.uid, alert.watch_id, "paused")
    log.info("watch.stopped_by_link", extra={"watch": alert.watch_id})
    if source is None:
        gone = say("This watch does not exist any more. Nothing more will come from it.")
        return _said(say("Stopped"), gone)
    if monitors.has_ended(source):
        return _said(say("Stopped"), monitors.ended_already(source))
    paused = say(
        "“{name}” is paused and tells you nothing more. Resume it among your watches.",
        name=monitors.name_of(source),
    )
    return _said(say("Stopped"), paused)


def _whole(code: str) -> Alert:
    """The alert of a whole code; it must be clear whose watch is meant."""
    found = _find(code) if _CODE.fullmatch(code := code.upper()) else []
    if len({(alert.uid, alert.watch_id) for alert in found}) != 1:
        abort(404)
    return found[0]


def _find(code: str) -> list[Alert]:
    if _CODE.fullmatch(code):
        query = Query(alerts.COLLECTION, ("code",), "==", code, _LOOKED_AT)
    elif _SHORT_CODE.fullmatch(code):
        query = Query(alerts.COLLECTION, ("code",), ">=", code, _LOOKED_AT)
    else:
        return []
    documents = site().documents.find(query)
    return [
        alerts.from_document(document)
        for document in documents
        if str(document.fields["code"]).startswith(code)
    ]


def _is_web_address(url: str | None) -> bool:
    if not url or not re.fullmatch(r"[!-~\u00a1-\U0010ffff]+", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _said(title: str, sentence: str) -> str:
    return render_template("message.html", title=title, sentences=[sentence])
