"""The emulated account: its senders, its messages, and the rules by which Twilio takes a message."""

import itertools
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "emulated-auth-token"
NUMBER = "+14155550100"
SERVICE_SID = "MG" + "a" * 32

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_HOST = re.compile(r"[A-Za-z0-9.-]+")

Form = Mapping[str, list[str]]


class Refused(Exception):
    """An error answer: HTTP status, Twilio's code and text."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


class Misunderstood(Refused):
    """A request that the real Twilio has no such endpoint, form or field for."""


@dataclass
class Message:
    """A message resource."""

    sid: str
    to: str
    from_: str | None
    service_sid: str | None
    body: str
    status: str
    created: datetime
    updated: datetime
    direction: str = "outbound-api"
    media: list[str] = field(default_factory=list)
    error_code: int | None = None
    callback: str = ""
    content_sid: str = ""
    variables: str = ""
    validity: str = ""

    @property
    def ref(self) -> str:
        """The bridge's reference in the callback's query."""
        return parse_qs(urlsplit(self.callback).query).get("m", [""])[0]


@dataclass
class Service:
    """A messaging service with what hangs on it."""

    sid: str
    alpha_senders: list[str] = field(default_factory=list)
    campaigns: list[dict[str, Any]] = field(default_factory=list)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


class Account:
    """All state of the emulator. Its lock guards every change."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.sid = ACCOUNT_SID
        self.auth_token = AUTH_TOKEN
        self.api_keys: dict[str, str] = {}
        self.numbers = {NUMBER: "PN" + "1" * 32}
        self.other_senders: set[str] = set()
        self.services = {SERVICE_SID: Service(SERVICE_SID)}
        self.brands: dict[str, dict[str, Any]] = {}
        self.verifications: list[dict[str, Any]] = []
        self.contents: dict[str, dict[str, Any]] = {}
        self.approvals: dict[str, dict[str, Any]] = {}
        self.opted_out: set[tuple[str, str]] = set()
        self.rules: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, Message] = {}
        self.lock = threading.RLock()
        self._by_to: dict[str, list[Message]] = defaultdict(list)
        self._numbers = itertools.count(1)

    def new_sid(self, prefix: str) -> str:
        """Return a fresh SID."""
        return f"{prefix}{next(self._numbers):032x}"

    def authentic(self, user: str, password: str) -> bool:
        """Basic authentication by account or API key."""
        return (user, password) == (self.sid, self.auth_token) or self.api_keys.get(user) == password != ""

    def messages_to(self, to: str) -> list[Message]:
        """Return the messages to an address, newest first; to anybody for ""."""
        with self.lock:
            return list(reversed(self._by_to[to] if to else list(self.messages.values())))

    def duplicates(self) -> dict[str, Any]:
        """Whatever reached the vendor more than once: by the bridge's reference, and by number and text."""
        with self.lock:
            refs = Counter(message.ref for message in self.messages.values() if message.ref)
            texts = Counter((message.to, message.body) for message in self.messages.values())
        return {
            "messages": len(self.messages),
            "refs": {ref: count for ref, count in refs.items() if count > 1},
            "texts": [[*key, count] for key, count in texts.items() if count > 1],
        }

    def create(self, form: Form) -> Message:
        """Take a message, or raise Refused as Twilio would."""
        one = {name: values[0] for name, values in form.items()}
        to, sender, service = one.get("To", ""), one.get("From"), one.get("MessagingServiceSid")
        self._check_to(to)
        self._check_sender(sender, service, to)
        media = form.get("MediaUrl", [])
        body = self._check_content(one, media)
        self._check_callback(one.get("StatusCallback", ""))
        validity = one.get("ValidityPeriod", "36000")
        if not validity.isdigit() or not 1 <= int(validity) <= 36_000:
            raise Refused(20001, "Invalid ValidityPeriod")
        with self.lock:
            if (service or sender or "", to) in self.opted_out:
                raise Refused(21610, f"Attempt to send to unsubscribed recipient {to}")
            now = self.now()
            message = Message(
                sid=self.new_sid("MM" if media else "SM"),
                to=to,
                from_=sender,
                service_sid=service,
                body=body,
                status="accepted" if service else "queued",
                created=now,
                updated=now,
                media=list(media),
                callback=one.get("StatusCallback", ""),
                content_sid=one.get("ContentSid", ""),
                variables=one.get("ContentVariables", ""),
                validity=one.get("ValidityPeriod", ""),
            )
            self.messages[message.sid] = message
            self._by_to[to].append(message)
            return message

    def _check_to(self, to: str) -> None:
        if not to:
            raise Refused(21604, "A 'To' phone number is required.")
        if not _E164.fullmatch(to.removeprefix("whatsapp:")):
            raise Refused(21211, f"The 'To' number {to} is not a valid phone number.")
        error = self.rules.get(to, {}).get("error")
        if error:
            raise Refused(error, f"Emulated error {error} for {to}", self.rules[to].get("status", 400))

    def _check_sender(self, sender: str | None, service: str | None, to: str) -> None:
        if not sender and not service:
            raise Refused(21603, "A 'From' phone number is required.")
        if service and service not in self.services:
            raise Refused(21705, "The Messaging Service Sid is invalid.")
        if sender and sender not in self.numbers and sender not in self.other_senders:
            raise Refused(21659, f"'From' {sender} is not a Twilio phone number or short code.")
        if sender and sender.startswith("whatsapp:") != to.startswith("whatsapp:"):
            raise Refused(21910, "Invalid From and To pair. Both must be of the same channel.")

    def _check_content(self, one: Mapping[str, str], media: list[str]) -> str:
        body, content_sid = one.get("Body", ""), one.get("ContentSid", "")
        if not body and not media and not content_sid:
            raise Refused(21619, "A text message body or media urls must be specified.")
        if len(body) > 1600:
            raise Refused(21617, "The concatenated message body exceeds the 1600 character limit.")
        if len(media) > 10:
            raise Refused(21623, "Number of media files exceeds allowed limit.")
        if not all(urlsplit(url).scheme in ("http", "https") for url in media):
            raise Refused(21620, "Invalid media URL.")
        if media and not one["To"].startswith("+1"):
            raise Refused(21612, "The 'To' number cannot receive MMS from this 'From'.")
        return self._rendered(content_sid, one.get("ContentVariables", "")) if content_sid else body

    def _rendered(self, sid: str, variables: str) -> str:
        content = self.contents.get(sid)
        if content is None:
            raise Refused(21655, "The ContentSid is Invalid.")
        try:
            values = json.loads(variables or "{}")
        except ValueError:
            values = None
        if not isinstance(values, dict) or any(
            not isinstance(value, str) or not value or re.search(r"[\n\t]| {5}", value)
            for value in values.values()
        ):
            raise Refused(21656, "The ContentVariables are invalid.")
        given = {**content["variables"], **values}
        body = content["types"].get("twilio/text", {}).get("body", "{{1}}")
        return re.sub(r"\{\{(\w+)\}\}", lambda match: given[match[1]], body)

    @staticmethod
    def _check_callback(url: str) -> None:
        if not url:
            return
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or ""):
            raise Refused(21609, "The StatusCallback URL is not a valid URL.")
