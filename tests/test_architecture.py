"""The rules of the house that no linter knows: where things lie, how large they are, who may know whom."""

import ast
import configparser
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("bridge", "plugins", "tests", "config")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations/versions" not in path.as_posix()
)
PRODUCT = [
    path for path in SOURCES if path.is_relative_to(ROOT / "bridge") or path.is_relative_to(ROOT / "plugins")
]
TOP_LEVEL = {
    "README.zh-CN.md",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "bridge",
    "plugins",
    "tests",
    "wsgi.py",
    "config",
}
OLD_WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "steer": ("control; a role may act", ()),
    "stranger": ("third-party", ()),
    "abroad(?![a-z])": ("international; an account is called overseas", ()),
    "half (a )?(character|surrogate)": ("lone surrogates", ()),
    r"take_in(?![a-z])|\btak(es|ing) in what": ("store", ()),
    "heed(?![a-z])": ("apply", ()),
    "tactful|discreet": ("masked", ()),
    "yield_duty": ("release_lease", ()),
    r"pay_rates|_pay\(": ("debit_rates", ()),
    "left to its lease": ("left for lease expiry", ()),
    "not listening": ("LISTEN connection lost", ()),
    "dispatch(?!_threads|ed)": ("send, hooks", ()),
    r"\bchunk(?!ed|_rows)": (
        "batch; HTTP has chunks",
        (
            "bridge/web/threads.py",
            "tests/web/test_threads.py",
            "tests/plugin/test_fetch.py",
            "tests/plugin/test_exchange.py",
            "bridge/testing/table/exchanges.py",
            "tests/kit/sins/repeats_after_cut_chunk.py",
            "tests/kit/more_sinners.py",
        ),
    ),
    "template_modify|sign_query": (
        "update_template, query_sign",
        ("bridge_http/schema/words.py", "config/recipes/README.md", "tests/plugins/http/test_"),
    ),
    r"\bthe core\b": ("the bridge", ()),
    "recorded but not heeded": ("recorded, follow-up failed", ()),
    r"\bnews\b": ("reports, changes", ()),
    r'"""(Those of|Whether) ': ("Return ...", ()),
    r"\b_GivenUp|\b_GIVE_UP_MS": ("FileFailed; what is given up is a callback", ()),
}
"""What a thing was once called (a pattern): what it is called now, and which files may have the old word."""
TEXTS = sorted(
    path
    for folder in ("bridge", "plugins", "tests", "config")
    for path in (*(ROOT / folder).rglob("*"), *ROOT.glob("*.md"))
    if path.suffix in {".py", ".md", ".toml", ".html", ".po"}
    and path != Path(__file__)
    and not {"versions", "vendor", "swagger_ui"} & set(path.parts)
)
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
FLOOR_1 = ("settings", "logs", "metrics", "tracing", "contract", "ledger")


def name(path: Path) -> str:
    """Return a file's path for a test's name."""
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's lines without its signature and docstring."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_are_small(path: Path) -> None:
    """A file fits in one reading, a function on one screen."""
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    long = {
        function.name: body_lines(function)
        for function in functions(ast.parse(text))
        if body_lines(function) > LONGEST_FUNCTION
    }
    assert not long


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_public_names_are_documented(path: Path) -> None:
    """Modules, public classes and public functions say what they mean."""
    tree = ast.parse(path.read_text())
    if not tree.body:
        return
    assert ast.get_docstring(tree), "the module"
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert not [node.name for node in public if not ast.get_docstring(node)]


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_names_say_what_is_inside(path: Path) -> None:
    """No file is called after nothing in particular."""
    assert not {"utils", "util", "helpers", "helper", "manager", "misc", "common"} & set(
        path.with_suffix("").parts
    )


@pytest.mark.parametrize("word", OLD_WORDS)
def test_one_thing_has_one_word(word: str) -> None:
    """No word of before has come back, in code, tests or documents."""
    now, may = OLD_WORDS[word]
    old = re.compile(word, re.IGNORECASE)
    found = [
        name(path)
        for path in TEXTS
        if old.search(path.read_text(encoding="utf-8")) and not any(one in name(path) for one in may)
    ]
    assert not found, f"say {now}"


