"""The table at the end of a campaign."""

from rich.console import Console
from rich.table import Table

from .reconciliation import Result


def print_result(console: Console, result: Result, seconds: float) -> None:
    """One table of figures, then every finding. Nothing in it holds a full phone number."""
    table = Table(title="Campaign", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, figure in _figures(result, seconds):
        table.add_row(name, figure)
    console.print(table)
    if result.accepted is None:
        console.print("Only the carrier's own record could tell what it accepted, and whether twice.")
    for finding in result.findings:
        console.print(f"[red]does not reconcile:[/red] {finding}", highlight=False, soft_wrap=True)
    if not result.findings:
        console.print("Everything reconciles.", style="green", highlight=False)


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
        ("lost", f"{result.lost:,}"),
        ("recipients per second", rate),
    ]
