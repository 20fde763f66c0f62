"""Release Firestore's security rules through the Firebase Rules API, where they differ from what is released.

``rules.py PROJECT FILE --app APP_ID --database DATABASE``, with an access token on standard input: it stands
in no command line. ``FIREBASERULES_BASE_URL`` is where the API is, if not at Google.
https://firebase.google.com/docs/reference/rules/rest
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from web.installation import wanted

GOOGLE = "https://firebaserules.googleapis.com"
SECONDS = 30


@dataclass(frozen=True)
class Rules:
    """The rules of one project's databases."""

    project: str
    token: str = field(repr=False)
    base_url: str = GOOGLE

    def release(self, source: str, database: str) -> bool:
        """Let these rules hold for this database; whether anything had to be changed.

        Raises:
            urllib.error.HTTPError: refused.
        """
        name = wanted.release_of_rules(self.project, database)
        released = self._released(name)
        if released and self._source(released) == source:
            return False
        files = {"source": {"files": [{"name": "firestore.rules", "content": source}]}}
        ruleset = self._call("POST", f"projects/{self.project}/rulesets", files)["name"]
        release = {"name": name, "rulesetName": ruleset}
        if released:
            self._call("PATCH", name, {"release": release})
        else:
            self._call("POST", f"projects/{self.project}/releases", release)
        return True

    def _released(self, name: str) -> str | None:
        try:
            return str(self._call("GET", name)["rulesetName"])
        except urllib.error.HTTPError as exc:
            if exc.code == 404:  # noqa: PLR2004
                return None
            raise

    def _source(self, ruleset: str) -> str:
        files = self._call("GET", ruleset)["source"]["files"]
        return "".join(one["content"] for one in files)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - https, or what the operator chose
            f"{self.base_url}/v1/{path}",
            data=json.dumps(body).encode() if body else None,
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "X-Goog-User-Project": self.project,  # whose quota it is; people's own accounts have none
            },
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            said: dict[str, Any] = json.load(answer)
            return said


def main() -> None:
    """Release what the command line names."""
    asked = argparse.ArgumentParser(description="Release Firestore's security rules.")
    asked.add_argument("project")
    asked.add_argument("file", type=Path)
    asked.add_argument("--app", default=wanted.DEFAULT_APP)
    asked.add_argument("--database", default=wanted.DEFAULT_DATABASE)
    options = asked.parse_args()
    base_url = os.environ.get("FIREBASERULES_BASE_URL", "").strip() or GOOGLE
    rules = Rules(options.project, sys.stdin.read().strip(), base_url)
    try:
        changed = rules.release(wanted.rules(options.file, options.app), options.database)
    except urllib.error.HTTPError as exc:
        sys.exit(f"the rules were not released: Google answered {exc.code} to {exc.url}")
    except OSError as exc:
        sys.exit(f"the rules were not released: {type(exc).__name__}; try again")
    sys.stdout.write("the rules are released\n" if changed else "the rules are as they were\n")


if __name__ == "__main__":
    main()
