"""The bodies that Quick Audience sends: about 160 bytes for each recipient, as in its largest requests."""

import json
import random

from .stage import SIGN


def numbers(count: int, start: int = 0) -> list[str]:
    """Mainland numbers in no order, no two alike for different `start`s that are `count` apart."""
    found = [f"138{index:08d}" for index in range(start, start + count)]
    random.Random(start).shuffle(found)
    return found


class Sends:
    """Makes send requests of `count` recipients; each has an outId of its own, so none is a repetition.

    Different `start`s that are `count` apart make requests without a number in common.
    """

    def __init__(self, code: str, count: int, start: int = 0) -> None:
        phones = numbers(count, start)
        params = [
            {
                "name": f"客户{index:06}",
                "link": f"https://s.example.com/{index:024}?ph={index:08}",
                "code": f"{index:012}",
            }
            for index in range(count)
        ]
        head = {
            "signName": SIGN,
            "templateCode": code,
            "relatedTaskId": "2048",
            "relatedTaskType": 1,
            "taskCreatorAccount": "anna@example.com",
            "phoneNumberJson": phones,
            "templateParamJson": params,
        }
        self._tail = json.dumps(head, ensure_ascii=False).encode().removeprefix(b"{")
        self._start = start
        self._made = 0

    def body(self) -> bytes:
        """Return the next request."""
        self._made += 1
        return b'{"outId": "benchmark-%d-%d", ' % (self._start, self._made) + self._tail
