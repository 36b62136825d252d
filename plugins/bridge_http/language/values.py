"""What expressions see: views of the bridge's values with a fixed list of fields each."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import phonenumbers

from bridge.plugin import Batch, DigitalTemplate, Message, MissingVariable, PendingMessage, Template
from bridge.plugin.text import TextContent, gsm7, signed

from ..faults import Unsendable

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


_NO_CODES: Mapping[str, str] = {}


class RecipientValues:
    """One message: `phone` in the recipe's form, `vars` by name, `args` in order, `text`, `signed`, `ref`.

    `text` is the rendered text, `signed` the same with the signature in front.
    """

    __slots__ = ("_message", "_vars", "_view", "phone")

    def __init__(self, message: Message, phone: str, view: "TemplateView") -> None:
        self._message = message
        self._view = view
        self._vars: dict[str, str] | None = None
        self.phone = phone

    @property
    def e164(self) -> str:
        """With plus and country code."""
        return self._message.phone.e164

    @property
    def national(self) -> str:
        """Mainland numbers without country code, others as `digits`."""
        return self._message.phone.national

    @property
    def digits(self) -> str:
        """Country code and number without plus."""
        return self._message.phone.digits

    @property
    def country(self) -> str:
        """The country's calling code: 86, 1, 44."""
        return str(phonenumbers.parse(self._message.phone.e164).country_code)

    @property
    def local(self) -> str:
        """What stands behind the calling code; some countries' numbers begin with 0 there."""
        return self._message.phone.digits[len(self.country) :]

    @property
    def ref(self) -> str:
        """The bridge's reference of this message."""
        return self._message.ref

    @property
    def text(self) -> str:
        """The rendered text without signature."""
        return self._message.text

    @property
    def signed(self) -> str:
        """The rendered text with the signature in front."""
        return self._view.sign_prefix + self._message.text

    @property
    def gsm7(self) -> bool:
        """True when the text fits the GSM-7 alphabet, extension included."""
        return gsm7(self._message.text)

    @property
    def segments(self) -> int:
        """How many parts the text is sent in."""
        return self._message.segments

    @property
    def vars(self) -> dict[str, str]:
        """The template's variables by name; raises MissingVariable."""
        if self._vars is None:
            names = self._view.names
            self._vars = dict(zip(names, self._values(names), strict=True))
        return self._vars

    @property
    def args(self) -> list[str]:
        """The template's variables in the order of their first appearance; raises MissingVariable."""
        return self._values(self._view.names)

    @property
    def slots(self) -> list[str]:
        """A value for every placeholder in order, for vendors whose placeholders have no names."""
        return self._values(self._view.slots)

    def _values(self, names: Sequence[str]) -> list[str]:
        params = self._message.params
        try:
            return [params[name] for name in names]
        except KeyError as missing:
            raise MissingVariable(f"The recipient has no value for the variable {missing.args[0]}.") from None


class TemplateView:
    """The template: its codes, its content in QA's and in the vendor's style, and its variables.

    `codes` are the vendor's, by those of Quick Audience, for templates that a person made at the vendor.
    """

    __slots__ = ("_codes", "_placeholder", "_template", "content", "names", "sign_name", "sign_prefix")

    def __init__(
        self, template: Template, sign_name: str, placeholder: str, codes: Mapping[str, str] = _NO_CODES
    ) -> None:
        self._codes = codes
        content = TextContent(template.content)
        self._template = template
        self._placeholder = placeholder
        self.content = template.content
        self.names = list(template.variables or content.variables)
        self.sign_name = sign_name
        self.sign_prefix = signed(sign_name, "", template.type)

    @property
    def code(self) -> str:
        """The code Quick Audience knows."""
        return self._template.code

    @property
    def vendor_code(self) -> str:
        """The vendor's own code, or "" before there is one."""
        return self._template.vendor_code or self._codes.get(self._template.code, "")

    @property
    def name(self) -> str:
        """The template's name."""
        return self._template.name

    @property
    def remark(self) -> str:
        """What the template is for, in the marketer's words."""
        return self._template.remark

    @property
    def type(self) -> int:
        """0 captcha, 1 notification, 2 promotion, 3 international."""
        return int(self._template.type)

    @property
    def content_out(self) -> str:
        """The content with the vendor's placeholders.

        Raises Unsendable for a text that holds one of its own: it would take a variable's value.
        """
        if self._placeholder and self._own_placeholder.search(_VARIABLE.sub(" ", self.content)):
            raise Unsendable(f"holds what this vendor takes for a placeholder ({self._placeholder})")
        numbers = {name: str(number) for number, name in enumerate(self.names, 1)}

        def placeholder(match: re.Match[str]) -> str:
            name = match[1]
            return self._placeholder.replace("{n}", numbers.get(name, "")).replace("{name}", name)

        return _VARIABLE.sub(placeholder, self.content) if self._placeholder else self.content

    @property
    def _own_placeholder(self) -> re.Pattern[str]:
        pattern = re.escape(self._placeholder)
        return re.compile(pattern.replace(r"\{n\}", r"[0-9]+").replace(r"\{name\}", r"[^\s#{}()]+"))

    @property
    def slots(self) -> list[str]:
        """The name of every placeholder in order, repeated ones again."""
        return _VARIABLE.findall(self.content)

    @property
    def parts(self) -> list[dict[str, str]]:
        """The parts of a digital template: suffix, name, text and url of each; none for a text template."""
        if not isinstance(self._template, DigitalTemplate):
            return []
        return [
            {"suffix": part.suffix, "name": part.name, "text": part.text, "url": part.url}
            for part in self._template.parts
        ]


class PendingValues:
    """An accepted message without a final receipt."""

    __slots__ = ("batch_ref", "e164", "id", "phone", "ref", "sent_at")

    def __init__(self, message: PendingMessage, phone: str) -> None:
        self.ref = message.ref
        self.batch_ref = message.batch_ref
        self.id = message.vendor_id
        self.phone = phone
        self.e164 = message.phone.e164
        self.sent_at = int(message.sent_at.timestamp())


RECIPIENT_FIELDS = frozenset(
    {"phone", "e164", "national", "digits", "country", "local", "ref"}
    | {"text", "signed", "segments", "gsm7", "vars", "args", "slots"}
)
TEMPLATE_FIELDS = frozenset(
    {"code", "vendor_code", "name", "remark", "type", "content", "content_out", "names", "slots", "parts"}
)
PENDING_FIELDS = frozenset({"ref", "batch_ref", "id", "phone", "e164", "sent_at"})

VIEWS: dict[type, frozenset[str]] = {
    RecipientValues: RECIPIENT_FIELDS,
    TemplateView: TEMPLATE_FIELDS,
    PendingValues: PENDING_FIELDS,
}
"""The classes expressions may look into, and the fields they may see."""


def idempotency(batch: Batch, key: str) -> dict[str, Any]:
    """Return the keys of one call, the same whenever it is repeated; `key` names it within the batch.

    `int31` begins with the second of the call and ends in 15 bits of the digest: a vendor that keeps keys for
    less than 18 hours meets the same number twice only within one second, by a chance of 1 in 32768.
    """
    digest = blake2b(f"{batch.ref}/{key}".encode(), digest_size=16).digest()
    second = unix(batch.called_at) & 0xFFFF
    return {"text": digest.hex(), "int31": second << 15 | int.from_bytes(digest[:2], "big") >> 1}


def unix(moment: datetime) -> int:
    """Return whole seconds since 1970."""
    return int(moment.timestamp())


Names = Mapping[str, Any]
