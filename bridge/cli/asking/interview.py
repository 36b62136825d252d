"""Asks what no option gives, and asks again where an answer cannot be right."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from re import fullmatch, match
from unicodedata import category
from urllib.parse import urlsplit

import click

from bridge.settings import CALLBACK_PRESETS
from bridge.settings.addresses import is_open, web_address
from bridge.settings.checks import is_channel_name
from bridge.settings.models import is_database

from ..terminal.opening import Trouble
from .language import Say, phrase

_PLACES = {"上海": "shanghai", "张北": "zhangbei"}
_REFERENCES = ("env:", "file:")
_BRACKETS = "【】[]"
_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, halves of characters, and what ends lines and paragraphs."""
_ADDRESS = r"https?://[\w.:\[\]-]+(/[\w.~%+,:=@/-]*)?"
"""An address that is typed and pasted as it is: a shell or a form would read a quote or $ otherwise."""

Check = Callable[[str], str]
"""Returns what is wrong with an answer, in the reader's language; "" for nothing."""


class Interview:
    """Asks, or notes what no option gives; `end` tells all of it at once."""

    def __init__(self, say: Say, *, asks: bool) -> None:
        self.say = say
        self.asks = asks
        self._missing: list[str] = []

    def asked(
        self,
        given: str | None,
        option: str,
        question: str,
        *,
        default: str | None = None,
        hide: bool = False,
        check: Check = lambda _: "",
    ) -> str:
        """Return what was given, else what is answered, else the default.

        The question is in the reader's language. What `check` finds wrong is told, and asked again. Raises
        Trouble with it where nobody is asked.
        """
        if given is not None:
            if not (wrong := check(given.strip())):
                return given.strip()
            if not self.asks:
                raise Trouble(f"{option}: {wrong}")
            self.note(wrong)
        if self.asks:
            return self._answered(question, default, hide, check)
        if default is None:
            self._missing.append(f"{option}  {question}")
        return default or ""

    def _answered(self, question: str, default: str | None, hide: bool, check: Check) -> str:
        while True:
            typed: str = click.prompt(question, default=default, hide_input=hide, err=True)
            answer = typed.strip() or default or ""
            if not (wrong := check(answer)):
                return answer
            self.note(wrong)

    def note(self, text: str) -> None:
        """Show a line to a person who answers."""
        if self.asks:
            click.echo(text, err=True)

    def end(self) -> None:
        """Raise Trouble with everything that is missing."""
        if self._missing:
            lines = "".join(f"\n  {line}" for line in self._missing)
            missing = phrase("Nothing is asked here (no terminal, or --no-ask), and these are missing:")
            raise Trouble(f"{self.say(missing)}{lines}")


def place_of(text: str) -> str:
    """Return where Quick Audience lives as the configuration has it: 上海 is shanghai."""
    return _PLACES.get(text, text.lower() if text.lower() in CALLBACK_PRESETS else text)


def bare(sign: str) -> str:
    """Return a signature without the brackets that it is shown in."""
    return sign.strip().strip(_BRACKETS).strip()


def wrong_channel(say: Say) -> Check:
    """Return what judges a channel's name."""
    text = phrase(
        "This cannot be a channel's name: write up to 32 of a-z, 0-9 and hyphen, "
        "none of the bridge's addresses."
    )
    return lambda answer: "" if is_channel_name(answer) else say(text)


def wrong_line(say: Say) -> Check:
    """Return what judges a name or a signature."""
    text = phrase("Write one line that is not empty.")
    return lambda answer: "" if bare(answer) and _is_line(answer) else say(text)


def wrong_place(say: Say) -> Check:
    """Return what judges where Quick Audience lives."""
    text = phrase("This is neither %(presets)s nor a web address (https://...).")
    presets = {"presets": ", ".join(CALLBACK_PRESETS)}
    return lambda answer: (
        "" if place_of(answer) in CALLBACK_PRESETS or _may_be_address(answer) else say(text) % presets
    )


def wrong_address(say: Say) -> Check:
    """Return what judges a public address."""
    none = phrase("This is no web address: write one such as https://sms.example.com, without a query.")
    read_along = phrase(
        "Over the Internet this must be https://: webhooks bring phone numbers and a secret address, which "
        "everybody on the way could read. http:// is for this machine or a closed network."
    )

    def wrong(answer: str) -> str:
        if not _may_be_address(answer):
            return say(none)
        return say(read_along) if is_open(answer) else ""

    return wrong


def wrong_database(say: Say) -> Check:
    """Return what judges the address of a database."""
    text = phrase("This is no database: write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.")
    return lambda answer: "" if _may_be_database(answer) else say(text)


def lacking(package: str, extra: str) -> bool:
    """Return whether a package's extra was not installed with it; one that it has not lacks nothing."""
    try:
        lines = requires(package) or []
    except PackageNotFoundError:
        return False
    names = [match(r"[\w.-]+", line) for line in lines if f"extra == '{extra}'" in line.replace('"', "'")]
    return any(not _installed(name[0]) for name in names if name)


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _is_line(text: str) -> bool:
    """Return False for text with a line break, or with what no line shows."""
    return not any(category(character) in _NO_TEXT for character in text)


def _may_be_database(text: str) -> bool:
    return _is_line(text) and (text.startswith(_REFERENCES) or is_database(text))


def _may_be_address(text: str) -> bool:
    """Return False for what is no web address; an option may also leave it out, or name where it is kept."""
    if not text or text.startswith(_REFERENCES):
        return _is_line(text)
    try:
        web_address(text)
        _ = urlsplit(text).port
    except ValueError:
        return False
    return fullmatch(_ADDRESS, text) is not None
