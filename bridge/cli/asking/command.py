"""`sms-bridge init`: six questions, a configuration, and what to enter at both ends."""

import difflib
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.cells import cell_len

from bridge import logs
from bridge.plugin import Beginning, Question
from bridge.services.setup import beginning as first
from bridge.services.setup.beginning import Answers
from bridge.settings import CALLBACK_PRESETS, SettingsFaults
from bridge.settings.loading import PATH_VARIABLE

from ..terminal.opening import Trouble
from ..terminal.opening import say as tell
from .bilingual import Bilingual
from .interview import (
    Interview,
    bare,
    lacking,
    place_of,
    wrong_address,
    wrong_channel,
    wrong_database,
    wrong_line,
    wrong_place,
)
from .language import LANGUAGES, Say, language_of, phrase, speaker

_WHERE = phrase("Where Quick Audience lives: %(presets)s, or the address of its callbacks")
_PRESETS = {"presets": ", ".join(CALLBACK_PRESETS)}
_DEFAULT = f"[default: {first.SQLITE}, beside bridge.toml; in /var/lib for a folder in /etc]"
_WIDTH = 30
_OPERATORS = "/usr/local/bin/sms-bridge"
"""config/systemd/sms-bridge, where the guide puts it."""
_CLOSE = 0.75
"""How like a name must be for a slip of the pen."""
_PACKAGE = "qa-sms-bridge"


@click.command(cls=Bilingual)
@click.option("--platform-name", help="The API name that you type into Quick Audience's form.")
@click.option("--quick-audience", help=f"{_WHERE % _PRESETS}.")
@click.option("--vendor", help="The vendor or recipe, such as aliyun, twilio, tencent.")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="One of the vendor's settings; the value may be env:NAME or file:PATH. As often as needed.",
)
@click.option("--sign", help="The signature of your messages, without brackets. [default: the platform name]")
@click.option("--database", help=f"Where messages are kept. {_DEFAULT}")
@click.option("--public-url", help="The https address at which the world reaches this bridge.")
@click.option("--channel", default="promo", show_default=True, help="The channel's name, in its address.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where bridge.toml and env are written. [default: here, or that of SMS_BRIDGE_CONFIG]",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="The language of questions, of what is printed and of what marketers read. [default: the shell's]",
)
@click.option("--ask/--no-ask", default=None, help="Ask for what no option gives. [default: on a terminal]")
def init(folder: Path | None, language: str | None, ask: bool | None, **options: Any) -> None:
    """Ask six questions, and write a configuration with fresh keys that works.

    It writes bridge.toml, without a secret in it, and env, with them, and overwrites neither. Then it prints
    what to enter at Quick Audience and at the vendor. Every question has an option; with all of them given
    nothing is asked.
    """
    folder, language = folder or _folder(), language or language_of(os.environ)
    say = speaker(language)
    _refuse_to_overwrite(folder, say)
    interview = Interview(say, asks=sys.stdin.isatty() if ask is None else ask)
    answers = replace(_answers(interview, _Given(**options), folder), language=language)
    if state := first.state_of(folder):
        answers = replace(answers, metrics_dir=str(state / "metrics"))
    answers, begun = _begun(answers, interview)
    _write(begun, folder, say)
    _tell(folder, answers, begun, say)


class _Given(NamedTuple):
    """What the options say; None for what is to be asked."""

    platform_name: str | None
    quick_audience: str | None
    vendor: str | None
    given: Sequence[str]
    sign: str | None
    database: str | None
    public_url: str | None
    channel: str


