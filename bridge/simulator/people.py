"""Invented recipients: numbers that reach nobody, values that trip careless code."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

UNASSIGNED = "154"
"""Mainland numbers of this range are assigned to no carrier: a message to one reaches nobody."""

BAD_NUMBER = "1540000"
"""What marketers' lists hold here and there: digits that are no mobile number."""

_AREAS = (202, 206, 212, 213, 305, 312, 404, 415, 503, 512, 602, 617, 702, 713, 720, 808, 816, 901, 919, 972)
FICTIONAL = tuple(f"1{area}55501" for area in _AREAS)
"""North American numbers 555-0100 to 555-0199, kept for fiction: a message to one reaches nobody."""

MOST_INTERNATIONAL = len(FICTIONAL) * 100

_NAMES = (
    "李雷",
    "韩梅梅",
    "Ms. O'Neil",
    "张伟",
    "Zoë",
    "王芳",
    "${code}",
    '"Tom" <t@example.com>',
    "欧阳娜娜",
)
_CITIES = ("上海", "北京", "Hangzhou", "成都", "乌鲁木齐")


class Person(NamedTuple):
    """One recipient: the number as Quick Audience writes it, and the values of the template's variables."""

    phone: str
    params: Mapping[str, str | int]

    @property
    def bad(self) -> bool:
        """True for a number that no message can be sent to."""
        return self.phone.startswith(BAD_NUMBER) and len(self.phone) > 11


def invent(count: int, first: int = 0, *, bad_every: int = 0) -> Sequence[Person]:
    """Return `count` people, no number twice; `first` continues an earlier crowd.

    Every `bad_every`-th number is not a mobile number (0 for none); those differ from each other, too.
    """
    return [
        _person(first + index, bad_every > 0 and index % bad_every == bad_every - 1) for index in range(count)
    ]


def _person(index: int, bad: bool) -> Person:
    # A factor that shares no divisor with 10^8 shuffles the range and repeats nothing.
    scattered = index * 38_742_049 % 100_000_000
    phone = f"{BAD_NUMBER}{index:07d}" if bad else f"{UNASSIGNED}{scattered:08d}"
    params: dict[str, str | int] = {
        "name": _NAMES[index % len(_NAMES)],
        "city": _CITIES[index % len(_CITIES)],
        "amount": f"{index % 90 + 1}.{index % 10}0",  # must not lose its zero
        "points": index % 5000,
    }
    return Person(phone, params)


def invent_international(count: int) -> Sequence[Person]:
    """Return `count` people with international numbers, at most `MOST_INTERNATIONAL`.

    Numbers are as Quick Audience writes them, without a plus.
    """
    return [
        Person(
            f"{FICTIONAL[index % len(FICTIONAL)]}{index // len(FICTIONAL):02d}", _person(index, False).params
        )
        for index in range(count)
    ]


def render(content: str, params: Mapping[str, str | int]) -> str:
    """Return the text a recipient must read: each placeholder replaced once, values never expanded again."""
    pieces = content.split("${")
    out = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}")
        out += (str(params[name]), rest)
    return "".join(out)
