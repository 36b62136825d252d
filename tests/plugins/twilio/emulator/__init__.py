"""A Twilio on loopback with state: what the vendor checks, it checks; what it signs, it signs.

Runs in the test's process (`with Emulator() as twilio`) or on its own
(`python -m tests.plugins.twilio.emulator --port 0`). Its answers follow the API definitions of SDK 9.13 and
twilio.com/docs, read 2026-11. Everything under `/_emulator/` is the tests' own: faults, rules, inspection.
"""

from .account import Account, Message, Service
from .server import Emulator

__all__ = ["Account", "Emulator", "Message", "Service"]
