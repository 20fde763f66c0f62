"""Why something came another way: also what the person can do about it."""

import pytest

from notifiers.words.excuses import undelivered


@pytest.mark.parametrize("why", ["opted_out", "21610"])
def test_who_opted_out_is_told_how_to_get_texts_again(why: str) -> None:
    assert undelivered(why, "K7Q2ABCD") == (
        "The text about this (#K7Q2) could not be delivered: your number has opted out of our texts "
        "(reply START to our number to get them again)."
    )
