"""Google's APIs over REST, with the token of the gcloud that is signed in here. Reads only.

Each service is where gcloud itself would look for it: ``CLOUDSDK_API_ENDPOINT_OVERRIDES_FIRESTORE`` and the
like point it elsewhere. The token goes nowhere but there.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

SECONDS = 20.0
_FORBIDDEN, _MISSING = (401, 403), 404


class UnseenError(Exception):
    """Google did not show it. The message says why, and what to do."""


class MissingError(UnseenError):
    """There is no such thing."""


def token() -> str:
    """The access token of whoever is signed in with gcloud.

    Raises:
        UnseenError: there is no gcloud, or nobody is signed in.
    """
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise UnseenError("gcloud is not on the PATH: install it (https://cloud.google.com/sdk/docs/install)")
    asked = [gcloud, "auth", "print-access-token"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if said.returncode or not said.stdout.strip():
        raise UnseenError("nobody is signed in: run `gcloud auth login`")
    return said.stdout.strip()


@dataclass(frozen=True)
class Google:
    """One project, as its APIs show it."""

    project: str
    token: str = field(repr=False)
    http: httpx.Client = field(repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, service: str, path: str, **asked: str) -> dict[str, Any]:
        """One thing.

        Raises:
            UnseenError: it was not shown; ``MissingError``: it is not there.
        """
        return self._ask("GET", service, path, params=asked)

    def every(self, service: str, path: str, key: str, **asked: str) -> Iterator[dict[str, Any]]:
        """Everything of a collection, page by page. Raises as ``get``."""
        page = self.get(service, path, **asked)
        yield from page.get(key, [])
        while page.get("nextPageToken"):
            page = self.get(service, path, **asked, pageToken=page["nextPageToken"])
            yield from page.get(key, [])

    def ask(self, service: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A question that Google wants to be posted; it changes nothing. Raises as ``get``."""
        return self._ask("POST", service, path, json=body)

    def _ask(self, method: str, service: str, path: str, **asked: Any) -> dict[str, Any]:
        base = self.env.get(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service.upper()}")
        url = f"{(base or f'https://{service}.googleapis.com').rstrip('/')}/{path}"
        headers = {"Authorization": f"Bearer {self.token}", "X-Goog-User-Project": self.project}
        try:
            answer = self.http.request(method, url, headers=headers, timeout=SECONDS, **asked)
        except httpx.HTTPError as exc:
            raise UnseenError(f"{service} did not answer ({type(exc).__name__}): try again") from None
        if answer.is_success:
            said: dict[str, Any] = answer.json()
            return said
        if answer.status_code == _MISSING:
            raise MissingError("it is not there: run deploy/deploy.sh, or say the region in which it runs")
        if answer.status_code in _FORBIDDEN:
            raise UnseenError(
                f"{service} does not show it to you ({answer.status_code}): see `permissions` above"
            )
        raise UnseenError(f"{service} answered {answer.status_code}: try again")
