"""The form of a watch, and the document it stands for: both ways. Pure.

What a watch holds and the form has no field for is kept as it is when it can be, and a watch that would
lose something is not shown in the form at all. Whether it can be watched is judged in ``faults.py``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

import msgspec

from watchers.kinds import Channel, Kind
from watchers.language import say
from watchers.money import CURRENCIES, exponent
from watchers.providers.pages.amounts import NoAmountError, typed
from watchers.target import Target
from watchers.watch import MAX_NAME, Below, Condition, Drop, HistoricLow, Markets, PriceCondition, Watch

LONGEST = 2000  # characters of one field; an address may be that long

MAX_LENGTHS = {"name": MAX_NAME, "keyword": MAX_NAME, "city": MAX_NAME, "item": LONGEST}


_LINKED = (
    "name", "provider", "item", "keyword", "city", "country", "date_from", "date_to", "price", "currency",
    "markets",
)  # fmt: skip
ANY_DROP = 1  # percent: less is the noise of rates and rounding


@dataclass(frozen=True, slots=True)
class Form:
    """The fields, as text and ticks, under the names they have on the page.

    ``markets``: one event on several markets, as a JSON list of their targets. ``any_drop`` stands for a drop
    of ``ANY_DROP`` percent. ``copy``: the watch of which this is a copy, whose other wishes it keeps.
    """

    name: str = ""
    provider: str = ""
    what: str = "item"
    item: str = ""
    keyword: str = ""
    city: str = ""
    country: str = ""
    date_from: str = ""
    date_to: str = ""
    markets: str = ""
    below: bool = False
    price: str = ""
    currency: str = "USD"
    any_drop: bool = False
    drop: bool = False
    percent: str = "10"
    min_saving: str = ""
    historic_low: bool = False
    days: str = "30"
    new_listing: bool = False
    back_in_stock: bool = False
    status_news: bool = False
    basis: str = "any"
    min_quantity: str = ""
    sections: str = ""
    tags: str = ""
    already_true: str = "tell"
    copy: str = ""
    sms: bool = False
    email: bool = False
    push: bool = False
    app: bool = False


def blank(providers: Mapping[str, str], ways: Iterable[Channel] = ()) -> Form:
    """The form of a new watch: a search of the first shop that is on, a limit, ``ways`` or the usual ones."""
    first = next((name for name, state in providers.items() if state == "on"), "")
    told = dict.fromkeys((way.value for way in ways or (Channel.SMS, Channel.EMAIL)), True)
    return Form(provider=first, what="search", below=True, **told)  # type: ignore[arg-type]


def linked(form: Form, values: Mapping[str, str]) -> Form:
    """A form that a link fills in: what to watch and at which price; never how anybody is told."""
    given: dict[str, Any] = {name: _clean(values[name]) for name in _LINKED if name in values}
    what = next((name for name in ("markets", "item") if given.get(name)), form.what)
    return replace(form, **given, what=what)


def names_something(form: Form) -> bool:
    """Whether it says what to watch."""
    if form.what == "search":
        return bool(form.keyword or form.city)
    return bool(form.item if form.what == "item" else form.markets)


def posted(values: Mapping[str, str], base: Watch | None = None) -> Form:
    """What came over the wire: cleaned of what no field can hold, judged by nobody yet.

    What narrows ``base``, and its tags, are kept where the form that was shown had no field for them.
    """
    given: dict[str, Any] = {
        field.name: field.name in values if field.type is bool else _clean(values.get(field.name, ""))
        for field in fields(Form)
    }
    kept = _narrowing(base) if base else {}
    return Form(**given | {name: text for name, text in kept.items() if name not in values})


def pressed(form: Form, said: str) -> Form:
    """The form after a chip that fills something in: ``price=81.00 USD``, ``percent=10``, ``days=30``."""
    field, _, given = said.partition("=")
    given = _clean(given)
    if field == "price" and (parts := re.fullmatch(r"([0-9.]{1,20}) ([A-Z]{3})", given)):
        return replace(form, below=True, price=parts[1], currency=parts[2])
    if field == "currency":
        return replace(form, below=True, currency=given[:3])
    if field == "percent":
        return replace(form, drop=True, any_drop=False, percent=given[:6])
    return replace(form, historic_low=True, days=given[:6]) if field == "days" else form


def _clean(text: str) -> str:
    printable = (letter if letter.isprintable() else " " for letter in text[: LONGEST + 1])
    return "".join(printable).strip()


# ── a watch, shown in the form ───────────────────────────────────────────────────────────────────────────


def filled(watch: Watch) -> Form:
    """The form that stands for a watch which is not ``beyond`` it."""
    shown: dict[str, Any] = {
        "name": watch.name,
        "already_true": watch.already_true,
        **_narrowing(watch),
        **{channel.value: channel in watch.notify for channel in Channel},
    }
    if isinstance(watch.target, Target):
        shown |= _target_fields(watch.target)
    else:
        shown |= {"what": "markets", "markets": _written(watch.target.markets)}
    for condition in watch.conditions:
        shown |= _condition_fields(condition)
    return Form(**shown)


def _narrowing(watch: Watch) -> dict[str, str]:
    return {
        "min_quantity": str(watch.filters.min_quantity or ""),
        "sections": ", ".join(watch.filters.sections),
        "tags": ", ".join(watch.tags),
    }


def _target_fields(target: Target) -> dict[str, str]:
    if target.search is None:
        return {"provider": target.provider, "item": target.item or "", "country": target.country or ""}
    search = target.search
    return {
        "provider": target.provider,
        "what": "search",
        "keyword": search.keyword or "",
        "city": search.city or "",
        "country": search.country or target.country or "",
        "date_from": search.date_from.isoformat() if search.date_from else "",
        "date_to": search.date_to.isoformat() if search.date_to else "",
    }


def _condition_fields(condition: Condition) -> dict[str, Any]:
    match condition:
        case Below():
            digits = exponent(condition.currency)
            own = {"price": f"{condition.price:.{digits}f}", "currency": condition.currency}
        case Drop():
            saving = "" if condition.min_saving is None else str(condition.min_saving)
            if condition.percent == ANY_DROP:
                return {"any_drop": True, "min_saving": saving, "basis": str(condition.basis)}
            own = {"percent": f"{condition.percent:g}", "min_saving": saving}
        case HistoricLow():
            own = {"days": str(condition.days)}
        case _:
            return {_TICKS[condition.kind]: True}
    return {_TICKS[condition.kind]: True, "basis": str(condition.basis), **own}


_TICKS = {kind: "status_news" if kind is Kind.STATUS else str(kind) for kind in Kind}


def beyond(watch: Watch) -> str | None:
    """Why this watch cannot be shown in the form without losing something; ``None`` when it can."""
    if isinstance(watch.target, Markets) and markets_of(_written(watch.target.markets)) is None:
        return say("it looks at more than the items of several markets")
    if max(Counter(condition.kind for condition in watch.conditions).values()) > 1:
        return say("it has several conditions of the same kind")
    bases = {condition.basis for condition in watch.conditions if isinstance(condition, PriceCondition)}
    if len(bases) > 1:
        return say("its conditions count different kinds of prices")
    target = watch.target if isinstance(watch.target, Target) else None
    is_twice = target and target.search and target.country
    return say("its search names a country twice") if is_twice else None


def markets_of(text: str) -> list[dict[str, str]] | None:
    """The items of several markets that a form carries; ``None`` where it carries anything else."""
    try:
        found = msgspec.json.decode(text, type=list[dict[str, str]]) if len(text) <= LONGEST else []
    except msgspec.DecodeError:
        return None
    is_plain = all({"provider", "item"} <= one.keys() <= {"provider", "item", "country"} for one in found)
    return found if found and is_plain else None


def _written(targets: Iterable[Target]) -> str:
    return msgspec.json.encode([target.to_document() for target in targets]).decode()


def kept(watch: Watch | None) -> list[str]:
    """What the form has no field for and saving keeps as it is, in words."""
    if watch is None:
        return []
    search = watch.target.search if isinstance(watch.target, Target) else None
    filters = watch.filters
    found = {
        say("category"): search.category if search else None,
        say("weekdays of the search"): ", ".join(search.weekdays) if search else "",
        say("only prices"): filters.basis,
        say("weekdays"): ", ".join(filters.weekdays),
    }
    return [f"{label}: {value}" for label, value in found.items() if value]


# ── the form, as a document ──────────────────────────────────────────────────────────────────────────────


def document(form: Form, base: Watch | None = None) -> dict[str, Any]:
    """The document to write. ``base``: the watch as it stands, when one is being changed."""
    made: dict[str, Any] = {
        **_given(name=form.name),
        "target": _target(form, base),
        "conditions": list(_conditions(form)),
        "already_true": form.already_true,
        "notify": [channel.value for channel in Channel if getattr(form, channel.value)],
        "status": base.status if base else "active",
    }
    if base and base.snoozed_until:
        made["snoozed_until"] = base.snoozed_until
    if form.tags:
        made["tags"] = _listed(form.tags)
    filters = base.filters.model_dump(mode="json", exclude_defaults=True) if base else {}
    filters |= {"min_quantity": _number(form.min_quantity), "sections": _listed(form.sections)}
    filters = {name: given for name, given in filters.items() if given not in ("", [])}
    return made | ({"filters": filters} if filters else {})


def _target(form: Form, base: Watch | None) -> dict[str, Any]:
    country = form.country.upper()
    if form.what == "markets":
        return {"markets": markets_of(form.markets) or []}
    if form.what != "search":
        return {"provider": form.provider, "item": form.item, **_given(country=country)}
    places = _given(keyword=form.keyword, city=form.city, country=country)
    days = _given(date_from=form.date_from, date_to=form.date_to)
    return {"provider": form.provider, "search": {**places, **days, **_kept_of_search(base)}}


def _kept_of_search(base: Watch | None) -> dict[str, Any]:
    if base is None or not isinstance(base.target, Target) or base.target.search is None:
        return {}
    search = base.target.to_document()["search"]
    return {name: search[name] for name in ("category", "weekdays") if name in search}


def _conditions(form: Form) -> Iterator[dict[str, Any]]:
    basis = {} if form.basis == "any" else _given(basis=form.basis)
    if form.below:
        yield {"kind": "below", **_given(price=plain(form, "price"), currency=form.currency.upper()), **basis}
    saving = _given(min_saving=plain(form, "min_saving"))
    if form.any_drop:
        yield {"kind": "drop", "percent": ANY_DROP, **saving, **basis}
    elif form.drop:
        percent = _number(form.percent.removesuffix("%").strip())
        yield {"kind": "drop", **_given(percent=percent), **saving, **basis}
    if form.historic_low:
        yield {"kind": "historic_low", **_given(days=_number(form.days)), **basis}
    for tick, kind in (
        ("new_listing", "new_listing"),
        ("back_in_stock", "back_in_stock"),
        ("status_news", "status"),
    ):
        if getattr(form, tick):
            yield {"kind": kind}


def plain(form: Form, field: str) -> str:
    """``20.50``: an amount of the form as a plain number; what cannot be read for sure stays as it was."""
    amount = amount_of(form, field)
    return getattr(form, field) if amount is None else f"{amount:f}"


def amount_of(form: Form, field: str) -> Decimal | None:
    """An amount as people write it (``20,50``, ``$20``, ``1,234.50``); ``None`` where that is not clear."""
    text, currency = getattr(form, field), form.currency.upper()
    if re.fullmatch(r"[0-9]{1,16}(\.[0-9]{1,16})?", text):
        return Decimal(text)
    try:
        return typed(text, currency if currency in CURRENCIES else None)
    except NoAmountError:
        return None


def _given(**values: str | float) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != ""}


def _listed(text: str) -> list[str]:
    """What stands between commas."""
    return [part for one in text.split(",") if (part := one.strip())]


def _number(text: str) -> str | float:
    """A number as one; anything else stays as it was written, and is refused later in words."""
    if re.fullmatch(r"[0-9]{1,6}", text):
        return int(text)
    pointed = re.sub(r"(?<=[0-9]),(?=[0-9]{1,2}$)", ".", text)
    return float(pointed) if re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,3}", pointed) else text
