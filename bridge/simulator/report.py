"""The table at the end of a campaign."""

from shlex import quote

from rich.console import Console
from rich.table import Table

from bridge.plugin.phone import mask

from .campaign import Course
from .inbox import Inbox
from .reconciliation import Result

_SHOWN = 5


def print_result(console: Console, result: Result, seconds: float) -> None:
    """Print one table of figures, then every finding. Nothing in it holds a full phone number."""
    table = Table(title="Campaign", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, figure in _figures(result, seconds):
        table.add_row(name, figure)
    console.print(table)
    if result.accepted is None:
        console.print("Only the carrier's own record could tell what it accepted, and whether twice.")
    if result.earlier:
        text = f"Receipts and replies of an earlier run, by their outId, and not counted: {result.earlier:,}."
        console.print(text, highlight=False, soft_wrap=True)
    for finding in result.findings:
        console.print(f"[red]does not reconcile:[/red] {finding}", highlight=False, soft_wrap=True)
    if not result.findings and result.waiting:
        text = f"Nothing is lost: {result.waiting:,} wait at the bridge; all else reconciles."
        console.print(text, style="yellow", highlight=False, soft_wrap=True)
    elif not result.findings:
        console.print("Everything reconciles.", style="green", highlight=False)


def print_awaited(console: Console, course: Course, inbox: Inbox) -> None:
    """Say which receipts are still awaited, send by send, and where to look; numbers are masked."""
    for out_id, numbers in course.sent.items():
        known = inbox.receipts.get(out_id, {})
        missing = [number for number in numbers if number not in known]
        if not missing:
            continue
        shown = ", ".join(map(mask, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        text = f"Still awaited for {out_id}: {len(missing):,} of {len(numbers):,} receipts ({shown}); "
        text += f"see sms-bridge campaigns show {quote(course.campaigns[out_id])}"
        console.print(text, highlight=False, soft_wrap=True, markup=False)


def _figures(result: Result, seconds: float) -> list[tuple[str, str]]:
    rate = f"{result.sent / seconds:,.0f}" if seconds > 0 else "-"
    unknown = "not known"
    failures = sorted(result.failures.items(), key=lambda item: (-item[1], item[0]))
    return [
        ("sent by Quick Audience", f"{result.sent:,}"),
        ("accepted by the carrier", unknown if result.accepted is None else f"{result.accepted:,}"),
        ("delivered", f"{result.delivered:,}"),
        ("failed", f"{result.failed:,}"),
        *((f"  {reason}", f"{count:,}") for reason, count in failures),
        ("replies", f"{result.replies:,}"),
        ("duplicates", unknown if result.duplicates is None else f"{result.duplicates:,}"),
        *([("waiting at the bridge", f"{result.waiting:,}")] if result.waiting else []),
        ("lost", f"{result.lost:,}"),
        ("recipients per second", rate),
    ]
