import pytest

from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.sms import refusal
from notifiers.twilio.codes import CODES, Action, fault_of, state_of
from watchers.models import AlertState

NAMED = {
    Action.CONTACT_DISABLED: "21211 21614 30005 30006",
    Action.OPTED_OUT: "21610",
    Action.OPERATOR_TOLD: "20003 20404 21408 21603 21606 21608 21609 21612 21659 30002 30007 30032 30034",
    Action.EMAILED: "14107 21617 30001 30003 30004 30008 30450",
    Action.RETRIED_LATER: "20429 21611",
    Action.UNKNOWN: "20500",
}


@pytest.mark.parametrize(
    ("code", "action"), [(code, action) for action, codes in NAMED.items() for code in codes.split()]
)
def test_every_code_that_matters_has_one_action(code: str, action: Action) -> None:
    assert CODES[code].action is action


def test_every_row_says_what_it_means_and_where_the_vendor_says_it() -> None:
    for code, meaning in CODES.items():
        assert meaning.words
        assert meaning.link == f"https://www.twilio.com/docs/api/errors/{code}"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("30005", Fault.BAD_CONTACT),
        ("21610", Fault.OPTED_OUT),
        ("30034", Fault.OPERATOR),
        ("30004", None),
        ("99999", None),
        ("", None),
        (None, None),
    ],
)
def test_the_fault_of_a_code_is_the_same_in_a_refusal_and_in_a_callback(
    code: str | None, fault: Fault | None
) -> None:
    assert fault_of(code) is fault
    if code:
        refused = refusal(400, code)
        assert isinstance(refused, NotifierRejectedError)
        assert refused.fault is fault


@pytest.mark.parametrize("code", CODES)
def test_a_text_that_may_have_been_accepted_is_never_put_back(code: str) -> None:
    """Only a code that says "nothing was taken" lets it be sent again."""
    for status in (500, 503):
        assert type(refusal(status, code)) is DeliveryUnknownError
    again = type(refusal(400, code)) is NotifierUnavailableError
    assert again is (CODES[code].action is Action.RETRIED_LATER)


def test_a_daily_limit_is_not_waited_for() -> None:
    refused = refusal(429, 63038)
    assert isinstance(refused, NotifierRejectedError)
    assert refused.fault is Fault.OPERATOR


@pytest.mark.parametrize("code", ["+15005550006", "15005550006", "no such number", "9", None, True, -1])
def test_a_code_that_is_none_is_not_repeated(code: object) -> None:
    assert refusal(400, code).code == "400"  # type: ignore[arg-type]
    assert refusal(429, code).code == "429"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        *[(word, AlertState.SENT) for word in ("queued", "accepted", "scheduled", "sending", "sent")],
        *[(word, AlertState.DELIVERED) for word in ("delivered", "read")],
        *[(word, AlertState.UNDELIVERED) for word in ("undelivered", "failed", "canceled")],
        *[(word, AlertState.SENT) for word in ("partially_delivered", "invented_tomorrow", "")],
    ],
)
def test_a_status_word_is_one_of_three_states(word: str, state: AlertState) -> None:
    assert state_of(word) is state
