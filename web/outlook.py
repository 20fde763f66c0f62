"""What a form would come to, before it is saved: a limit that can be reached, what is true, and what was.

Everything is worked out from one ``Sight``; nothing more is read, and nothing is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from watchers import next_text, suggesting, trying
from watchers.events import Event, normalised
from watchers.language import say, say_many
from watchers.models import News, Reason
from watchers.money import CURRENCIES, Basis, decimal_amount, exponent, minor_units, spoken
from watchers.suggesting import Record
from watchers.target import Target
from watchers.trying import Trial
from watchers.watch import MAX_NAME, Watch
from web import words
from web.forms import Form, amount_of
from web.offers import choices
from web.sight import Sight
from web.site import site

PERCENTS = (5, 10, 20)


@dataclass(frozen=True, slots=True)
class Told:
    """One text of a trial: when, what it would have said."""

    at: str
    said: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial, in words; ``is_enough``: whether it says anything."""

    said: str
    told: tuple[Told, ...]
    untried: str
    is_enough: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the form's page says besides its fields.

    Attributes:
        anchor: The price that limits and percentages are measured by; ``None``: no price is known.
        limit, why: A limit that can be reached, as the field has it, and why that one; may be empty.
        fix, warning: What is wrong with the limit that was written, and a better one; may be empty.
        elsewhere: That it is in a currency nothing is sold in; may be empty.
        is_true_now: Whether it would tell something at once.
        truth: How often it is checked, what a price includes, what is told next, when it ends.
        warnings: What is wrong with that.
        tried: What it would have told in the last thirty days.
    """

    anchor: Record | None = None
    limit: str = ""
    why: str = ""
    fix: str = ""
    warning: str = ""
    elsewhere: str = ""
    is_true_now: bool = False
    truth: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tried: Tried | None = None

    @property
    def prefix(self) -> str:
        """``$``: what stands before an amount."""
        return spoken(0, self.anchor.key.currency).removesuffix("0") if self.anchor else ""

    @property
    def digits(self) -> int:
        """Behind the point."""
        return exponent(self.anchor.key.currency) if self.anchor else 2

    def said(self, amount: str) -> str:
        """``$81``: ``limit`` or ``fix`` as people write it."""
        currency = self.anchor.key.currency if self.anchor else ""
        return spoken(minor_units(Decimal(amount), currency), currency) if currency and amount else amount

    def less(self, percent: str) -> str:
        """``$81``: so many percent off the price now; empty where that cannot be said."""
        number = percent_of(percent)
        if self.anchor is None or number is None or self.anchor.now <= 0:
            return ""
        return spoken(suggesting.off(self.anchor.now, number), self.anchor.key.currency)


def percent_of(text: str) -> float | None:
    """A percentage as people write it, if it is one."""
    try:
        number = float(text.removesuffix("%").strip().replace(",", "."))
    except ValueError:
        return None
    return number if 0 < number < 100 else None  # noqa: PLR2004


def written(minor: int, currency: str) -> str:
    """``81.00``: an amount as its field has it."""
    return f"{decimal_amount(minor, currency):.{exponent(currency)}f}"


def suggested(form: Form, sight: Sight) -> Form:
    """A new form with what is known of its target filled in, where it says nothing itself.

    A limit that can be reached; where no price is published, what else may come true; and the search that
    stands for any date of the same.
    """
    given: dict[str, Any] = {}
    latest = sight.latest
    event = normalised(latest) if latest and sight.target and sight.target.item else None
    if event and form.what == "item":
        given = {"keyword": form.keyword or _headline(event), "city": form.city or event.city or ""}
    if not form.name:
        given["name"] = (event.name if event and event.name else _name_of(form))[:MAX_NAME]
    anchor = suggesting.primary(sight.records)
    limit = suggesting.suggestion(anchor) if anchor else None
    if limit and not form.price:
        given |= {"price": written(limit.limit, limit.key.currency), "currency": limit.key.currency}
    elif not form.price and latest:
        given |= {"below": False, **_without_a_price(form, sight)}
    if form.what == "search" and "new_listing" in choices(form, sight).search:
        given["new_listing"] = True
    return replace(form, **given)


def _headline(event: Event) -> str:
    return event.name or next(iter(event.performers), "")


def _name_of(form: Form) -> str:
    """Of what has no name of its own: the words that are searched for, or the shop and its number."""
    if form.what == "item" and form.item.isalnum():
        return f"{words.shop(form.provider)} {form.item}"
    if form.what != "search" or not form.keyword:
        return ""
    return say("{words} in {city}", words=form.keyword, city=form.city) if form.city else form.keyword


def _without_a_price(form: Form, sight: Sight) -> dict[str, bool]:
    """What may come true of something that has no price."""
    offered = choices(form, sight)
    kinds = offered.search if form.what == "search" else offered.item
    ticks = {"status": "status_news"}
    return {ticks.get(kind, kind): True for kind in kinds}


def outlook(form: Form, watch: Watch | None, sight: Sight) -> Outlook:
    """What the form would come to.

    Args:
        form: As it is filled in.
        watch: What it asks for; ``None`` while it asks for nothing that can be watched.
        sight: What is known of its target.
    """
    anchor = suggesting.primary(sight.of_basis(form.basis))
    suggested = suggesting.suggestion(anchor) if anchor else None
    warning, fix = _warned(form, anchor)
    at_once, told, rules = _next(watch, sight)
    served = sight.plans.of(watch, watch.targets) if watch else []
    return Outlook(
        anchor,
        limit=written(suggested.limit, suggested.key.currency) if suggested else "",
        why=suggested.why if suggested else "",
        fix=fix,
        warning=warning,
        is_true_now=at_once,
        elsewhere=_elsewhere(form, sight),
        truth=tuple(_truth(form, sight, (*told, *rules), [one.said for one in served])),
        warnings=tuple(dict.fromkeys(one.warning for one in served if one.warning)),
        tried=_tried(watch, sight),
    )


def _warned(form: Form, anchor: Record | None) -> tuple[str, str]:
    limit = limit_of(form)
    if anchor is None or limit is None or form.currency.upper() != anchor.key.currency:
        return "", ""
    warning = suggesting.too_low(anchor, limit) or ""
    return warning, written(anchor.lowest, anchor.key.currency) if warning else ""


def _elsewhere(form: Form, sight: Sight) -> str:
    """That a limit is in a currency nothing here is sold in; empty where it may come true."""
    known = {key.currency for key in sight.of_basis(form.basis)}
    currency = form.currency.upper()
    if not form.below or not known or currency in known or currency not in CURRENCIES:
        return ""
    return say(
        "A limit in {currency} cannot come true yet: the prices here are in {known}.",
        currency=currency,
        known=", ".join(sorted(known)),
    )


def limit_of(form: Form) -> int | None:
    """The limit that was written, in minor units; ``None`` where there is none, or it is no amount."""
    currency = form.currency.upper()
    amount = amount_of(form, "price") if form.below and currency in CURRENCIES else None
    return None if amount is None else minor_units(amount, currency)


# ── the truth ────────────────────────────────────────────────────────────────────────────────────────────


def _next(watch: Watch | None, sight: Sight) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Whether it is true already, what is told of that, and what is told next."""
    now = sight.latest
    if watch is None or sight.target is None or now is None:
        return False, (), ()
    would_tell = watch.model_copy(update={"already_true": "tell"})
    at_once, _ = trying.next_text(would_tell, sight.target, sight.before, now)
    news, rules = trying.next_text(watch, sight.target, sight.before, now)
    said = tuple(next_text.each(rules.items()))
    if news is None:
        return at_once is not None, (), said
    return True, (_told_now(news),), tuple(_after_that(said))


