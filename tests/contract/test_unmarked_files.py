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
