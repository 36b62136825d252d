"""The Chinese guides say what the English ones say, and note which of their revisions they follow."""

import hashlib
import re
from pathlib import Path

import pytest

from .tools import CONFIG, ROOT

GUIDES = [ROOT / "README.md", CONFIG / "README.md"]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# One word for one thing in Chinese too, as the console has it: account, ledger, receipt, message, audit, the
# bridge; and their other words, which a reader would take for other things.
OTHERWISE = ["账号", "账本", "回执", "消息(?!队列)", "审计", "网桥", "网页进程", "工作进程"]
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def chinese(path: Path) -> Path:
    """Return where the translation of a guide lies."""
    return path.with_suffix(".zh-CN.md")


def shape(text: str) -> list[object]:
    """Return headings by level, code blocks as they are, and tables by rows and columns, in their order."""
    found: list[object] = []
    for number, part in enumerate(re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)):
        if number % 2:
            found.append(part)
            continue
        for line in part.splitlines():
            if heading := re.match(r"#+ ", line):
                found.append(heading[0])
            elif line.startswith("|"):
                found.append(line.count("|"))
            elif item := re.match(r"(- |\d+\. )", line):
                found.append(item[0])
    return found


def names(text: str) -> set[str]:
    """Return the settings, commands and addresses that a text names outside of code blocks."""
    return {name for name in re.findall(r"`([^`\n]+)`", _FENCE.sub("", text)) if not _CHINESE.search(name)}


@pytest.mark.parametrize("guide", GUIDES, ids=["README", "config"])
def test_headings_code_and_tables_agree(guide: Path) -> None:
    """One for one, in the same order."""
    assert shape(chinese(guide).read_text()) == shape(guide.read_text())


@pytest.mark.parametrize("guide", GUIDES, ids=["README", "config"])
def test_it_names_what_the_english_one_names(guide: Path) -> None:
    """Every setting, command, file and metric."""
    lacking = names(guide.read_text()) - names(chinese(guide).read_text())
    translated = {name for name in lacking if "CHANNEL" in name or "public address" in name}
    assert lacking - translated == set()


@pytest.mark.parametrize("guide", GUIDES, ids=["README", "config"])
def test_it_names_nothing_else(guide: Path) -> None:
    """What the English one says otherwise by now, such as a table's former name."""
    english, translated = guide.read_text(), names(chinese(guide).read_text())
    assert {name for name in translated if name not in english} == set()


@pytest.mark.parametrize("guide", GUIDES, ids=["README", "config"])
def test_one_word_is_one_thing(guide: Path) -> None:
    """Of two words for one thing the guides and the console keep one."""
    text = chinese(guide).read_text()
    assert [found[0] for word in OTHERWISE for found in re.finditer(word, text)] == []


@pytest.mark.parametrize("guide", GUIDES, ids=["README", "config"])
def test_it_follows_the_english_one(guide: Path) -> None:
    """After a change of the English text the Chinese one is read again, and its last line renewed."""
    now = hashlib.sha256(guide.read_bytes()).hexdigest()[:16]
    noted = re.findall(r"^<!-- README\.md sha256 (\w+) -->$", chinese(guide).read_text(), re.MULTILINE)
    assert noted == [now], f"read {guide.name} again, then note {now} at the end of {chinese(guide).name}"


@pytest.mark.parametrize("guide", GUIDES, ids=["README", "config"])
def test_they_lead_to_each_other(guide: Path) -> None:
    """By a link in the first lines; links of the Chinese one lead somewhere."""
    assert f"]({chinese(guide).name})" in "".join(guide.read_text().splitlines()[:3])
    text = chinese(guide).read_text()
    assert f"]({guide.name})" in "".join(text.splitlines()[:3])
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [link for link in links if not (guide.parent / link).exists()] == []


def test_the_measure_can_fail() -> None:
    """A row, a heading or a line of code less is seen."""
    text = "# A\n\n| a | b |\n|---|---|\n\n```sh\nx\n```\n"
    assert shape(text) == ["# ", 3, 3, "```sh\nx\n```"]
    for old in ("# A\n", "| a | b |\n", "x\n"):
        assert shape(text.replace(old, "", 1)) != shape(text)
