"""The pytest plugin: nothing when unused, and the small print of its options."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.plugin import hookspecs
from bridge.testing import Stage, VendorTests
from bridge.testing.ladder import rung
from bridge.testing.ladder.places import tables_in

from .conftest import Install

HEAVY = ("bridge.plugin", "requests", "pydantic", "responses", "phonenumbers", "sqlalchemy", "flask")


def test_it_costs_nothing_when_unused() -> None:
    """pytest with the plugin loaded has imported nothing of the bridge's libraries."""
    script = (
        "import sys, json, pytest\n"
        "pytest.main(['-q', '--co', '-p', 'bridge.testing.plugin', '-p', 'no:cacheprovider', sys.argv[1]])\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    empty = str(Path(__file__).parent / "acme" / "README.md")
    done = subprocess.run([sys.executable, "-c", script, empty], capture_output=True, text=True, check=True)
    imported = json.loads(done.stderr.splitlines()[-1])
    assert "bridge.testing.plugin" in imported
    assert not set(HEAVY) & set(imported)


def test_a_run_without_tables_says_nothing(pytester: pytest.Pytester) -> None:
    """No section, no rung, for tests that are not the kit's."""
    pytester.makepyfile("def test_other(): pass")
    result = pytester.runpytest("-q")
    assert "vendor tables" not in result.stdout.str()


def test_exchanges_are_kept_masked(install: Install, pytester: pytest.Pytester) -> None:
    """--bridge-exchanges writes what went over the wire, without secrets and numbers."""
    install()
    pytester.runpytest("-q", "-k", "test_send", "--bridge-exchanges", "kept")
    text = (pytester.path / "kept" / "acme" / "send_batch-accepted.txt").read_text()
    assert "POST https://vendor.invalid/send" in text
    assert "X-Key: <hidden>" in text
    assert '"to": "<number>"' in text
    assert "8000" not in text
    assert "acme-secret" not in text


def test_only_the_tables_of_one_vendor_run(install: Install, pytester: pytest.Pytester) -> None:
    """--bridge-vendor leaves everything else out."""
    install()
    pytester.makepyfile(test_other="def test_other(): pass")
    result = pytester.runpytest("-q", "--bridge-vendor", "acme", "-k", "told_apart_by_identity or test_other")
    assert result.parseoutcomes()["passed"] == 1
    result = pytester.runpytest("-q", "--bridge-vendor", "nobody")
    assert "passed" not in result.parseoutcomes()


@pytest.mark.slow
def test_results_are_gathered_from_all_workers(install: Install, pytester: pytest.Pytester) -> None:
    """pytest-xdist: the rung is that of the whole run, silver for a faultless Acme without the campaign."""
    install(("test_acme.py", "    def campaign_answer", "    def _campaign_answer"))
    result = pytester.runpytest_subprocess("-q", "-n", "1")
    result.stdout.fnmatch_lines(["acme: silver", "    lacks test_kill_9_loses_and_repeats_nothing*"])


def test_a_deprecated_hook_warns_its_implementor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deprecations come through pluggy: the author's tests fail on the warning, the bridge goes on."""
    warning = DeprecationWarning("query_sign goes in 2.0")
    # A marker writes onto the function itself: only its options are replaced, and put back.
    options = {**hookspecs.query_sign.bridge_spec, "warn_on_impl": warning}  # type: ignore[attr-defined]
    monkeypatch.setattr(hookspecs.query_sign, "bridge_spec", options)

    class Table(VendorTests):
        vendor = "sandbox"

    settings = {"url": "http://127.0.0.1:1", "key": "k"}
    with pytest.warns(DeprecationWarning, match="query_sign goes in 2.0"):
        Stage(Table.vendor_class(), settings).close()


def test_a_rung_lasts_as_long_as_the_source(tmp_path: Path) -> None:
    """A changed line, a new file or a renamed one makes the rung unknown; a cache does not."""
    package = tmp_path / "bridge_moon"
    package.mkdir()
    source = package / "vendor.py"
    source.write_text("a = 1\n")
    rung.write(package, "moon", {"moon": "silver", "moon by http": "gold", "other": ""})
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "vendor.pyc").write_text("x")
    found = rung.read(package, "moon")
    assert found is not None
    assert (found.best, found.current) == ("gold", True)
    rung.write(package, "moon", {"moon by file": "silver"}, {"moon by file": ["no look-up"]})
    both = rung.read(package, "moon")
    assert both is not None and set(both.tables) == {*found.tables, "moon by file"}
    assert both.unproven == {"moon by file": ["no look-up"]}
    source.write_text("a = 2\n")
    assert not _current(package)
    source.write_text("a = 1\n")
    assert _current(package)
    source.rename(package / "sender.py")
    assert not _current(package)
    assert rung.read(package, "sun") is None


def _current(package: Path) -> bool:
    found = rung.read(package, "moon")
    assert found is not None
    return found.current


def test_a_spoilt_file_is_no_rung(tmp_path: Path) -> None:
    """Whatever lies in the file, the list of plugins is shown."""
    for text in ("", "[]", '{"moon": 1}', "{"):
        (tmp_path / rung.FILE).write_text(text)
        assert rung.read(tmp_path, "moon") is None


def test_tables_are_found_by_their_base_class(tmp_path: Path) -> None:
    """Other tests are left alone."""
    (tmp_path / "test_a.py").write_text("class TestA(VendorTests): ...")
    (tmp_path / "test_b.py").write_text("def test_b(): ...")
    assert tables_in(tmp_path) == [tmp_path / "test_a.py"]
