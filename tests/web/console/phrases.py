"""Every text that the console shows in the reader's language, found where it is written.

Run as a program, it brings the catalogues up to date: what is new in them is translated by hand.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po, write_po

import bridge.web.console
from bridge.services.desk.operating import OTHER_TYPE
from bridge.services.desk.previewing import TOO_LONG
from bridge.services.setup.describing import HIDDEN, UNSET
from bridge.services.setup.live import DETAILS
from bridge.services.setup.live import SENTENCES as LIVE

CONSOLE = Path(bridge.web.console.__file__).parent
INIT = (
    "cli/asking/bilingual.py",
    "cli/asking/command.py",
    "cli/asking/interview.py",
    "cli/asking/language.py",
    "services/setup/beginning.py",
)
"""What `sms-bridge init` says, in the same catalogues."""
CATALOGUES = sorted((CONSOLE / "translations").glob("*.po"))
_METHODS = [("**/*.py", "python"), ("**/*.html", "jinja2")]
_KEYWORDS = {"phrase": None, "gettext": None, "ngettext": (1, 2), "_": None}
_OPTIONS = {"**/*.html": {"silent": "false", "trimmed": "false"}}

# What services say in a whole sentence, and pages repeat; what marketers read too stands with the contract.
SENTENCES = [
    "There is no channel %(channel)s; the configuration has %(names)s.",
    *LIVE,
    *DETAILS,
    OTHER_TYPE,
    "The channel %(channel)s has no account %(account)s; it has %(names)s.",
    "The channel %(channel)s has no callback_url: nothing is pushed.",
    "The channel %(channel)s has no template %(code)s.",
    "The template %(code)s was changed meanwhile; look at it again, and decide anew.",
    "The template %(code)s is not filed at the account %(account)s.",
    "The account %(account)s reviews its templates itself; decide there.",
    "The vendor of %(channel)s reviews its templates itself; decide there.",
    "The vendor of %(channel)s sends by codes of its own: give this template's (--vendor-code).",
    'The channel %(channel)s has review = "auto": its templates need no decision here.',
    "The span ends before it begins.",
    "The template needs a value for each of: %(names)s.",
    "The campaign is running already.",
    "The campaign is paused already.",
    "The campaign is cancelled already. That is final: what comes of it is refused.",
    "There is no such campaign: see sms-bridge campaigns list. A campaign is named by its task id, by its "
    "outId where Quick Audience gave no task, or by the id that the list shows.",
    "Several campaigns have this name; give an id instead: %(several)s.",
    "This link is not one of the console's.",
    "This link is too old.",
    "This link was used already.",
    "There is no sign-on here.",
    "The provider knows you, but gives you no role here.",
    "The provider did not let you in, or did not answer: try again.",
    TOO_LONG,
    "takes it",
    "No route leads this message to it.",
    HIDDEN,
    UNSET,
]


def written() -> Catalog:
    """Return a catalogue of all texts, untranslated."""
    found = Catalog(project="qa-sms-bridge", charset="utf-8", fuzzy=False)
    for message, place in _found():
        found.add(message, locations=[(place, 0)] if place else ())
    return found


def _found() -> Iterator[tuple[str | tuple[str, ...], str]]:
    extracted = extract_from_dir(str(CONSOLE), _METHODS, _OPTIONS, keywords=_KEYWORDS)
    for name, _, message, _, _ in extracted:
        if message:
            yield message, name
    for place in INIT:
        for _, message, _, _ in extract_from_file("python", CONSOLE.parents[1] / place, _KEYWORDS):
            yield message, place
    for sentence in SENTENCES:
        yield sentence, ""


def read(path: Path) -> Catalog:
    """Return a catalogue as it is kept."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem.replace("-", "_"))


def main() -> None:
    """Bring every catalogue up to date."""
    for path in CATALOGUES:
        kept = read(path)
        kept.update(written(), no_fuzzy_matching=True)
        kept.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, kept, width=110, omit_header=False, include_lineno=False, sort_output=True)


if __name__ == "__main__":
    main()
