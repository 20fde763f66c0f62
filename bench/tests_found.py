"""What a bench borrows from the tests: mock-firestore installs a package of their name before ours."""

import sys
import types
from pathlib import Path

_ROOT = Path(__file__).parent.parent
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = [str(_ROOT / "tests")]

from tests.emulator.functions import Function
from tests.firestore_emulator import connect, free_port, running_emulator, why_missing
from tests.twilio_server import ACCOUNT, TOKEN, Text, TwilioServer

__all__ = [
    "ACCOUNT",
    "TOKEN",
    "Function",
    "Text",
    "TwilioServer",
    "connect",
    "free_port",
    "running_emulator",
    "why_missing",
]
