"""The real Pub/Sub emulator, as a child of the test run: topics, push subscriptions, redelivery."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.firestore_emulator import free_port

_SDK = "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib"
_MAIN = "com.google.cloud.pubsub.testing.v1.Main"
_SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx128m")


def why_missing() -> str | None:
    """What this machine lacks, as a sentence; ``None`` when the emulator can run."""
    if shutil.which("java") is None:
        return "the Pub/Sub emulator needs Java on the PATH"
    if _jar() is None:
        return f"no Pub/Sub emulator in {_SDK}: install gcloud's component or set PUBSUB_EMULATOR_JAR"
    return None


@contextmanager
def running_pubsub() -> Iterator[str]:
    """An emulator's ``host:port``."""
    host, port = "127.0.0.1", free_port()
    java = shutil.which("java") or "java"
    start = [java, *_SMALL, "-cp", str(_jar()), _MAIN, f"--host={host}", f"--port={port}"]
    with subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            _wait_until_ready(host, port, process)
            yield f"{host}:{port}"
        finally:
            process.kill()


def push(emulator: str, topic: str, url: str) -> None:
    """Make the topic, and have each of its messages posted to ``url`` until that answers 2xx."""
    project = topic.split("/")[1]
    name = topic.rsplit("/", 1)[1]
    with _clients(emulator) as (publisher, subscriber):
        publisher.create_topic(name=topic)
        subscription = f"projects/{project}/subscriptions/{name}-push"
        request = {
            "name": subscription,
            "topic": topic,
            "push_config": {"push_endpoint": url},
            "ack_deadline_seconds": 60,
        }
        subscriber.create_subscription(request=request)


def publish(emulator: str, topic: str, body: bytes) -> None:
    """One message by hand."""
    with _clients(emulator) as (publisher, _):
        publisher.publish(topic, body).result(timeout=10)


@contextmanager
def _clients(emulator: str) -> Iterator[tuple[Any, Any]]:
    """The library looks for the emulator in the environment, and only there."""
    from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient  # noqa: PLC0415 - takes a second

    before = os.environ.get("PUBSUB_EMULATOR_HOST")
    os.environ["PUBSUB_EMULATOR_HOST"] = emulator
    try:
        publisher, subscriber = PublisherClient(), SubscriberClient()
    finally:
        del os.environ["PUBSUB_EMULATOR_HOST"]
        if before is not None:
            os.environ["PUBSUB_EMULATOR_HOST"] = before
    try:
        yield publisher, subscriber
    finally:
        subscriber.close()
        publisher.stop()
        publisher.transport.close()


def _jar() -> Path | None:
    named = os.environ.get("PUBSUB_EMULATOR_JAR")
    found = [Path(named)] if named else sorted(Path(_SDK).glob("cloud-pubsub-emulator-*-all.jar"))
    return found[-1] if found and found[-1].is_file() else None


def _wait_until_ready(host: str, port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the Pub/Sub emulator did not start (exit code {process.poll()})")
