"""Twilio's senders on this machine, for the real SDK: a number, a Messaging Service, their webhooks."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

SERVICE, NUMBER = "MG" + "2" * 32, "+14155550100"


@dataclass
class SendersServer:
    """``with SendersServer() as account``; ``writes`` are the changes, ``status`` what it answers."""

    number: dict[str, Any] = field(
        default_factory=lambda: {
            "sid": "PN1",
            "phone_number": NUMBER,
            "sms_url": "https://demo.twilio.com/welcome",
        }
    )
    service: dict[str, Any] = field(
        default_factory=lambda: {
            "sid": SERVICE,
            "inbound_request_url": None,
            "use_inbound_webhook_on_number": True,
        }
    )
    writes: list[dict[str, str]] = field(default_factory=list)
    status: int = 200

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"account": self}))
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    account: SendersServer

    def do_GET(self) -> None:
        if "/IncomingPhoneNumbers" in self.path:
            asked = dict(parse_qsl(urlsplit(self.path).query)).get("PhoneNumber")
            mine = [self.account.number] if asked == self.account.number["phone_number"] else []
            self._answer({"incoming_phone_numbers": mine, "next_page_uri": None})
        else:
            self._answer(self.account.service)

    def do_POST(self) -> None:
        fields = dict(
            parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        )
        self.account.writes.append(fields)
        if "SmsUrl" in fields:
            names = {
                "SmsUrl": "sms_url",
                "SmsMethod": "sms_method",
                "SmsApplicationSid": "sms_application_sid",
            }
            self.account.number |= {names[name]: value for name, value in fields.items()}
            self._answer(self.account.number)
        else:
            self.account.service["inbound_request_url"] = fields["InboundRequestUrl"]
            self.account.service["use_inbound_webhook_on_number"] = (
                fields["UseInboundWebhookOnNumber"] == "true"
            )
            self._answer(self.account.service)

    def _answer(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(self.account.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""
