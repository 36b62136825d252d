"""Batches and templates for the tests."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from bridge.plugin import Batch, Message, Phone, Template, TemplateType, TextTemplate
from bridge.plugin.phone import parse

SIGN = "Acme"
PHONE = "13800138000"


class NoHistory:
    """The records of a channel that has sent nothing."""

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """None."""
        return frozenset()

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """None."""
        return {}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Never a wait."""
        return 0.0

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """None."""
        return frozenset()


def text_template(
    content: str = "Hello", template_type: TemplateType = TemplateType.NOTIFICATION, **fields: object
) -> TextTemplate:
    """Return a text template whose variables are those of its content."""
    from bridge.plugin.text import variables

    base: dict[str, object] = {
        "code": "T1",
        "name": "greeting",
        "remark": "for members",
        "variables": variables(content),
        "sign_name": SIGN,
    }
    return TextTemplate(content=content, type=template_type, **(base | fields))  # type: ignore[arg-type]


HELLO = text_template(vendor_code="SMS_1")
PERSONAL = text_template("Hello ${name}, ${code}", vendor_code="SMS_2")
INTERNATIONAL = text_template("Hi", TemplateType.INTERNATIONAL, vendor_code="SMS_9")


def batch(
    *phones: str,
    params: Iterable[Mapping[str, str]] = (),
    template: Template = HELLO,
    ref: str = "b1",
    at: datetime | None = None,
) -> Batch:
    """Return a batch to these numbers; `params` one for each, or none."""
    values = list(params) or [{} for _ in phones]
    messages = tuple(
        Message(f"{ref}-{index}", parse(phone, template.type), value)
        for index, (phone, value) in enumerate(zip(phones, values, strict=True))
    )
    return Batch(ref, "out-1", SIGN, template, messages, at or datetime.now(UTC))


def numbers(count: int) -> list[str]:
    """So many different mainland numbers."""
    return [f"138{index:08}" for index in range(count)]
