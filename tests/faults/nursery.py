"""The process from which workers are forked, and how it is asked for them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

_WORKER = Path(__file__).parent / "worker.py"


class Nursery:
    """The process from which all workers are forked: ``with Nursery() as nursery``."""

    def __enter__(self) -> Self:
        command, env = [sys.executable, str(_WORKER)], os.environ | {"PYTHONPATH": str(_WORKER.parents[2])}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env)  # noqa: S603
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, asked: Sequence[dict[str, Any]]) -> list[int]:
        """Workers at once; how each ended: 0, or minus the signal it died of."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))
