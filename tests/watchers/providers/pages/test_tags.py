"""Tags as browsers read them, also where they are written badly; everything looked at is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.providers.pages.tags import Tag, tokens


def read(markup: str) -> list[object]:
    return [
        one if isinstance(one, str) else ("/" + one.name if one.closes else (one.name, dict(one.attributes)))
        for one in tokens(markup)
    ]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<A HREF="x" b>hi</a>', [("a", {"href": "x", "b": ""}), "hi", "/a"]),
        ('<a b="1 > 2" c=\'"\' d = e>', [("a", {"b": "1 > 2", "c": '"', "d": "e"})]),
        ("<a title=it's \"foo>x", [("a", {"title": "it's", '"foo': ""}), "x"]),
        ('<a b="&lt;&amp;&#39;" b="second">', [("a", {"b": "<&'"})]),
        ("1 < 2 <3 <!doctype html><!-- <b> --><?x?>", ["1 < 2 <3 "]),
        ("<br/><p/x=1>", [("br", {}), ("p", {"x": "1"})]),
        (
            "<script>if (a<b) '</scripts>'</SCRIPT >x",
            [("script", {}), "if (a<b) '</scripts>'", "/script", "x"],
        ),
        ("<title>a <b> c</title>", [("title", {}), "a <b> c", "/title"]),
        ("<style>never closed <b>", [("style", {}), "never closed <b>"]),
        ('<a b="never closed > <c>', [("a", {"b": "never closed > <c>"})]),
        ("<!-- never closed <c>", []),
        ("<a", [("a", {})]),
    ],
)
def test_a_tag_is_what_a_browser_takes_it_for(markup: str, expected: list[object]) -> None:
    assert [one for one in read(markup) if one] == expected


@given(st.text(alphabet="<>/!-=\"' abscript&;\n", max_size=60))
def test_no_text_is_read_twice(markup: str) -> None:
    taken = sum(
        len(one.written) + len(one.name) if isinstance(one, Tag) else len(one) for one in tokens(markup)
    )
    assert taken <= len(markup)