def _answers(interview: Interview, options: _Given, folder: Path) -> Answers:
    """Return the answer to every question. Raises Trouble with all that is missing where nobody is asked."""
    say, asked = interview.say, interview.asked
    question = say(phrase("The channel's name, in its address"))
    channel = asked(options.channel, "--channel", question, default="promo", check=wrong_channel(say))
    question = say(phrase("API name, as in Quick Audience's form"))
    name = asked(options.platform_name, "--platform-name", question, check=wrong_line(say))
    question = say(_WHERE) % _PRESETS
    where = asked(options.quick_audience, "--quick-audience", question, check=wrong_place(say))
    kind, chosen = _chosen(interview, options.vendor)
    settings = _vendor_settings(interview, kind, chosen, options.given) if chosen else {}
    question = say(phrase("Signature of your messages, without brackets"))
    sign = bare(asked(options.sign, "--sign", question, default=name, check=wrong_line(say)))
    question, default = say(phrase("Database")), first.database_of(folder)
    database = asked(options.database, "--database", question, default=default, check=wrong_database(say))
    question = say(phrase("Public https address of this bridge"))
    address = asked(options.public_url, "--public-url", question, check=wrong_address(say)).rstrip("/")
    interview.end()
    assert chosen is not None  # noqa: S101 - else the interview has ended with what was missing
    return Answers(name, place_of(where), kind, chosen, settings, database, address, sign, channel)


def _begun(answers: Answers, interview: Interview) -> tuple[Answers, first.Begun]:
    """Return answers that work: a person is asked again for those of the vendor's settings that do not.

    Raises SettingsFaults.
    """
    questions = answers.beginning.questions
    while True:
        try:
            return answers, first.begin(answers)
        except SettingsFaults as faults:
            paths = [fault.path.rpartition(".")[2] for fault in faults.faults]
            wrong = [one for one in questions if one.name in paths and one.name in answers.settings]
            if not (interview.asks and wrong):
                raise
            for fault in faults.faults:
                interview.note(logs.masked(str(fault)))
            again = {one.name: _answer(interview, answers.vendor, answers.beginning, one) for one in wrong}
            answers = replace(answers, settings={**answers.settings, **again})


def _write(begun: first.Begun, folder: Path, say: Say) -> None:
    try:
        first.write(begun.files, folder)
    except OSError as error:
        wrong = phrase("Nothing was written, for %(file)s could not be: %(reason)s.")
        raise Trouble(say(wrong) % {"file": error.filename, "reason": error.strerror}) from None


def _tell(folder: Path, answers: Answers, begun: first.Begun, say: Say) -> None:
    """Print what was written, both forms, and how to go on. Keys are meant to be read here."""
    settings, channel = begun.settings, answers.channel
    written = ", ".join([first.CONFIG, first.ENVIRONMENT, *begun.files.files])
    place = folder.absolute()
    click.echo(
        say(phrase("Written into %(folder)s: %(files)s.")) % {"folder": place, "files": written} + "\n"
    )
    click.echo(
        say(phrase("At Quick Audience: Organisation management, API management, SMS parameter settings"))
    )
    for field, value in first.form(settings, channel, say):
        click.echo(f"  {field}{' ' * max(1, _WIDTH + 1 - cell_len(field))}{value}")
    click.echo("\n" + say(phrase("At %(vendor)s")) % {"vendor": say(answers.beginning.title)})
    lines = first.at_vendor(answers, settings, say)
    nothing = phrase("Nothing: receipts are asked for, or come with what each message says.")
    for line in lines or [say(nothing)]:
        click.echo(f"  {line}")
    if begun.files.files:
        readable = phrase("Where the bridge runs as a user of its own, let that user read the secrets:")
        click.echo("\n" + say(readable))
        click.echo(f"  chown -R sms-bridge {shlex.quote(str(place / 'secrets'))}")
    click.echo("\n" + say(phrase("Then")))
    for line in _next(place):
        click.echo(f"  {line}")


def _next(place: Path) -> Iterator[str]:
    """Yield what to type now; beside a service all is done as its user, by the operator's command."""
    command = "sms-bridge"
    if first.state_of(place):
        command = _OPERATORS
    else:
        yield f"set -a; . {shlex.quote(str(place / first.ENVIRONMENT))}; set +a"
        yield f"export {PATH_VARIABLE}={shlex.quote(str(place / first.CONFIG))}"
    for words in ("db upgrade", "check", "serve"):
        yield f"{command} {words}"


