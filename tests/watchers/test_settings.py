from datetime import timedelta

import pytest

from watchers.settings import DOCUMENTED, SECRETS, Settings


def test_without_any_setting_it_runs_on_this_machine() -> None:
    settings = Settings.from_env({})
    assert settings.store == "sqlite:///data/ticket-scout.db"
    assert (settings.places.app_id, settings.places.worker_collection) == (
        "ticket-scout",
        "worker_monitor_jobs",
    )
    assert (settings.project, settings.secret_key, settings.local_person) == (None, None, None)
    assert (settings.every, settings.tick_seconds, settings.port) == (timedelta(seconds=60), 45, 8080)
    assert settings.price_history == timedelta(days=730)
    assert settings.secrets == ()


def test_a_blank_setting_is_none() -> None:
    blank = {name: "  " for name in DOCUMENTED if name not in SECRETS}
    assert Settings.from_env(blank) == Settings.from_env({})
    assert Settings.from_env({"SECRET_KEY": " "}).secret_key is None


def test_what_is_set_is_taken() -> None:
    settings = Settings.from_env(
        {
            "STORE": "firestore",
            "GOOGLE_CLOUD_PROJECT": "p",
            "APP_ID": "a",
            "WORKER_COLLECTION": "w",
            "PUBLIC_URL": "https://scout.example/",
            "MIN_INTERVAL_SECONDS": "0",
            "PRICE_HISTORY_DAYS": "0",
        }
    )
    assert (settings.store, settings.project) == ("firestore", "p")
    assert (settings.places.app_id, settings.places.worker_collection) == ("a", "w")
    assert settings.public_url == "https://scout.example"
    assert (settings.every, settings.price_history) == (timedelta(), timedelta())


@pytest.mark.parametrize("topic", ["boards", "projects/p/topics/boards"])
def test_a_topic_has_its_full_name(topic: str) -> None:
    settings = Settings.from_env({"GOOGLE_CLOUD_PROJECT": "p", "BOARDS_TOPIC": topic})
    assert settings.boards_topic == "projects/p/topics/boards"
    assert Settings.from_env({"GOOGLE_CLOUD_PROJECT": "p"}).boards_topic is None


def test_operators_are_named_one_by_one() -> None:
    assert Settings.from_env({"OPERATORS": " olga, you ,,"}).operators == {"olga", "you"}
    assert Settings.from_env({"OPERATORS": " "}).operators == set()


def test_every_secret_that_is_set_is_known_to_the_log() -> None:
    env = {name: f"value of {name}" for name in SECRETS}
    assert set(Settings.from_env(env).secrets) == set(env.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("MIN_INTERVAL_SECONDS", "-1"),
        ("MIN_INTERVAL_SECONDS", "nan"),
        ("TICK_SECONDS", "inf"),
        ("TICK_EVERY_SECONDS", "1 minute"),
        ("PRICE_HISTORY_DAYS", "for ever"),
        ("APP_ID", "a/b"),
        ("WORKER_COLLECTION", "jobs/mine"),
        ("PUBLIC_URL", "scout.example"),
        ("BOARDS_TOPIC", "boards"),
        ("BOARDS_TOPIC", "projects/p/boards"),
        ("BOARDS_TOPIC", "projects/p/topics/a"),
        ("BOARDS_TOPIC", "projects/p/topics/no spaces"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_never_repeated(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        Settings.from_env({name: value})
    assert value not in str(refused.value)
