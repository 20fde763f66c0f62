"""The addresses that messages carry: short ones by an alert's code, and signed ones that change something.

A signed link says which alert and what to do, and works for thirty days. Opening one shows a button and
changes nothing, because scanners and previews open every address they see.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

VERBS_WORK_FOR = timedelta(days=30)


def is_local(url: str) -> bool:
    """Whether only this machine can reach it."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Links:
    """Every address under ``public_url``. Without a ``secret_key`` there are none that change something."""

    public_url: str
    secret_key: str | None = field(default=None, repr=False)

    def alert(self, code: str) -> str:
        """Where the alert is explained and its watch can be changed."""
        return f"{self.public_url.rstrip('/')}/a/{code}"

    def stop(self, code: str) -> str:
        """Where the alert's watch is stopped, by a button or by a mail client in one click (RFC 8058)."""
        return f"{self.public_url.rstrip('/')}/stop/{code}"

    def verb(self, alert_id: str, verb: str) -> str:
        """Where what ``verb`` says is done to the alert's watch; empty without a secret key."""
        return f"{self.public_url.rstrip('/')}/do/{self._signed(alert_id, verb)}" if self.secret_key else ""

    def read_verb(self, token: str, now: datetime) -> tuple[str, str] | None:
        """The alert's id and the verb of such a link; ``None`` when it is too old or not one of ours."""
        try:
            said, made_at = self._signer.loads(token, return_timestamp=True)
        except BadData:
            return None
        match said:
            case [str(alert_id), str(verb)] if now - made_at <= VERBS_WORK_FOR:
                return alert_id, verb
        return None

    def proof(self, proof_id: str) -> str:
        """Where whoever got the letter with this code need not type it; it works as long as the code does."""
        return f"{self.public_url.rstrip('/')}/sign-in/link/{self._proofs.dumps(proof_id)}"

    def read_proof(self, token: str) -> str | None:
        """The id of the proof of such a link; ``None`` when it is not one of ours."""
        try:
            found = self._proofs.loads(token)
        except BadData:
            return None
        return found if isinstance(found, str) else None

    @property
    def _proofs(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret_key or "", salt="ticket-scout.proof")

    def callback(self, alert_id: str) -> str:
        """Where a vendor says what became of the alert's message."""
        return f"{self.public_url.rstrip('/')}/twilio/status/{alert_id}"

    def _signed(self, alert_id: str, verb: str) -> str:
        return str(self._signer.dumps([alert_id, verb]))

    @property
    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret_key or "", salt="ticket-scout.verb")