def _chosen(interview: Interview, vendor: str | None) -> tuple[str, Beginning | None]:
    known, problems = first.known()
    for name, problem in problems:
        tell(interview.say(phrase("%(name)s cannot be begun with:")) % {"name": name} + f" {problem}")
    for name, (_, one) in sorted(known.items()):
        if vendor is None:
            interview.note(f"  {name:<16} {interview.say(one.title)}")
    vendor = interview.asked(
        vendor,
        "--vendor",
        interview.say(phrase("Vendor or recipe")),
        check=lambda answer: _wrong_vendor(answer, known, interview.say),
    )
    return known.get(vendor, ("", None))


def _wrong_vendor(vendor: str, known: Mapping[str, tuple[str, Beginning]], say: Say) -> str:
    """Return why a vendor cannot be begun with, "" where it can."""
    names = {"vendor": vendor, "names": ", ".join(sorted(known))}
    if recipes := sorted(name for name, (kind, _) in known.items() if kind == vendor != name):
        several = phrase("%(vendor)s works with recipes: name the recipe; there are %(names)s.")
        if vendor not in known:
            return say(several) % {"vendor": vendor, "names": ", ".join(recipes)}
    if vendor not in known:
        if close := difflib.get_close_matches(vendor.lower(), known, n=1, cutoff=_CLOSE):
            meant = say(phrase("There is no vendor or recipe %(vendor)s. Did you mean %(close)s?"))
            return meant % {**names, "close": close[0]}
        return say(phrase("There is no vendor or recipe %(vendor)s; there are %(names)s.")) % names
    if lacking(_PACKAGE, vendor):
        missing = phrase("%(vendor)s needs packages that are not installed: pip install '%(package)s'")
        return say(missing) % {"vendor": vendor, "package": f"{_PACKAGE}[{vendor}]"}
    return ""


def _vendor_settings(
    interview: Interview, kind: str, chosen: Beginning, given: Sequence[str]
) -> Mapping[str, str]:
    answers = dict(_pair(text, interview.say) for text in given)
    known = {question.name: question for question in chosen.questions}
    if strange := [name for name in answers if name not in known]:
        wrong = interview.say(phrase("%(vendor)s has no setting %(names)s; it has %(known)s."))
        names = {"names": ", ".join(strange), "known": ", ".join(known)}
        raise Trouble(wrong % {"vendor": chosen.name, **names})
    for name, question in known.items():
        if question.needed or name in answers:
            answers[name] = _answer(interview, kind, chosen, question, answers.get(name))
    return answers


def _answer(
    interview: Interview, kind: str, chosen: Beginning, question: Question, given: str | None = None
) -> str:
    """Return a setting of the vendor that its own rules take, as far as one setting can tell."""

    def wrong(answer: str) -> str:
        return logs.masked(first.wrong_setting(kind, chosen, question, answer))

    if given is not None and not wrong(given):
        return given  # as it is: blanks may belong to a secret
    text = f"{question.name}: {interview.say(question.meaning.rstrip('.'))}"
    return interview.asked(given, f"--set {question.name}=...", text, hide=question.secret, check=wrong)


def _pair(text: str, say: Say) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Trouble(say(phrase("--set wants NAME=VALUE, not %(name)s.")) % {"name": name})
    return name.strip(), value


def _folder() -> Path:
    config = os.environ.get(PATH_VARIABLE)
    if config and Path(config).name != first.CONFIG:
        raise Trouble(f"init writes {first.CONFIG}, and {PATH_VARIABLE} names {config}: say --folder.")
    return Path(config).parent if config else Path()


def _refuse_to_overwrite(folder: Path, say: Say) -> None:
    """Say so before anything is asked."""
    for name in (first.CONFIG, first.ENVIRONMENT):
        if os.path.lexists(folder / name):
            wrong = phrase("%(file)s exists, and init overwrites nothing: name another --folder.")
            raise Trouble(say(wrong) % {"file": folder / name})
