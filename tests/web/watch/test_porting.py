"""Out as a file and in again: seen before it is saved, twice is once, nobody else's."""

import io
import json
import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from tests.web.kit import PLACES, Someone, World, csrf_of, text_of
from watchers.portable import arriving

SHEET = (
    "name,provider,item,below,currency\n"
    "Good,ticketmaster,abc,50,USD\n"
    "Bad,ticketmaster,unknown,50,USD\n"
    "Worse,ticketmaster,def,cheap,USD\n"
)


def give(someone: Someone, text: str, **fields: str) -> TestResponse:
    return someone.post("/watches/import", {"text": text, **fields})


def test_what_leaves_comes_back_for_somebody_else(world: World, ann: Someone) -> None:
    world.put_watch("w1", tags=["gift"])
    world.put_watch("w2", name="=cmd|' /C calc'!A0", target={"provider": "steam", "item": "440"})
    bob = world.person("bob")
    for ending in ("json", "csv"):
        answer = ann.client.get(f"/watches/export.{ending}")
        assert "attachment" in answer.headers["Content-Disposition"]
        text = answer.get_data(as_text=True)
        assert answer.headers["Cache-Control"] == "no-store"
        found = give(bob, text, save="yes")
        assert found.status_code == 303
    assert {watch.fields["name"] for watch in world.watches("bob")} == {
        "Lakers v Warriors",
        "=cmd|' /C calc'!A0",
    }
    assert "'=cmd" in text


def test_json_holds_also_what_cannot_be_read(world: World, ann: Someone) -> None:
    world.put_watch("w1", conditions="nonsense")
    (kept,) = json.loads(ann.client.get("/watches/export.json").get_data())["watches"]
    assert kept["conditions"] == "nonsense"
    page = ann.get("/watches/import")
    assert "Not, or not wholly, in the CSV" in page
    assert "it cannot be read" in page


def test_a_file_is_judged_before_anything_is_saved(world: World, ann: Someone) -> None:
    answer = ann.client.get("/watches/import")
    assert answer.status_code == 200
    page = text_of(give(ann, SHEET))
    assert "Nothing is saved yet." in page
    assert "Would be saved (1)" in page
    assert "Refused (2)" in page
    assert re.search(r"line 3</span> <bdi>Bad</bdi>.*?There is no such event", page, re.DOTALL)
    assert re.search(
        r"line 4</span> <bdi>Worse</bdi>.*?below: write an amount as a plain number", page, re.DOTALL
    )
    assert not world.watches()


def test_prices_without_a_currency_take_the_one_asked_for_once(world: World, ann: Someone) -> None:
    sheet = "name,link,price\nTin Moon,https://store.steampowered.com/app/440/,9.99\n"
    assert "Refused (1)" in text_of(give(ann, sheet))
    page = text_of(give(ann, sheet, currency="gbp"))
    assert "Would be saved (1)" in page
    assert "Steam 440: at or under £9.99" in page
    assert give(ann, sheet, currency="gbp", save="yes").status_code == 303
    (watch,) = world.watches()
    assert watch.fields["conditions"] == [{"kind": "below", "price": "9.99", "currency": "GBP"}]


def test_the_same_file_twice_saves_once(world: World, ann: Someone) -> None:
    judged = give(ann, SHEET).get_data(as_text=True)
    kept = re.search(r'name="text" value="(.*?)"', judged, re.DOTALL)
    assert kept
    for _ in range(2):
        assert give(ann, unescape(kept[1]), save="yes").status_code == 303
    (watch,) = world.watches()
    assert watch.fields["name"] == "Good"
    page = text_of(give(ann, SHEET))
    assert "There already (1)" in page
    assert "you have it as “Good”" in page
    said = ann.get("/")
    assert "Saved 1 watch. 2 were refused." in said
    assert "Saved 0 watches. 1 was there already. 2 were refused." in said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_is_read_as_spreadsheets_write_it(ann: Someone, encoding: str) -> None:
    file = (io.BytesIO(SHEET.replace(",", ";").encode(encoding)), "watches.csv")
    ann.get("/watches/import")
    answer = ann.client.post("/watches/import", data={"csrf": csrf_of(ann.client), "file": file, "text": ""})
    assert "Would be saved (1)" in text_of(answer)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is nothing in it."),
        ("hello\nthere", "The first line must name the columns"),
        ("[1", "not JSON"),
    ],
)
def test_what_cannot_be_read_is_said_and_stays_in_the_form(ann: Someone, text: str, said: str) -> None:
    answer = give(ann, text)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f"\n{text}</textarea>" in text_of(answer).replace("\r\n", "\n")


