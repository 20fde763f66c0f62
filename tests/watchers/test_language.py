"""What is said, and in which language."""

from watchers import language
from watchers.language import say, say_many, speaking, spoken_language


def test_english_is_what_stands_in_the_code() -> None:
    assert say("Saved “{name}”.", name="Lakers") == "Saved “Lakers”."
    assert say_many("{number} call", "{number} calls", 1) == "1 call"
    assert say_many("{number} call", "{number} calls", 2000) == "2,000 calls"


def test_braces_are_text_where_no_value_is_put_in() -> None:
    assert say("{not a value}") == "{not a value}"


def test_a_language_ends_with_its_block() -> None:
    with speaking("de"):
        assert spoken_language() == "de"
    assert spoken_language() == "en"


def test_a_language_that_we_do_not_have_is_english() -> None:
    with speaking("tlh"):
        assert spoken_language() == "en"


def test_what_a_translation_lacks_is_said_in_english() -> None:
    with speaking("de"):
        assert say("Nobody ever said {what}.", what="this") == "Nobody ever said this."


def test_every_language_has_a_catalogue() -> None:
    for code in language.LANGUAGES.keys() - {language.SOURCE}:
        assert (language.FOLDER / code / "LC_MESSAGES" / f"{language.DOMAIN}.po").exists()
