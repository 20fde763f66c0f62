"""The page of tokens: made with a name, shown once, listed, revoked."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from tests.web.kit import Someone, World, errors_of, text_of
from watchers.errors import StoreUnavailableError
from web.api import tokens
from web.api.tokens import Token, TooManyTokensError


def _make(ann: Someone, **changes: str) -> str:
    form = re.search(r'name="form" value="(\w+)"', ann.get("/settings/tokens"))
    assert form
    answer = ann.post(
        "/settings/tokens", {"name": "my script", "scope": "read", "days": "90", "form": form[1], **changes}
    )
    assert answer.status_code == 200, answer.status
    return _shown(answer)


def _shown(answer: TestResponse) -> str:
    found = re.search(r">(ts_[\w-]+)</textarea>", text_of(answer))
    assert found
    return found[1]


def _me(world: World, token: str) -> int:
    answer = world.app().test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def test_a_token_is_made_shown_once_and_works(world: World, ann: Someone) -> None:
    token = _make(ann)
    assert _me(world, token) == 200
    page = ann.get("/settings/tokens")
    assert token not in page
    assert "my script" in page
    assert "Only reads" in page


def test_a_double_click_leaves_the_token_that_is_shown(world: World, ann: Someone) -> None:
    first, second = (_make(ann, form="0123456789abcdef0123") for _ in range(2))
    assert (_me(world, first), _me(world, second)) == (401, 200)
    assert ann.get("/settings/tokens").count("my script</bdi>") == 1


def test_it_is_over_after_the_days_that_were_chosen(world: World, ann: Someone) -> None:
    token, for_ever = _make(ann, days="30"), _make(ann, days="")
    world.later = timedelta(days=31)
    assert (_me(world, token), _me(world, for_ever)) == (401, 200)


def test_revoking_ends_it_and_may_be_pressed_twice(world: World, ann: Someone) -> None:
    token = _make(ann)
    token_id = tokens.digest(token)
    for _ in range(2):
        assert ann.post(f"/settings/tokens/{token_id}/revoke").status_code == 303
    assert "Revoked" in ann.get("/settings/tokens")
    assert _me(world, token) == 401


def test_nobody_revokes_somebody_elses(world: World, ann: Someone) -> None:
    token = _make(ann)
    world.person("bob").post(f"/settings/tokens/{tokens.digest(token)}/revoke")
    assert _me(world, token) == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"days": "7"}, "days"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_what_was_written_stays(
    ann: Someone, changes: dict[str, str], field: str
) -> None:
    answer = ann.post("/settings/tokens", {"name": "kept name", "scope": "write", "days": "30", **changes})
    assert answer.status_code == 422
    assert list(errors_of(answer)) == [field]
    page = text_of(answer)
    assert 'value="write" checked' in page
    if field != "name":
        assert 'value="kept name"' in page


def test_a_name_is_only_text(ann: Someone) -> None:
    _make(ann, name="<script>alert(1)</script>")
    assert "<script>alert" not in ann.client.get("/settings/tokens").get_data(as_text=True)


def test_a_twenty_first_is_refused_kindly(ann: Someone) -> None:
    for _ in range(20):
        _make(ann)
    answer = ann.post("/settings/tokens", {"name": "one more", "scope": "read", "days": "30"})
    assert answer.status_code == 409
    assert "You have 20 tokens" in text_of(answer)
    assert 'value="one more"' in text_of(answer)


def test_another_sites_form_makes_none(world: World, ann: Someone) -> None:
    answer = ann.client.post("/settings/tokens", data={"name": "x", "scope": "write", "days": ""})
    assert answer.status_code == 403
    assert tokens.every(world.documents.inner, "ann") == []


def test_who_is_not_signed_in_sees_none(world: World) -> None:
    assert world.app().test_client().get("/settings/tokens").status_code == 401


def test_many_at_the_same_moment_make_no_more_than_twenty(world: World) -> None:
    documents = world.documents.inner

    def make(number: int) -> bool:
        try:
            tokens.make(documents, Token("", "ann", f"t{number}", "read", world.now()))
        except (TooManyTokensError, StoreUnavailableError):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(make, range(40)))
    assert made == len(tokens.every(documents, "ann"))
    assert 0 < made <= tokens.MOST


def test_sending_the_form_again_says_what_became_of_the_first(world: World, ann: Someone) -> None:
    form = {"name": "x", "scope": "read", "days": "90", "form": "f1"}
    first = _shown(ann.post("/settings/tokens", form))
    again = ann.post("/settings/tokens", form)
    assert "does not work any more" in text_of(again)
    assert (_me(world, first), _me(world, _shown(again))) == (401, 200)
    once_more = ann.post("/settings/tokens", form)
    assert once_more.status_code == 303
    assert "has made its token already" in ann.get("/settings/tokens")
    assert _me(world, _shown(again)) == 200


def test_its_days_are_said_on_the_calendar_and_in_the_language_of_whoever_has_it(
    world: World, ann: Someone
) -> None:
    made_at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    world.reach(timezone="Europe/Berlin", language="de")
    tokens.make(world.documents, Token("", "ann", "my script", "read", made_at, None))
    with ann.client.session_transaction() as session:
        session["language"] = "de"
    page = ann.get("/settings/tokens")
    assert "1. Jan 2027" in page
    assert "31 Dec 2026" not in page


def test_a_form_that_is_sent_again_long_after_makes_no_second_token(world: World, ann: Someone) -> None:
    form = {"name": "x", "scope": "read", "days": "90", "form": "f1"}
    first = _shown(ann.post("/settings/tokens", form))
    world.later = timedelta(minutes=11)
    assert ann.post("/settings/tokens", form).status_code == 303
    assert len(tokens.every(world.documents.inner, "ann")) == 1
    assert _me(world, first) == 200
