"""The real Firestore emulator, as a child of the test run.

Started directly: gcloud's own command leaves the JVM behind when it is killed.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

_SDK = "/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_SMALL = ("-Duser.language=en", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx384m")


def why_missing() -> str | None:
    """What this machine lacks, as a sentence; ``None`` when the emulator can run."""
    if shutil.which("java") is None:
        return "the Firestore emulator needs Java 11 or newer on the PATH"
    if not _jar().is_file():
        return f"no Firestore emulator at {_jar()}: install gcloud's component or set FIRESTORE_EMULATOR_JAR"
    return None


@contextmanager
def running_emulator(functions_emulator: str | None = None) -> Iterator[str]:
    """An emulator's ``host:port``. It posts trigger events to ``functions_emulator`` (``host:port``)."""
    host = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(  # noqa: S603 - our own arguments
        _command(host, functions_emulator), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_until_ready(host, process)
            yield host
        finally:
            process.kill()  # it keeps nothing that could be lost


def connect(host: str, project: str) -> firestore.Client:
    """A client of the emulator at ``host``; the library looks for it in the environment, and only there."""
    before = os.environ.get("FIRESTORE_EMULATOR_HOST")
    os.environ["FIRESTORE_EMULATOR_HOST"] = host
    try:
        return firestore.Client(project=project, credentials=AnonymousCredentials())
    finally:
        del os.environ["FIRESTORE_EMULATOR_HOST"]
        if before is not None:
            os.environ["FIRESTORE_EMULATOR_HOST"] = before


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _jar() -> Path:
    return Path(os.environ.get("FIRESTORE_EMULATOR_JAR", _SDK))


def _command(host: str, functions_emulator: str | None) -> list[str]:
    name, port = host.split(":")
    start = [shutil.which("java") or "java", *_SMALL, "-cp", str(_jar()), _MAIN, "start"]
    address = [f"--host={name}", f"--port={port}"]
    return start + address + ([f"--functions_emulator={functions_emulator}"] if functions_emulator else [])


def _wait_until_ready(host: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    with httpx.Client(trust_env=False, timeout=2) as http:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                http.get(f"http://{host}/").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
    raise RuntimeError(f"the Firestore emulator did not start (exit code {process.poll()})")
