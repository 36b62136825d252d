"""Files in UTF-16 without a byte order mark, as some exports write them."""

import pytest

from bridge.contract import files

TEXT = '13800138000,{"name":"张三"}\n13800138001\n'


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8", "gb18030"])
def test_each_is_read_by_its_first_bytes(encoding: str) -> None:
    data = TEXT.encode(encoding)
    found = files.encoding_of(data)
    lines = [files.read_line(line.data, found) for line in files.split([data], found)]
    assert [line and (line.phone, line.params, line.fault) for line in lines] == [
        ("13800138000", {"name": "张三"}, None),
        ("13800138001", {}, None),
    ]


def line(number: int, name: str, encoding: str) -> bytes:
    return f'1380013800{number}{{"name":"{name}"}}\n'.encode(encoding)


GBK, UTF8 = "gb18030", "utf-8"
BAD = "BAD_LINE"
# Lines of one file as (name, encoding), and what each says: its name, or that it cannot be read.
MIXED: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "GB18030": ([("张三", GBK), ("联通", GBK), ("李四", GBK)], ["张三", "联通", "李四"]),
    "a UTF-8 line among GB18030": ([("张三", GBK), ("王五", UTF8), ("李四", GBK)], ["张三", BAD, "李四"]),
    "a GB18030 line among UTF-8": ([("张三", UTF8), ("王五", UTF8), ("李四", GBK)], ["张三", "王五", BAD]),
    "half and half": ([("张三", UTF8), ("李四", GBK)], ["张三", BAD]),
    "with plain lines": (
        [("Ann", UTF8), ("张三", UTF8), ("李四", GBK), ("Bo", UTF8)],
        ["Ann", BAD, "李四", "Bo"],
    ),
    "an emoji before GB18030": ([("🙂🙂", UTF8), ("李四", GBK)], ["🙂🙂", BAD]),
}


@pytest.mark.parametrize(("lines", "read"), MIXED.values(), ids=MIXED)
def test_a_file_in_two_encodings_sends_no_noise(lines: list[tuple[str, str]], read: list[str]) -> None:
    data = b"".join(line(number, *one) for number, one in enumerate(lines))
    found = files.encoding_of(data)
    told = [files.read_line(one.data, found) for one in files.split([data], found)]
    assert [one and (one.fault[0] if one.fault else one.params["name"]) for one in told] == read
    assert [one and one.phone for one in told] == [f"1380013800{number}" for number in range(len(lines))]


WIDE = ["utf-16-le", "utf-16-be"]
MARKED = ["utf-16", "utf-32", "utf-32-le", "utf-32-be"]
FAULTY = '13800138000,{"name":"a"]\n13800138001,{"name":"' + "a" * 20_000 + '"}\n'


@pytest.mark.parametrize("encoding", [*WIDE, *MARKED])
def test_a_bad_line_keeps_its_number(encoding: str) -> None:
    """Whichever byte comes first; a file in UTF-32 fails line by line."""
    data = FAULTY.encode(encoding)
    found = files.encoding_of(data)
    lines = [files.read_line(one.data, found) for one in files.split([data[found.mark :]], found)]
    assert [line and (line.phone, line.fault and line.fault[0]) for line in lines] == [
        ("13800138000", BAD),
        ("13800138001", BAD),
    ]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_fails_with_that_reason(encoding: str) -> None:
    data = TEXT.encode(encoding)
    found = files.encoding_of(data)
    lines = [files.read_line(one.data, found) for one in files.split([data[found.mark :]], found)]
    assert [line and line.phone for line in lines] == ["13800138000", "13800138001"]
    assert all(line and line.fault and "not text in the file's encoding" in line.fault[1] for line in lines)


# A line as it stands in the file, the number that is told of it, and whether it is one.
BESIDE = [
    ("4915112345678\t1", "4915112345678", False),
    ("4915112345678 1", "4915112345678", False),
    ("+4915112345678  12,", "+4915112345678", False),
    ("4915112345678-1", "4915112345678", False),
    ('4366412345678\t2{"name":"a"}', "4366412345678", False),
    ("4366412345678 2", "4366412345678", False),
    ("4366412345678\u00a02", "4366412345678", False),
    ("1\t2025550123", "1", False),
    ("12025550123 1", "12025550123", False),
    ("13800138000\t", "13800138000", True),
    ('13800138000\t{"name":"a"}', "13800138000", True),
    ("1 2025550123", "1 2025550123", True),
    ("1 202 555 0123", "1 202 555 0123", True),
    ("+1 (202) 555-0123", "+1 (202) 555-0123", True),
    ("49 151 12345678", "49 151 12345678", True),
    ("+49 (0)151 1234 5678", "+49 (0)151 1234 5678", True),
    ("43 664 123 45 67", "43 664 123 45 67", True),
    ("0086 13800138000", "0086 13800138000", True),
    ("138 0013 8000", "138 0013 8000", True),
]


@pytest.mark.parametrize(("line", "phone", "good"), BESIDE)
def test_what_stands_beside_a_number_is_no_part_of_it(line: str, phone: str, good: bool) -> None:
    """A tab always divides; a blank where what is before it is a whole number."""
    found = files.read_line(line.encode(), files.Encoding(("utf-8",)))
    assert found is not None
    assert (found.phone, found.fault is None) == (phone, good)
