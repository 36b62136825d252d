"""Trees with expressions, compiled into one sandboxed Jinja2 template per request.

A tree is checked leaf by leaf (syntax, names, filters), then all of it becomes one template whose loops are
the `$each` and `$map` tables: a call of 500 recipients runs compiled code, and a value is never parsed again.
Each leaf has a line of its own, so that what fails at run time is named by its key.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..faults import RecipeFault, Unsendable
from . import filters
from .checks import filter_faults, shown
from .values import VIEWS

MAX_EXPRESSION = 8192
"""Characters one text of a recipe may have."""

_VIEW = "view"
"""Marks the access to a field of a view, where Jinja2 itself has "load"."""

_APPEND, _PUT = "_append", "_put"
_CODE = {_APPEND: (".append(",), _PUT: ("[", "] = ")}

_TEXT_METHODS = frozenset({"endswith", "isdigit", "lower", "split", "startswith", "strip", "upper"})


class _Generator(CodeGenerator):
    """Writes what is done for every recipient as plain Python; the compiler has checked the names."""

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write the code of `r.phone`."""
        if node.ctx != _VIEW:
            super().visit_Getattr(node, frame)
            return
        self.visit(node.node, frame)
        self.write(f".{node.attr}")

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write the code that adds to the list or table of a loop."""
        if node.name not in (_APPEND, _PUT):
            super().visit_Filter(node, frame)
            return
        assert node.node is not None  # noqa: S101 - the loop's holder
        self.visit(node.node, frame)
        for part, argument in zip(_CODE[node.name], node.args, strict=True):
            self.write(part)
            self.visit(argument, frame)
        self.write(")" if node.name == _APPEND else "")


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox without globals; tables give their keys only, never the methods of dict."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        super().__init__(
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            comment_start_string="{#\x00",
            cache_size=0,
        )
        self.filters = {**filters.FILTERS, **_INTERNAL}
        self.globals = {}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a field of one of our views, a key of a table, or what the sandbox allows."""
        fields = VIEWS.get(type(obj))
        if fields is not None:
            return getattr(obj, attribute) if attribute in fields else self.undefined(obj=obj, name=attribute)
        if type(obj) is str and attribute in _TEXT_METHODS:
            return getattr(obj, attribute)
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return as `getattr` for views, which `map(attribute=...)` uses; else do as the sandbox."""
        if type(obj) is dict:
            try:
                return obj[argument]
            except KeyError:
                return self.undefined(obj=obj, name=argument)
        if type(obj) in VIEWS:
            return self.getattr(obj, argument)
        return super().getitem(obj, argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers; a repeated text or list is refused."""
        if not isinstance(left, int | float) or not isinstance(right, int | float) or operator == "**":
            raise Unsendable(f"{operator} is for numbers only")
        return super().call_binop(context, operator, left, right)


def _merge(table: dict[str, Any], more: Any) -> dict[str, Any]:
    for other in more if isinstance(more, list) else (more,):
        if not isinstance(other, Mapping):
            raise Unsendable("is no table whose keys could be added")
        table |= other
    return table


def _slim(table: dict[str, Any], *optional: str) -> dict[str, Any]:
    for key in optional:
        if table[key] is None or table[key] == "" or table[key] == [] or table[key] == {}:
            del table[key]
    return table


def _known(value: Any) -> Any:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises and names what is undefined
    return value


_INTERNAL: dict[str, Callable[..., Any]] = {
    _APPEND: lambda target, value: None,  # written as code by _Generator
    _PUT: lambda target, key, value: None,
    "_slim": _slim,
    "_merge": _merge,
    "_text": filters.text,
    "_segment": filters.segment,
    "_known": _known,
}

ENVIRONMENT = Environment()


