"""Files whose encoding the answer names, by right or by default, or nobody: noise is never sent."""

import pytest

from bridge.contract import files

BY_DEFAULT = "text/plain; charset=ISO-8859-1"
PLAIN = b"13800138009\n" * (files.HEAD // 12 + 1)
"""More than the beginning by which the encoding is told."""


def told(data: bytes, content_type: str = "") -> list[tuple[str, str]]:
    """Return each line as its number and its name, or its fault."""
    found = files.encoding_of(data[: files.HEAD], content_type)
    lines = [files.read_line(line.data, found) for line in files.split([data], found)]
    return [
        (line.phone, line.fault[0] if line.fault else line.params.get("name", "")) for line in lines if line
    ]


def line(name: str, encoding: str) -> bytes:
    return f'13800138000,{{"name":"{name}"}}\n'.encode(encoding)


BAD = "BAD_LINE"
# name, its encoding, Content-Type -> what is read
NAMED = [
    ("José García", "iso-8859-1", BY_DEFAULT, "José García"),
    ("Größe", "iso-8859-1", "text/csv;charset=latin1", "Größe"),
    ("ÁNGEL", "iso-8859-1", BY_DEFAULT, "ÁNGEL"),
    ("Noël – 10 €", "cp1252", "text/plain; charset=windows-1252", "Noël – 10 €"),
    ("José", "utf-8", BY_DEFAULT, "José"),
    ("张三", "utf-8", BY_DEFAULT, "张三"),
    ("张三", "gbk", BY_DEFAULT, "张三"),
    ("张三", "utf-8", "text/plain; charset=gb2312", "张三"),
    ("张三", "gbk", "text/plain; charset=gb2312", "张三"),
    ("联通", "gbk", "text/plain; charset=gbk", "联通"),
    ("喆", "gbk", "text/plain; charset=gbk", "喆"),
    ("张三", "gbk", "text/plain; charset=utf-8", "张三"),
    ("欧阳娜娜", "gb18030", "text/plain; charset=us-ascii", "欧阳娜娜"),
    ("鑫", "gbk", BY_DEFAULT, BAD),
    ("親愛的客戶您好", "big5", BY_DEFAULT, BAD),
    ("親愛的客戶您好", "big5", "text/plain; charset=big5", "親愛的客戶您好"),
    ("親愛的客戶您好", "big5", "", BAD),
    ("王小明", "big5", "", BAD),
    ("張三", "big5", "", BAD),
    ("親愛的客戶您好", "gbk", "", "親愛的客戶您好"),
    ("張三", "gbk", "", "張三"),
    ("张三", "gbk", "", "张三"),
    ("喆", "gbk", "", "喆"),
    ("José", "iso-8859-1", "", BAD),
    ("Müller", "iso-8859-1", "", BAD),
    ("FRANÇOIS", "cp1252", "", BAD),
    ("João – 10 €", "cp1252", "text/plain; charset=utf-8", BAD),
    ("Šárka", "cp1252", "", BAD),
    ("Größe", "iso-8859-15", "text/plain; charset=iso-8859-15", "Größe"),
    ("Mr喆", "gbk", "", "Mr喆"),
    ("A座", "gbk", "", "A座"),
    ("镕", "gbk", "", "镕"),
    ("镕", "gbk", BY_DEFAULT, BAD),
]


@pytest.mark.parametrize(("name", "encoding", "content_type", "read"), NAMED)
@pytest.mark.parametrize("before", [b"", line("Ann", "ascii")])
def test_what_the_answer_names_is_weighed(
    name: str, encoding: str, content_type: str, read: str, before: bytes
) -> None:
    """A name that servers give every file is believed of Latin letters, and no guess makes up characters."""
    assert told(before + line(name, encoding), content_type)[-1] == ("13800138000", read)


# As above, when the beginning of the file told nothing.
LATER = [
    ("José García", "iso-8859-1", BY_DEFAULT, "José García"),
    ("张三", "utf-8", BY_DEFAULT, "张三"),
    ("张三", "gbk", BY_DEFAULT, BAD),
    ("张三", "gbk", "", "张三"),
    ("張三", "big5", "", BAD),
    ("\ue000", "utf-8", "", "\ue000"),
    ("Müller", "iso-8859-1", "", BAD),
    ("镕VIP", "gbk", "", "镕VIP"),
]


@pytest.mark.parametrize(("name", "encoding", "content_type", "read"), LATER)
def test_a_line_behind_the_beginning(name: str, encoding: str, content_type: str, read: str) -> None:
    """Each line for itself; what stood in the input is sent."""
    assert told(PLAIN + line(name, encoding), content_type)[-1] == ("13800138000", read)


@pytest.mark.parametrize(
    ("before", "name", "encoding", "content_type", "guess"),
    [
        (b"", "张三", "gbk", "", "gb18030"),
        (PLAIN, "张三", "gbk", "", "gb18030"),
        (b"", "김철수", "euc-kr", "", "gb18030"),
        (b"", "张三", "gbk", "text/plain; charset=utf-8", "gb18030"),
        (b"", "José", "iso-8859-1", BY_DEFAULT, "iso8859-1"),
        (b"", "张三", "gbk", "text/plain; charset=gbk", ""),
        (b"", "张三", "utf-8", "", ""),
        (b"", "张三", "utf-16", "", ""),
        (b"", "Ann", "ascii", "", ""),
    ],
)
def test_a_guess_is_told(before: bytes, name: str, encoding: str, content_type: str, guess: str) -> None:
    """What is no UTF-8 and has no name of its own may be other letters, such as Korean."""
    data = before + line(name, encoding)
    found = files.encoding_of(data[: files.HEAD], content_type)
    *_, last = files.split([data[found.mark :]], found)
    read = files.read_line(last.data, found)
    assert read is not None
    assert (read.fault, read.guess) == (None, guess)


def test_a_rare_character_beside_letters_in_a_chinese_file() -> None:
    """What the beginning shows is believed of every line: no Western name stands among Chinese ones."""
    assert told(line("张三", "gbk") + line("Mr镕", "gbk"))[-1] == ("13800138000", "Mr镕")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('13800138000，{"name":"a"}', ("13800138000", "a")),
        ('13800138000；{"name":"x，y"}，', ("13800138000", "x，y")),
        ('"13800138000"，{"name":"a"}', ("13800138000", "a")),
        ("13800138000，", ("13800138000", "")),
        ('13800138000，，{"name":"a"}；', ("13800138000", "a")),
        ('13800138000,{"name":"a"，"b":"c"}', ("13800138000", BAD)),
        ("13800138000，13800138001", ("13800138000，13800138001", "")),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_full_width_separators(text: str, read: tuple[str, str], encoding: str) -> None:
    """Between number and values and at the end; inside, they are the values'."""
    assert told(text.encode(encoding), f"text/plain; charset={encoding}") == [read]


@pytest.mark.parametrize(
    "text", ["," * 16_000 + 'x"', "13800138000" + " " * 16_000 + '"', "，" * 5_000 + '"']
)
def test_a_long_line_of_separators(text: str) -> None:
    """It is refused, and takes no longer than another."""
    assert [fault for _phone, fault in told(text.encode(), "text/plain; charset=utf-8")] == [BAD]
