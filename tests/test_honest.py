"""What keeps the README, the registries and the locks telling the truth."""

import re
import shlex
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

from notifiers import NOTIFIERS, limits
from watchers import tiers
from watchers.kinds import Channel
from watchers.providers import PROVIDERS
from watchers.settings import DOCUMENTED

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", [*DOCUMENTED, *tiers.DOCUMENTED])
def test_every_setting_of_the_product_has_a_row(name: str) -> None:
    assert f"| `{name}` | " in README or f"`{name}`" in README


def test_every_setting_that_code_reads_is_in_the_readme() -> None:
    """A setting is a word in capitals that providers, notifiers or settings name as a text."""
    sources = [
        *ROOT.glob("watchers/providers/**/*.py"),
        *ROOT.glob("notifiers/*.py"),
        ROOT / "watchers/settings.py",
    ]
    named = {
        found
        for source in sources
        for found in re.findall(
            rf'"((?:{"|".join(map(str.upper, PROVIDERS))}|TWILIO|SMTP|MAIL|STORE|APP|APPRISE)_[A-Z_]+)"',
            source.read_text(),
        )
    }

    assert named
    assert not {name for name in named if name not in README}


@pytest.mark.parametrize("name", [*PROVIDERS])
def test_every_provider_has_samples_and_a_row(name: str) -> None:
    assert f"| `{name}` | " in README
    assert list((ROOT / "tests/data" / name).glob("*.json"))


def test_every_notifier_is_named() -> None:
    assert all(word in README for word in ("Twilio", "SMTP", "Apprise"))
    assert len(NOTIFIERS) == 3
    assert all(f"(`{channel}`)" in README for channel in Channel)


def test_the_settings_defaults_are_those_of_the_readme() -> None:
    table = {
        name: value
        for row in re.findall(r"^\| (`[A-Z_`, ]+`) \| (.*?) \|", README, re.MULTILINE)
        for name, value in zip_longest(re.findall(r"[A-Z_]+", row[0]), re.findall(r"`(.*?)`", row[1]))
    }
    for name, default in {**DOCUMENTED, **limits.DOCUMENTED, **tiers.DOCUMENTED}.items():
        if default:
            assert table.get(name) == default, name


def test_the_operators_commands_run(tmp_path: Path) -> None:
    block = re.search(r"## For operators\n\n```sh\n(.*?)```", README, re.DOTALL)
    assert block
    for line in block[1].splitlines():
        _, script, *arguments = shlex.split(line)
        ran = subprocess.run(  # noqa: S603 - our own README
            [sys.executable, str(ROOT / script), *arguments],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "TICKETMASTER_API_KEY": "", "STEAM_BASE_URL": "http://127.0.0.1:9"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode in ({0, 1} if "doctor" in line else {0}), (line, ran.stderr)
        assert "Traceback" not in ran.stderr


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_two_locks_agree_and_hold_what_the_project_names() -> None:
    """What is deployed is what was tested: every runtime pin stands in the development lock too."""
    pins = {name: _pins(ROOT / name) for name in ("requirements.txt", "requirements-dev.txt")}
    runtime, development = pins["requirements.txt"], pins["requirements-dev.txt"]

    assert runtime.items() <= development.items()
    assert "notifiers" not in development, "the distribution of that name would hide our folder"
    named = re.findall(r'^  "([a-z][a-z0-9-]+)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {"httpx", "pydantic", "twilio"} <= set(named)
    assert not {name for name in named if name not in development and "-" in name}


def _pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", [*sorted((ROOT / "docs/adr").glob("*.md"))], ids=lambda path: path.name)
def test_an_adr_has_its_parts(document: Path) -> None:
    text = document.read_text()
    assert "Status: " in text
    assert "## Decision" in text
    assert "## Consequences" in text


def test_importing_any_module_reads_no_setting_and_opens_nothing() -> None:
    """A fresh interpreter without any environment imports everything, and leaves no file behind."""
    modules = ["main", "scout", "watchers.tick", "notifiers.deliver", "store", "web.laptop", "web.doctor"]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {', '.join(modules)}"
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        env={}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_the_example_of_settings_names_only_settings_that_exist() -> None:
    example = (ROOT / "deploy/settings.env.example").read_text()
    named = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)

    assert "TICKETMASTER_API_KEY" in named
    assert not [name for name in named if f"`{name}`" not in README]


def test_the_example_of_settings_names_every_setting_that_somebody_may_choose() -> None:
    example = (ROOT / "deploy/settings.env.example").read_text()
    rows = re.findall(r"^\| (`[A-Z][^|]*) \|", README, re.MULTILINE)
    said_by_others = {"RELEASE", "WORKERS", "K_REVISION", "K_SERVICE", "SANDBOX_LINKS"}

    known = {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)}
    assert len(known) > 100
    assert known - said_by_others == set(re.findall(r"^([A-Z0-9_]+)=", example, re.MULTILINE))
