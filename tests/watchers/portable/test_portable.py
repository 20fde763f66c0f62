"""What leaves as a sheet or as JSON comes back as it was, whatever it says; what cannot is named."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.sqlite import SqliteDocuments
from watchers.documents import Put, Query
from watchers.errors import WatchRefusedError
from watchers.kinds import Channel
from watchers.money import Basis
from watchers.portable import arriving, columns, judging, leaving
from watchers.portable.arriving import Entry, UnreadableFileError
from watchers.portable.guarding import guarded, unguarded
from watchers.portable.judging import Judged
from watchers.target import Target
from watchers.watch import Filters, Watch

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WATCH: dict[str, Any] = {
    "name": "Lakers v Warriors",
    "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
    "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
}


def refusal(target: Target, _filters: Filters) -> str | None:
    return "There is no such event." if target.item == "unknown" else None


# ── out and in ───────────────────────────────────────────────────────────────────────────────────────────

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: any(letter.isprintable() and not letter.isspace() for letter in text)
)
bases = st.sampled_from(["any", *Basis])
weekdays = st.lists(st.sampled_from(["mon", "tue", "sun"]), unique=True)
amounts = st.decimals("0.01", "999999", places=2).map(str)
searches = st.fixed_dictionaries(
    {"keyword": texts},
    optional={
        "city": texts,
        "country": st.just("US"),
        "date_from": st.just("2026-12-01"),
        "date_to": st.just(str(date(2027, 1, 1))),
        "category": texts,
        "weekdays": weekdays,
    },
)
targets = st.one_of(
    st.fixed_dictionaries({"provider": st.just("steam"), "item": texts}, optional={"country": st.just("DE")}),
    st.fixed_dictionaries(
        {"provider": st.just("ticketmaster"), "search": searches}, optional={"country": st.just("GB")}
    ),
)
kinds = st.fixed_dictionaries(
    {},
    optional={
        "below": st.fixed_dictionaries({"price": amounts, "currency": st.just("USD"), "basis": bases}),
        "drop": st.fixed_dictionaries(
            {"percent": st.floats(0, 100, exclude_min=True, exclude_max=True).filter(lambda one: one > 1e-9)},
            optional={"min_saving": amounts, "basis": bases},
        ),
        "historic_low": st.fixed_dictionaries({"days": st.integers(2, 730)}, optional={"basis": bases}),
        "new_listing": st.just({}),
        "back_in_stock": st.just({}),
        "status": st.just({}),
    },
)
watches = st.builds(
    lambda name, target, asked, also: Watch.model_validate(
        {
            "name": name,
            "target": target,
            "conditions": [{"kind": kind, **said} for kind, said in asked.items()],
            **also,
        }
    ),
    texts,
    targets,
    kinds.filter(bool),
    st.fixed_dictionaries(
        {},
        optional={
            "already_true": st.just("wait"),
            "status": st.sampled_from(["active", "paused", "ended"]),
            "notify": st.lists(st.sampled_from(list(Channel)), min_size=1, unique=True),
            "tags": st.lists(texts, max_size=4),
            "snoozed_until": st.just(NOW + timedelta(days=2)),
            "filters": st.fixed_dictionaries(
                {},
                optional={
                    "min_quantity": st.integers(1, 20),
                    "sections": st.lists(texts, max_size=3),
                    "basis": st.sampled_from(list(Basis)),
                    "weekdays": weekdays,
                },
            ),
        },
    ),
)


def _is_plain(watch: Watch) -> bool:
    """Not a cell that strips to something else: nobody's own document has it after it was read."""
    search = watch.target.search if isinstance(watch.target, Target) else None
    said = [watch.name, *watch.tags, *watch.filters.sections]
    said += [text for text in (search.keyword, search.city, search.category) if text] if search else []
    said += [watch.target.item] if isinstance(watch.target, Target) and watch.target.item else []
    return all(text == " ".join(text.split()) and text for text in said)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(st.lists(watches.filter(_is_plain), min_size=1, max_size=3))
def test_a_sheet_comes_back_as_the_watches_that_left(several: list[Watch]) -> None:
    found = arriving.entries(leaving.as_csv(several))
    back = [Watch.model_validate(dict(entry.fields)) for entry in found]
    assert [entry.fault for entry in found] == [""] * len(several)
    for one, other in zip(several, back, strict=True):
        same = {"name", "target", "already_true", "notify", "tags", "status", "snoozed_until", "filters"}
        assert one.model_dump(include=same) == other.model_dump(include=same)
        assert one.question == other.question


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(st.lists(watches.filter(_is_plain), min_size=1, max_size=3))
def test_json_comes_back_as_the_documents_that_left(several: list[Watch]) -> None:
    stored = [judging.stored(one) for one in several]
    found = arriving.entries(leaving.as_json(stored))
    assert [Watch.model_validate(dict(entry.fields)) for entry in found] == several