def test_the_top_level_is_the_owner_s() -> None:
    """Nothing but the fixed names and dot files lies at the top."""
    tracked = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert tracked - TOP_LEVEL - {"var", "__pycache__"} <= {
        path for path in tracked if path.endswith(".egg-info")
    }


@pytest.mark.parametrize("path", [p for p in PRODUCT if p.is_relative_to(ROOT / "plugins")], ids=name)
def test_plugins_import_the_plugin_api_only(path: Path) -> None:
    """Built-in plugins have no privilege: of the bridge they import bridge.plugin alone."""
    imported = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        node.module or ""
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level == 0
    }
    ours = {module for module in imported if module == "bridge" or module.startswith("bridge.")}
    assert all(module == "bridge.plugin" or module.startswith("bridge.plugin.") for module in ours)


def floors() -> list[set[str]]:
    """Return the floors as .importlinter has them, the highest first."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = contracts["importlinter:contract:floors"]["layers"].split("\n")
    return [set(layer.split(" | ")) for layer in layers if layer]


BENEATH = [
    ("bridge.services.messages.sending", "bridge.simulator.guard"),
    ("bridge.worker.sender", "bridge.testing.play"),
]


@pytest.mark.parametrize(("importer", "imported"), BENEATH)
def test_an_import_from_a_higher_floor_fails_the_gate(importer: str, imported: str) -> None:
    """The simulator and the kit have floors, too."""
    graph = grimp.build_graph("bridge")
    layers = [grimp.Layer(*floor) for floor in floors()]
    assert not graph.find_illegal_dependencies_for_layers(layers)
    graph.add_import(importer=importer, imported=imported)
    assert graph.find_illegal_dependencies_for_layers(layers)


def test_the_gate_keeps_every_room_but_one_from_plugins() -> None:
    """A new room is none of theirs."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    forbidden = contracts["importlinter:contract:plugins"]["forbidden_modules"].split()
    assert set(forbidden) == set().union(*floors()) - {"bridge.plugin"}


def test_every_room_has_a_floor() -> None:
    """Nothing of the bridge is left out of the rule."""
    rooms = {f"bridge.{path.stem}" for path in (ROOT / "bridge").iterdir() if path.suffix == ".py"}
    rooms |= {f"bridge.{path.parent.name}" for path in (ROOT / "bridge").glob("*/__init__.py")}
    assert set().union(*floors()) == rooms - {"bridge.__init__"}


def test_every_plugin_is_found_like_a_third_party_s() -> None:
    """Each package of plugins/ has an entry point, and each entry point a package."""
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["bridge"]
    packages = {path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").exists()}
    assert set(entry_points.values()) == packages


def test_only_the_plugin_room_calls_pluggy() -> None:
    """Outside the plugin API and the plugin room nobody touches the plugin manager."""
    allowed = (ROOT / "bridge/plugin", ROOT / "bridge/channels", ROOT / "bridge/testing")
    users = [
        name(path)
        for path in PRODUCT
        if re.search(r"^\s*(import|from) pluggy", path.read_text(), re.M)
        and not any(path.is_relative_to(folder) for folder in allowed)
    ]
    assert not users


def test_no_sleep_in_tests() -> None:
    """Tests own the clock; waiting for another process with a deadline is the exception, in few rooms."""
    waiting = {
        "tests/campaign",
        "tests/kit/sins",
        "tests/simulator",
        "tests/benchmarks",
        "tests/cli",
        "tests/plugins",
        "tests/web",
        "tests/operators",
    }
    sleepers = [
        name(path)
        for path in SOURCES
        if path.is_relative_to(ROOT / "tests")
        and re.search(r"\bsleep\(", path.read_text())
        and not any(name(path).startswith(folder) for folder in waiting)
        and path != Path(__file__)
    ]
    assert not sleepers
