"""`sms-bridge demo` and `sms-bridge simulate`."""

import contextlib
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Literal

import click
from rich.console import Console

from .answers import BridgeRefused, ContractBroken
from .callback_server import CallbackServer
from .campaign import Campaign, CampaignFailed, Plan
from .demo import Demo
from .inspection import Rules
from .parts import PartFailed
from .people import Person, invent
from .quick_audience import NoAnswer, QuickAudience
from .reconciliation import reconcile
from .report import print_result
from .stages import stages_for

_NOT_FOUND = 404
PATIENCE_S = 30.0
"""For how long a call without an answer is repeated."""

_FAILURES = (BridgeRefused, ContractBroken, NoAnswer, CampaignFailed, PartFailed)


@click.command()
@click.option("--recipients", type=click.IntRange(1, 500_000), default=10_000, show_default=True)
@click.option("--keep", is_flag=True, help="Leave everything running, print the addresses, end on Ctrl-C.")
def demo(recipients: int, keep: bool) -> None:
    """Run a campaign through a bridge, a sandbox carrier and a simulated Quick Audience on this machine.

    RECIPIENTS get a message by list, a fifth as many by file and a tenth a digital one.
    Exit status 1 when anything does not reconcile.
    """
    console = _console()
    with _ending(), _failures_told():
        reconciles = Demo(console, recipients).run(keep=keep)
    raise SystemExit(0 if reconciles else 1)


@click.command()
@click.option("--prefix", default="", help="The channel's address, such as https://sms.example.com/promo.")
@click.option(
    "--key",
    required=True,
    envvar="SIMULATE_KEY",
    show_envvar=True,
    help='The channel\'s key; "" when authentication is off.',
)
@click.option("--sign", default="演示", show_default=True, help="The signature to send under.")
@click.option("--platform-name", help="What every answer must name; any name without it.")
@click.option("--recipients", type=click.IntRange(0), help="How many by list. [default: 100]")
@click.option("--by-file", type=click.IntRange(0), help="How many by file. [default: a fifth of RECIPIENTS]")
@click.option("--digital", type=click.IntRange(0), help="How many digital. [default: a tenth of RECIPIENTS]")
@click.option(
    "--numbers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own test numbers, one a line, instead of invented ones.",
)
@click.option(
    "--template-type", type=click.IntRange(1, 2), default=2, show_default=True, help="1 notice, 2 promotion."
)
@click.option("--batch", type=click.IntRange(1), default=1000, show_default=True, help="Numbers per request.")
@click.option("--receipts", type=click.Choice(("push", "pull")), default="push", show_default=True)
@click.option("--listen", default="127.0.0.1:8790", show_default=True, help="Where callbacks are received.")
@click.option("--address", help="How the bridge reaches this machine, when not by LISTEN.")
@click.option(
    "--silence", default=150.0, show_default=True, help="Seconds without a receipt until giving up."
)
@click.option("--listen-only", is_flag=True, help="Send nothing; receive callbacks until Ctrl-C.")
def simulate(
    prefix: str,
    key: str,
    sign: str,
    platform_name: str | None,
    recipients: int | None,
    by_file: int | None,
    digital: int | None,
    numbers: Path | None,
    template_type: int,
    batch: int,
    receipts: Literal["push", "pull"],
    listen: str,
    address: str | None,
    silence: float,
    listen_only: bool,
) -> None:
    """Be the Quick Audience of a running bridge: template, review, campaign, receipts, replies, details.

    The channel's callback_url must be the address that is printed first. Invented numbers are of a range
    that no carrier serves, so they reach nobody; a real vendor may still charge for them.
    Exit status 1 when anything does not reconcile.
    """
    if not prefix and not listen_only:
        raise click.UsageError("--prefix is needed, unless you only listen.")
    crowd = _own_numbers(numbers) if numbers else None
    counts = _shares(recipients, by_file, digital, len(crowd) if crowd else 100, bool(crowd))
    if crowd is None:
        crowd = invent(sum(counts), secrets.randbelow(90_000_000))
    first, second = counts[0], counts[0] + counts[1]
    plan = Plan(
        run=f"sim-{secrets.token_hex(4)}",
        sign_name=sign,
        by_list=crowd[:first],
        by_file=crowd[first:second],
        digital=crowd[second : sum(counts)],
        template_type=template_type,
        batch=batch,
        receipts=receipts,
        silence_s=silence,
    )
    console = _console()
    try:
        server = CallbackServer(Rules(key), listen=_listen(listen), address=address)
    except OSError as error:
        reason = f"Nothing can listen at {listen} ({error.strerror}): name another place with --listen."
        raise click.ClickException(reason) from None
    with _ending(), _failures_told(), server as callbacks:
        note = f"Callbacks are received at {callbacks.url}: it must be the channel's callback_url."
        console.print(note, highlight=False, soft_wrap=True)
        if listen_only:
            _wait_for_ever()
        qa = QuickAudience(prefix, key, platform_name=platform_name, patience_s=PATIENCE_S)
        with contextlib.closing(qa):
            reconciles = _run(console, qa, callbacks, plan)
    raise SystemExit(0 if reconciles else 1)


def _run(console: Console, qa: QuickAudience, callbacks: CallbackServer, plan: Plan) -> bool:
    course = Campaign(qa, callbacks, plan, stages_for(console)).run()
    result = reconcile(course.sent, callbacks.inbox, course.details)
    print_result(console, result, course.seconds)
    if plan.receipts == "push" and not callbacks.inbox.pushes:
        console.print(_advice(callbacks), highlight=False, soft_wrap=True)
    return not result.findings


def _advice(callbacks: CallbackServer) -> str:
    if any(refusal.status == _NOT_FOUND for refusal in callbacks.inbox.refusals):
        return f"Callbacks came to another path: the channel's callback_url must be {callbacks.url} alone."
    if callbacks.inbox.refused:
        return "No callback was taken: each was refused, as told above."
    return f"No callback came at all: is {callbacks.url} the channel's callback_url?"


def _shares(
    recipients: int | None, by_file: int | None, digital: int | None, default: int, own: bool
) -> tuple[int, int, int]:
    listed = default if recipients is None else recipients
    shares = (0, 0) if own else (listed // 5, listed // 10)
    counts = (
        listed,
        shares[0] if by_file is None else by_file,
        shares[1] if digital is None else digital,
    )
    if own and sum(counts) > default:
        raise click.UsageError(f"{sum(counts):,} recipients are wanted, --numbers lists {default:,}.")
    return counts


def _own_numbers(path: Path) -> Sequence[Person]:
    phones = list(dict.fromkeys(path.read_text("utf-8-sig").split()))
    if not phones:
        raise click.UsageError("--numbers names an empty file.")
    return [Person(phone, person.params) for phone, person in zip(phones, invent(len(phones)), strict=True)]


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise click.UsageError("--listen is HOST:PORT.")
    return host, int(port)


def _console() -> Console:
    """The terminal as wide as it is; anything else wide enough for every row of the table."""
    return Console(width=None if sys.stdout.isatty() else 100)


def _wait_for_ever() -> None:
    while True:
        time.sleep(3600)


@contextlib.contextmanager
def _ending() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind as Ctrl-C does, so that everything started is ended.

    A shell lets what it starts in the background ignore Ctrl-C; a SIGINT sent on purpose still counts.
    """

    def end(signum: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    before = {signum: signal.signal(signum, end) for signum in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@contextlib.contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except _FAILURES as failure:
        raise click.ClickException(str(failure)) from None
