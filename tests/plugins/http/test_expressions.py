"""Trees and expressions: what is sent, what is refused, and under which key."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from bridge_http.faults import Unsendable
from bridge_http.language.expressions import Compiler
from bridge_http.language.filters import FILTERS, strict_join

KNOWN: dict[str, frozenset[str] | None] = {
    "people": None,
    "word": None,
    "secret": frozenset({"key"}),
    "empty": None,
    "number": None,
}
VALUES = {
    "people": [{"phone": "138", "name": "{{ 7 * 7 }}"}, {"phone": "139", "name": "#x#"}],
    "word": "0123",
    "secret": {"key": "k"},
    "empty": "",
    "number": 7,
}
HOSTILE = [
    *(
        '"',
        "'",
        "\\",
        "\n",
        "\r\n",
        ",",
        ";",
        "&",
        "%",
        "+",
        "~",
        "😀",
        "{{ 7*7 }}",
        "{% raw %}",
        "#x#",
        "${name}",
    ),
    *(
        "00123",
        "13900001111",
        "1_000",
        "true",
        "null",
        " blank ",
        "",
        "x" * 5000,
        "\u2028",
        "</xml>",
        "{}",
        "{0}",
    ),
]


def run(tree: Any, values: dict[str, Any] | None = None) -> Any:
    """Return the value of one tree."""
    compiler = Compiler(KNOWN)
    compiler.section("x", tree, "json")
    assert compiler.faults == []
    return compiler.finish()(values or VALUES)["x"]


# (tree, value)
TREES: list[tuple[Any, Any]] = [
    ("plain", "plain"),
    (12, 12),
    (True, True),
    ("=word", "0123"),
    ("=number", 7),
    ("=[word, number]", ["0123", 7]),
    ("= number + 1", 8),
    ("{{ word }}-{{ number }}", "0123-7"),
    ("{{ true }}", "true"),
    ("#{name}#", "#{name}#"),
    ({"a": "{{ word }}", "b?": "{{ empty }}", "c?": "{{ word }}"}, {"a": "0123", "c": "0123"}),
    ({"b?": "=[]", "c?": "=number"}, {"c": 7}),
    ({"$each": "people", "$value": "{{ r.phone }}"}, ["138", "139"]),
    ({"$each": "=people", "$as": "p", "$value": {"n": "{{ p.name }}", "k": "{{ secret.key }}"}}, None),
    ({"$map": "people", "$key": "{{ r.phone }}", "$value": "=r.name"}, {"138": "{{ 7 * 7 }}", "139": "#x#"}),
    (
        {
            "$each": "people",
            "$value": {"$each": "people", "$as": "q", "$value": "{{ r.phone }}{{ q.phone }}"},
        },
        None,
    ),
    (["{{ word }}", {"deep": ["=word"]}], ["0123", {"deep": ["0123"]}]),
    ("{{ word | default('x') }}", "0123"),
    ("{{ people | map(attribute='phone') | join(',') }}", "138,139"),
    ("{{ 'yes' if number > 5 else 'no' }}", "yes"),
]
WHOLE = {
    13: [{"n": "{{ 7 * 7 }}", "k": "k"}, {"n": "#x#", "k": "k"}],
    15: [["138138", "138139"], ["139138", "139139"]],
}


@pytest.mark.parametrize("index", range(len(TREES)))
def test_a_tree_becomes_its_value(index: int) -> None:
    """Literals stay, expressions are computed once, values are never expanded again."""
    tree, value = TREES[index]
    assert run(tree) == (WHOLE[index] if value is None else value)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_arrives_as_it_is(value: str) -> None:
    """Alone, inside text, as an element, as a key and as JSON in a text."""
    names = {**VALUES, "word": value, "people": [{"phone": value, "name": value}]}
    assert run("=word", names) == value
    assert run("<{{ word }}>", names) == f"<{value}>"
    assert run({"$each": "people", "$value": {"n": "{{ r.name }}"}}, names) == [{"n": value}]
    assert run({"$map": "people", "$key": "{{ r.phone }}", "$value": "=r.name"}, names) == {value: value}
    assert json.loads(run("{{ people | json }}", names)) == [{"phone": value, "name": value}]


# (tree, what the fault says)
FAULTS: list[tuple[Any, str]] = [
    ("{{ nobody }}", "the name 'nobody' is not defined here"),
    ("=nobody", "'nobody' is not defined here"),
    ("{{ secret.kye }}", "secret.kye is not defined; there are key"),
    ("{{ word | shout }}", "there is no filter 'shout'"),
    ("{{ word | split }}", "the filter 'split' cannot be used so: missing a required argument: 'separator'"),
    ("{{ word | upper(1) }}", "the filter 'upper' cannot be used so: too many positional arguments"),
    ("{{ word | b64url(fill=true) }}", "the filter 'b64url' cannot be used so: got an unexpected keyword"),
    ("=people | map('hmac_sha256') | list", "the filter 'hmac_sha256' cannot be used so: missing"),
    ("{{ people | join(1, 2, 3) }}", "the filter 'join' cannot be used so: too many"),
    ("{{ word is shouting }}", "there is no test 'shouting'"),
    ("{{ word", "is not a valid text"),
    ("{% for x in people %}{% endfor %}", "only {{ }} may be used"),
    ("= word word", "is not a valid expression"),
    ("=", "is not a valid expression"),
    ("= '}}' ~ word }} {{ word", "is not a valid expression"),
    ({"$each": "people"}, "a $each table has $each, $value"),
    ({"$map": "people", "$value": "x"}, "a $map table has $key, $map, $value"),
    ({"$every": "people"}, "is not one of $each, $map"),
    ({"$merge": "=nobody"}, "'nobody' is not defined here"),
    ("{{ word }}" + "x" * 9000, "is longer than 8192"),
    ("{{ r.phone }}", "the name 'r' is not defined here"),
    ("{{ range(3) }}", "the name 'range' is not defined here"),
]


@pytest.mark.parametrize(("tree", "reason"), FAULTS)
def test_a_faulty_tree_is_refused_with_its_key(tree: Any, reason: str) -> None:
    """Syntax, names, filters and loops are checked before anything is sent."""
    compiler = Compiler(KNOWN)
    compiler.section("x", {"inner": tree}, "request.json")
    assert compiler.faults
    assert reason in compiler.faults[0].reason
    assert compiler.faults[0].key.startswith("request.json.inner")


# (tree, key, what is wrong)
REFUSALS: list[tuple[Any, str, str]] = [
    ({"$merge": "=word"}, "json.$merge", "is no table"),
    ({"a": "{{ people[0].nick }}"}, "json.a", "has no attribute 'nick'"),
    ({"a": "=people[9]"}, "json.a", "has no element 9"),
    ({"$each": "people", "$value": {"a": "{{ r.phone }}", "b": "{{ r.nick }}"}}, "json.$value.b", "'nick'"),
    ({"a": "{{ people }}"}, "json.a", "use json or join"),
    ({"a": "{{ none }}"}, "json.a", "is empty where a text is needed"),
    ({"a": "{{ word | sha256_raw }}"}, "json.a", "use b64 or hex"),
    ({"a": "=number / 0"}, "json.a", "cannot be computed (ZeroDivisionError)"),
    ({"a": "= 'a' * 100000000"}, "json.a", "* is for numbers only"),
    ({"a": "{{ [word, 'a,b'] | strict_join(',') }}"}, "json.a", "holds ','"),
    ({"a": "{{ word | only('[a-z]+', 'has digits') }}"}, "json.a", "has digits"),
    ({"a": "{{ word | most(3) }}"}, "json.a", "is longer than the 3 characters"),
    ({"a": "{{ word.__class__ }}"}, "json.a", "SecurityError"),
    ({"a": "{{ people.append(1) }}"}, "json.a", ""),
]


@pytest.mark.parametrize(("tree", "key", "reason"), REFUSALS)
def test_a_value_that_cannot_be_sent_is_named(tree: Any, key: str, reason: str) -> None:
    """The refusal names its key, and quotes no value."""
    with pytest.raises(Unsendable) as caught:
        run(tree)
    assert caught.value.key == key
    assert reason in caught.value.reason
    assert "0123" not in str(caught.value)


def test_tables_give_their_keys_and_never_methods() -> None:
    """A variable called items, keys or values is a variable."""
    names = {**VALUES, "people": {"items": "i", "keys": "k", "values": "v", "get": "g"}}
    assert run("{{ people.items }}{{ people.keys }}{{ people.values }}{{ people.get }}", names) == "ikvg"


# (table, value)
MERGED: list[tuple[Any, Any]] = [
    ({"a": "1", "$merge": "=people | map(attribute='phone') | indexed('To.')"},
     {"a": "1", "To.0": "138", "To.1": "139"}),
    ({"a?": "", "$merge": [{"$map": "people", "$key": "{{ r.phone }}", "$value": "x"}, {"b": "2"}]},
     {"138": "x", "139": "x", "b": "2"}),
    ({"$each": "people", "$value": {"$merge": "=[r.phone] | indexed('n')", "b": "1"}},
     [{"b": "1", "n0": "138"}, {"b": "1", "n0": "139"}]),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "value"), MERGED)
def test_a_table_accepts_keys_that_are_computed(tree: Any, value: Any) -> None:
    """For vendors that number their parameters."""
    assert run(tree) == value


def test_names_of_let_are_ordered() -> None:
    """A name may use the names before it, not those after it, and cannot be taken twice."""
    compiler = Compiler(KNOWN)
    compiler.define("one", "{{ two }}", "let[0].one")
    compiler.define("two", "{{ one }}", "let[1].two")
    compiler.define("word", "x", "let[2].word")
    assert [fault.key for fault in compiler.faults] == ["let[0].one", "let[2].word"]


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
def test_digests_equal_the_standard_library(name: str) -> None:
    """Plain, raw, keyed and keyed raw."""
    data, key = "数据 &", "clé"
    digest = hashlib.new(name, data.encode())
    mac = hmac.new(key.encode(), data.encode(), name)
    assert FILTERS[name](data) == digest.hexdigest()
    assert FILTERS[f"{name}_raw"](data) == digest.digest()
    assert FILTERS[f"hmac_{name}"](data, key) == mac.hexdigest()
    assert FILTERS[f"hmac_{name}_raw"](data, key) == mac.digest()


# (expression, text)
FILTERED = [
    ("{{ 'a b~/é' | quote }}", "a%20b~%2F%C3%A9"),
    ("{{ 'a b' | quote_plus }}", "a+b"),
    ("{{ 'é' | b64 }}", base64.b64encode("é".encode()).decode()),
    ("{{ '>>>' | b64url }}", "Pj4-"),
    ("{{ 'é😀' | utf16be | hex }}", "00e9d83dde00"),
    ("{{ {'b': 1, 'a': 'x'} | sorted_kv }}", "a=x&b=1"),
    ("{{ {'b': 1, 'B': 2} | sorted_kv('{k}{v}', '') }}", "B2b1"),
    ("{{ {'b': 1, 'a': 2} | without('a') | kv }}", "b=1"),
    ("{{ {'b': 1} | prefix_keys('x-') | kv }}", "x-b=1"),
    ("{{ 1793500000 | timefmt('%Y-%m-%d %H:%M:%S', 'Asia/Shanghai') }}", "2026-11-01 10:26:40"),
    ("{{ 1793500000 | ms }}", "1793500000000"),
    ("{{ ('a,b' | split(','))[1] }}", "b"),
    ("{{ {'é': '\"'} | json }}", '{"é":"\\""}'),
    ("{{ ['b', 'A', 'a'] | sort(case_sensitive=true) | join }}", "Aab"),
]


@pytest.mark.parametrize(("source", "text"), FILTERED)
def test_a_filter_writes_what_vendors_expect(source: str, text: str) -> None:
    """Each filter on one telling value."""
    assert run(source) == text


def test_a_strict_join_keeps_values_apart() -> None:
    """What is joined can be split again, or it is not joined."""
    assert strict_join(["a", "b"], ";") == "a;b"
    with pytest.raises(Unsendable):
        strict_join(["a;b"], ";")
