"""What people read when a code is sent to them: a text of one segment, or a letter with a link. Pure.

Phones fill a code in by themselves when it leads the text, and browsers when the last line names the site
(https://wicg.github.io/sms-one-time-codes/). That line is left out where it does not fit one segment.
"""

from html import escape

from notifiers.words.gsm import fits, plain
from watchers.language import say, spoken_language


def sms(code: str, mark: str, host: str) -> str:
    """``mark`` is the alert's, by which a text is found again; ``host`` is empty where there is none."""
    said = say("{code} is your Ticket Scout code.", code=code)
    rules = say("It works for 10 minutes. Give it to nobody.")
    lines = plain(f"{said} {rules} {mark}")
    named = f"{lines}\n\n@{host} #{code}" if host else lines
    return next((text for text in (named, lines) if fits(text)), f"{code} {mark}")


def email(code: str, link: str, mark: str, *, adds: bool) -> tuple[str, str, str]:
    """Subject, plain text and HTML. ``adds``: somebody who is signed in adds the address as theirs."""
    subject = say("{code} is your Ticket Scout code", code=code)
    what = (
        say("Somebody who is signed in to Ticket Scout gave this address as theirs. Was it you? The code:")
        if adds
        else say("The code with which you sign in to Ticket Scout:")
    )
    linked = say("Or open this page and press its button: {link}", link=link)
    rules = say("It works for 10 minutes, once. Give it to nobody: we never ask for it.")
    nothing = say("If you did not ask for it, do nothing. Nobody gets in without it.")
    text = f"{what}\n\n{code}\n\n{linked}\n\n{rules} {nothing}\n\n{mark}\n"
    return subject, text, _html(what, code, linked.replace(link, ""), link, f"{rules} {nothing}", mark)


def _html(what: str, code: str, linked: str, link: str, rules: str, mark: str) -> str:
    return (
        f'<!doctype html><html lang="{spoken_language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light"></head>'
        '<body bgcolor="#ffffff" style="font:16px/1.4 sans-serif;color:#222222;background-color:#ffffff;'
        'max-width:36em;margin:0;padding:12px;overflow-wrap:break-word;word-break:break-word">'
        f"<p>{escape(what)}</p>"
        f'<p style="font-size:32px;letter-spacing:4px;margin:12px 0"><strong>{escape(code)}</strong></p>'
        f'<p>{escape(linked)}<a href="{escape(link)}" style="color:#1a5fb4">{escape(link)}</a></p>'
        f'<p>{escape(rules)}</p><p style="color:#565e69;font-size:14px">{escape(mark)}</p></body></html>\n'
    )
