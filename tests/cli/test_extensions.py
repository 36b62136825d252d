"""Commands that plugins bring stand beside the bridge's own, and a broken one disturbs nobody."""

from importlib.metadata import EntryPoint, EntryPoints

import click
import pytest
from click.testing import CliRunner

from bridge.cli import extensions, main

HELLO = click.Command("hello", callback=lambda: click.echo("hello from a plugin"))

# Entry point's value -> part of the output when its command is called.
BROKEN = [
    ("no_such_module:command", "cannot be loaded: ModuleNotFoundError"),
    ("tests.cli.test_extensions:nothing", "cannot be loaded: AttributeError"),
    ("tests.cli.test_extensions:BROKEN", "is no click command"),
]


def offer(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Install these entry points instead of the real ones."""
    points = EntryPoints(EntryPoint(name, value, extensions.GROUP) for name, value in values.items())
    monkeypatch.setattr(extensions, "entry_points", lambda group: points)


def test_a_plugins_command_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed with the others and runs."""
    offer(monkeypatch, hello="tests.cli.test_extensions:HELLO")
    assert "hello" in CliRunner().invoke(main, ["--help"]).output
    assert CliRunner().invoke(main, ["hello"]).output == "hello from a plugin\n"


@pytest.mark.parametrize(("value", "sentence"), BROKEN)
def test_a_broken_command_says_so_when_called(
    monkeypatch: pytest.MonkeyPatch, value: str, sentence: str
) -> None:
    """The help and every other command work; calling it is one sentence and status 2."""
    offer(monkeypatch, broken=value)
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0
    result = CliRunner().invoke(main, ["broken", "--with", "options"])
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_the_bridges_own_commands_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin cannot take the place of `check`."""
    offer(monkeypatch, check="tests.cli.test_extensions:HELLO")
    assert CliRunner().invoke(main, ["check", "--help"]).output.startswith("Usage: main check")


def test_a_name_offered_twice_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator is told, instead of getting either."""
    point = EntryPoint("hello", "tests.cli.test_extensions:HELLO", extensions.GROUP)
    monkeypatch.setattr(extensions, "entry_points", lambda group: EntryPoints([point, point]))
    assert "offered more than once" in CliRunner().invoke(main, ["hello"]).output


def test_recipes_have_their_command() -> None:
    """The http plugin is found like a third party's."""
    assert "check" in CliRunner().invoke(main, ["recipe", "--help"]).output
