"""A watch as named cells of a sheet, and the document that such cells ask for. Pure.

A cell is text; an empty one says nothing. Lists are separated by ``|``. One row holds one item or one search,
and one condition of each kind; anything else is named in ``not_in_this_row``, and such a row is not read.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from watchers.kinds import Kind
from watchers.language import say
from watchers.money import exponent
from watchers.target import Target
from watchers.watch import Below, Condition, Drop, HistoricLow, Markets, Watch

LEFT_OUT = "not_in_this_row"
COLUMNS: Sequence[str] = (
    "name", "provider", "item", "keyword", "city", "country", "date_from", "date_to", "category", "weekdays",
    "shop_country", "below", "currency", "below_basis", "drop_percent", "drop_saving", "drop_basis",
    "lowest_days", "lowest_basis", "new_listing", "back_in_stock", "status_news", "already_true", "notify",
    "tags", "status", "snoozed_until", "min_quantity", "sections", "only_basis", "only_weekdays", LEFT_OUT,
)  # fmt: skip
"""The header, in its order."""

_FLAGS: Mapping[str, Kind] = {
    "new_listing": Kind.NEW_LISTING,
    "back_in_stock": Kind.BACK_IN_STOCK,
    "status_news": Kind.STATUS,
}
_YES = frozenset({"yes", "y", "x", "1", "true", "ja", "wahr"})
_NO = frozenset({"", "no", "n", "0", "false", "nein", "falsch"})


_OF_CONDITION: Mapping[tuple[str, str], str] = {
    ("below", "price"): "below",
    ("below", "currency"): "currency",
    ("below", "basis"): "below_basis",
    ("drop", "percent"): "drop_percent",
    ("drop", "min_saving"): "drop_saving",
    ("drop", "basis"): "drop_basis",
    ("historic_low", "days"): "lowest_days",
    ("historic_low", "basis"): "lowest_basis",
}
_OF_FIELD: Mapping[str, str] = {
    "target, search": "keyword",
    "conditions": "below",
    "filters, basis": "only_basis",
    "filters, weekdays": "only_weekdays",
}


def column_of(where: str, kinds: Sequence[str]) -> str:
    """The column of a field as ``read_watch`` names it; ``kinds``: of the conditions, in their order."""
    if found := re.fullmatch(r"conditions (\d+)(?:, (\w+))?", where):
        kind = kinds[int(found[1]) - 1]
        flags = {str(flag): name for name, flag in _FLAGS.items()}
        return _OF_CONDITION.get((kind, found[2] or ""), flags.get(kind, "below"))
    return _OF_FIELD.get(where, re.sub(r" \d+$", "", where.rpartition(", ")[2]))


# ── out ──────────────────────────────────────────────────────────────────────────────────────────────────


def cells(watch: Watch) -> dict[str, str]:
    """The row of a watch; what it cannot hold is named in ``LEFT_OUT``."""
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "name": watch.name,
        "already_true": watch.already_true,
        "notify": _joined(map(str, watch.notify)),
        "tags": _joined(watch.tags),
        "status": watch.status,
        "snoozed_until": watch.snoozed_until.isoformat() if watch.snoozed_until else "",
        **_filters(watch),
        **_target(watch),
    }
    for condition in watch.conditions:
        row |= _condition(condition)
    return row | {LEFT_OUT: "; ".join(left_out(watch))}


def left_out(watch: Watch) -> list[str]:
    """What a row has no cells for, in words."""
    found = []
    if isinstance(watch.target, Markets):
        found.append(say("several markets"))
    kinds = Counter(condition.kind for condition in watch.conditions)
    found += [say("several conditions “{kind}”", kind=kind) for kind, number in kinds.items() if number > 1]
    return found


def _target(watch: Watch) -> dict[str, str]:
    if not isinstance(watch.target, Target):
        return {}
    target = watch.target
    if target.search is None:
        return {"provider": target.provider, "item": target.item or "", "country": target.country or ""}
    said = target.to_document()["search"]
    texts = {name: str(said.get(name, "")) for name in _SEARCHED}
    return {
        "provider": target.provider,
        "shop_country": target.country or "",
        **texts,
        "weekdays": _joined(said.get("weekdays", ())),
    }


_SEARCHED = ("keyword", "city", "country", "date_from", "date_to", "category")


def _condition(condition: Condition) -> dict[str, str]:
    match condition:
        case Below():
            price = f"{condition.price:.{exponent(condition.currency)}f}"
            return {"below": price, "currency": condition.currency, "below_basis": str(condition.basis)}
        case Drop():
            saving = "" if condition.min_saving is None else f"{condition.min_saving:f}"
            percent = repr(condition.percent).removesuffix(".0")
            return {"drop_percent": percent, "drop_saving": saving, "drop_basis": str(condition.basis)}
        case HistoricLow():
            return {"lowest_days": str(condition.days), "lowest_basis": str(condition.basis)}
    return {name: "yes" for name, kind in _FLAGS.items() if kind == condition.kind}


def _filters(watch: Watch) -> dict[str, str]:
    filters = watch.filters
    return {
        "min_quantity": "" if filters.min_quantity is None else str(filters.min_quantity),
        "sections": _joined(filters.sections),
        "only_basis": str(filters.basis or ""),
        "only_weekdays": _joined(filters.weekdays),
    }


# ── in ───────────────────────────────────────────────────────────────────────────────────────────────────


def document(row: Mapping[str, str]) -> dict[str, Any]:
    """The document a row asks for; what is wrong in it stays as it was written, for ``read_watch`` to refuse.

    Raises:
        ValueError: with a sentence: the row says of itself that it does not hold all of its watch.
    """
    if missing := row.get(LEFT_OUT, ""):
        raise ValueError(
            say("This row does not hold all of its watch ({missing}): import the JSON.", missing=missing)
        )
    made: dict[str, Any] = {
        "name": row.get("name", ""),
        "target": _asked(row),
        "conditions": list(_conditions(row)),
        **_given(already_true=row.get("already_true", ""), status=row.get("status", "").lower()),
        **_given(snoozed_until=row.get("snoozed_until", "")),
    }
    for name in ("notify", "tags"):
        if several := _split(row.get(name, "")):
            made[name] = several
    filters = _given(min_quantity=_number(row.get("min_quantity", "")), basis=row.get("only_basis", ""))
    for name, column in (("sections", "sections"), ("weekdays", "only_weekdays")):
        if several := _split(row.get(column, "")):
            filters[name] = several
    return made | ({"filters": filters} if filters else {})


def _asked(row: Mapping[str, str]) -> dict[str, Any]:
    target: dict[str, Any] = _given(provider=row.get("provider", "").lower())
    if row.get("item"):
        return target | _given(item=row["item"], country=row.get("country", "").upper())
    search: dict[str, Any] = _given(**{name: row.get(name, "") for name in _SEARCHED})
    if "country" in search:
        search["country"] = search["country"].upper()
    if weekdays := _split(row.get("weekdays", "")):
        search["weekdays"] = weekdays
    return target | _given(country=row.get("shop_country", "").upper()) | {"search": search}


def _conditions(row: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    if row.get("below"):
        price, currency = _priced(row["below"], row.get("currency", "").upper())
        yield {"kind": "below", "price": price, **_given(currency=currency, basis=row.get("below_basis", ""))}
    if row.get("drop_percent"):
        percent = _number(row["drop_percent"].removesuffix("%").strip())
        saving = _given(min_saving=row.get("drop_saving", ""), basis=row.get("drop_basis", ""))
        yield {"kind": "drop", "percent": percent, **saving}
    if row.get("lowest_days"):
        days = _number(row["lowest_days"])
        yield {"kind": "historic_low", "days": days, **_given(basis=row.get("lowest_basis", ""))}
    for name, kind in _FLAGS.items():
        said = row.get(name, "").lower()
        if said in _YES:
            yield {"kind": str(kind)}
        elif said not in _NO:
            raise ValueError(say("{column}: write yes or nothing.", column=name))


_SIGNED = re.compile(r"(?P<sign>[$£€¥]|[A-Z]{3})?\s*(?P<number>[\d.,]+)\s*(?P<after>[$£€¥]|[A-Z]{3})?")
_SIGNS = {"$": "USD", "£": "GBP", "€": "EUR", "¥": "JPY"}


def _priced(text: str, currency: str) -> tuple[str, str]:
    """An amount as people write it in lists: ``$1,204.50``, ``90,50 €``. What is unclear stays as it is."""
    found = _SIGNED.fullmatch(text.strip())
    if found is None:
        return text, currency
    sign = found["sign"] or found["after"] or ""
    return _plain(found["number"]), currency or _SIGNS.get(sign, sign)


def _plain(number: str) -> str:
    """Without separators of thousands, and with a point: only where that is beyond doubt."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", number):
        return number.replace(",", "")
    if re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", number):
        return number.replace(".", "").replace(",", ".")
    return number.replace(",", ".") if re.fullmatch(r"\d+,\d{1,2}", number) else number


def _number(text: str) -> str | float:
    if re.fullmatch(r"\d{1,9}", text):
        return int(text)
    text = text.replace(",", ".") if re.fullmatch(r"\d+,\d+", text) else text
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,20})?(e-\d{1,3})?", text) else text


def _given(**values: str | float) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != ""}


def _joined(several: Any) -> str:
    return " | ".join(one.replace("\\", "\\\\").replace("|", "\\|") for one in several)


def _split(cell: str) -> list[str]:
    """The inverse of ``_joined``."""
    parts = re.findall(r"(?:[^\\|]|\\.|\\$)+", cell)
    several = (re.sub(r"\\(.)", r"\1", part.strip()) for part in parts)
    return [one for one in several if one]