@given(st.text(max_size=6))
def test_a_guarded_cell_is_no_formula_and_comes_back(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''=1", '=HYPERLINK("http://x")'])
def test_no_name_of_a_watch_runs_in_a_spreadsheet(name: str) -> None:
    watch = Watch.model_validate(WATCH | {"name": name, "tags": [name[:30]]})
    text = leaving.as_csv([watch])
    row = text.splitlines()[1]
    assert row.lstrip('"').startswith("'")
    (entry,) = arriving.entries(text)
    assert (entry.fields["name"], entry.fields["tags"]) == (name, [name[:30]])


def _begins_a_formula(text: str) -> list[str]:
    """Cells that would run, whatever the sheet is split at."""
    rows = [
        row
        for separator in ",;\t"
        for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separator)
    ]
    return [cell for row in rows for cell in row if cell.strip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")]


@pytest.mark.parametrize(
    "name",
    [
        "Lakers;=1+1",
        "Lakers; =1+1",
        "Lakers;'=1+1",
        'Lakers;"=1+1',
        'Lakers;""=1+1";"=2',
        "Lakers;+1;-1;@SUM(A1)",
        "a;\uff1b\uff1d1;\uff1d1",
    ],
)
def test_no_name_runs_where_semicolons_part_cells(name: str) -> None:
    watch = Watch.model_validate(WATCH | {"name": name, "tags": [name[:30]]})
    text = leaving.as_csv([watch])
    assert _begins_a_formula(text) == []
    (entry,) = arriving.entries(text)
    assert (entry.fields["name"], entry.fields["tags"]) == (name, [name[:30]])


@given(st.lists(watches.filter(_is_plain), min_size=1, max_size=3))
def test_no_cell_of_a_sheet_runs_whatever_it_is_split_at(several: list[Watch]) -> None:
    assert _begins_a_formula(leaving.as_csv(several)) == []


@given(st.lists(st.lists(st.text(";,\t\r\n'\" =+-@x", max_size=9), min_size=2, max_size=3), max_size=3))
def test_no_guarded_row_runs_whatever_it_is_split_at_and_each_comes_back(rows: list[list[str]]) -> None:
    sheet = io.StringIO()
    csv.writer(sheet).writerows([guarded(cell) for cell in row] for row in rows)
    assert _begins_a_formula(sheet.getvalue()) == []
    read = csv.reader(io.StringIO(sheet.getvalue(), newline=""))
    assert [[unguarded(cell) for cell in row] for row in read] == rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": {"markets": [WATCH["target"], {"provider": "steam", "item": "1"}]}}, "several markets"),
        ({"conditions": WATCH["conditions"] * 2}, "several conditions “below”"),
    ],
    ids=["several markets", "two limits"],
)
def test_what_a_row_cannot_hold_is_named_in_it_and_refused_on_the_way_back(
    change: dict[str, Any], said: str
) -> None:
    watch = Watch.model_validate(WATCH | change)
    assert columns.cells(watch)[columns.LEFT_OUT] == said
    (entry,) = arriving.entries(leaving.as_csv([watch]))
    assert said in entry.fault
    assert "import the JSON" in entry.fault


# ── other people's files ─────────────────────────────────────────────────────────────────────────────────

SHEET = 'name,provider,item,below,currency\nÄpfel,steam,440,"9,50",EUR\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_of_spreadsheets_are_read(encoding: str) -> None:
    (entry,) = arriving.entries(arriving.text_of(SHEET.encode(encoding)))
    assert entry.fields["name"] == "Äpfel"
    assert entry.place == 2
    assert entry.fields["conditions"] == [{"kind": "below", "price": "9.50", "currency": "EUR"}]


def test_semicolons_and_decimal_commas_are_read() -> None:
    (entry,) = arriving.entries(
        "name;provider;item;below;currency;drop_percent\r\nA;steam;440;90,50;EUR;12,5\r\n"
    )
    assert entry.fields["conditions"] == [
        {"kind": "below", "price": "90.50", "currency": "EUR"},
        {"kind": "drop", "percent": 12.5},
    ]


@pytest.mark.parametrize(
    ("written", "price", "currency"),
    [
        ("$1,204.50", "1204.50", "USD"),
        ("90,50 €", "90.50", "EUR"),
        ("1.204,50 €", "1204.50", "EUR"),
        ("£5", "5", "GBP"),
    ],
)
def test_a_list_of_another_price_watcher_is_read(written: str, price: str, currency: str) -> None:
    text = (
        f"Product Name\tURL\tDesired Price\nA game\thttps://store.steampowered.com/app/440/TF/\t{written}\n"
    )
    (entry,) = arriving.entries(text)
    assert entry.fields["target"] == {"provider": "steam", "item": "440"}
    assert entry.fields["conditions"] == [{"kind": "below", "price": price, "currency": currency}]


