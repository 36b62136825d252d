"""Aliyun as far as the bridge uses it: it verifies, remembers, and misbehaves on demand."""

from .account import Account, Message, Sign, Template
from .faults import FAULTS, Fault, refusing
from .server import Emulator

__all__ = ["FAULTS", "Account", "Emulator", "Fault", "Message", "Sign", "Template", "refusing"]
