"""The command that speaks the shell's language: how it fails and how it is ended, too."""

import os
from typing import Any

import click

from bridge.settings import SettingsFaults

from ..terminal.opening import Trouble
from .language import language_of, phrase, speaker


class Bilingual(click.Command):
    """Says in the reader's language what click and the group of commands would say in English."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        say = speaker(context.params.get("language") or language_of(os.environ))
        try:
            return super().invoke(context)
        except click.Abort:
            click.echo("\n" + say(phrase("Ended before its last question: nothing was written.")), err=True)
            context.exit(1)
        except SettingsFaults as faults:
            head = say(phrase("The configuration has faults:"))
            told = Trouble(f"{head}\n{faults}")
            told.prefix = say(phrase("Error: "))
            raise told from None
        except Trouble as trouble:
            trouble.prefix = say(phrase("Error: "))
            raise
