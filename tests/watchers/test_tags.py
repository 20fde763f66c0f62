"""A person's own words on a watch: read as they meant them, each once, and never too many."""

import pytest

from watchers.errors import WatchRefusedError
from watchers.tags import MOST, read_tags, replaced, retagged


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", ()),
        (" , ;, ", ()),
        ("concert", ("concert",)),
        ("with  Ann,concert ;  2027", ("with Ann", "concert", "2027")),
        ("Rock, rock, ROCK", ("Rock",)),
        ("a\nb\x00c", ("a b c",)),
        ("x" * 30, ("x" * 30,)),
    ],
)
def test_words_between_commas_are_tags(text: str, tags: tuple[str, ...]) -> None:
    assert read_tags(text) == tags


@pytest.mark.parametrize("text", ["x" * 31, ",".join(map(str, range(MOST + 1)))])
def test_what_is_too_long_or_too_many_is_refused_in_words(text: str) -> None:
    with pytest.raises(WatchRefusedError, match="at most"):
        read_tags(text)


def test_tags_are_added_and_taken_away_whatever_their_case() -> None:
    fields = {"tags": ["Rock", "2027"]}
    assert retagged(fields, add=["rock", "London"]) == {"tags": ["Rock", "2027", "London"]}
    assert retagged(fields, remove=["ROCK", "none of them"]) == {"tags": ["2027"]}
    assert retagged(fields, add=["rock"]) == {}
    assert replaced(fields, ()) == {"tags": []}


def test_a_watch_that_has_as_many_as_it_may_gets_no_more() -> None:
    fields = {"tags": [str(number) for number in range(MOST)]}
    with pytest.raises(WatchRefusedError, match="10 tags at most"):
        retagged(fields, add=["one more"])


def test_a_watch_of_the_first_shape_has_no_place_for_tags() -> None:
    with pytest.raises(WatchRefusedError, match="Edit it and save it once"):
        retagged({"eventId": "e1"}, add=["rock"])
    assert retagged({"eventId": "e1"}, remove=["rock"]) == {}


@pytest.mark.parametrize("damaged", [5, "text", [1, None], {"a": 1}])
def test_what_is_no_list_of_words_counts_as_none(damaged: object) -> None:
    assert retagged({"tags": damaged}, add=["rock"]) == {"tags": ["rock"]}
