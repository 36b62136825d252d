"""`python -m bridge.cli` is `sms-bridge`."""

from . import main

main(prog_name="sms-bridge")
