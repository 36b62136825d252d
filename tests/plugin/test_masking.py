"""Phone numbers in vendors' sentences are masked however they are written; dates, ids and prices are not."""

import pytest

from bridge import logs
from bridge.plugin.masking import mask_apart, mask_sentence

NUMBERS = """
138 0013 8000|138-0013-8000|138.0013.8000|138  0013  8000|138 - 0013 - 8000|138–0013–8000|1380013 8000
+86 138 0013 8000|+86-138-0013-8000|0086-138-0013-8000|(86)138 0013 8000|86 138 0013 8000
1 3 8 0 0 1 3 8 0 0 0
+44 7911 123456|44 7911 123456|07911 123456|020 7946 0958|+44 (0)20 7946 0958
+33 6 12 34 56 78|06 12 34 56 78|06.12.34.56.78|+33.6.12.34.56.78
+1 (415) 555-2671|1 (415) 555-2671|(415) 555-2671|415-555-2671|415.555.2671|1.415.555.2671
138/0013/8000|138_0013_8000|138−0013−8000|138·0013·8000|138・0013・8000
0912-345-678|090-1234-5678|8 912 345-67-89|912 345 678|0151 12345678|6123 4567|+852 6123 4567
"""
ESCAPED = """
138%200013%208000|138+0013+8000|%2B44%207911%20123456|138%2D0013%2D8000|%28415%29+555%2D2671
138\\u00200013\\u00208000|138\\xa00013\\xa08000|138\\\\u200b0013\\\\u200b8000|\\x2b4915112345678|138&nbsp;0013&nbsp;8000
\\uff11\\uff13\\uff18\\uff10\\uff10\\uff11\\uff13\\uff18\\uff10\\uff10\\uff10
%EF%BC%91%EF%BC%93%EF%BC%98%EF%BC%90%EF%BC%90%EF%BC%91%EF%BC%93%EF%BC%98%EF%BC%90%EF%BC%90%EF%BC%90
１３８００１３８０００|１３８ ００１３ ８０００|138\u200b0013\u200b8000|138\u00ad00138000
1\ufe0f3\ufe0f800138000|\u202d4915112345678\u202c|138\x000013\x008000|\x1b[31m4915112345678|4915112345678.0
"""
PLAIN = """
2026-11-23|2026-11-23 08:01:02|2026-11-23 08:01:02.123456|2026-11-23T08:01:02+08:00|2026.11.23
2026/11/23 08:01
23.11.2026|11-23-2026|2025-2026|12:00-13:00
12.50|0.05|1,234,567|1,234,567.89|1 234 567|1.234.567,89|10 000 000|1.234.567.890
192.168.100.101|10.11.12.13:8080|v1.22.1|3 of 1000|100-200|5 10 15 20 25|18014 18013 153|1234-5678-9012-3456
SMS_154950909|SMS_1549509090|20261123080102|the code SMS_154950909|2026-11-23%2008%3A01%3A02
1+2+3|a%20b%202%203|isv.AMOUNT_NOT_ENOUGH|E200015|200 1234 0.003|123e4567-e89b-12d3-a456-426614174abc
"""


def rows(table: str) -> list[str]:
    """Return the cells of a table."""
    return [cell for line in table.strip().splitlines() for cell in line.split("|")]


@pytest.mark.parametrize("number", rows(NUMBERS))
@pytest.mark.parametrize(
    "sentence", ["{}", "no number {}.", "号码{}不存在", "[{}] 2026-11-23 08:01", "to={};"]
)
def test_a_number_is_masked(number: str, sentence: str) -> None:
    """In the middle: what is left is too little to call."""
    for shown in (mask_sentence(sentence.format(number)), logs.masked(sentence.format(number))):
        assert number not in shown
        assert sum(character.isdigit() for character in shown.replace("2026-11-23 08:01", "")) <= 5


@pytest.mark.parametrize("number", rows(ESCAPED))
@pytest.mark.parametrize("sentence", ["{}", "GET /sms?to={}&x=1", '{{"body": "{{\\"to\\": \\"{}\\"}}"}}'])
def test_a_number_in_escapes_is_masked(number: str, sentence: str) -> None:
    """As addresses, JSON, Python and HTML write it, and with signs between its digits that nobody sees."""
    for shown in (mask_sentence(sentence.format(number)), logs.masked(sentence.format(number))):
        assert number not in shown
        assert "****" in shown
        assert "0013" not in shown
        assert "5112345" not in shown


@pytest.mark.parametrize("text", rows(PLAIN))
def test_what_is_no_number_stays(text: str) -> None:
    """A masked date or price would make a sentence useless."""
    assert mask_apart(f"limit {text} reached") == f"limit {text} reached"
    assert logs.masked(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13800138000", "138******00"),
        ("id 900619746936498440^0", "id 900*************40^0"),
        ("to 2026-11-23 138 0013 8000", "to 2026-11-23 138********00"),
        ("138-0013-8000, 139-0013-8000", "138********00, 139********00"),
        ("138 0013 8000 139 0013 8000", "138********00 139********00"),
    ],
)
def test_a_sentence(text: str, shown: str) -> None:
    """Of a vendor's: there any long run of digits may be a number."""
    assert mask_sentence(text) == shown
