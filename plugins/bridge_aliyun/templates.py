"""Signatures and text templates: handed in, changed, and asked about.

The old operations (AddSmsTemplate, ModifySmsTemplate, QuerySmsTemplate) went offline on 2025-06-30.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Protocol

from bridge.plugin import (
    ConfigurationFault,
    CreatedTemplate,
    ListedTemplate,
    NoSuchResource,
    OutcomeUnknown,
    ReviewStatus,
    SignReview,
    Template,
    TemplateReview,
    TemplateType,
    TextTemplate,
    VendorRejected,
)

from . import codes
from .client import Answer
from .reports import moment
from .settings import AliyunSettings

_log = logging.getLogger(__name__)

CANCELLED = "10"
STATUS = {
    "0": ReviewStatus.PENDING,
    "1": ReviewStatus.APPROVED,
    "2": ReviewStatus.REJECTED,
    # Quick Audience knows no cancelled review, and what is cancelled cannot be used.
    CANCELLED: ReviewStatus.REJECTED,
}
# QuerySmsTemplateList has words of its own; the third as the SDK (4.6.0) and the documentation spell it.
_LISTED = {
    "AUDIT_STATE_INIT": ReviewStatus.PENDING,
    "AUDIT_STATE_PASS": ReviewStatus.APPROVED,
    "AUDIT_STATE_NOT_PASS": ReviewStatus.REJECTED,
    "AUDIT_STATE_CANCEL": ReviewStatus.REJECTED,
    "AUDIT_SATE_CANCEL": ReviewStatus.REJECTED,
}
_PAGE = 50  # the most that Aliyun gives at once
_MOST_PAGES = 200
_TEXT_TYPES = frozenset(str(int(each)) for each in TemplateType)


class TemplateClient(Protocol):
    """What templates need of the client."""

    def query(self, operation: str, **fields: object) -> Answer:
        """Call a querying operation."""


def query_sign(client: TemplateClient, sign_name: str) -> SignReview:
    """Return the review of a signature."""
    answer = client.query("get_sms_sign", sign_name=sign_name)
    unusable = [
        str(carrier.get("OperatorCode"))
        for carrier in answer.get("SignIspRegisterDetailList") or ()
        if carrier.get("RegisterStatus") in (0, 2)
    ]
    if unusable:
        # An approved signature is still blocked by a carrier that did not register it.
        _log.warning("signature %s is not registered with: %s", sign_name, ", ".join(unusable))
    status = review_status(answer, "SignStatus")
    return SignReview(STATUS[status], reason(answer, status), moment(answer.get("CreateDate")))


def create(client: TemplateClient, settings: AliyunSettings, template: TextTemplate) -> CreatedTemplate:
    """Hand a template in; its review takes about two hours of working time."""
    return CreatedTemplate(_create(client, settings, template))


def update(client: TemplateClient, settings: AliyunSettings, template: TextTemplate) -> CreatedTemplate:
    """Change a template whose review failed; Aliyun lets no other be changed.

    With `text_edit = "recreate"` another is handed in instead. Until it is approved the old one is sent
    with, and `state` holds the new one's code.
    """
    fields = _fields(settings, template)
    try:
        client.query("update_sms_template", template_code=template.state or template.vendor_code, **fields)
    except VendorRejected as refusal:
        if refusal.code != codes.NOT_MODIFIABLE or settings.text_edit != "recreate":
            raise
    else:
        return CreatedTemplate()
    return CreatedTemplate(state=_create(client, settings, template))


def query(client: TemplateClient, template: TextTemplate) -> TemplateReview:
    """Return the review of a template, or of the one to replace it; approval moves the vendor code."""
    answer = client.query("get_sms_template", template_code=template.state or template.vendor_code)
    if str(answer.get("TemplateType")) not in _TEXT_TYPES:
        raise VendorRejected(
            "Aliyun knows this code as another kind of template.", code="NOT_A_TEXT_TEMPLATE"
        )
    status = review_status(answer, "TemplateStatus")
    review = STATUS[status]
    moved = bool(template.state) and review is ReviewStatus.APPROVED
    return TemplateReview(
        review,
        reason(answer, status),
        moment(answer.get("CreateDate")),
        vendor_code=template.state if moved else None,
        state="" if moved else None,
        content=_content(answer),
    )


def _content(answer: Answer) -> str | None:
    content = answer.get("TemplateContent")
    return content if isinstance(content, str) and content else None


def listed(client: TemplateClient) -> Iterator[ListedTemplate]:
    """Yield every template of the account, of either kind."""
    for number in range(1, _MOST_PAGES + 1):
        answer = client.query("query_sms_template_list", page_index=number, page_size=_PAGE)
        rows = answer.get("SmsTemplateList") or ()
        if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
            raise unreadable("SmsTemplateList")
        yield from map(_listed, rows)
        if len(rows) < _PAGE:
            return
    _log.warning("Aliyun has more than %s templates; the rest is not looked at", _PAGE * _MOST_PAGES)


def _listed(row: Mapping[str, object]) -> ListedTemplate:
    code, status = row.get("TemplateCode"), _LISTED.get(str(row.get("AuditStatus")))
    if not isinstance(code, str) or not code:
        raise unreadable("TemplateCode")
    if status is None:
        raise unreadable("AuditStatus")
    return ListedTemplate(
        code, status, str(row.get("TemplateName") or ""), str(row.get("TemplateContent") or "")
    )


def delete(client: TemplateClient, template: Template) -> bool:
    """Delete a text or digital template and its replacement. Returns True once both are gone.

    Aliyun refuses while one is under review.
    """
    for code in filter(None, (template.state, template.vendor_code)):
        try:
            client.query("delete_sms_template", template_code=code)
        except NoSuchResource:
            continue
    return True


def reachable(client: TemplateClient, sign_name: str) -> str:
    """Ask something harmless; says what was learned. Raises when the account cannot be used."""
    try:
        review = query_sign(client, sign_name)
    except NoSuchResource:
        return f"The account answers; it has no signature {sign_name}."
    return f"The account answers; the signature {sign_name} is {review.status}."


def review_status(answer: Answer, name: str) -> str:
    """Return a key of STATUS: Aliyun gives it as a number here and as text there."""
    status = str(answer.get(name))
    if status not in STATUS:
        raise unreadable(name)
    return status


def reason(answer: Answer, status: str) -> str:
    """Return why a review failed, or ""."""
    if status == CANCELLED:
        return "The review was cancelled."
    audit = answer.get("AuditInfo") or {}
    return codes.readable(audit.get("RejectInfo")) if STATUS[status] is ReviewStatus.REJECTED else ""


def unreadable(name: str) -> OutcomeUnknown:
    """Return the error for an answer that lacks a usable `name`."""
    return OutcomeUnknown(f"Aliyun's answer has no usable {name}.", code="UNREADABLE_ANSWER")


def _create(client: TemplateClient, settings: AliyunSettings, template: TextTemplate) -> str:
    answer = client.query("create_sms_template", **_fields(settings, template))
    if not answer.get("TemplateCode"):
        raise unreadable("TemplateCode")
    return str(answer["TemplateCode"])


def _fields(settings: AliyunSettings, template: TextTemplate) -> dict[str, object]:
    international = template.type is TemplateType.INTERNATIONAL
    sign_name = (
        settings.related_sign_names.of(template.type) or settings.related_sign_name or template.sign_name
    )
    if international and settings.intl_type is None:
        raise ConfigurationFault("Aliyun wants `intl_type` for international templates; it is not set.")
    if not international and not sign_name:
        raise ConfigurationFault("Aliyun wants a signature with a new template: set `related_sign_name`.")
    return {
        "template_name": template.name,
        "template_content": template.content,
        "template_type": int(template.type),
        "remark": template.remark,
        "related_sign_name": "" if international else sign_name,
        "template_rule": _rule(settings, template),
        "apply_scene_content": settings.apply_scene_content,
        "more_data": list(settings.more_data) or None,
        "traffic_driving": _json(settings.traffic_driving) if settings.traffic_driving else "",
        "intl_type": settings.intl_type if international else None,
    }


def _rule(settings: AliyunSettings, template: TextTemplate) -> str:
    # Names of attributes: help.aliyun.com 463270 and public code that restates it, read 2026-11.
    captcha = template.type is TemplateType.CAPTCHA
    default = settings.template_rule_default or ("numberCaptcha" if captcha else "others")
    rules: Mapping[str, str] = {
        name: settings.template_rules.get(name, default) for name in template.variables
    }
    return _json(rules) if rules else ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
