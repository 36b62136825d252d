"""Writes what each recipe was judged by: `python -m tests.plugins.http.judging config/recipes/README.md`.

The part stands between `<!-- judged -->` and `<!-- end -->`; a test fails when it and the tests differ.
"""

import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from bridge_http.reading import load

from . import emulators
from .emulators.frame import Emulator
from .judges import JUDGES

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
CODES = Path(__file__).parent / "codes"
_JUDGING = ("test_signers", "test_official_clients", "test_recorded_clients")
"""The tests that hold recipes against vendors' own code."""

_PART = re.compile(r"<!-- judged -->\n.*?<!-- end -->", re.DOTALL)


def page() -> str:
    """Write the part of the guide.

    Returns a table with a row for every recipe, then the samples whose payloads are our own.
    """
    for name in _JUDGING:
        import_module(f"{__package__}.{name}")
    for path in Path(emulators.__path__[0]).glob("*.py"):
        import_module(f"{emulators.__name__}.{path.stem}")
    emulated = {kind.recipe for kind in Emulator.__subclasses__()}
    rows, own = [], []
    for path in sorted(FOLDER.glob("*.toml")):
        name, samples = path.stem, load(path).samples
        ours = [sample.name for sample in samples if not sample.source]
        source = tomllib.loads((CODES / path.name).read_text(encoding="utf-8"))["source"]
        cells = [
            f"[{name}]({path.name})",
            vendors_code(name),
            f"{len(samples) - len(ours)} of {len(samples)}",
            source.replace("|", "\\|"),
            "yes" if name in emulated else "no",
        ]
        rows.append(f"| {' | '.join(cells)} |")
        if ours:
            own.append(f"- **{name}**: {'; '.join(ours)}")
    return "\n".join([*_HEAD, *rows, "", *_OWN, "", *own])


_HEAD = (
    "| recipe | the vendor's own client or signer: what | samples from its pages or clients "
    "| codes were read in | emulator |",
    "|---|---|---|---|---|",
)
_OWN = (
    "Each recipe's table of codes (`tests/plugins/http/codes`) was read in the vendor's pages or clients.",
    "The payloads of these samples are our own, made after the fields of those pages:",
)


def vendors_code(name: str) -> str:
    """Name the vendor's own code that judges a recipe, and what of it."""
    judges: dict[str, list[str]] = {}
    for judge in dict.fromkeys(judge for judge in JUDGES if judge.recipe == name):
        judges.setdefault(judge.by, []).append(judge.what)
    return "; ".join(f"{by}: {', '.join(what)}" for by, what in sorted(judges.items())) or "none"


def renewed(guide: str) -> str:
    """Put the part as it is now into the guide."""
    return _PART.sub(lambda _match: f"<!-- judged -->\n{page()}\n<!-- end -->", guide)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renewed(target.read_text(encoding="utf-8")), encoding="utf-8")
