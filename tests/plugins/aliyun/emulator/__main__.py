"""The emulator as a process: python -m tests.plugins.aliyun.emulator --port 0 --sign Acme --push-url URL.

Prints one line of JSON with its endpoint once it listens, and runs until it is interrupted.
"""

import argparse
import json
import signal
import threading

from .server import Emulator


def main() -> None:
    """Read the command line, serve, and stop on SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="An emulator of Aliyun's Short Message Service.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--sign", action="append", default=[], help="an approved signature")
    parser.add_argument(
        "--template", action="append", default=[], metavar="CODE=CONTENT", help="an approved one"
    )
    parser.add_argument("--approve", action="store_true", help="approve text templates at once")
    parser.add_argument("--push-url", default="", help="where SmsReport goes")
    parser.add_argument("--push-delay", type=float, default=0.2, metavar="SECONDS")
    parser.add_argument("--failure-rate", type=float, default=0.0)
    parser.add_argument("--reply-rate", type=float, default=0.0)
    parser.add_argument("--duplicate-rate", type=float, default=0.0, help="share of receipts pushed twice")
    parser.add_argument("--hurry", type=float, default=1.0, help="divides the waits between push attempts")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _prepared(arguments) as emulator:
        print(json.dumps({"endpoint": emulator.endpoint}), flush=True)
        stop.wait()


def _prepared(arguments: argparse.Namespace) -> Emulator:
    emulator = Emulator(arguments.port)
    emulator.keep_requests = False
    emulator.account.approves_at_once = arguments.approve
    for name in arguments.sign:
        emulator.account.approve_sign(name)
    for text in arguments.template:
        code, _, content = text.partition("=")
        emulator.account.approve_template(code, content)
    push = emulator.push
    push.url, push.delay_s, push.hurry = arguments.push_url, arguments.push_delay, arguments.hurry
    push.failure_rate, push.reply_rate = arguments.failure_rate, arguments.reply_rate
    push.duplicate_rate = arguments.duplicate_rate
    return emulator


if __name__ == "__main__":
    main()
