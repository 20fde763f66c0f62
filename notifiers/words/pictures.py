"""A small picture of the prices seen, for a letter: a bar each, in proportion. Pure.

Mail programs show neither remote images, nor ``data:`` ones, nor SVG, and Outlook lays a page out with
Word; what all of them show is a table with coloured cells (https://www.caniemail.com). The bars start at
zero, so that a small change looks small. The sentence under them says the same to who cannot see them.
"""

from collections.abc import Iterator
from datetime import tzinfo
from html import escape
from itertools import groupby

from notifiers.words import phrases
from watchers.language import say
from watchers.models import News, PastPrice

_MOST = 10
_HEIGHT = 64  # pixels of the highest bar
# Both stand out on white and on the black of a dark mode, as things that are no text must
# (https://www.w3.org/TR/WCAG21/#non-text-contrast).
BAR, LAST_BAR = "#3f87a6", "#c4681c"


def sentence(news: News, zone: tzinfo) -> str:
    """``Prices seen: $112 (1 Jun), $97 (3 Jun), $84 (now).`` Empty when the price never changed."""
    return _sentence([_said(seen, news, zone) for seen in _prices(news)], news)


def bars(news: News, zone: tzinfo) -> str:
    """The same as HTML: a bar for each, and first, lowest and last in words. Empty when that is."""
    prices = _prices(news)
    if not prices:
        return ""
    return (
        '<table role="presentation" aria-hidden="true" cellpadding="0" cellspacing="0" border="0" '
        f'style="margin:12px 0 0"><tr>{"".join(_cells(prices))}</tr></table>'
        f'<p style="margin:4px 0 12px;font-size:14px">{escape(_caption(prices, news, zone))}</p>'
    )


def _prices(news: News) -> tuple[PastPrice, ...]:
    """What was seen, oldest first, with the price told and what it was found to be later.

    Looks that found the same one after another are one, the first of them.
    """
    seen = [next(looks) for _, looks in groupby(news.recent, lambda look: look.price)]
    for at, price in ((news.observed_at, news.price), (news.now_at, news.now_price)):
        if at is not None and price is not None and (not seen or seen[-1].price != price):
            seen.append(PastPrice(at, price))
    shown = tuple(seen[-_MOST:])
    return shown if news.currency and len({one.price for one in shown}) > 1 else ()


def _caption(prices: tuple[PastPrice, ...], news: News, zone: tzinfo) -> str:
    """``Prices seen: first $112 (1 Jun), lowest $71 (3 Jun), $84 (now)``: three are enough beside bars."""
    first, lowest, last = prices[0], min(prices, key=lambda seen: seen.price), prices[-1]
    parts = [say("first {price}", price=_said(first, news, zone))]
    if lowest.price < min(first.price, last.price):
        parts.append(say("lowest {amount}", amount=_said(lowest, news, zone)))
    return _sentence([*parts, _said(last, news, zone)], news)


def _sentence(parts: list[str], news: News) -> str:
    gone = say("now not on sale") if phrases.is_gone(news) else ""
    return say("Prices seen: {prices}.", prices=phrases.joined(*parts, gone)) if parts else ""


def _said(seen: PastPrice, news: News, zone: tzinfo) -> str:
    """``$97 (3 Jun)``; the latest is that of ``now`` while it is known to be."""
    known = news.price if news.now_at is None else news.now_price
    is_now = seen == _prices(news)[-1] and seen.price == known
    when = say("now") if is_now else phrases.day(seen.at.astimezone(zone))
    return f"{phrases.amount(seen.price, news.currency or '')} ({when})"


def _cells(prices: tuple[PastPrice, ...]) -> Iterator[str]:
    top = max(seen.price for seen in prices)
    for seen in prices:
        colour = LAST_BAR if seen is prices[-1] else BAR
        height = max(1, round(_HEIGHT * seen.price / top))
        yield (
            '<td valign="bottom" style="vertical-align:bottom;padding:0 2px 0 0">'
            '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
            f'<td width="22" height="{height}" bgcolor="{colour}" style="width:22px;height:{height}px;'
            f'background-color:{colour};font-size:0;line-height:0;padding:0">&nbsp;</td>'
            "</tr></table></td>"
        )
