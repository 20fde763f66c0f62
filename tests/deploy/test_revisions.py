"""To which revisions a rollback goes: ``deploy/revisions.py`` on what gcloud lists."""

import importlib.util
import json
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.deploy.operators import DEPLOY, a_revision


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("revisions", DEPLOY / "revisions.py")
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REVISIONS = _loaded()
SERVICES = ("worker", "web")


def _chosen(*listed: dict[str, Any], to: str | None = None) -> dict[str, str]:
    every = REVISIONS.revisions(listed, SERVICES)
    return {service: one.name for service, one in REVISIONS.chosen(every, to).items()}


def _history(
    *releases: str, services: tuple[str, ...] = SERVICES, over: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    databases = over or ("",) * len(releases)
    return [
        a_revision(
            service, f"{service}-{number}", f"2026-11-{number + 1:02}T00:00:00Z", release, database=database
        )
        for number, (release, database) in enumerate(zip(releases, databases, strict=True))
        for service in services
    ]


def test_every_function_goes_back_to_the_release_before() -> None:
    assert _chosen(*_history("s1-a", "s1-b", "s1-c")) == {"worker": "worker-1", "web": "web-1"}


def test_a_release_that_was_deployed_twice_is_left_altogether() -> None:
    assert _chosen(*_history("s1-a", "s1-b", "s1-b")) == {"worker": "worker-0", "web": "web-0"}


def test_a_function_that_the_broken_deployment_never_reached_stays_where_it_is() -> None:
    listed = [*_history("s1-a", "s1-b"), *_history("s1-a", "s1-b", "s1-c", services=("worker",))[2:]]
    assert _chosen(*listed) == {"worker": "worker-1", "web": "web-1"}


def test_a_function_that_is_new_in_the_last_release_is_left_alone() -> None:
    listed = [*_history("s1-a", "s1-b", services=("worker",)), *_history("s1-b", services=("web",))]
    assert _chosen(*listed) == {"worker": "worker-0"}


def test_a_revision_that_never_started_is_passed_over() -> None:
    broken = [a_revision(one, f"{one}-9", "2026-11-02T12:00:00Z", "s1-bad", ready=False) for one in SERVICES]
    listed = [*_history("s1-a", "s1-b"), *broken]
    assert _chosen(*listed) == {"worker": "worker-1", "web": "web-1"}, (
        "the last one that started is the one before"
    )


def test_a_release_can_be_named() -> None:
    assert _chosen(*_history("s1-a", "s1-b", "s1-c"), to="s1-a") == {"worker": "worker-0", "web": "web-0"}


def test_revisions_that_say_no_release_go_back_by_one() -> None:
    assert _chosen(*_history("", "", "")) == {"worker": "worker-1", "web": "web-1"}


def test_what_runs_besides_is_not_touched() -> None:
    listed = [*_history("s1-a", "s1-b"), *_history("x", "y", "z", services=("somebody-elses",))]
    assert _chosen(*listed) == {"worker": "worker-0", "web": "web-0"}


@pytest.mark.parametrize(
    ("listed", "to", "why"),
    [
        ([], None, "no function has a revision here"),
        (_history("s1-a"), None, "there is no release before s1-a"),
        (_history(""), None, "no function has a sound revision before its newest"),
        (_history("s1-a", "s1-b"), "s1-nobody", "no sound revision of s1-nobody is left"),
        (
            _history("s1-a-01234567", "s2-b", "s3-c-89abcdef"),
            "s1-a-01234567",
            "go back to a release of shape 2, or restore a backup",
        ),
    ],
    ids=[
        "an empty project",
        "the first release",
        "a nameless first one",
        "an unknown one",
        "a leap over shapes",
    ],
)
def test_there_is_no_way_back(listed: list[dict[str, Any]], to: str | None, why: str) -> None:
    with pytest.raises(REVISIONS.NoWayBackError, match=why):
        _chosen(*listed, to=to)


@pytest.mark.parametrize("to", [None, "s1-a"])
@pytest.mark.parametrize(
    ("releases", "over"),
    [
        (("s1-a", "s1-b"), ("(default)", "scout-restored")),
        (("s1-a", "s1-b"), ("", "scout-restored")),
        (("s1-a", "s1-b", "s1-b"), ("(default)", "(default)", "scout-restored")),
    ],
    ids=["a restore with an upgrade", "of a release that names no database", "a restore of the same release"],
)
def test_no_way_leads_back_over_a_restore(
    releases: tuple[str, ...], over: tuple[str, ...], to: str | None
) -> None:
    with pytest.raises(REVISIONS.NoWayBackError, match="FIRESTORE_DATABASE=scout-restored stand in"):
        _chosen(*_history(*releases, over=over), to=to)


def test_nor_does_it_where_no_revision_says_its_release() -> None:
    with pytest.raises(REVISIONS.NoWayBackError, match="since a restore scout-restored is what runs"):
        _chosen(*_history("", "", over=("(default)", "scout-restored")))


def test_what_was_deployed_since_a_restore_can_be_gone_back_to() -> None:
    over = ("(default)", "scout-restored", "scout-restored")
    assert _chosen(*_history("s1-a", "s1-b", "s1-c", over=over)) == {"worker": "worker-1", "web": "web-1"}


def test_no_name_of_a_database_is_the_default_one() -> None:
    assert _chosen(*_history("s1-a", "s1-b", over=("", "(default)"))) == {
        "worker": "worker-0",
        "web": "web-0",
    }


def test_one_step_between_shapes_is_no_leap() -> None:
    assert _chosen(*_history("s1-a", "s2-b")) == {"worker": "worker-0", "web": "web-0"}


def test_as_a_script_it_prints_a_line_for_each_or_says_why_not() -> None:
    def run(*releases: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(DEPLOY / "revisions.py"), "previous", *SERVICES]
        said = json.dumps(_history(*releases))
        return subprocess.run(command, input=said, capture_output=True, text=True, check=False)  # noqa: S603

    assert set(run("s1-a", "s1-b").stdout.splitlines()) == {"worker worker-0 s1-a", "web web-0 s1-a"}
    refused = run("s1-a")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no release before" in refused.stderr
