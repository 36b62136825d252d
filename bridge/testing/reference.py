"""Writes the generated parts of the author's guide: `python -m bridge.testing.reference plugins/README.md`.

A part stands between `<!-- NAME -->` and `<!-- end -->`; a test fails when the guide and the code differ.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.plugin import errors, hookspecs

from .ladder.climbing import PROPERTY, RUNGS
from .ladder.suite import VendorTests

_PART = re.compile(r"<!-- ([a-z]+)(?: (\S+))? -->\n.*?<!-- end -->", re.DOTALL)


def hooks() -> str:
    """Return every hook with its signature and its docstring, in the order of hookspecs.py."""
    return "\n\n".join(
        f"### {spec.name}\n\n```python\n{_signature(spec)}\n```\n\n{_text(spec)}" for spec in _specs()
    )


def _specs() -> Iterator[ast.FunctionDef]:
    for node in ast.parse(inspect.getsource(hookspecs)).body:
        if isinstance(node, ast.FunctionDef) and any(
            "hookspec" in ast.unparse(d) for d in node.decorator_list
        ):
            yield node


def _signature(spec: ast.FunctionDef) -> str:
    arguments = ", ".join(f"{each.arg}: {_type(each.annotation)}" for each in spec.args.args)
    return f"{spec.name}({arguments}) -> {_type(spec.returns)}"


def _type(annotation: ast.expr | None) -> str:
    return "None" if annotation is None else ast.unparse(annotation).replace("'", "")


def _text(spec: ast.FunctionDef) -> str:
    text = ast.get_docstring(spec) or ""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def error_classes() -> str:
    """Return the tree of error classes with the consequence of each."""
    tree = (errors.__doc__ or "").split("\n\n")[1]
    return f"```\n{tree.rstrip()}\n```"


def rules() -> str:
    """Return the tests of the suite, rung by rung."""
    lines = []
    for rung in RUNGS:
        lines += [f"**{rung.capitalize()}**", ""]
        for name, test in inspect.getmembers(VendorTests, inspect.isfunction):
            if getattr(test, PROPERTY, "") == rung:
                lines.append(f"- `{name}`: {inspect.getdoc(test)}")
        lines.append("")
    return "\n".join(lines).rstrip()


def code(path: str, root: Path) -> str:
    """Return a file of the repository, as a block of code."""
    return f"```python\n{(root / path).read_text(encoding='utf-8').rstrip()}\n```"


_PARTS: dict[str, Callable[[], str]] = {"hooks": hooks, "errors": error_classes, "rules": rules}


def renewed(guide: str, root: Path) -> str:
    """Return the guide with every generated part as the code has it now; paths are relative to `root`."""

    def part(found: re.Match[str]) -> str:
        name, path = found[1], found[2]
        text = code(path, root) if name == "code" else _PARTS[name]()
        opening = f"<!-- {name} {path} -->" if path else f"<!-- {name} -->"
        return f"{opening}\n{text}\n<!-- end -->"

    return _PART.sub(part, guide)


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        old = file.read_text(encoding="utf-8")
        file.write_text(renewed(old, Path.cwd()), encoding="utf-8")