def _after_that(rules: tuple[str, ...]) -> Iterator[str]:
    for rule in rules[:1]:
        yield say("After that: {rule}", rule=f"{rule[:1].lower()}{rule[1:]}")
    yield from rules[1:]


def _told_now(news: News) -> str:
    if news.price is None or news.currency is None or news.basis is None:
        return say("You are told at once: it is true now.")
    price, basis = spoken(news.price, news.currency), words.BASIS_NAME[Basis(news.basis)]
    return say("You are told at once: {price} {basis} now.", price=price, basis=basis)


def _truth(form: Form, sight: Sight, rules: tuple[str, ...], served: list[str]) -> Iterator[str]:
    if sight.target is None or sight.is_unknown:
        return
    yield from dict.fromkeys(served) if served else [_how_often(sight.target)]
    if included := _included(form, sight):
        yield included
    yield from rules
    yield _end(sight)


def _how_often(target: Target) -> str:
    shop, span = words.shop(target.provider), words.span(site().shortest)
    return say("Checked as often as {shop} allows, at most every {span}.", shop=shop, span=span)


def _included(form: Form, sight: Sight) -> str:
    bases = dict.fromkeys(key.basis for key in sight.of_basis(form.basis))
    if form.basis in words.BASIS:
        bases = {Basis(form.basis): None}
    if len(bases) > 1:
        return say("Any kind of price counts: {bases}.", bases="; ".join(words.BASIS[one] for one in bases))
    return say("The price that counts: {basis}.", basis=words.BASIS[next(iter(bases))]) if bases else ""


def _end(sight: Sight) -> str:
    now = sight.latest
    if now is None or sight.target is None or sight.target.search is not None:
        return say("It ends when you end it.")
    day = now.starts_on or (now.starts_at.date() if now.starts_at else None)
    return say("It ends after {day}.", day=words.weekday(day)) if day else say("It ends when you end it.")


# ── the past ─────────────────────────────────────────────────────────────────────────────────────────────


def _tried(watch: Watch | None, sight: Sight) -> Tried | None:
    if watch is None or sight.target is None or sight.series is None:
        return None
    found = trying.trial(watch, sight.target, sight.series, sight.now)
    return Tried(_sum(found), tuple(_texts(found)), _untried(found), found.is_enough)


def _sum(found: Trial) -> str:
    if found.is_enough and found.told:
        times = say_many("once", "{number} times", len(found.told))
        return say("Would have told you {times} in {days} days.", times=times, days=found.days)
    if found.is_enough:
        return say("Would have told you nothing in {days} days.", days=found.days)
    days = say_many("{number} day", "{number} days", found.days) if found.days else say("less than a day")
    return say("Not enough history yet ({days}).", days=days)


def _texts(found: Trial) -> Iterator[Told]:
    for one in found.told if found.is_enough else ():
        reason = words.REASONS[Reason(one.reason)]
        basis = words.BASIS_NAME[Basis(one.basis)]
        said = say(
            "{price} {basis}: {reason}", price=spoken(one.price, one.currency), basis=basis, reason=reason
        )
        yield Told(suggesting.day_of(one.at), said)


def _untried(found: Trial) -> str:
    names = [words.condition(one) for one in found.untried]
    return say("Not tried, for no past is kept of it: {what}.", what=", ".join(names)) if names else ""
