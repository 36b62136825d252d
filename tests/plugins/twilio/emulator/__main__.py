"""`python -m tests.plugins.twilio.emulator` prints a JSON line (address, credentials), then serves."""

import argparse
import json
import signal
import threading

from .account import NUMBER, SERVICE_SID
from .server import Emulator


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=json.loads, default={}, help="JSON, as for /_emulator/faults")
    parser.add_argument("--fates", type=json.loads, default={}, help="JSON, as for /_emulator/fates")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Emulator(options.port) as emulator:
        emulator.trouble.change(options.faults)
        for name, value in options.fates.items():
            setattr(emulator.callbacks.fates, name, value)
        address = {
            "url": emulator.url,
            "account_sid": emulator.account.sid,
            "auth_token": emulator.account.auth_token,
            "from": NUMBER,
            "messaging_service_sid": SERVICE_SID,
        }
        print(json.dumps(address), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
