"""Style and scripts: ours, and kept by browsers until they change."""

import re

from tests.web.kit import Someone


def test_the_style_is_kept_for_ever_under_its_address(ann: Someone) -> None:
    address = re.search(r'href="(/assets/[0-9a-f]{16}/style\.css)"', ann.get("/"))
    assert address
    answer = ann.client.get(address[1])

    assert answer.mimetype == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "--accent" in answer.get_data(as_text=True)


def test_an_old_address_leads_to_what_it_is_now_and_is_not_kept(ann: Someone) -> None:
    answer = ann.client.get("/assets/0000000000000000/style.css")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_nothing_else_is_served(ann: Someone) -> None:
    for name in ("nothing.css", "..%2f__init__.py", "__init__.py"):
        assert ann.client.get(f"/assets/0000000000000000/{name}").status_code == 404
