"""Whether the gcloud that is installed here would understand a command: its own lint, without any network."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def lint(commands: Sequence[str], folder: Path) -> list[str]:
    """What is wrong with these commands, one line each; nothing: an empty list."""
    listed = folder / "commands.json"
    listed.write_text(json.dumps([{"command_string": command} for command in commands]))
    ran = subprocess.run(  # noqa: S603 - the vendor's own tool
        ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={listed}"],  # noqa: S607
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CLOUDSDK_CONFIG": str(folder / "config"),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert len(found) == len(commands)
    return [f"{one['command_string']}: {one['error_message']}" for one in found if not one["success"]]