class Program:
    """Compiled trees: call it with the values of the names, it returns the results by section."""

    def __init__(self, template: jinja2.Template, keys: list[str]) -> None:
        self._template = template
        self._keys = keys

    def __call__(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate every section; raises Unsendable with the key of what failed, quoting no value."""
        try:
            result: dict[str, Any] = self._template.make_module(dict(names)).__dict__["result"]
        except Unsendable as problem:
            raise Unsendable(problem.reason, self._key_of(problem)) from None
        except jinja2.UndefinedError as problem:
            raise Unsendable(_undefined(problem), self._key_of(problem)) from None
        except (
            jinja2.TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ) as problem:
            raise Unsendable(
                f"cannot be computed ({type(problem).__name__})", self._key_of(problem)
            ) from None
        return result

    def _key_of(self, problem: BaseException) -> str:
        trace = problem.__traceback__
        line = 0
        while trace is not None:
            if trace.tb_frame.f_globals.get("__jinja_template__") is self._template:
                line = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return self._keys[line] if 0 < line < len(self._keys) else ""


def _undefined(problem: jinja2.UndefinedError) -> str:
    message = problem.message or "a name is not defined"
    return message.replace("'dict object'", "the table").replace("dict object", "the table")


class Compiler:
    """Collects the sections of one request and compiles them together.

    `names` are the names the expressions may use, each with its known keys, or None when any key may occur.
    The value of those in `sealed` must not come out: they may stand in the key of an HMAC only.
    Faults are collected in `faults`; `finish` compiles what is sound.
    """

    def __init__(self, names: Mapping[str, frozenset[str] | None], sealed: Collection[str] = ()) -> None:
        self.faults: list[RecipeFault] = []
        self._sealed = sealed
        self._known = dict(names)
        self._keys = [""]
        self._blocks: list[_Block] = [_Block(frozenset(names))]
        self._sections: list[nodes.Pair] = []
        self._serial = 0

    def section(self, name: str, tree: Any, key: str, *, filter_name: str = "_text") -> None:
        """Add a tree as `name` of the result. `filter_name` is applied to the expressions inside texts."""
        value = self._value(tree, key, filter_name)
        self._sections.append(nodes.Pair(nodes.Const(name), value))

    def define(self, name: str, tree: Any, key: str) -> None:
        """Add a tree as a name for everything that follows."""
        if name in self._known:
            self._fault(key, f"the name {name!r} is taken")
            return
        value = self._value(tree, key, "_text")
        self._known[name] = None
        self._blocks[0].add(nodes.Assign(nodes.Name(name, "store"), value), self._line(key))

    def finish(self) -> Program:
        """Return the program; call it only when there are no faults."""
        block = self._blocks[0]
        block.add(nodes.Assign(nodes.Name("result", "store"), nodes.Dict(self._sections)), self._line(""))
        tree = nodes.Template(block.statements, lineno=1)
        tree.set_environment(ENVIRONMENT)
        return Program(ENVIRONMENT.from_string(tree), self._keys)

    def _fault(self, key: str, reason: str) -> nodes.Expr:
        self.faults.append(RecipeFault(key, reason))
        return nodes.Const("")

    def _line(self, key: str) -> int:
        self._keys.append(key)
        return len(self._keys) - 1

    def _fresh(self) -> str:
        self._serial += 1
        return f"_v{self._serial}"

    def _value(self, tree: Any, key: str, filter_name: str) -> nodes.Expr:
        if isinstance(tree, str):
            return self._text(tree, key, filter_name)
        if isinstance(tree, bool | int | float):
            return nodes.Const(tree)
        if isinstance(tree, list):
            return nodes.List([self._value(item, f"{key}[{i}]", filter_name) for i, item in enumerate(tree)])
        if isinstance(tree, dict):
            if "$each" in tree or "$map" in tree:
                return self._loop(tree, key)
            return self._table(tree, key, filter_name)
        return self._fault(key, f"a {type(tree).__name__} cannot be sent: write it as text in quotes")

    def _table(self, tree: dict[str, Any], key: str, filter_name: str) -> nodes.Expr:
        optional = [name[:-1] for name in tree if name.endswith("?")]
        pairs = []
        for name, value in tree.items():
            if name == "$merge":
                continue
            if name.startswith("$"):
                self._fault(f"{key}.{name}", "is not one of $each, $map, $as, $key, $value and $merge")
            pairs.append(
                nodes.Pair(
                    nodes.Const(name.removesuffix("?")), self._value(value, f"{key}.{name}", filter_name)
                )
            )
        table: nodes.Expr = nodes.Dict(pairs)
        if "$merge" in tree:
            merged = self._value(tree["$merge"], f"{key}.$merge", filter_name)
            both, holder = nodes.Filter(table, "_merge", [merged], [], None, None), self._fresh()
            self._blocks[-1].add(nodes.Assign(nodes.Name(holder, "store"), both), self._line(f"{key}.$merge"))
            table = nodes.Name(holder, "load")
        if not optional:
            return table
        arguments: list[nodes.Expr] = [nodes.Const(name) for name in optional]
        return nodes.Filter(table, "_slim", arguments, [], None, None)

    def _loop(self, tree: dict[str, Any], key: str) -> nodes.Expr:
        kind = "$each" if "$each" in tree else "$map"
        needed = {kind, "$value"} | ({"$key"} if kind == "$map" else set())
        if not needed <= tree.keys() <= needed | {"$as"}:
            return self._fault(key, f"a {kind} table has {', '.join(sorted(needed))} and may have $as")
        variable = tree.get("$as", "r")
        source = self._expression(str(tree[kind]).removeprefix("="), f"{key}.{kind}")
        holder, line = self._fresh(), self._line(f"{key}.{kind}")
        empty: nodes.Expr = nodes.List([]) if kind == "$each" else nodes.Dict([])
        outer = self._blocks[-1]
        outer.add(nodes.Assign(nodes.Name(holder, "store"), empty), line)
        inner = _Block(frozenset({variable}))
        outside = dict(self._known)
        self._known[variable] = self._element(str(tree[kind]))
        self._blocks.append(inner)
        value = self._value(tree["$value"], f"{key}.$value", "_text")
        arguments = [value]
        if kind == "$map":
            arguments = [self._value(tree["$key"], f"{key}.$key", "_text"), value]
        name = _APPEND if kind == "$each" else _PUT
        put = nodes.Filter(nodes.Name(holder, "load"), name, list(arguments), [], None, None)
        inner.add(nodes.ExprStmt(put), line)
        self._blocks.pop()
        self._known = outside
        loop = nodes.For(nodes.Name(variable, "store"), source, inner.statements, [], None, False)
        outer.add(loop, line)
        return nodes.Name(holder, "load")

    def _element(self, source: str) -> frozenset[str] | None:
        return self._known.get("r") if source.removeprefix("=").strip() == "recipients" else None

    def _text(self, text: str, key: str, filter_name: str) -> nodes.Expr:
        if len(text) > MAX_EXPRESSION:
            return self._fault(key, f"is longer than {MAX_EXPRESSION} characters")
        if text.startswith("="):
            return self._leaf(self._expression(text[1:], key), key, "_known")
        if "{{" not in text and "{%" not in text:
            return nodes.Const(text)
        try:
            parsed = ENVIRONMENT.parse(text)
        except jinja2.TemplateSyntaxError as problem:
            return self._fault(key, f"is not a valid text with expressions: {problem.message}")
        pieces: list[nodes.Expr] = []
        for output in parsed.body:
            if not isinstance(output, nodes.Output):
                return self._fault(key, "only {{ }} may be used, no {% %}")
            for node in output.nodes:
                if isinstance(node, nodes.TemplateData):
                    pieces.append(nodes.Const(node.data))
                else:
                    self._check(node, key)
                    pieces.append(nodes.Filter(node, filter_name, [], [], None, None))
        whole = pieces[0] if len(pieces) == 1 else nodes.Concat(pieces)
        return self._leaf(whole, key)

    def _expression(self, text: str, key: str) -> nodes.Expr:
        if not text.strip():
            return self._fault(key, "is not a valid expression: there is nothing behind the =")
        try:
            parsed = ENVIRONMENT.parse("{{ (" + text + ") }}").body
        except jinja2.TemplateSyntaxError as problem:
            return self._fault(key, f"is not a valid expression: {problem.message}")
        if len(parsed) != 1 or not isinstance(parsed[0], nodes.Output) or len(parsed[0].nodes) != 1:
            return self._fault(key, "must be one expression, without {{ }}")
        node = parsed[0].nodes[0]
        self._check(node, key)
        return node

    def _leaf(self, node: nodes.Expr, key: str, filter_name: str = "") -> nodes.Expr:
        """Compute the node once, in the outermost loop that gives all its names; refer to it by name."""
        if filter_name:
            node = nodes.Filter(node, filter_name, [], [], None, None)
        used = {name.name for name in node.find_all(nodes.Name)}
        block = next((block for block in reversed(self._blocks) if block.names & used), self._blocks[0])
        name = self._fresh()
        block.add(nodes.Assign(nodes.Name(name, "store"), node), self._line(key))
        return nodes.Name(name, "load")

    def _check(self, node: nodes.Node, key: str) -> None:
        whole = nodes.Output([node])  # find_all does not yield its own node
        for name in whole.find_all(nodes.Name):
            if name.name not in self._known:
                known = ", ".join(sorted(self._known))
                self._fault(key, f"the name {name.name!r} is not defined here; there are {known}")
        for access in whole.find_all(nodes.Getattr):
            if access.attr == "isascii":
                self._fault(key, "isascii() does not tell what fits GSM-7: use r.gsm7, or the filter gsm7")
            self._check_field(access, key)
        for sealed in shown(whole, self._sealed):
            self._fault(key, f"shows {sealed!r} to whoever calls: it may only be the key of an hmac filter")
        for fault in filter_faults(whole):
            self._fault(key, fault)
        for test in whole.find_all(nodes.Test):
            if test.name not in ENVIRONMENT.tests:
                self._fault(key, f"there is no test {test.name!r}")

    def _check_field(self, access: nodes.Getattr, key: str) -> None:
        name = access.node.name if isinstance(access.node, nodes.Name) else ""
        keys = self._known.get(name)
        if keys is None:
            return
        if access.attr not in keys:
            there = ", ".join(sorted(keys)) or "none"
            self._fault(key, f"{name}.{access.attr} is not defined; there are {there}")
        elif any(keys is fields for fields in VIEWS.values()):
            access.ctx = _VIEW


class _Block:
    """The statements of one loop (or of the whole), and the names it brings."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.statements: list[nodes.Node] = []

    def add(self, statement: nodes.Node, line: int) -> None:
        statement.set_lineno(line)  # only where none is set: a loop keeps the lines of its statements
        self.statements.append(statement)
