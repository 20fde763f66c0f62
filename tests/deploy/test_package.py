"""The function package as it is uploaded: exactly what ``.gcloudignore`` lets through, and its lock alone.

gcloud itself lists the files. They are laid into an empty folder, what ``requirements.txt`` pins is installed
into an empty environment (hashes required), and each entry point is started there as Cloud Run starts it.
"""

import ast
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.servers import listen, port_of
from store.sqlite import SqliteDocuments
from watchers.documents import Put
from watchers.places import Places

ROOT = Path(__file__).parents[2]
OWN = {"main", "notifiers", "store", "watchers", "web"}
PLACES = Places()
AWAY = re.compile(
    r"failed to fetch|dns error|connect(ion)? (error|refused|reset)|timed out|offline", re.IGNORECASE
)
WATCH = {
    "name": "Portal",
    "target": {"provider": "steam", "item": "400"},
    "conditions": [{"kind": "below", "price": "5.00", "currency": "USD"}],
    "notify": ["app"],
}


@dataclass(frozen=True)
class Package:
    """The folder as deployed, and the environment that was made for it."""

    folder: Path
    bin: Path

    def python(self, code: str) -> str:
        """What this code prints, in the package's own environment."""
        command = [str(self.bin / "python"), "-c", code]
        ran = subprocess.run(  # noqa: S603 - our own code
            command, cwd=self.folder, env={}, capture_output=True, text=True, check=False, timeout=120
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    @contextmanager
    def serving(self, target: str, settings: Mapping[str, str], home: Path) -> Iterator[str]:
        """One function, as its instance serves it; yields its address."""
        with listen() as free:
            port = port_of(free)
        command = [str(self.bin / "functions-framework"), "--target", target]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        said = home / f"{target}.log"
        with said.open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own function
                command,
                cwd=self.folder,
                env={"PATH": "/usr/bin:/bin", "HOME": str(home), **settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait_for(port, process, said)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert "Traceback" not in said.read_text(), said.read_text()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, said.read_text()
        try:
            httpx.get(f"http://127.0.0.1:{port}/robots.txt", timeout=10)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(said.read_text())


def found(name: str) -> str:
    """A command of this machine, or of the project's own tools."""
    path = shutil.which(name) or shutil.which(name, path=str(ROOT / ".tools/bin"))
    return path or pytest.skip(f"{name} is not installed")


def deployed_python() -> str:
    """Python 3.12, which the functions run on; on a machine without it, the one at hand."""
    if python := shutil.which("python3.12"):
        works = subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603
        return python if works else sys.executable
    return sys.executable


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What gcloud would upload."""
    config = tmp_path_factory.mktemp("gcloud")
    environment = {"PATH": os.environ["PATH"], "HOME": str(config), "CLOUDSDK_CONFIG": str(config)}
    ran = subprocess.run(  # noqa: S603
        [found("gcloud"), "meta", "list-files-for-upload", str(ROOT)],
        env=environment, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return sorted(ran.stdout.split())


@pytest.fixture(scope="module")
def package(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The files alone in a folder, and their lock alone in an environment."""
    folder, environment = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("environment")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    uv, python = found("uv"), environment / "bin" / "python"
    venv = [uv, "venv", "-q", "--clear", "--no-python-downloads", "--python"]
    subprocess.run([*venv, deployed_python(), str(environment)], check=True)  # noqa: S603
    install = [uv, "pip", "install", "-q", "--require-hashes", "--python", str(python)]
    ran = subprocess.run(  # noqa: S603
        [*install, "-r", str(folder / "requirements.txt")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if ran.returncode and AWAY.search(ran.stderr):
        pytest.skip("PyPI cannot be reached, and not everything is in uv's cache")
    assert ran.returncode == 0, ran.stderr
    return Package(folder, environment / "bin")


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Of a function whose provider refuses to be reached."""
    return {
        "STORE": f"sqlite:///{tmp_path / 'scout.db'}",
        "SECRET_KEY": "not-a-real-key-but-long-enough-for-one",
        "PUBLIC_URL": "https://scout.example",
        "STEAM_BASE_URL": "http://127.0.0.1:9",
    }


def names(text: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))


def test_only_the_functions_and_their_lock_are_uploaded(files: list[str]) -> None:
    assert {"main.py", "requirements.txt", "web/templates/base.html", "web/assets/css/base.css"} <= set(files)
    assert "watchers/locales/de/LC_MESSAGES/ticket_scout.mo" in files
    assert {name.split("/")[0] for name in files} == {"main.py", "requirements.txt", *OWN - {"main"}}
    assert not [name for name in files if name.endswith((".pyc", ".db", ".env", ".po")) or "/." in name]


def test_everything_that_git_knows_of_the_functions_is_uploaded(files: list[str]) -> None:
    """A new file is deployed without anybody's thinking of it."""
    ran = subprocess.run(  # noqa: S603
        [found("git"), "ls-files", "main.py", "requirements.txt", *sorted(OWN - {"main"})],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        pytest.skip("this is no git repository")
    left = {"watchers/locales/babel.cfg", "watchers/locales/compile.py"}
    known = {name for name in ran.stdout.split() if not name.endswith(".po")} - left
    assert not known - set(files)


def test_no_secret_and_no_database_is_uploaded_even_if_it_lies_there(tmp_path: Path) -> None:
    planted = [".env", "data/scout.db", "web/.env", "watchers/__pycache__/x.pyc", "main.py", "deploy/x.sh"]
    for name in planted:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    shutil.copy(ROOT / ".gcloudignore", tmp_path)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    ran = subprocess.run(  # noqa: S603
        [found("gcloud"), "meta", "list-files-for-upload", str(tmp_path)],
        env=environment, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert ran.stdout.split() == ["main.py"]


def test_the_lock_alone_is_installed_and_no_tool_of_development(package: Package) -> None:
    listed = (
        "import importlib.metadata as m, json; print(json.dumps([d.name.lower() for d in m.distributions()]))"
    )
    installed = {name.replace("_", "-") for name in json.loads(package.python(listed))}
    pinned = names((ROOT / "requirements.txt").read_text())
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    tools = {re.match(r"[a-z0-9-]+", name)[0] for name in groups["dev"]}  # type: ignore[index]

    assert {"functions-framework", "google-cloud-firestore", "twilio"} <= installed
    assert not installed - pinned
    assert not installed & tools


def test_everything_that_any_line_imports_is_there(package: Package) -> None:
    """Lazy imports, too: what a function needs only now and then must not be missing then."""
    wanted = {
        module.split(".")[0]
        for file in package.folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for module in _imported(node)
    }
    code = f"import importlib.util as u; print([n for n in {sorted(wanted)!r} if u.find_spec(n) is None])"

    assert {"httpx", "apprise", "icalendar", "prometheus_client"} <= wanted
    assert package.python(code).strip() == "[]"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def cloud_event(kind: str, **attributes: str) -> dict[str, str]:
    named = {"id": "1", "specversion": "1.0", "type": kind, "source": "//a-source"} | attributes
    return {f"ce-{name}": value for name, value in named.items()} | {"Content-Type": "application/json"}


def test_the_worker_starts_and_runs(package: Package, settings: dict[str, str], tmp_path: Path) -> None:
    with package.serving("ticket_monitor_worker", settings, tmp_path) as url:
        answer = httpx.post(url, timeout=30)

    assert answer.status_code == 200
    assert answer.json()["boards_failed"] == []


def test_the_web_starts_and_shows_its_pages(
    package: Package, settings: dict[str, str], tmp_path: Path
) -> None:
    with package.serving("web", settings, tmp_path) as url:
        pages = httpx.Client(base_url=url, timeout=30, headers={"Accept-Language": "de"})
        with pages:
            health, page = pages.get("/healthz"), pages.get("/sign-in")
            linked = re.findall(r'(?:href|src)="(/[^"]+\.(?:css|js|svg)[^"]*)"', page.text)
            assets = [pages.get(path).status_code for path in linked]

    assert health.status_code == 200
    assert page.status_code == 200
    assert 'lang="de"' in page.text
    assert len(assets) >= 2
    assert set(assets) == {200}


def test_a_watch_that_is_written_is_copied(
    package: Package, settings: dict[str, str], tmp_path: Path
) -> None:
    document = PLACES.source("u1", "w1")
    with closing(SqliteDocuments(str(tmp_path / "scout.db"))) as documents:
        documents.commit(Put(document, WATCH))
        headers = cloud_event("google.cloud.firestore.document.v1.written", document=document)
        with package.serving("copy_monitor_job", settings, tmp_path) as url:
            answer = httpx.post(url, content=b"{}", headers=headers, timeout=30)

        assert answer.status_code == 200
        assert documents.get(PLACES.job("w1"))


def test_an_alert_that_is_created_is_looked_at(
    package: Package, settings: dict[str, str], tmp_path: Path
) -> None:
    headers = cloud_event("google.cloud.firestore.document.v1.created", document="alerts/a1")
    with package.serving("deliver_alert", settings, tmp_path) as url:
        answer = httpx.post(url, content=b"{}", headers=headers, timeout=30)

    assert answer.status_code == 200


def test_a_board_that_is_named_is_ticked(package: Package, settings: dict[str, str], tmp_path: Path) -> None:
    message: dict[str, Any] = {"board": "steam-0", "shards": 1, "run": "r1"}
    body = {"message": {"data": base64.b64encode(json.dumps(message).encode()).decode()}}
    headers = cloud_event("google.cloud.pubsub.topic.v1.messagePublished")
    with package.serving("poll_board", settings, tmp_path) as url:
        answer = httpx.post(url, json=body, headers=headers, timeout=30)

    assert answer.status_code == 200
    with closing(SqliteDocuments(str(tmp_path / "scout.db"))) as documents:
        assert documents.get("boards/steam-0")
