"""One Aliyun account as the emulator keeps it: signatures, templates, messages, and who may be sent to."""

import itertools
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
PENDING, APPROVED, REJECTED, CANCELLED = 0, 1, 2, 10
WAITING, FAILED, DELIVERED = 1, 2, 3
CARRIERS = ("MOBILE_VENDOR", "UNICOM_VENDOR", "TELECOM_VENDOR")
INTERNATIONAL = 3


class Refused(Exception):
    """A business refusal: HTTP 200 with a Code other than OK."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or f"refused: {code}"


@dataclass
class Sign:
    """A signature and its review."""

    name: str
    status: int = APPROVED
    reason: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(CHINA))


@dataclass
class Template:
    """A text template, or a digital one when it has `parts`."""

    code: str
    name: str
    content: str
    type: int
    status: int = PENDING
    reason: str = ""
    sign_name: str = ""
    parts: list[dict[str, Any]] | None = None
    carriers: dict[str, int] = field(default_factory=dict)
    created_at: datetime = field(default_factory=lambda: datetime.now(CHINA))
    request: dict[str, str] = field(default_factory=dict)

    @property
    def sendable(self) -> bool:
        """Returns True when Aliyun would send it: approved, or for a digital one approved by a carrier."""
        return APPROVED in self.carriers.values() if self.parts is not None else self.status == APPROVED


@dataclass(slots=True)
class Message:
    """One message as Aliyun bills it. `status` is QuerySendDetails': 1 waiting, 2 failed, 3 delivered."""

    phone: str
    out_id: str
    biz_id: str
    sign_name: str
    template_code: str
    content: str
    sent_at: datetime
    status: int = WAITING
    err_code: str = ""
    received_at: datetime | None = None

    def report(self) -> dict[str, object]:
        """Return the SmsReport that Aliyun pushes for it."""
        return {
            "phone_number": self.phone,
            "send_time": stamp(self.sent_at),
            "report_time": stamp(self.received_at or self.sent_at),
            "success": self.status == DELIVERED,
            "err_code": self.err_code,
            "err_msg": "user received" if self.status == DELIVERED else "carrier refused",
            "sms_size": "1",
            "biz_id": self.biz_id,
            "out_id": self.out_id,
        }


class Account:
    """The state of one account. Everything that changes it holds `lock`."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(CHINA)) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.secrets = {"testAK": "testSK"}
        self.nonces: set[str] = set()
        self.signs: dict[str, Sign] = {}
        self.templates: dict[str, Template] = {}
        self.messages: list[Message] = []
        self.by_phone: dict[str, list[Message]] = defaultdict(list)
        self.calls: Counter[str] = Counter()
        self.illegal: set[str] = set()
        self.unsubscribed: set[str] = set()
        self.balance = 10**9
        self.day_limit = 50
        self.wants_media = True
        self.approves_at_once = False
        self._numbers = itertools.count(1)

    def next_number(self) -> int:
        """Return a fresh number for codes and ids."""
        return next(self._numbers)

    def approve_sign(self, name: str) -> Sign:
        """Return an approved signature."""
        self.signs[name] = Sign(name, created_at=self.clock())
        return self.signs[name]

    def approve_template(self, code: str, content: str, template_type: int = 1, name: str = "t") -> Template:
        """Return an approved text template."""
        self.templates[code] = Template(code, name, content, template_type, APPROVED, created_at=self.clock())
        return self.templates[code]

    def review(
        self, code: str, status: int, reason: str = "", carriers: Mapping[str, int] | None = None
    ) -> None:
        """End (or change) a template's review; digital ones carrier by carrier."""
        with self.lock:
            template = self.templates[code]
            template.status, template.reason = status, reason
            if template.parts is not None:
                template.carriers = dict(carriers or dict.fromkeys(CARRIERS, status))

    def settle(self, message: Message, err_code: str = "DELIVERED") -> dict[str, object]:
        """End a message: delivered, or failed with the carrier's code. Returns its SmsReport."""
        with self.lock:
            message.status = DELIVERED if err_code == "DELIVERED" else FAILED
            message.err_code = err_code
            message.received_at = self.clock()
            return message.report()

    def duplicates(self) -> dict[str, int]:
        """Phones that were sent the same content more than once, and how often."""
        with self.lock:
            counts = Counter((message.phone, message.content) for message in self.messages)
        return {phone: count for (phone, _), count in counts.items() if count > 1}


def stamp(moment: datetime) -> str:
    """Aliyun's way to write a time: UTC+8 without saying so."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
