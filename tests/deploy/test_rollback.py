"""``deploy/rollback.sh`` with the real gcloud, on an installation of this machine."""

from tests.deploy.installed import PROJECT, Installed
from tests.deploy.operators import FUNCTIONS, RUN, Operator


def _serving(installed: Installed) -> dict[str, list[tuple[str, int]]]:
    return {
        name: [
            (one.get("revisionName", "the newest"), one["percent"])
            for one in installed.things[f"{RUN}/services/{name}"]["spec"]["traffic"]
        ]
        for name in FUNCTIONS
    }


def test_all_traffic_goes_back_and_twice_is_no_further(operator: Operator, installed: Installed) -> None:
    """Broken off after two functions, then run again."""
    installed.broken["PUT .*/services/copy-monitor-job"] = 403
    broken_off = operator.run("rollback.sh", typed=f"{PROJECT}\n")
    assert broken_off.returncode != 0
    assert [one for one in _serving(installed).values() if one != [("the newest", 100)]]

    installed.broken.clear()
    again = operator.run("rollback.sh", "--yes")
    assert again.returncode == 0, again.stderr
    assert _serving(installed) == {name: [(f"{name}-1", 100)] for name in FUNCTIONS}
    assert {method for method, _ in installed.changes()} == {"PUT"}
    assert {one.token for one in installed.asked} == {"Bearer a-token-of-gcloud"}


def test_nothing_is_changed_unless_the_project_is_typed(operator: Operator, installed: Installed) -> None:
    said = operator.run("rollback.sh", typed="yes\n")
    assert (said.returncode, installed.changes()) == (1, [])
    assert "web web-1 s1-old" in said.stdout
    assert "nothing was changed" in said.stderr


def test_an_unknown_release_is_said_and_nothing_is_changed(operator: Operator, installed: Installed) -> None:
    said = operator.run("rollback.sh", "--to=s1-nobody", "--yes")
    assert (said.returncode, installed.changes()) == (1, [])
    assert "no sound revision of s1-nobody is left" in said.stderr
