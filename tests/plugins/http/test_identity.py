"""What makes a recipe's account another one."""

from pathlib import Path

import pytest

from bridge_http.identity import identity
from bridge_http.settings import HttpSettings

from .making import HEAD, SEND

CHECK, TAKEN = "[operations.check_channel", 'accepted = [{ path = "status", in = ["200"] }]\n'
# what is written in the second of two recipes with the same key and address -> whether it is another account
OTHERS: dict[str, tuple[str, bool]] = {
    "nothing": ("", False),
    "the account's name in a send": ('account = "company-b"\n', True),
    "what an answer means": ('[errors]\nE1 = { class = "throttled" }\n', False),
    "where the balance is asked": (f'{CHECK}.request]\npath = "/b"\n{CHECK}.response]\n{TAKEN}', False),
}


@pytest.mark.parametrize(("more", "another"), OTHERS.values(), ids=OTHERS)
def test_what_a_recipe_of_ones_own_sends_is_part_of_its_account(
    tmp_path: Path, more: str, another: bool
) -> None:
    """The account's name may be written in it as it is."""
    found = []
    for name, text in ("a", ""), ("b", more):
        path = tmp_path / f"{name}.toml"
        path.write_text(HEAD + (SEND + text if text.startswith("[") else with_field(text)))
        found.append(identity(HttpSettings.model_validate({"recipe": str(path), "secrets": {"key": "k"}})))
    assert (found[0] != found[1]) == another


def with_field(text: str) -> str:
    """Return the send with a field more."""
    table = "[operations.send_batch.request.json]\n"
    assert table in SEND
    return SEND.replace(table, table + text)
