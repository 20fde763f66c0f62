"""What a person is told about how they can be reached."""

from datetime import UTC, datetime

import pytest

from watchers.kinds import Channel
from watchers.models import Person
from web.reach import reach

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TOPIC = "ntfys://ntfy.sh/a-private-topic"


@pytest.mark.parametrize(
    ("person", "channel", "said"),
    [
        (Person("u1"), Channel.APP, "Goes on your page of alerts."),
        (
            Person("u1", phone="+15005550006", phone_verified_at=NOW),
            Channel.SMS,
            "Goes to the number ending in 06.",
        ),
        (
            Person("u1", email="al@example.org", email_verified_at=NOW),
            Channel.EMAIL,
            "Goes to al@example.org.",
        ),
        (Person("u1", push_url=TOPIC, push_verified_at=NOW), Channel.PUSH, "Goes to your ntfy."),
        (
            Person("u1", push_url="tgram://token/1", push_verified_at=NOW),
            Channel.PUSH,
            "Goes to your Telegram.",
        ),
        (
            Person("u1", push_url="jsons://hook.example/1", push_verified_at=NOW),
            Channel.PUSH,
            "Goes to your webhook.",
        ),
        (Person("u1"), Channel.PUSH, "Does not work yet: push messages are not offered here yet."),
        (Person("u1"), Channel.SMS, "Does not work yet: we have no verified phone number of yours."),
        (
            Person("u1", phone="+15005550006", phone_problem="21614"),
            Channel.SMS,
            "Does not work yet: the phone network refused your number (21614).",
        ),
        (
            Person("u1", email="al@example.org", email_problem="550"),
            Channel.EMAIL,
            "Does not work yet: your mail server refused the address (550).",
        ),
        (
            Person("u1", push_url=TOPIC, push_problem="404"),
            Channel.PUSH,
            "Does not work yet: your ntfy refused the address (404).",
        ),
    ],
)
def test_the_form_says_where_it_goes_or_why_not(person: Person, channel: Channel, said: str) -> None:
    assert reach(person).said(channel) == said


def test_who_replied_stop_is_told_so_whatever_else_is_wrong() -> None:
    stopped = Person(
        "u1", phone="+15005550006", phone_verified_at=NOW, email="al@example.org",
        email_problem="550", opted_out_at=NOW,
    )  # fmt: skip

    assert reach(stopped).said("sms") == (
        "Does not work yet: you replied STOP to our texts; reply START to our number to get them again."
    )
    assert "(550)" in reach(stopped).said("email")


def test_who_runs_this_is_told_how_to_add_what_is_missing_only() -> None:
    where = reach(Person("you", email="al@example.org", email_problem="550"), "you")

    assert "person add you --phone …" in where.why_no_sms
    assert "person add you --push …" in where.why_no_push
    assert "person add" not in where.why_no_email
    assert "person add" not in reach(Person("ann"), "you").why_no_sms


def test_no_address_of_a_push_is_shown() -> None:
    assert "topic" not in repr(reach(Person("u1", push_url=TOPIC, push_verified_at=NOW)))
