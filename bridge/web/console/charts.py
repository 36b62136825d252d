"""Charts as SVG in the page: no script draws them, and they print."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_BAR_WIDTH, _BAR_HEIGHT = 6, 28


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart of lines: what it stands for, how much, and a class that gives its colour."""

    label: str
    count: int
    kind: str = ""


def spark(numbers: Sequence[int], label: str) -> Markup:
    """Return small bars side by side, the highest as high as the chart; `label` tells what they show."""
    most = max(numbers, default=0) or 1
    width = len(numbers) * _BAR_WIDTH
    bars = Markup("").join(
        Markup('<rect x="{}" y="{}" width="{}" height="{}"/>').format(
            index * _BAR_WIDTH, _BAR_HEIGHT - height, _BAR_WIDTH - 1, height
        )
        for index, number in enumerate(numbers)
        for height in [round(number / most * _BAR_HEIGHT, 1)]
        if number
    )
    return Markup('<svg class="spark" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        label, width, _BAR_HEIGHT, bars
    )


def bar(count: int, whole: int, kind: str = "") -> Markup:
    """Return one bar as long as its share of a whole; the number stands beside it as text."""
    length = round(100 * count / whole, 2) if whole else 0
    return Markup(
        '<svg class="bar {}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rest" width="100" height="4"/><rect width="{}" height="4"/></svg>'
    ).format(kind, length)
