"""What a plugin's source must not hold: certificates waved through, == over signatures, words run as code."""

import ast
from collections.abc import Iterator

from bridge.plugin import Vendor

from .places import package_of

_UNVERIFIED = {
    "CERT_NONE": "certificates are not verified",
    "_create_unverified_context": "certificates are not verified",
}
_CODE = {
    **dict.fromkeys(("eval", "exec"), "runs text as code"),
    **dict.fromkeys(
        (
            "pickle.loads",
            "pickle.load",
            "marshal.loads",
            "yaml.load",
            "yaml.unsafe_load",
            "jsonpickle.decode",
        ),
        "makes objects of what it was sent, which runs code",
    ),
    "os.system": "gives words to a shell",
}
_IMPORTS = ("import_module", "__import__")
_WATCHERS = ("bridge.testing", "pytest", "PYTEST_CURRENT_TEST", "KIT-05")
"""What a plugin would look for to behave only while it is watched."""
_SWITCHES = {
    ("shell", True): "words are given to a shell",
    ("verify", False): "certificates are not verified",
    ("check_hostname", False): "a certificate of any host is taken",
    ("assert_hostname", False): "a certificate of any host is taken",
    ("trust_env", True): "proxies of the environment are obeyed",
}


def source_faults(vendor: type[Vendor]) -> list[str]:
    """Read the package's source. Returns each line that trusts too much."""
    place = package_of(vendor)
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return [
        f"{file.name}:{line}: {what}"
        for file in files
        for line, what in _in_file(ast.parse(file.read_text(encoding="utf-8")))
    ]


def _in_file(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in _UNVERIFIED:
                yield node.lineno, f"{_UNVERIFIED[name]} ({name})"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _CODE:
            yield node.lineno, f"{_CODE[ast.unparse(node.func)]} ({ast.unparse(node.func)})"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(_IMPORTS):
            if not (node.args and _is_fixed(node.args[0])):
                yield node.lineno, "imports what a word names, which runs its code: name the module"
        elif isinstance(node, ast.keyword | ast.Assign):
            yield from _switched(node)
        elif isinstance(node, ast.Constant) and str(node.value).startswith(_WATCHERS):
            yield (
                node.lineno,
                f"looks whether it is tested ({node.value!r}): it must behave in production, too",
            )
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _compared(node)


def _is_fixed(name: ast.expr) -> bool:
    """Return True for a module that is named as it is, or lies in the package itself."""
    if isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.FormattedValue):
        return ast.unparse(name.values[0].value) in ("__name__", "__package__")
    return isinstance(name, ast.Constant)


def _switched(node: ast.keyword | ast.Assign) -> Iterator[tuple[int, str]]:
    value = node.value
    if not isinstance(value, ast.Constant):
        return
    names = (
        [node.arg] if isinstance(node, ast.keyword) else [getattr(each, "attr", "") for each in node.targets]
    )
    for name in names:
        what = _SWITCHES.get((str(name), value.value)) if isinstance(value.value, bool) else None
        if what:
            yield value.lineno, f"{what} ({name}={value.value!r})"


def _compared(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[int, str]]:
    made = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _makes_digest(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = [node.left, *node.comparators]
            # What a claim inside a signed token says of the body may be compared in any way.
            signed = any("claims" in ast.unparse(side) for side in sides)
            if not signed and any(_makes_digest(side) or _named(side, made) for side in sides):
                told = "a signature is compared with ==, which tells its beginning by the time it takes"
                yield node.lineno, f"{told}: use hmac.compare_digest"


def _makes_digest(node: ast.expr) -> bool:
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return any(ast.unparse(each.func).endswith(("digest", "hmac.new", "b64encode")) for each in calls)


def _named(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names
