"""A file of watches as entries, each with the line it stands on. Pure.

Taken are the JSON and the sheets that we write, sheets that spreadsheets made of them (other separators and
encodings), and lists of other price watchers: a name, a link and a wished price. What cannot be read at all
is refused with a sentence; what is wrong with a single entry is that entry's own fault.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from watchers.kinds import Channel
from watchers.language import say
from watchers.portable import columns
from watchers.portable.columns import COLUMNS
from watchers.portable.guarding import unguarded
from watchers.portable.leaving import FORMAT, VERSION
from watchers.providers import links, recognise
from watchers.target import Target

MAX_BYTES = 200_000  # a form may carry so much, and come back with it
MAX_ENTRIES = 1000
_DEEPEST = 20
_LONGEST_CELL = 5_000
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_AMAZON = re.compile(r"(?:.*\.)?(?:amazon(?:\.[a-z]{2,3}){1,2}|amzn\.[a-z]+|a\.co)")
_ASIN = re.compile(r"B0[0-9A-Z]{8}|[0-9]{9}[0-9X]")  # how Amazon names a thing
_SEPARATORS = ",;\t"
_CALLED: Mapping[str, str] = {
    **{name: name for name in COLUMNS},
    **dict.fromkeys(("title", "product", "product name", "item name", "event", "produkt", "titel"), "name"),
    **dict.fromkeys(("url", "link", "product url", "address", "asin"), "link"),
    **dict.fromkeys(
        (
            "price",
            "desired price",
            "desired_price",
            "price wanted",
            "target price",
            "target_price",
            "wunschpreis",
        ),
        "below",
    ),
    **dict.fromkeys(("shop", "store", "market"), "provider"),
    **dict.fromkeys(("percent", "drop"), "drop_percent"),
    "id": "item",
    "waehrung": "currency",
    "währung": "currency",
}
"""What columns are called, in our own sheets and in others'."""


class UnreadableFileError(ValueError):
    """Nothing of it can be read; the message is a sentence for its owner."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One watch of a file: where it stands, what it asks for, or why that cannot be told.

    ``place``: the line of a sheet, or the how-manieth of a list. ``said``: which of both, in words.
    ``is_row``: whether its faults are those of a sheet's columns.
    """

    place: int
    said: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""
    is_row: bool = False


def text_of(body: bytes) -> str:
    """What a file says, by its mark or the encoding it is most likely in.

    Raises:
        UnreadableFileError: it is too large, or no text.
    """
    if len(body) > MAX_BYTES:
        raise UnreadableFileError(say("The file is too large: at most {most} bytes.", most=f"{MAX_BYTES:,}"))
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), None)
    for name in (encoding,) if encoding else ("utf-8", "utf-16-le", "cp1252"):
        if name == "utf-16-le" and b"\0" not in body[:200]:
            continue
        try:
            text = body.decode(name or "utf-8")
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFileError(say("This file is no text: save it as CSV (UTF-8) or as JSON."))


def entries(text: str) -> list[Entry]:
    """The entries of a file.

    Raises:
        UnreadableFileError: it is neither a sheet with a header that we know nor our JSON, or it is too long.
    """
    text = text.removeprefix("\ufeff").encode(errors="replace").decode()
    if not text.strip():
        raise UnreadableFileError(say("There is nothing in it."))
    if len(text.encode()) > MAX_BYTES:
        raise UnreadableFileError(say("That is too much: at most {most} bytes.", most=f"{MAX_BYTES:,}"))
    found = _of_json(text) if text.lstrip()[0] in "[{" else list(_of_sheet(text))
    if len(found) > MAX_ENTRIES:
        raise UnreadableFileError(say("That is too much: at most {most} watches at once.", most=MAX_ENTRIES))
    return found


def with_currency(entries: Iterable[Entry], currency: str) -> list[Entry]:
    """The same, with this currency for the limits of a sheet that name none; ``""``: as they are."""
    return [_in_currency(one, currency) if currency and one.is_row else one for one in entries]


def with_ways(entries: Iterable[Entry], ways: Sequence[Channel]) -> list[Entry]:
    """The same, with these ways of telling for what names none."""
    named = [str(one) for one in ways]
    return [
        one if one.fault or one.fields.get("notify") else replace(one, fields={**one.fields, "notify": named})
        for one in entries
    ]


def _in_currency(entry: Entry, currency: str) -> Entry:
    conditions = [
        {**one, "currency": currency} if one["kind"] == "below" and "currency" not in one else one
        for one in entry.fields["conditions"]
    ]
    return replace(entry, fields={**entry.fields, "conditions": conditions})


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────


