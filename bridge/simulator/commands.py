"""`sms-bridge demo` and `sms-bridge simulate`."""

import contextlib
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import Any, cast

import click
from rich.console import Console

from .answers import BridgeRefused, ContractBroken
from .callback_server import CallbackServer
from .campaign import FILE, Aside, CampaignFailed, CampaignRun, Course, Plan
from .demo import Demo
from .inbox import Inbox
from .inspection import Rules
from .local_bridge import LocalBridge, NoLocalBridge
from .parts import PartFailed
from .people import MOST_INTERNATIONAL
from .quick_audience import Line, Marketer, NoAnswer, QuickAudience
from .reconciliation import reconcile
from .report import print_awaited, print_result
from .stages import stages_for
from .wanted import Wanted

_NOT_FOUND = 404
_WAITING = 3
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
@click.option(
    "--ca",
    type=click.Path(exists=True, path_type=Path),
    envvar=["SIMULATE_CA", "REQUESTS_CA_BUNDLE"],
    show_envvar=True,
    help="A PEM file: your own authority, which signed the bridge's certificate.",
)
@click.option("--sign", help="The signature to send under. [default: the channel's, if configured here]")
@click.option("--platform-name", help="What every answer must name; any name without it.")
@click.option("--task-id", help="The campaign that this run is part of. [default: a number of its own]")
@click.option("--recipients", type=click.IntRange(0), help="How many by list. [default: 100]")
@click.option("--by-file", type=click.IntRange(0), help="How many by file. [default: a fifth of RECIPIENTS]")
@click.option("--digital", type=click.IntRange(0), help="How many digital. [default: a tenth of RECIPIENTS]")
@click.option(
    "--international",
    type=click.IntRange(0, MOST_INTERNATIONAL),
    help="How many international messages, under an international template. [default: 0]",
)
@click.option(
    "--numbers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own test numbers, one a line, instead of invented ones.",
)
@click.option(
    "--template-type",
    type=click.IntRange(1, 3),
    default=2,
    show_default=True,
    help="1 notice, 2 promotion, 3 international (all --numbers with country code, without plus).",
)
@click.option("--per-send", type=click.IntRange(1), default=1000, show_default=True, help="Numbers per send.")
@click.option("--receipts", type=click.Choice(("push", "pull")), default="push", show_default=True)
@click.option("--listen", default="127.0.0.1:8790", show_default=True, help="Where callbacks are received.")
@click.option("--address", help="How the bridge reaches this machine, when not by LISTEN.")
@click.option(
    "--silence", default=150.0, show_default=True, help="Seconds without a receipt until giving up."
)
@click.option("--listen-only", is_flag=True, help="Send nothing; receive callbacks until Ctrl-C.")
@click.pass_context
def simulate(context: click.Context, /, **options: Any) -> None:
    """Be the Quick Audience of a running bridge: template, review, campaign, receipts, replies, details.

    The channel's callback_url must be the address that is printed first. Invented numbers are of ranges
    that no carrier serves, so they reach nobody; a real vendor may still charge for them. What the channel's
    vendor cannot do (digital messages, changes of a template) is skipped and said so.
    Exit status 1 when anything does not reconcile, 3 when nothing is lost and messages wait at the bridge,
    which is known on its own machine.
    """
    wanted, local = Wanted(**options), context.find_object(object)
    raise SystemExit(_simulated(wanted, cast(LocalBridge, local) if local else NoLocalBridge()))


def _simulated(wanted: Wanted, local: LocalBridge) -> int:
    if not wanted.prefix and not wanted.listen_only:
        raise click.UsageError("--prefix is needed, unless you only listen.")
    wanted.check_addresses()
    plan = None if wanted.listen_only else wanted.plan(_sign(wanted, local))
    console = _console()
    with _ending(), _failures_told(), _listening(wanted) as callbacks:
        note = f"Callbacks are received at {callbacks.url}: it must be the channel's callback_url."
        console.print(note, highlight=False, soft_wrap=True)
        if plan is None:
            _wait_for_ever()
            return 0
        if obstacle := _obstacle(wanted, local, callbacks):
            raise click.ClickException(obstacle)
        with contextlib.closing(_quick_audience(wanted)) as qa:
            return _run(console, qa, callbacks, plan, local)


