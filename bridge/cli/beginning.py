"""`sms-bridge init`: six questions, a configuration, and what to enter at both ends."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bridge.plugin import Beginning, Question
from bridge.services.setup import beginning as first
from bridge.services.setup.beginning import Answers
from bridge.settings import CALLBACK_PRESETS
from bridge.settings.loading import PATH_VARIABLE

from .opening import Trouble, say

_WHERE = f"Where Quick Audience lives: {' or '.join(CALLBACK_PRESETS)}, or the address of its callbacks"


@click.command()
@click.option("--platform-name", help="The API name that you type into Quick Audience's form.")
@click.option("--quick-audience", help=f"{_WHERE}.")
@click.option("--vendor", help="The vendor or recipe, such as aliyun, twilio, tencent.")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="One of the vendor's settings; the value may be env:NAME or file:PATH. As often as needed.",
)
@click.option("--sign", help="The signature of your messages, without brackets. [default: the platform name]")
@click.option("--database", help=f"Where messages are kept. [default: {first.SQLITE}]")
@click.option("--public-url", help="The https address at which the world reaches this bridge.")
@click.option("--channel", default="promo", show_default=True, help="The channel's name, in its address.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where bridge.toml and env are written. [default: here, or that of SMS_BRIDGE_CONFIG]",
)
@click.option("--ask/--no-ask", default=None, help="Ask for what no option gives. [default: on a terminal]")
def init(
    platform_name: str | None,
    quick_audience: str | None,
    vendor: str | None,
    given: Sequence[str],
    sign: str | None,
    database: str | None,
    public_url: str | None,
    channel: str,
    folder: Path | None,
    ask: bool | None,
) -> None:
    """Ask six questions, and write a configuration with fresh keys that works.

    It writes bridge.toml, without a secret in it, and env, with them, and overwrites neither. Then it prints
    what to enter at Quick Audience and at the vendor. Every question has an option; with all of them given
    nothing is asked.
    """
    folder = folder or _folder()
    _refuse_to_overwrite(folder)
    interview = _Interview(sys.stdin.isatty() if ask is None else ask)
    name = interview.asked(platform_name, "--platform-name", "API name, as in Quick Audience's form")
    where = interview.asked(quick_audience, "--quick-audience", _WHERE)
    kind, chosen = _chosen(interview, vendor)
    settings = _vendor_settings(interview, chosen, given) if chosen else {}
    sign = interview.asked(sign, "--sign", "Signature of your messages, without brackets", default=name)
    database = interview.asked(database, "--database", "Database", default=first.SQLITE)
    address = interview.asked(public_url, "--public-url", "Public https address of this bridge")
    interview.end()
    assert chosen is not None  # noqa: S101 - else the interview has ended with what was missing
    answers = Answers(name, where, kind, chosen, settings, database, address.rstrip("/"), sign, channel)
    begun = first.begin(answers)
    first.write(begun.files, folder)
    _tell(folder, answers, begun)


def _tell(folder: Path, answers: Answers, begun: first.Begun) -> None:
    """Print what was written, both forms, and how to go on. Keys are meant to be read here."""
    settings, channel = begun.settings, answers.channel
    written = [first.CONFIG, first.ENVIRONMENT, *begun.files.files]
    click.echo(f"Written into {folder.absolute()}: {', '.join(written)}.\n")
    click.echo("At Quick Audience: Organisation management, API management, SMS parameter settings")
    for field, value in first.form(settings, channel):
        click.echo(f"  {field:<30} {value}")
    click.echo(f"\nAt {answers.beginning.title}")
    lines = first.at_vendor(answers.beginning, settings, channel)
    for line in lines or ["Nothing: receipts are asked for, or come with what each message says."]:
        click.echo(f"  {line}")
    click.echo(f"\nThen\n  set -a; . {folder.absolute() / first.ENVIRONMENT}; set +a")
    click.echo(f"  export {PATH_VARIABLE}={folder.absolute() / first.CONFIG}")
    for command in ("db upgrade", "check", "serve"):
        click.echo(f"  sms-bridge {command}")


class _Interview:
    """Asks, or notes what no option gives; `end` tells all of it at once."""

    def __init__(self, ask: bool) -> None:
        self._ask = ask
        self._missing: list[str] = []

    def asked(
        self, given: str | None, option: str, question: str, *, default: str | None = None, hide: bool = False
    ) -> str:
        """Return what was given, else what is answered, else the default."""
        if given is not None:
            return given
        if self._ask:
            answer: str = click.prompt(question, default=default, hide_input=hide, err=True)
            return answer.strip()
        if default is None:
            self._missing.append(f"{option}  {question}")
        return default or ""

    def note(self, text: str) -> None:
        """Show a line to a person who answers."""
        if self._ask:
            click.echo(text, err=True)

    def end(self) -> None:
        """Raise Trouble with everything that is missing."""
        if self._missing:
            lines = "".join(f"\n  {line}" for line in self._missing)
            raise Trouble(f"Nothing is asked here (no terminal, or --no-ask), and these are missing:{lines}")


def _chosen(interview: _Interview, vendor: str | None) -> tuple[str, Beginning | None]:
    known, problems = first.known()
    for name, problem in problems:
        say(f"{name} cannot be begun with: {problem}")
    for name, (_, one) in sorted(known.items()):
        if vendor is None:
            interview.note(f"  {name:<16} {one.title}")
    vendor = interview.asked(vendor, "--vendor", "Vendor or recipe")
    if vendor and vendor not in known:
        raise Trouble(f"There is no vendor or recipe {vendor}; there are {', '.join(sorted(known))}.")
    return known.get(vendor, ("", None))


def _vendor_settings(interview: _Interview, chosen: Beginning, given: Sequence[str]) -> Mapping[str, str]:
    answers = dict(_pair(text) for text in given)
    known = {question.name: question for question in chosen.questions}
    if strange := [name for name in answers if name not in known]:
        raise Trouble(f"{chosen.name} has no setting {', '.join(strange)}; it has {', '.join(known)}.")
    for name, question in known.items():
        if question.needed and name not in answers:
            answers[name] = _answer(interview, question)
    return answers


def _answer(interview: _Interview, question: Question) -> str:
    text = f"{question.name}: {question.meaning.rstrip('.')}"
    return interview.asked(None, f"--set {question.name}=...", text, hide=question.secret)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Trouble(f"--set wants NAME=VALUE, not {name}.")
    return name.strip(), value


def _folder() -> Path:
    config = os.environ.get(PATH_VARIABLE)
    if config and Path(config).name != first.CONFIG:
        raise Trouble(f"init writes {first.CONFIG}, and {PATH_VARIABLE} names {config}: say --folder.")
    return Path(config).parent if config else Path()


def _refuse_to_overwrite(folder: Path) -> None:
    """Say so before anything is asked."""
    for name in (first.CONFIG, first.ENVIRONMENT):
        if os.path.lexists(folder / name):
            raise Trouble(f"{folder / name} exists, and init overwrites nothing: name another --folder.")
