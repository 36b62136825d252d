"""Runs rules of the kit against a plugin in this process; pytest inside pytest takes seconds."""

import importlib
import inspect
import itertools
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bridge.testing import VendorTests
from bridge.testing.ladder.climbing import PROPERTY
from bridge.testing.table.rows import rows_of

_HERE = Path(__file__).parent
_NUMBERS = itertools.count()
_ACME = ("acme_sms", "acme_plain", "acme_curl", "test_acme")
_NOT_HERE = ("test_the_plugin_is_registered", "test_the_readme_names_every_setting", "test_kill_9")
"""They ask for an installed package, or start processes."""

Failures = list[tuple[str, str]]
"""The rung of each failed rule, and what it says."""


def failures_of(
    source: str, rule: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, until: str = ""
) -> Failures:
    """Try Acme's table on the plugin of this source, by the rules whose names begin with `rule`.

    With `until`, no further row is tried once a failure says so.
    """
    module, patience = imported(source, folder, monkeypatch), socket.getdefaulttimeout()
    try:
        found: Failures = []
        for failure in _failures(table_of(module), lambda name: _is_told_here(name, rule)):
            found.append(failure)
            if until and until in failure[1]:
                break
        return found
    finally:
        sys.modules.pop(module.__name__, None)
        socket.setdefaulttimeout(patience)  # a sin may have changed it where no rule looks


def _is_told_here(name: str, rule: str) -> bool:
    return name.startswith(rule or "test_") and not name.startswith(_NOT_HERE)


def failures_at(folder: Path, rule: str, monkeypatch: pytest.MonkeyPatch) -> Failures:
    """Try the table of the Acme that lies in this folder, by the rules whose names hold `rule`."""
    monkeypatch.syspath_prepend(folder)
    kept = {name: sys.modules.pop(name) for name in _ACME if name in sys.modules}
    try:
        return list(_failures(importlib.import_module("test_acme").TestAcme, lambda name: rule in name))
    finally:
        for name in _ACME:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def imported(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import this source as a module of its own, beside Acme."""
    name = f"sin_{next(_NUMBERS)}"
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(_HERE / "acme")
    monkeypatch.syspath_prepend(folder)
    for module in _ACME:
        # Gone again after the test: pytest inside pytest has an Acme of its own.
        monkeypatch.setitem(sys.modules, module, _library(module))
    return importlib.import_module(name)


@cache
def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    finally:
        sys.modules.pop(name, None)


def table_of(sin: Any) -> type[VendorTests]:
    """Return Acme's table with what the module of a sin says otherwise."""
    acme: Any = importlib.import_module("test_acme").TestAcme
    given = {"vendor": sin.Sin, "over": getattr(sin, "OVER", "responses"), "__module__": sin.__name__}
    given["cases"] = [_at(row, sin) for row in acme.cases]
    return type("TestSin", (acme,), {**given, **getattr(sin, "TABLE", {})})


def _at(row: Any, sin: Any) -> Any:
    if not hasattr(sin, "AT") or not getattr(row, "receipts", ()):
        return row
    return replace(row, receipts=[each._replace(at=sin.AT) for each in row.receipts])


def _failures(table: type[VendorTests], wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    rows = rows_of(table())
    for name, test in inspect.getmembers(table, inspect.isfunction):
        if not hasattr(test, PROPERTY) or not wanted(name):
            continue
        taken = [each for each in inspect.signature(test).parameters if each in rows]
        for given in itertools.product(*(rows[each][0] for each in taken)):
            says = _outcome(table, name, dict(zip(taken, given, strict=True)))
            if says:
                yield getattr(test, PROPERTY), f"{name}: {says}"


def _outcome(table: type[VendorTests], name: str, given: dict[str, Any]) -> str:
    """Return what a rule says of one row; "" when it passed or was skipped."""
    tried = table()
    tried._record = lambda *_: None
    try:
        getattr(tried, name)(**given)
    except pytest.skip.Exception:
        return ""
    except Exception as error:
        return str(error) or repr(error)
    return ""