def test_what_is_sold_where_nobody_may_ask_is_said() -> None:
    text = "title,url,price\nA book,https://www.amazon.com/dp/B000,$5\nA thing,B00005N5PF,$5\n"
    assert all("nobody may ask for prices" in entry.fault for entry in arriving.entries(text))


def test_what_is_no_link_is_called_so() -> None:
    (entry,) = arriving.entries("title,url,price\nA thing,notalink,$5\n")
    assert "no address of a page" in entry.fault


def test_an_empty_list_is_said_to_be_empty() -> None:
    with pytest.raises(UnreadableFileError, match="nothing in it"):
        arriving.entries(" [] ")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://store.steampowered.com/app/440/TF/", {"provider": "steam", "item": "440"}),
        ("https://shop.example/thing", {"provider": "page", "item": "https://shop.example/thing"}),
        (
            "https://store.steampowered.com.evil.example/app/440",
            {"provider": "page", "item": "https://store.steampowered.com.evil.example/app/440"},
        ),
    ],
)
def test_a_link_means_what_it_means_to_the_one_box(link: str, target: dict[str, str]) -> None:
    (entry,) = arriving.entries(f"name,link,price\nA,{link},$5\n")
    assert entry.fields["target"] == target


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://[broken", "ftp://x.example/y"])
def test_what_is_no_link_is_refused(link: str) -> None:
    (entry,) = arriving.entries(f"name,link,price\nA,{link},$5\n")
    assert entry.fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing in it"),
        (" \n ", "nothing in it"),
        ("Hello\nthere\n", "must name the columns"),
        ("name,secret\na,b\n", "not known: secret"),
        ("name,title,item\na,b,c\n", "Two columns mean the same"),
        ('name,item\n"a,b\n', "quotation marks"),
        ("{nope", "not JSON"),
        ("[" * 90_000, "not JSON"),
        ('{"watches": [NaN]}', "not JSON"),
        ('{"watches": [], "version": 9}', "another version"),
        ("[" + "1," * 1100 + "1]", "at most 1000"),
        ("name,item\n" + "x" * 200_000, "too much"),
    ],
)
def test_files_that_are_none_are_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UnreadableFileError, match=said):
        arriving.entries(text)


@pytest.mark.parametrize("body", [b"\x00\x01\x02\xff\xfe\xfd" * 99, b"PK\x03\x04\0\0", b"x" * 200_001])
def test_what_is_no_text_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        arriving.entries(arriving.text_of(body))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_file_breaks_anything(body: bytes) -> None:
    try:
        found = arriving.entries(arriving.text_of(body))
    except UnreadableFileError:
        return
    judging.judged(found, {}, refusal, NOW, room=9)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text(max_size=9), min_size=3, max_size=5), max_size=5))
def test_no_row_breaks_anything(rows: list[list[str]]) -> None:
    import csv  # noqa: PLC0415
    import io  # noqa: PLC0415

    sheet = io.StringIO()
    csv.writer(sheet).writerows([["name", "provider", "item", "below", "drop_percent"], *rows])
    try:
        found = arriving.entries(sheet.getvalue())
    except UnreadableFileError:
        return
    judging.judged(found, {}, refusal, NOW, room=9)


def test_a_deep_watch_is_refused_and_its_neighbour_taken() -> None:
    deep: Any = {}
    for _ in range(60):
        deep = {"a": deep}
    found = arriving.entries(json.dumps([deep, WATCH, 7]))
    assert [bool(entry.fault) for entry in found] == [True, False, True]
    assert found[1].said == "entry 2"


# ── judging and saving ───────────────────────────────────────────────────────────────────────────────────


def _judged(*fields: dict[str, Any], known: dict[str, Watch] | None = None, room: int = 9) -> list[Judged]:
    found = [Entry(number, f"line {number}", one) for number, one in enumerate(fields, 2)]
    return judging.judged(found, known or {}, refusal, NOW, room=room)


def test_half_a_character_is_refused_and_its_neighbour_taken() -> None:
    text = json.dumps([{"name": "\ud800"}, {"tags": [{"\udfff": 1}]}, {"name": "Lakers"}])
    found = arriving.entries(text)
    assert [bool(entry.fault) for entry in found] == [True, True, False]
    assert "cut in half" in found[0].fault
    (row,) = arriving.entries("name,provider,item,below,currency\nLa\ud800kers,steam,570,9,USD\n")
    assert row.fields["name"] == "La?kers"


