"""Recipes with a word of before are told the one of now; the words are the plugin API's own."""

from pathlib import Path

import pytest

from bridge.plugin import Consequence, hookspecs
from bridge_http.faults import RecipeFault, RecipeFaults
from bridge_http.reading import load
from bridge_http.schema.recipe import Operations
from bridge_http.schema.words import CLASSES, OPERATIONS

from .making import HEAD, SEND

GOOD = HEAD + SEND


def faults_of(tmp_path: Path, text: str) -> tuple[RecipeFault, ...]:
    """Return what is told of a file."""
    path = tmp_path / "acme.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeFaults) as caught:
        load(path)
    return caught.value.faults


OLD_WORDS = [
    *(
        (f"[operations.{old}]\neach = 'message'\n", f"operations.{old}", new)
        for old, new in OPERATIONS.items()
    ),
    *((f"[errors]\n1 = {{ class = '{old}' }}\n", "errors.1.class", new) for old, new in CLASSES.items()),
    *(
        (f"[[samples]]\nname = 'x'\ncall = '{old}'\nrequest = 'x'\n", "samples[0].call", new)
        for old, new in OPERATIONS.items()
    ),
]


@pytest.mark.parametrize(("table", "key", "new"), OLD_WORDS, ids=lambda value: value.splitlines()[0][:40])
def test_an_old_word_is_told_the_new_one(tmp_path: Path, table: str, key: str, new: str) -> None:
    (fault,) = faults_of(tmp_path, GOOD + table)
    assert fault.key == key
    assert f"is called {new} now" in fault.reason


def test_the_table_of_old_was_plugin(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, GOOD.replace("[vendor]", "[plugin]"))
    assert fault == ("plugin", "is called vendor now")


def test_operations_and_classes_are_the_plugin_apis_own_words() -> None:
    hooks = {name for name in vars(hookspecs) if not name.startswith("_")}
    assert set(Operations.model_fields) <= hooks
    assert set(OPERATIONS.values()) == set(Operations.model_fields)
    assert set(CLASSES.values()) <= set(Consequence)
