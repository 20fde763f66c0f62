"""What deploy.sh would do, by the README's own words: nothing is called, and no account is needed."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.installation import REGION, ROOT, Installation, gcloud
from watchers.settings import SECRETS

PROJECT = "demo-app"
NOBODY = '#!/bin/sh\necho "gcloud was called" >&2\nexit 9\n'
SECRET = "tops3cret-and-no-word-of-it-anywhere"


@pytest.fixture
def mine(tmp_path: Path) -> Installation:
    here = Installation(tmp_path / "mine")
    here.put_gcloud(NOBODY)
    return here


def _everything(mine: Installation) -> str:
    mine.choose(
        **(dict.fromkeys(SECRETS, SECRET) | {"SMTP_URL": f"smtp://scout:{SECRET}@mail.example:587"}),
        MAIL_FROM="Scout <a@b.example>",
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_FROM_NUMBER="+14155550100",
        WEB_DOMAIN="scout.example.com",
        BUDGET="10USD",
    )
    ran = mine.deploy(PROJECT, "--dry-run")
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_the_chapter_followed_word_by_word(mine: Installation) -> None:
    chapter = re.search(r"## On Google Cloud\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL)
    assert chapter
    first, then = re.findall(r"```sh\n(.*?)```", chapter[1], re.DOTALL)
    assert first.splitlines()[0] == "make install"
    for line in first.splitlines()[1:]:
        ran = mine.run(*shlex.split(line))
        assert ran.returncode == 0, (line, ran.stderr)
    assert "gcloud functions deploy web " in ran.stdout
    assert then.strip() == first.splitlines()[-1].removesuffix(" --dry-run")


def test_each_command_has_its_reason(mine: Installation) -> None:
    steps = _everything(mine).split("\n\n")[1:]
    assert len(steps) > 15
    assert all(step.startswith("# ") for step in steps)


def test_what_it_prints_is_a_script_in_which_no_secret_stands(mine: Installation) -> None:
    printed = _everything(mine)
    assert SECRET not in printed
    assert printed.count("| gcloud secrets versions add scout-") == len(SECRETS)
    script = mine.folder / "script.sh"
    script.write_text(printed)
    assert mine.run("bash", "-n", str(script)).returncode == 0


@pytest.mark.skipif(gcloud() is None, reason="needs gcloud")
def test_every_command_it_prints_passes_gclouds_own_lint(mine: Installation) -> None:
    lines = [line for line in _everything(mine).splitlines() if not line.startswith("#")]
    found = [one for line in lines for one in re.findall(r"(?:^|\| )(gcloud .*?)(?= \||$)", line)]
    commands = mine.folder / "commands.json"
    commands.write_text(json.dumps([{"command_string": one} for one in found]))
    real = Installation(mine.folder / "real")
    linted = real.run(
        "gcloud",
        "meta",
        "lint-gcloud-commands",
        f"--commands-file={commands}",
        CLOUDSDK_CONFIG=str(mine.folder / "gc"),
    )
    answers = json.loads(linted.stdout)
    assert len(answers) == len(found) > 60
    assert not [(one["command_string"], one["error_message"]) for one in answers if not one["success"]]


def test_the_steps_know_the_same_secrets_as_the_product() -> None:
    text = (ROOT / "deploy/steps/settings.sh").read_text()
    named = re.search(r"SECRET_SETTINGS=\((.*?)\)", text, re.DOTALL)
    assert named
    assert sorted(named[1].split()) == sorted(SECRETS)


def test_who_sits_at_the_laptop_never_reaches_the_cloud(mine: Installation) -> None:
    mine.choose(LOCAL_PERSON="whoever-sits-here", SMS_COUNTRIES="GB,IE")
    printed = mine.deploy(PROJECT, "--dry-run").stdout
    assert "whoever-sits-here" not in printed
    assert printed.count("~~SMS_COUNTRIES=GB,IE") == 5


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('MAIL_FROM="Ticket Scout" <a@b.example>', '"Ticket Scout" <a@b.example>'),
        ('MAIL_FROM="Scout <a@b.example>" # why', "Scout <a@b.example>"),
        ("MAIL_FROM='Scout <a@b.example>'", "Scout <a@b.example>"),
        ("MAIL_FROM=Scout <a@b.example> # why", "Scout <a@b.example>"),
        ("MAIL_FROM=Scout#1 <a@b.example>\r", "Scout#1 <a@b.example>"),
    ],
)
def test_a_value_is_read_whole(mine: Installation, line: str, said: str) -> None:
    mine.choose(SMTP_URL="smtp://mail.example")
    with (mine.project / "deploy/settings.env").open("a", newline="") as file:
        file.write(line + "\n")
    assert mine.deploy(PROJECT, "--dry-run").stdout.count(f"~~MAIL_FROM={said}'") == 5


def test_the_last_line_of_a_name_counts_and_what_is_off_is_said(mine: Installation) -> None:
    mine.choose(BUDGET="10USD", SMTP_URL="smtp://mail.example", MAIL_FROM="a@b.example")
    with (mine.project / "deploy/settings.env").open("a") as file:
        file.write("BUDGET=\n")
    printed = mine.deploy(PROJECT, "--dry-run").stdout
    assert "No BUDGET" in printed
    assert "# Texts are off: set TWILIO_ACCOUNT_SID" in printed
    assert "E-mail is off" not in printed


def test_a_python_without_the_project_is_not_blamed_on_the_settings(mine: Installation) -> None:
    mine.choose()
    (mine.project / "deploy/steps/checked.py").write_text("import nothing_of_this_name\n")
    ran = mine.deploy(PROJECT, "--dry-run")
    assert ran.returncode == 1
    assert "run `make install`, also after an update" in ran.stderr


def test_sizes_are_what_the_settings_say(mine: Installation) -> None:
    mine.choose(DELIVER_CONCURRENCY="20", DELIVER_MAX_INSTANCES="50")
    printed = mine.deploy(PROJECT, "--dry-run").stdout
    line = next(
        line for line in printed.splitlines() if line.startswith("gcloud functions deploy deliver-alert")
    )
    assert "--concurrency=20 --min-instances=0 --max-instances=50" in line
    assert "~~THREADS=20~~WORKERS=1~~" in line


@pytest.mark.parametrize(("processors", "processes"), [("2", 2), ("0.5", 1)])
def test_pages_have_a_process_for_each_processor(mine: Installation, processors: str, processes: int) -> None:
    mine.choose(WEB_CPU=processors, WEB_CONCURRENCY="1" if processes == 1 else "16", WORKERS="9")
    printed = mine.deploy(PROJECT, "--dry-run").stdout.splitlines()
    made = [line for line in printed if line.startswith("gcloud functions deploy ")]
    assert [f"~~WORKERS={processes}~~" in line for line in made if " web " in line] == [True]
    assert sum("~~WORKERS=1~~" in line for line in made) == 5 - (processes == 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("TICKETMASTER_APIKEY=x", "README.md knows no setting TICKETMASTER_APIKEY; is it misspelt?"),
        ("no setting at all", "write NAME=value"),
        ("TICK_EVERY_SECONDS=90", "whole minutes that divide an hour"),
        ("PUBLIC_URL=scout.example.com", "PUBLIC_URL must begin with https://"),
        ("WORKER_CONCURRENCY=many", "WORKER_CONCURRENCY must be a whole number"),
    ],
)
def test_a_setting_that_is_wrong_stops_it_with_a_sentence(mine: Installation, line: str, said: str) -> None:
    mine.choose()
    with (mine.project / "deploy/settings.env").open("a") as file:
        file.write(line + "\n")
    ran = mine.deploy(PROJECT, "--dry-run")
    assert ran.returncode == 1
    assert said in ran.stderr
    assert ran.stdout.count("gcloud") == 0, "nothing was begun"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("WORKER_MEMORY", value) for value in ("banana", "512", "-1Gi")),
        *(("WEB_CPU", value) for value in ("-3", "many", "0", "3", "0.5")),
        *(("COPY_TIMEOUT", value) for value in ("3m", "0", "900")),
        *(("WORKER_TIMEOUT", value) for value in ("3600", "100")),
        *(
            ("PUBLIC_URL", value)
            for value in ("http://scout.example.com", "https://127.0.0.1", "https://box")
        ),
        ("SECRET_KEY", "short"),
        *(("WEB_MIN_INSTANCES", value) for value in ("-1", "one", "11")),
        *(("BACKUP_DAYS", value) for value in ("two", "0", "99")),
        *(("BUDGET", value) for value in ("ten dollars", "10", "USD10", "10.50USD")),
        *(("WEB_DOMAIN", value) for value in ("https://x.example.com/", "scout", "a_b.example.com")),
        *(("ALERT_EMAIL", value) for value in ("not an address", "a@b.example,c@d.example")),
        *(("TICK_EVERY_SECONDS", value) for value in ("45", "abc", "090", "7200")),
        ("FIRESTORE_LOCATION", "europe"),
        ("FIRESTORE_DATABASE", "My DB"),
        ("RUNBOOKS_URL", "runbooks"),
        *(("SMS_COUNTRIES", value) for value in ("Germany", "DE,XX")),
        ("METRICS_TOKEN", "short"),
        ("PLAN_BASIC_WATCHES", "none"),
        ("TICKETMASTER_CALLS_PER_DAY", "plenty"),
    ],
)
def test_what_the_product_or_the_scripts_cannot_do_with_is_said(name: str, value: str) -> None:
    said = _checked({"TICKETMASTER_API_KEY": SECRET, name: value})
    assert said
    assert all(one.startswith(f"{name} ") for one in said), said


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"SMTP_URL": "smtp://u:p@mail.example:587"}, "E-mail is off: set MAIL_FROM."),
        ({"SMTP_URL": SECRET, "MAIL_FROM": "a@b.example"}, "E-mail is off: SMTP_URL must look like"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "Texts are off: set TWILIO_AUTH_TOKEN"),
        ({"WEB_CPU": "4"}, "WEB_MEMORY must be 2Gi or more"),
        ({"PUBLIC_URL": "https://[x"}, "PUBLIC_URL must begin with https://"),
        ({"TICK_SECONDS": "300"}, "WORKER_TIMEOUT must be TICK_SECONDS and 60 seconds more"),
    ],
)
def test_what_is_set_by_half_or_does_not_go_together_is_said(chosen: dict[str, str], said: str) -> None:
    (found,) = _checked(chosen)
    assert found.startswith(said)
    assert SECRET not in found


def test_the_check_and_the_functions_know_the_same_sizes() -> None:
    steps, check = (ROOT / "deploy/steps" / name for name in ("functions.sh", "checked.py"))
    sizes = re.findall(r"sized (\w+) \S+ \d+ (\d+) (\d+) (\d+) (\d+)", steps.read_text())
    known = re.findall(r'^    "(\w+)": \((\d+), (\d+), (\d+), (\d+)\),', check.read_text(), re.MULTILINE)
    assert sorted(sizes) == sorted(known)
    assert len(known) == 5


def test_whatever_is_right_is_let_through() -> None:
    assert _checked({}) == []
    assert SECRET not in "".join(_checked({"SMTP_URL": SECRET, "METRICS_TOKEN": SECRET[:3]}))
    half = {"COPY_CPU": "0.5", "COPY_CONCURRENCY": "1"}
    assert _checked({"WEB_CPU": "2", "WEB_MIN_INSTANCES": "0", "BUDGET": "10EUR", **half}) == []
    assert (
        _checked({"WEB_DOMAIN": "scout.example.co.uk", "TICK_EVERY_SECONDS": "300", "BACKUP_DAYS": "98"})
        == []
    )
    assert _checked({"SMTP_URL": "smtp://u:p%40@mail.example:587", "MAIL_FROM": "Scout <a@b.example>"}) == []


def _checked(chosen: dict[str, str]) -> list[str]:
    given = "".join(f"{name}={value}\0" for name, value in chosen.items())
    ran = subprocess.run(  # noqa: S603 - the project's own script
        [sys.executable, str(ROOT / "deploy/steps/checked.py")],
        input=given,
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    assert ran.returncode == 2 * bool(ran.stderr)
    return ran.stderr.splitlines()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say which project and region: deploy.sh PROJECT REGION [--dry-run]"),
        (("My Project", REGION), "is no id of a Google Cloud project"),
        ((PROJECT, "Belgium"), "is no region, such as europe-west1"),
        ((PROJECT, REGION, "--force"), "this is not understood: --force"),
    ],
)
def test_words_that_are_wrong_stop_it_with_a_sentence(
    mine: Installation, words: tuple[str, ...], said: str
) -> None:
    mine.choose()
    ran = mine.run("deploy/deploy.sh", *words, "--dry-run")
    assert ran.returncode == 1
    assert said in ran.stderr


@pytest.mark.parametrize("script", ["deploy.sh", "upgrade.sh"])
def test_settings_are_looked_for_from_where_the_caller_stands(mine: Installation, script: str) -> None:
    mine.choose()
    mine.stands = there = mine.folder / "there"
    there.mkdir()
    (there / "mine.env").write_text("TICKETMASTER_API_KEY=x\nBUDGET=77USD\n")
    command = (str(mine.project / "deploy" / script), PROJECT, REGION, "--dry-run")

    ran = mine.run(*command, SETTINGS="mine.env")
    assert ran.returncode == 0, ran.stderr
    mine.stands = mine.project
    missing = mine.run(*command, SETTINGS="mine.env")
    assert missing.returncode == 1
    assert f"SETTINGS names {mine.project}/mine.env, which cannot be read" in missing.stderr


def test_the_file_that_settings_names_is_the_one_that_is_read(mine: Installation) -> None:
    mine.stands = there = mine.folder / "there"
    there.mkdir()
    (there / "mine.env").write_text("BUDGET=77USD\n")
    deploy = str(mine.project / "deploy/deploy.sh")
    ran = mine.run(deploy, PROJECT, REGION, "--dry-run", SETTINGS="mine.env")
    assert "--budget-amount=77USD" in ran.stdout, ran.stderr
