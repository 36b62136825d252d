"""Every code of the vendors' own tables, in an answer or a report as they come, and what it means.

The rows are in `codes/`, a file for each recipe, with their source. `%s` stands where the code does;
`of_call`: the code is told of the whole call, not of one of its numbers.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import Consequence, MessageStatus, Outcome, SubmitResult
from bridge_http.bench import Bench
from bridge_http.describing import read_webhook
from bridge_http.schema import Sample

ROOT = Path(__file__).parents[3]
TABLES = sorted((Path(__file__).parent / "codes").glob("*.toml"))
OPTED_OUT, NUMBER = "opted_out", "number"
_ABOUT_ONE = {OPTED_OUT: OPTED_OUT, NUMBER: str(Consequence.REJECTED)}
"""Codes about one number, and what they mean where it is alone."""
_EPOCH = datetime.fromtimestamp(0, UTC)


def codes(part: str) -> Iterator[Any]:
    """Yield one row for each code of each table."""
    for path in TABLES:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for number, entry in enumerate(table.get(part, ())):
            for word, known in entry.items():
                for code in known if isinstance(known, list) else ():
                    yield pytest.param(path.stem, entry, word, code, id=f"{path.stem}-{number}-{code}")


def consequence(result: SubmitResult) -> str:
    """Return what a result means, as a recipe's class."""
    if result.outcome is Outcome.ACCEPTED:
        return "accepted"
    if result.outcome is Outcome.UNKNOWN:
        return str(Consequence.UNKNOWN)
    if result.outcome is Outcome.REJECTED:
        return OPTED_OUT if result.opted_out else str(Consequence.REJECTED)
    kinds: dict[type, str] = {type(kind.error("", until=_EPOCH)): str(kind) for kind in Consequence}
    return kinds[type(result.error)]


@pytest.mark.parametrize(("recipe", "entry", "word", "code"), codes("answers"))
def test_a_code_in_an_answer(recipe: str, entry: dict[str, Any], word: str, code: str) -> None:
    """In a send a template or signature that the vendor does not know is a matter of configuration."""
    sample = Sample(
        name="code", call="send_batch", answer=entry["answer"].replace("%s", code).replace("@@", code)
    )
    bench = Bench.for_sample(ROOT / "config" / "recipes" / f"{recipe}.toml", sample)
    batch = bench.batch()
    results = bench.vendor.send_batch(bench.channel, batch)
    if word in _ABOUT_ONE and entry.get("of_call"):  # of several numbers nobody says which
        assert {consequence(result) for result in results} == {str(Consequence.UNKNOWN)}
        results = bench.vendor.send_batch(bench.channel, replace(batch, messages=batch.messages[:1]))
        word = _ABOUT_ONE[word]
    assert consequence(results[0]) == ("configuration" if word == "missing" else word), results[0]


@pytest.mark.parametrize(("recipe", "entry", "word", "code"), codes("receipts"))
def test_a_code_in_a_report(recipe: str, entry: dict[str, Any], word: str, code: str) -> None:
    """Words without case; an opt-out is one whatever the status."""
    sample = Sample(name="code", webhook=entry["webhook"].replace("%s", code).replace("@@", code))
    bench = Bench.for_sample(ROOT / "config" / "recipes" / f"{recipe}.toml", sample)
    reader = bench.vendor.parse_webhook
    (receipt,) = reader(bench.channel, read_webhook(sample.webhook)).receipts
    assert not receipt.unlisted
    if word == OPTED_OUT:
        assert receipt.opted_out
        assert receipt.status > MessageStatus.DELIVERED
    else:
        assert receipt.status.name.lower() == word
        assert not receipt.opted_out


def test_every_recipe_has_its_table() -> None:
    """A recipe without a table of its vendor's codes has not been read against the vendor's pages."""
    shipped = {path.stem for path in (ROOT / "config" / "recipes").glob("*.toml")}
    assert {path.stem for path in TABLES} == shipped
