"""What every command tells, and how it fails."""

from typing import IO

import click

from bridge import logs


class Trouble(click.ClickException):
    """An expected failure: one sentence for the operator, and exit status 2."""

    exit_code = 2
    prefix = "Error: "

    def show(self, file: IO[str] | None = None) -> None:
        """Print the sentence."""
        click.echo(f"{self.prefix}{self.format_message()}", file=file, err=file is None)

    def format_message(self) -> str:
        """Return the sentence, with nothing private in it."""
        return logs.masked(self.message)


def say(text: str) -> None:
    """Print one line for the operator."""
    click.echo(logs.masked(text))