def _of_json(text: str) -> list[Entry]:
    try:
        read = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnreadableFileError(say("This is not JSON that can be read.")) from None
    if isinstance(read, Mapping) and "watches" in read:
        if read.get("format", FORMAT) != FORMAT or read.get("version", VERSION) != VERSION:
            raise UnreadableFileError(say("This was written by another version, which cannot be read here."))
        read = read["watches"]
    several = read if isinstance(read, list) else [read]
    if not several:
        raise UnreadableFileError(say("There is nothing in it."))
    return [_listed(number, one) for number, one in enumerate(several, 1)]


def _listed(number: int, one: object) -> Entry:
    said = say("entry {number}", number=number)
    if not isinstance(one, Mapping):
        return Entry(number, said, fault=say("A watch is an object with fields."))
    if _is_deep(one):
        return Entry(number, said, fault=say("This is nested too deeply for a watch."))
    if not _is_text(one):
        return Entry(number, said, fault=say("A character in it is cut in half: write it anew."))
    return Entry(number, said, {name: value for name, value in one.items() if name != "id"})


def _is_text(one: object) -> bool:
    r"""Whether it can be written anywhere: JSON can name half of a character (``\ud800``)."""
    try:
        json.dumps(one, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deep(value: object, left: int = _DEEPEST) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return left == 0 or any(_is_deep(one, left - 1) for one in inner)


def _no_number(_: str) -> None:
    raise ValueError("no number")


# ── sheets ───────────────────────────────────────────────────────────────────────────────────────────────


def _of_sheet(text: str) -> Iterator[Entry]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    header: list[str] | None = None
    try:
        for row in reader:
            cells = [unguarded(cell.strip()) for cell in row]
            if not any(cells):
                continue
            if header is None:
                header = _header(cells)
                continue
            yield _row(reader.line_num, header, cells)
    except csv.Error:
        raise UnreadableFileError(
            say("Line {line} cannot be read: its quotation marks do not match.", line=reader.line_num)
        ) from None


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_SEPARATORS, key=first.count)


def _header(cells: list[str]) -> list[str]:
    known = [_CALLED.get(" ".join(cell.lower().split()), cell) for cell in cells]
    if not {"name", "item", "link", "keyword", "city", "category"} & set(known):
        raise UnreadableFileError(
            say("The first line must name the columns, such as: name, provider, item, below, currency.")
        )
    if unknown := [cell for cell in known if cell and cell not in (*COLUMNS, "link")]:
        named = ", ".join(cell[:40] for cell in unknown[:5])
        raise UnreadableFileError(say("These columns are not known: {named}. Remove them.", named=named))
    if len(set(filter(None, known))) < len(list(filter(None, known))):
        raise UnreadableFileError(say("Two columns mean the same. Remove one of them."))
    return known


def _row(line: int, header: list[str], cells: list[str]) -> Entry:
    said = say("line {number}", number=line)
    if len(cells) > len(header) and any(cells[len(header) :]):
        return Entry(line, said, fault=say("This line has more cells than the first line has columns."))
    if any(len(cell) > _LONGEST_CELL for cell in cells):
        return Entry(line, said, fault=say("A cell of this line is too long."))
    row = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    try:
        return Entry(line, said, columns.document(_with_link(row)), is_row=True)
    except ValueError as fault:
        return Entry(line, said, {"name": row.get("name", "")}, fault=str(fault))


def _with_link(row: Mapping[str, str]) -> Mapping[str, str]:
    """A row of another price watcher's list, with what its link means.

    Raises:
        ValueError: with a sentence: it is no link to anything that can be watched.
    """
    given = row.get("link", "")
    if not given or row.get("item"):
        return row
    link = links.read(given)
    if link is None and not _ASIN.fullmatch(given):
        raise ValueError(say("The link is no address of a page, such as https://shop.example/thing."))
    if link is None or _AMAZON.fullmatch(link.host):
        raise ValueError(say("This is sold where nobody may ask for prices; give a link to another shop."))
    target = recognise(link) or Target("page", link.address)
    if target.item is None or (target.provider == "page" and ".ticketmaster." in f".{link.host}"):
        raise ValueError(say("The id in this address is not the one its interface knows: search for it."))
    name = row.get("name") or links.title(link) or link.host
    return {**row, "provider": target.provider, "item": target.item, "name": name}
