"""The API tried by its own description: no 5xx, nothing undocumented, nobody let in without a token."""

from tests import api_fuzz


def test_it_holds_what_its_description_says() -> None:
    world = api_fuzz.world()
    key = api_fuzz.key_of(world)
    app = api_fuzz.open_to_all(world.app())
    tried = api_fuzz.fuzz(app, key, api_fuzz.config(key, seed=20261130, examples=3))
    described = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    assert tried.failures == {}
    assert tried.operations == {
        f"{method.upper()} {path}" for path, methods in described.items() for method in methods
    }
    assert not [status for status in tried.statuses if status >= 500]
    assert {200, 201, 204, 401, 404, 405, 422} <= tried.statuses.keys()
