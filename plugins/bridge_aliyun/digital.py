"""Digital templates: text with pictures, sound or video, reviewed by each carrier."""

import base64
from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.plugin import (
    Carrier,
    CarrierReview,
    CreatedTemplate,
    DigitalPart,
    DigitalTemplate,
    DigitalTemplateReview,
    ReviewStatus,
    UnsupportedOperation,
    VendorRejected,
)

from . import codes
from .client import Answer
from .reports import moment
from .settings import AliyunSettings
from .templates import STATUS, reason, review_status, unreadable

Fetch = Callable[[str, int], bytes]
"""Downloads a URL, at most so many bytes of it."""

_NAME_LENGTH = 20
_CARRIERS = {
    "UNICOM_VENDOR": Carrier.UNICOM,
    "MOBILE_VENDOR": Carrier.MOBILE,
    "TELECOM_VENDOR": Carrier.TELCOM,
}
_CARRIER_STATUS = {
    "0": CarrierReview(ReviewStatus.PENDING),
    "1": CarrierReview(ReviewStatus.APPROVED),
    "15": CarrierReview(ReviewStatus.REJECTED, "The approval expired."),
}


class DigitalClient(Protocol):
    """What digital templates need of the client."""

    def query(self, operation: str, **fields: object) -> Answer:
        """Call a querying operation."""

    def generic(
        self,
        action: str,
        *,
        query: Mapping[str, object] | None = None,
        form: Mapping[str, object] | None = None,
    ) -> Answer:
        """Call an operation by Aliyun's own names."""


def create(
    client: DigitalClient, settings: AliyunSettings, template: DigitalTemplate, fetch: Fetch
) -> CreatedTemplate:
    """Download the media and hand the template in."""
    return CreatedTemplate(_create(client, settings, template, fetch))


def update(
    client: DigitalClient, settings: AliyunSettings, template: DigitalTemplate, fetch: Fetch
) -> CreatedTemplate:
    """Refuse, or hand in another (`digital_edit`): Aliyun cannot change a digital template.

    Until a carrier approves the other the old one is sent with, and `state` holds the new one's code.
    """
    if settings.digital_edit == "refuse":
        raise UnsupportedOperation("Aliyun cannot edit a digital template; create a new one.")
    return CreatedTemplate(state=_create(client, settings, template, fetch))


def query(client: DigitalClient, template: DigitalTemplate) -> DigitalTemplateReview:
    """Return the carriers' reviews of the template, or of its replacement; approval moves the vendor code."""
    answer = client.query("get_sms_template", template_code=template.state or template.vendor_code)
    status = review_status(answer, "TemplateStatus")
    review = DigitalTemplateReview(_carriers(answer, status), reason(answer, status))
    moved = bool(template.state) and review.status.sendable
    return DigitalTemplateReview(
        review.carriers,
        review.reason,
        moment(answer.get("CreateDate")),
        vendor_code=template.state if moved else None,
        state="" if moved else None,
    )


def _carriers(answer: Answer, status: str) -> dict[Carrier, CarrierReview]:
    why = codes.readable((answer.get("AuditInfo") or {}).get("RejectInfo") or "Rejected")
    reviews = answer.get("VendorAuditStatus") or {}
    if not reviews:
        # Without the carriers' own words the review as a whole stands for each of them.
        whole = CarrierReview(STATUS[status], reason(answer, status))
        return dict.fromkeys(_CARRIERS.values(), whole)
    rejected = CarrierReview(ReviewStatus.REJECTED, why)
    return {
        carrier: _CARRIER_STATUS.get(str(reviews[name]), rejected)
        for name, carrier in _CARRIERS.items()
        if name in reviews
    }


def _create(client: DigitalClient, settings: AliyunSettings, template: DigitalTemplate, fetch: Fetch) -> str:
    if len(template.name) > _NAME_LENGTH:
        raise VendorRejected(
            f"Aliyun takes at most {_NAME_LENGTH} characters for a digital template's name.",
            code="NAME_TOO_LONG",
        )
    fields = {
        "TemplateName": template.name,
        "Remark": template.remark or template.name,
        "SignName": template.sign_name or settings.related_sign_name,
        "TemplateContents": _contents(settings, template.parts, fetch),
    }
    if settings.digital_template_transport == "body":
        answer = client.generic("CreateDigitalSmsTemplate", form=fields)
    else:
        answer = client.generic("CreateDigitalSmsTemplate", query=fields)
    if not answer.get("TemplateCode"):
        raise unreadable("TemplateCode")
    return str(answer["TemplateCode"])


def _contents(
    settings: AliyunSettings, parts: tuple[DigitalPart, ...], fetch: Fetch
) -> list[dict[str, object]]:
    contents: list[dict[str, object]] = []
    left = settings.media_max_bytes
    for index, part in enumerate(parts, 1):
        data = part.text.encode() if part.suffix == "txt" else fetch(part.url, left)
        left -= len(data)
        if left < 0:
            raise VendorRejected(
                f"The parts are larger than {settings.media_max_bytes} bytes in all.", code="MEDIA_TOO_LARGE"
            )
        contents.append(
            {
                "FileName": part.name.rpartition(".")[0] or part.name or str(index),
                "FileSuffix": part.suffix.lower(),
                "FileSize": len(data),
                "FileContents": base64.b64encode(data).decode(),
            }
        )
    return contents