def test_each_entry_is_new_or_there_or_refused_with_its_reasons() -> None:
    unknown = WATCH | {"target": {"provider": "ticketmaster", "item": "unknown"}}
    other = WATCH | {"target": {"provider": "ticketmaster", "item": "other"}, "name": "Other"}
    known = {"w1": Watch.model_validate(other | {"name": "Mine"})}
    found = _judged(WATCH, WATCH | {"name": "Again"}, other, unknown, {"name": "Empty"}, known=known)
    assert [one.is_new for one in found] == [True, False, False, False, False]
    assert [one.twin for one in found] == [None, "Lakers v Warriors", "Mine", None, None]
    assert found[3].reasons == ("There is no such event.",)
    assert len(found[4].reasons) == 2


def test_faults_of_a_row_are_named_by_its_columns() -> None:
    text = (
        "name,provider,item,below,currency,drop_percent,drop_saving,lowest_days,tags,min_quantity,snoozed_until\n"
        "A,steam,1,cheap,usd dollars,150,x,1,a|b|c|d|e|f|g|h|i|j|k,99,soon\nB,steam,2\nC,,,5,USD\n"
    )
    first, second, third = judging.judged(arriving.entries(text), {}, refusal, NOW, room=9)
    named = "below currency drop_percent drop_saving lowest_days snoozed_until min_quantity tags"
    assert " ".join(reason.partition(":")[0] for reason in first.reasons) == named
    assert second.reasons == ("below: at least 1 is needed.",)
    assert [reason.partition(":")[0] for reason in third.reasons] == ["provider", "keyword"]


def test_no_more_are_taken_than_one_may_have() -> None:
    others = [WATCH | {"target": {"provider": "steam", "item": str(number)}} for number in range(3)]
    found = _judged(*others, room=2)
    assert [one.is_new for one in found] == [True, True, False]
    assert found[2].reasons == ("You have as many watches as one can have.",)


def test_the_same_file_twice_saves_once() -> None:
    documents = SqliteDocuments(":memory:")
    other = WATCH | {"target": {"provider": "steam", "item": "440"}}
    assert len(judging.save(documents, "watches", _judged(WATCH, other))) == 2
    assert judging.save(documents, "watches", _judged(WATCH, other)) == []
    third = WATCH | {"target": {"provider": "steam", "item": "570"}}
    assert [one.name for one in judging.save(documents, "watches", _judged(WATCH, third))] == [
        "Lakers v Warriors"
    ]
    assert len(documents.find(Query("watches"))) == 3


def test_the_same_file_of_two_people_is_saved_under_different_ids() -> None:
    """The worker knows a watch by its id alone: one that is another's already is refused."""
    documents = SqliteDocuments(":memory:")
    for folder in ("users/ann/watches", "users/bob/watches"):
        assert len(judging.save(documents, folder, _judged(WATCH))) == 1
    (anns,), (bobs,) = (documents.find(Query(f"users/{one}/watches")) for one in ("ann", "bob"))
    assert anns.id != bobs.id


def test_the_same_file_at_the_same_time_saves_once(tmp_path: Path) -> None:
    documents = SqliteDocuments(str(tmp_path / "db"))
    several = [WATCH | {"target": {"provider": "steam", "item": str(number)}} for number in range(9)]
    with ThreadPoolExecutor(4) as pool:
        saved = list(pool.map(lambda _: judging.save(documents, "watches", _judged(*several)), range(4)))
    assert sum(map(len, saved)) == 9
    assert len(documents.find(Query("watches"))) == 9


def test_a_watch_that_was_changed_since_does_not_keep_its_old_wish_away() -> None:
    documents = SqliteDocuments(":memory:")
    judging.save(documents, "watches", _judged(WATCH))
    (standing,) = documents.find(Query("watches"))
    changed = [{"kind": "below", "price": "50", "currency": "USD"}]
    documents.commit(Put(standing.path, {**standing.fields, "conditions": changed}))
    assert len(judging.save(documents, "watches", _judged(WATCH))) == 1
    assert judging.save(documents, "watches", _judged(WATCH)) == []
    assert len(documents.find(Query("watches"))) == 2


def test_what_is_saved_is_what_the_worker_reads() -> None:
    from watchers.asked import read_watch  # noqa: PLC0415

    (one,) = _judged(WATCH | {"snoozed_until": "2026-12-05T10:00:00Z", "tags": ["gift"]})
    assert one.fields is not None
    assert read_watch(one.fields, refusal, NOW) == one.watch
    with pytest.raises(WatchRefusedError):
        read_watch({**one.fields, "extra": 1}, refusal, NOW)
