"""What the guide quotes is what the files hold."""

import re
from pathlib import Path

import pytest

from .tools import CONFIG

GUIDE = CONFIG / "README.md"
_QUOTE = re.compile(
    r"\[`(?P<file>[\w/.@-]+)`\]\((?P=file)\)[^\n]*(?:\n[^\n]+)*:\n\n```(?!sh)\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FOLDERS = ("systemd", "nginx", "prometheus", "grafana", "container")


def quotes(guide: str) -> list[tuple[str, list[str]]]:
    """Return the files that a guide quotes, each with the quoted lines; a line with `...` stands for some."""
    return [
        (found["file"], [line for line in found["text"].splitlines() if line and "..." not in line])
        for found in _QUOTE.finditer(guide)
    ]


def missing(lines: list[str], text: str) -> list[str]:
    """Return the lines that a text does not hold in this order."""
    rest = iter(text.splitlines())
    return [line for line in lines if line not in rest]


@pytest.mark.parametrize(
    ("file", "lines"), quotes(GUIDE.read_text()), ids=[file for file, _ in quotes(GUIDE.read_text())]
)
def test_a_quote_is_in_its_file(file: str, lines: list[str]) -> None:
    """Every line of it, in the file's order."""
    assert len(lines) >= 3
    assert missing(lines, (CONFIG / file).read_text()) == []


def test_a_wrong_quote_is_found() -> None:
    """A line that differs, or stands elsewhere in the file."""
    assert missing(["b", "a"], "a\nb\n") == ["a"]
    assert missing(["a", "c"], "a\nb\n") == ["c"]


def test_every_folder_is_quoted_and_every_file_named() -> None:
    """An operator finds what there is by reading the guide."""
    guide = GUIDE.read_text()
    quoted = {file.partition("/")[0] for file, _ in quotes(guide)}
    assert quoted == set(FOLDERS)
    for folder in FOLDERS:
        for path in sorted((CONFIG / folder).rglob("*")):
            family = re.escape(path.stem.split("-")[0])
            assert path.is_dir() or path.name in guide or re.search(rf"{family}-[\w]*\*", guide), path


def test_links_lead_somewhere() -> None:
    """To a file of this folder or of the repository."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", GUIDE.read_text())
    assert [link for link in links if not (Path(CONFIG) / link).exists()] == []


@pytest.mark.parametrize("guide", [GUIDE, GUIDE.with_name("README.zh-CN.md")], ids=["en", "zh-CN"])
def test_what_a_restore_stops_is_started_again(guide: Path) -> None:
    """Every unit that the pattern of its first line matches, the timer of the nightly copy included."""
    [pattern, after] = re.findall(r"^systemctl stop '([^']+)'$(.*?)^## ", guide.read_text(), re.M | re.S)[0]
    stopped = {path.name for path in (CONFIG / "systemd").glob(pattern) if "[Install]" in path.read_text()}
    started = set(" ".join(re.findall(r"^systemctl start ([^#\n]+)", after, re.M)).split())
    named = {one if "." in one else f"{one.rstrip('0123456789')}.service" for one in started}
    assert stopped <= named
    assert "sms-bridge forget" in after and "suppress add" in after, "who left since then is in no older copy"
