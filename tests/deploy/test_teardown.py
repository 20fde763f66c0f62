"""``deploy/teardown.sh`` with the real gcloud: it lists, asks, deletes what is ours and nothing else."""

import re

import pytest

from tests.deploy.installed import PROJECT, REGION, Installed
from tests.deploy.operators import FUNCTIONS, HERE, Operator, a_function
from watchers.settings import SECRETS

ACCOUNT = f"scout-worker@{PROJECT}.iam.gserviceaccount.com"
SOMEBODY = f"scout-worker-of-somebody@{PROJECT}.iam.gserviceaccount.com"
POLICY = f"v1/projects/{PROJECT}"
OURS = {
    f"v1/{HERE}/jobs/ticket-scout-worker",
    *(f"v2/{HERE}/functions/{name}" for name in FUNCTIONS),
    f"v1/projects/{PROJECT}/topics/ticket-scout-boards",
    f"v1/projects/{PROJECT}/subscriptions/ticket-scout-boards-dead",
    f"v1/projects/{PROJECT}/secrets/scout-secret-key",
    f"v1/projects/{PROJECT}/serviceAccounts/{ACCOUNT}",
    f"v1/{HERE}/repositories/ticket-scout",
    f"v3/projects/{PROJECT}/alertPolicies/1",
    f"v1/projects/{PROJECT}/dashboards/1",
    f"v3/projects/{PROJECT}/uptimeCheckConfigs/1",
    f"v3/projects/{PROJECT}/notificationChannels/1",
    f"v2/projects/{PROJECT}/metrics/scout_dwell_seconds",
}
NOT_OURS = {
    f"v1/{HERE}/jobs/somebody-elses",
    f"v2/{HERE}/functions/web-of-somebody",
    f"v1/projects/{PROJECT}/topics/boards",
    f"v1/projects/{PROJECT}/secrets/scout-of-somebody",
    f"v1/projects/{PROJECT}/serviceAccounts/{SOMEBODY}",
    f"v3/projects/{PROJECT}/alertPolicies/2",
    f"v1/projects/{PROJECT}/dashboards/2",
    f"v3/projects/{PROJECT}/uptimeCheckConfigs/2",
    f"v3/projects/{PROJECT}/notificationChannels/2",
    f"v2/projects/{PROJECT}/metrics/somebody-elses",
}
THEIRS = {
    f"v1/projects/{PROJECT}/databases/somebody-elses",
    f"v1/projects/{PROJECT}/locations/{REGION}/backups/of-somebody-elses",
}
DATABASE = f"v1/projects/{PROJECT}/databases/(default)"
BACKUP = f"v1/projects/{PROJECT}/locations/{REGION}/backups/b1"


@pytest.fixture
def full(installed: Installed) -> Installed:
    """What deploy made, and what somebody else made beside it."""
    for name in OURS | NOT_OURS:
        if "/functions/" in name:
            a_function(installed, name.rpartition("/")[2])
        else:
            installed.put(name)
    for name in (f"v1/projects/{PROJECT}/serviceAccounts/{one}" for one in (ACCOUNT, SOMEBODY)):
        installed.things[name]["email"] = name.rpartition("/")[2]
    for number, title in (("1", "Ticket Scout: tick not running"), ("2", "Somebody's")):
        for kind in ("v3/projects/{}/alertPolicies/{}", "v1/projects/{}/dashboards/{}"):
            installed.things[kind.format(PROJECT, number)]["displayName"] = title
    checks = f"v3/projects/{PROJECT}/uptimeCheckConfigs/"
    installed.things[f"{checks}1"]["displayName"] = "Ticket Scout is ready"
    installed.things[f"{checks}2"]["displayName"] = "Somebody's is ready"
    installed.things[f"v3/projects/{PROJECT}/notificationChannels/1"]["userLabels"] = {
        "product": "ticket-scout"
    }
    for name in ("scout_dwell_seconds", "somebody-elses"):
        installed.things[f"v2/projects/{PROJECT}/metrics/{name}"]["name"] = name
    installed.put(BACKUP, state="READY")
    members = [f"serviceAccount:{one}" for one in (ACCOUNT, SOMEBODY)]
    installed.policies[POLICY] = {
        "bindings": [{"role": "roles/datastore.user", "members": members}],
        "etag": "BwY=",
        "version": 1,
    }
    return installed