def _obstacle(wanted: Wanted, local: LocalBridge, callbacks: CallbackServer) -> str:
    """Return why no receipt could come back, as far as this machine knows; "" where nothing is in the way.

    Asked before anything is sent: messages may cost, and the wait for their receipts is long.
    """
    before = callbacks.inbox.visits
    way = local.way_back(wanted.prefix)
    if way is None:
        return ""
    return way.obstacle(wanted.receipts, callbacks.url, came=callbacks.inbox.visits > before)


def _quick_audience(wanted: Wanted) -> QuickAudience:
    return QuickAudience(
        wanted.prefix,
        wanted.key,
        platform_name=wanted.platform_name,
        marketer=Marketer(task_id=wanted.task_id),
        line=Line(patience_s=PATIENCE_S, authority=wanted.ca),
    )


def _sign(wanted: Wanted, local: LocalBridge) -> str:
    sign = local.sign(wanted.prefix) if wanted.sign is None else wanted.sign
    if not sign:
        raise click.UsageError(
            "--sign is needed: no configuration on this machine names a signature of that channel. "
            "Take one that your vendor has approved."
        )
    return sign


def _listening(wanted: Wanted) -> CallbackServer:
    try:
        return CallbackServer(Rules(wanted.key), listen=wanted.place(), address=wanted.address)
    except OSError as error:
        reason = (
            f"Nothing can listen at {wanted.listen} ({error.strerror}): name another place with --listen."
        )
        raise click.ClickException(reason) from None


def _run(
    console: Console,
    qa: QuickAudience,
    callbacks: CallbackServer,
    plan: Plan,
    local: LocalBridge,
) -> int:
    def held() -> Sequence[str]:
        return local.held(qa.prefix)

    def tell(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True, markup=False)

    tell(f"This run is the campaign {qa.task_id} (sms-bridge campaigns show {quote(qa.task_id)}).")
    if plan.by_file:
        # The contract's send by file has no field for a task.
        own = plan.out_id(FILE)
        tell(f"Its send by file names no task: the campaign {own} (sms-bridge campaigns show {quote(own)}).")
    course = CampaignRun(qa, callbacks, plan, stages_for(console), aside=Aside(held=held, tell=tell)).run()
    waiting = _waiting(course, callbacks.inbox, lambda name, sent: local.waiting(qa.prefix, name, sent))
    result = reconcile(course.sent, callbacks.inbox, course.details, waiting=waiting)
    print_result(console, result, course.seconds)
    print_awaited(console, course, callbacks.inbox)
    reasons = held() if result.lost or result.waiting else ()
    for reason in reasons:
        tell(f"They wait: {reason}" if result.waiting else f"This may keep receipts back: {reason}")
    if plan.receipts == "push" and not callbacks.inbox.pushes and not reasons:
        tell(_advice(callbacks, lambda: local.polled_s(qa.prefix)))
    if result.findings:
        return 1
    return _WAITING if result.waiting else 0


def _waiting(course: Course, inbox: Inbox, unsent: Callable[[str, int], int]) -> int:
    """Return how many of those without a receipt wait at the bridge, campaign by campaign."""
    missing, sent = Counter[str](), Counter[str]()
    for out_id, numbers in course.sent.items():
        name = course.campaigns[out_id]
        sent[name] += len(numbers)
        missing[name] += len(numbers.keys() - inbox.receipts.get(out_id, {}).keys())
    return sum(min(count, unsent(name, sent[name])) for name, count in missing.items() if count)


def _advice(callbacks: CallbackServer, polled_s: Callable[[], float]) -> str:
    if any(refusal.status == _NOT_FOUND for refusal in callbacks.inbox.refusals):
        return f"Callbacks came to another path: the channel's callback_url must be {callbacks.url} alone."
    if callbacks.inbox.refused:
        return "No callback was taken: each was refused, as told above."
    if callbacks.inbox.visits:  # the bridge's own call of the address came here before anything was sent
        if seconds := polled_s():
            return (
                "The bridge reaches this address and told nothing yet: it asks the vendor for receipts "
                f"every {seconds:g} s (poll_s). "
                "Let --silence be longer; sms-bridge channels shows what fails."
            )
        return (
            "The bridge reaches this address and told nothing, so no vendor has reported to it: does the "
            "vendor reach public_url? sms-bridge webhooks shows what was refused."
        )
    return f"No callback came at all: is {callbacks.url} the channel's callback_url?"


def _console() -> Console:
    """Return the terminal as wide as it is; anything else wide enough for every row of the table."""
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
