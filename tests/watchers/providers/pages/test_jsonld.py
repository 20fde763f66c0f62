"""What sites get wrong in JSON-LD and is read all the same, and what is not."""

from decimal import Decimal

import pytest

from watchers.providers.pages.jsonld import NotJsonError, value_of


@pytest.mark.parametrize(
    "written",
    [
        '{"a": "x"}',
        '\ufeff {"a": "x"} ',
        '{"a": "x",}',
        '{"a": "x"};',
        '{"a": "x" /* why */ }',
        '{"a": "x" // why\n}',
        '{"a": "x", // why\n}',
        '//<![CDATA[\n{"a": "x"}\n//]]>',
        '/*<![CDATA[*/{"a": "x"}/*]]>*/',
        '<!--\n{"a": "x"}\n-->',
        "{&quot;a&quot;: &#34;x&#34;}".replace("&#34;", "&quot;"),
        '{"a": "\\x"}',
    ],
)
def test_a_careless_block_is_read(written: str) -> None:
    assert value_of(written) == {"a": "x"}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('{"a": "http://x.example/ /* no comment */, }",}', "http://x.example/ /* no comment */, }"),
        ('{"a": "line 1\nline 2\t"}', "line 1\nline 2\t"),
        ('{"a": "it\\\'s \\"so\\" \\u00e9",}', 'it\'s "so" é'),
    ],
)
def test_what_stands_in_a_text_stays_as_it_is(written: str, text: str) -> None:
    assert value_of(written) == {"a": text}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("29.90", Decimal("29.90")),
        ("45", Decimal(45)),
        ("NaN", None),
        ("-Infinity", None),
        ("9" * 31, None),
        ("null", None),
        ("  ", None),
    ],
)
def test_numbers_are_exact_or_nothing(written: str, value: object) -> None:
    assert value_of(written) == value


@pytest.mark.parametrize(
    "written",
    [
        "{",
        "this is no JSON {{{",
        "{'a': 'x'}",
        '{"a": 1} {"b": 2}',
        "[" * 61 + "]" * 61,
        "[" * 100_000,
        "[" + "0," * 100_001 + "0]",
        '"' + "x" * 1_000_000 + '"',
        "&quot;&#" + "9" * 5_000 + ";",
    ],
    ids=lambda written: written[:20],
)
def test_what_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(NotJsonError):
        value_of(written)