def test_it_lists_and_asks_and_what_is_ours_goes_and_all_else_stays(
    operator: Operator, full: Installed
) -> None:
    """Refused at the question; then broken off in the middle; then run again."""
    refused = operator.run("teardown.sh", typed="y\n")
    assert (refused.returncode, full.changes()) == (1, [])
    assert "scheduler job ticket-scout-worker" in refused.stdout
    assert f"right roles/datastore.user of {ACCOUNT}" in refused.stdout
    assert "Databases and backups stay" in refused.stdout
    assert "nothing was changed" in refused.stderr

    full.broken["DELETE .*/secrets/"] = 403
    assert operator.run("teardown.sh", "--yes").returncode != 0
    full.broken.clear()

    again = operator.run("teardown.sh", typed=f"{PROJECT}\n")
    assert again.returncode == 0, again.stderr
    assert "secret scout-secret-key" in again.stdout
    assert "function web" not in again.stdout, "it is gone already, so it is not listed"
    assert sorted(OURS & full.things.keys()) == []
    assert full.things.keys() >= NOT_OURS | {DATABASE, BACKUP}
    assert full.policies[POLICY]["bindings"] == [
        {"role": "roles/datastore.user", "members": [f"serviceAccount:{SOMEBODY}"]}
    ]


def test_databases_go_only_when_it_is_said_and_lose_their_protection_first(
    operator: Operator, installed: Installed
) -> None:
    installed.things = {DATABASE: installed.things[DATABASE]}
    assert "Nothing of Ticket Scout is left" in operator.run("teardown.sh", "--yes").stdout
    installed.put(BACKUP, state="READY", database=DATABASE.removeprefix("v1/"))
    restored = DATABASE.replace("(default)", "scout-restored")
    earlier = BACKUP.replace("b1", "b2")
    installed.put(restored)
    installed.put(earlier, database=restored.removeprefix("v1/"))
    for name in THEIRS:
        installed.put(name, database=f"projects/{PROJECT}/databases/somebody-elses")
    said = operator.run("teardown.sh", "--data", "--yes")
    assert said.returncode == 0, said.stderr
    assert installed.changes() == [
        *(("PATCH", DATABASE), ("DELETE", DATABASE), ("PATCH", restored), ("DELETE", restored)),
        *(("DELETE", BACKUP), ("DELETE", earlier)),
    ]
    assert installed.things.keys() == THEIRS
    assert "(gcf-v2-…)" in said.stdout


def test_every_secret_of_the_product_would_be_deleted(operator: Operator) -> None:
    shown = operator.run("teardown.sh", "--dry-run").stdout
    deleted = re.findall(r"gcloud secrets delete (\S+)", shown)
    assert sorted(deleted) == sorted(f"scout-{name.lower().replace('_', '-')}" for name in SECRETS)


def test_where_it_may_not_look_it_deletes_nothing(operator: Operator, full: Installed) -> None:
    full.broken["GET .*/topics$"] = 403
    said = operator.run("teardown.sh", "--yes")
    assert (said.returncode, full.changes()) == (1, [])
    assert "could not look what there is: gcloud pubsub topics list" in said.stderr


@pytest.mark.parametrize("option", ["--date", "--data=no", "--data=", "--yes=no", "data"])
def test_an_option_that_is_not_understood_stops_it(operator: Operator, full: Installed, option: str) -> None:
    """Nobody who writes ``--data=no`` shall lose what people saved."""
    said = operator.run("teardown.sh", option, "--yes")
    assert (said.returncode, full.asked) == (1, [])
    assert f"{option} is not understood; there are: --data --yes --dry-run" in said.stderr
