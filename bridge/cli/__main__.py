"""`python -m bridge.cli` is `sms-bridge`."""

from . import run

run()
