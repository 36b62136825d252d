"""`python -m bridge_sandbox.carrier`: the first line printed is the URL the carrier is reached at."""

import argparse
import json
import logging
import signal
import sys
from typing import Any

from .app import CarrierApp
from .faults import FaultRates, FaultyDay
from .record import CarrierStore
from .server import CarrierServer


def _faults(text: str) -> FaultRates:
    raw: Any = json.loads(text)
    return FaultRates.parse(raw)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C. What was accepted is on disk before it is answered."""
    parser = argparse.ArgumentParser(prog="python -m bridge_sandbox.carrier", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--database", required=True, help="the SQLite file of the carrier's record")
    parser.add_argument("--faults", type=_faults, default=FaultRates(), help='such as {"lost_answer": 0.1}')
    parser.add_argument("--seed", type=int, default=0, help="of the faults' dice")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s carrier %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    carrier = CarrierApp(CarrierStore(options.database), FaultyDay(options.faults, options.seed))
    with CarrierServer(carrier.app, options.host, options.port) as server:
        carrier.start()
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except (KeyboardInterrupt, SystemExit):
            server.server_close()
    carrier.close()


if __name__ == "__main__":
    main()
