"""Plugins that sin, one file each in `sins/`, and the rule of the kit that tells why each is no good."""

from pathlib import Path

import pytest

from .ruling import Failures, failures_of
from .sinners import ALL
from .sinning import Sin

_SINS = Path(__file__).parent / "sins"


@pytest.mark.usefixtures("swept")
# Threads that nobody joins and connections that nobody closes are the sins' own.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("sin", ALL, ids=[each.name for each in ALL])
def test_the_kit_tells_a_sin(sin: Sin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule that is there for it fails, at its rung, with words that lead to it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = (_SINS / f"{sin.name}.py").read_text(encoding="utf-8")
    found = failures_of(source, sin.test, tmp_path, monkeypatch, until=sin.says)
    assert found, "nothing failed"
    assert sin.says in told(found)
    assert {rung for rung, _ in found} == {sin.rung}


def told(found: Failures) -> str:
    """Return what a run of the rules would print."""
    return "\n".join(says for _, says in found)


def test_every_sin_has_a_row() -> None:
    """A file that nobody tries proves nothing."""
    assert {file.stem for file in _SINS.glob("*.py")} == {each.name for each in ALL}


def test_a_client_without_requests_may_be_faultless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same table over urllib passes, so that the sins above fail for their own reasons."""
    plain = 'from acme_plain import PlainAcme as Sin\n\nOVER = "http"\n'
    assert not told(failures_of(plain, "", tmp_path, monkeypatch))


def test_acme_is_faultless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the sins are made of has none of its own."""
    assert not told(failures_of("from acme_sms import Acme as Sin\n", "", tmp_path, monkeypatch))