def test_half_a_character_is_said_and_breaks_nothing(ann: Someone) -> None:
    answer = give(ann, r'[{"name": "\ud800"}]')
    assert answer.status_code == 200
    assert "cut in half" in text_of(answer)


def test_the_largest_file_survives_both_presses(world: World, ann: Someone) -> None:
    rows = [f'"{"ü" * 90} {number}",steam,{number + 1},5,USD\r\n' for number in range(199)]
    text = "name,provider,item,below,currency\r\n" + "".join(rows)
    text += ",,,,\r\n" * ((arriving.MAX_BYTES - len(text.encode())) // 6)
    assert len(text.encode()) > arriving.MAX_BYTES - 10
    ann.get("/watches/import")
    fields = {"csrf": csrf_of(ann.client), "text": text}
    page = ann.client.post("/watches/import", data=fields, content_type="multipart/form-data")
    kept = re.search(r'name="text" value="(.*?)"', page.get_data(as_text=True), re.DOTALL)
    assert kept
    fields |= {"text": unescape(kept[1]), "save": "yes"}
    answer = ann.client.post("/watches/import", data=fields, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert len(world.watches()) == 199


def test_a_file_that_is_too_large_is_refused_with_a_sentence(ann: Someone) -> None:
    assert "That is too much" in text_of(give(ann, "name,item\n" + "x" * 210_000))
    assert give(ann, "x" * 300_000).status_code == 413


def test_no_more_watches_than_the_plan_holds_and_ended_ones_do_not_count(world: World, ann: Someone) -> None:
    for number in range(199):
        world.put_watch(f"w{number}", target={"provider": "ticketmaster", "item": f"i{number}"})
    text = (
        "name,provider,item,below,currency,status\n"
        "A,steam,1,5,USD,active\nB,steam,2,5,USD,active\nC,steam,3,5,USD,ended\n"
    )
    page = text_of(give(ann, text))
    assert "Would be saved (2)" in page
    assert "Your plan (Basic) holds 200 watches" in page
    give(ann, text, save="yes")
    assert len(world.watches()) == 201


def test_what_a_file_says_is_never_markup(ann: Someone) -> None:
    answer = give(ann, 'name,provider,item,below,currency\n"<script>alert(1)</script>",steam,1,5,USD\n')
    assert "<script>" not in answer.get_data(as_text=True)


def test_a_forged_import_saves_nothing(world: World, ann: Someone) -> None:
    answer = ann.client.post("/watches/import", data={"text": SHEET, "save": "yes"})
    assert answer.status_code == 403
    assert "Good,ticketmaster,abc" in text_of(answer)  # what was typed is kept
    assert world.app().test_client().get("/watches/export.json").status_code in (302, 303, 401)
    assert not world.watches()


def test_an_import_writes_only_to_ones_own_folder(world: World, ann: Someone) -> None:
    watch = {
        "id": "../../bob/ticket_monitors/w1",
        "uid": "bob",
        "name": "A",
        "target": {"provider": "steam", "item": "1"},
        "conditions": [{"kind": "below", "price": "5", "currency": "USD"}],
    }
    page = text_of(give(ann, json.dumps([watch])))
    assert "uid: this field is not known; remove it." in page
    del watch["uid"]
    give(ann, json.dumps([watch]), save="yes")
    (saved,) = world.watches()
    assert saved.path.startswith(PLACES.sources("ann"))
    assert re.fullmatch(r"[0-9a-f]{20}", saved.id)


def test_what_names_no_way_of_telling_tells_by_what_works(world: World, ann: Someone) -> None:
    world.reach("ann", phone=None, email="ann@mail.example", email_verified_at=world.now())
    give(
        ann,
        "name,provider,item,below,currency,notify\nA,ticketmaster,a,50,USD,\nB,ticketmaster,b,50,USD,sms\n",
        save="yes",
    )
    assert {one.fields["name"]: one.fields["notify"] for one in world.watches("ann")} == {
        "A": ["email"],
        "B": ["sms"],
    }
