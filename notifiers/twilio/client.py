"""One connection to Twilio for one call, over the vendor's own SDK.

A connection that died while idle looks exactly like a lost answer, and a lost answer costs the person their
text: so each call opens one and closes it. What that would repeat, reading the list of certificate
authorities (20 ms of processor time, ten times all the rest), is done once. Nothing is logged: the SDK and
urllib3 would write down the account, and a list's query holds the recipient.

Imported by who sends: the SDK takes 170 ms.
"""

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.util.ssl_ import create_urllib3_context

_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.CRITICAL + 1)


@contextmanager
def connected(
    login: tuple[str, str], base_url: str, timeout: Any, judge: Callable[..., None]
) -> Iterator[Client]:
    """The SDK's client for one call. ``judge`` sees every answer before the SDK does.

    ``timeout`` is whatever ``requests`` takes: seconds, or seconds to connect and seconds of silence.
    """
    logging.getLogger("urllib3.connectionpool").addFilter(_is_not_ours)
    http = TwilioHttpClient(logger=_quiet, request_hooks={"response": judge})
    http.timeout = timeout  # its constructor compares it with a number
    http.session.mount("https://", _Connections())
    with closing(http.session):
        client = Client(*login, http_client=http)
        client.api.base_url = base_url
        yield client


class _Connections(HTTPAdapter):
    """Opens connections that share one list of authorities."""

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        tls = {name: tls[name] for name in tls if name not in ("ca_certs", "ca_cert_dir")}
        authorities = verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH
        return host, tls | {"ssl_context": _trusting(authorities)}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        conn.ca_certs = conn.ca_cert_dir = None  # or each connection would read them once more


@cache
def _trusting(authorities: str) -> ssl.SSLContext:
    context = create_urllib3_context()
    is_folder = Path(authorities).is_dir()
    context.load_verify_locations(**{"capath" if is_folder else "cafile": authorities})
    return context


def _is_not_ours(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return "/Accounts/" not in message and "/Services/VA" not in message
