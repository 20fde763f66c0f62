"""One whole story over a real socket, with a real HTTP client: from the page of tokens to the export."""

import re
import threading
from collections.abc import Iterator

import httpx
import pytest
from werkzeug.serving import make_server

from tests import markets
from tests.markets import Market, entry, face
from tests.web.kit import SECRET, World
from web.entry import entry_token


@pytest.fixture
def address(world: World) -> Iterator[str]:
    shop = Market("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400)))
    world.catalog = markets.World(shop).catalog
    server = make_server("127.0.0.1", 0, world.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_program_does_what_its_person_does(world: World, address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as browser:
        token = _token(browser)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{address}/api/v1", headers=headers, trust_env=False) as api:
        found = api.get("/search", params={"keyword": "tram"}).raise_for_status().json()["events"][0]
        offer = found["markets"][0]
        watch = {
            "name": found["name"],
            "target": {"provider": offer["provider"], "item": offer["item"]},
            "conditions": [{"kind": "below", "price": "50.00", "currency": offer["prices"][0]["currency"]}],
        }
        made = api.post("/watches", json=watch, headers={"Idempotency-Key": "story-1"})
        assert made.status_code == 201
        where = made.headers["Location"].removeprefix("/api/v1")
        read = api.get(where)
        assert read.json() == made.json()
        edited = api.patch(where, json={"name": "Tram, cheaper"}, headers={"If-Match": read.headers["ETag"]})
        assert edited.json()["name"] == "Tram, cheaper"
        late = api.patch(where, json={"name": "Too late"}, headers={"If-Match": read.headers["ETag"]})
        assert (late.status_code, late.headers["Content-Type"]) == (412, "application/problem+json")
        assert api.post(f"{where}/pause").json()["watch"]["status"] == "paused"
        data = api.get("/me/data").json()
        assert [one["name"] for one in data["watches"]] == ["Tram, cheaper"]
        exported = api.get("/export").json()["watches"]
        assert [(one["name"], one["watch"]["status"]) for one in exported] == [("Tram, cheaper", "paused")]
        assert api.delete(where).status_code == 204
        assert api.get(where).status_code == 404
    assert world.watches() == []


def _token(browser: httpx.Client) -> str:
    """As a person makes one: by the link to get in, and the form."""
    link = {"token": entry_token(SECRET, "ann")}
    form = _hidden(browser.get("/enter", params=link).text)
    assert browser.post("/enter", data=form | link).status_code == 303
    form = _hidden(browser.get("/settings/tokens").text)
    page = browser.post(
        "/settings/tokens", data=form | {"name": "story", "scope": "write", "days": "30"}
    ).text
    found = re.search(r">(ts_[\w-]+)</textarea>", page)
    assert found
    return found[1]


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
