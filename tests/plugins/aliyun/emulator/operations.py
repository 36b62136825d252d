"""What each operation checks and does, by its name. A parameter arrives from the query or the form alike."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from .account import (
    APPROVED,
    CARRIERS,
    CHINA,
    INTERNATIONAL,
    PENDING,
    REJECTED,
    Account,
    Message,
    Refused,
    Template,
    stamp,
)

Params = Mapping[str, str]
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_MAINLAND = re.compile(r"(?:\+86|0086|86|\+)?(1[3-9]\d{9})")
_INTERNATIONAL = re.compile(r"[1-9]\d{6,14}")
_SUFFIXES = {"txt", "jpg", "png", "gif", "mp3", "mp4"}
_MAX_DIGITAL_BYTES = 1_900_000


def send_sms(account: Account, params: Params) -> dict[str, object]:
    """Up to 1,000 numbers, one set of values."""
    phones = _need(params, "PhoneNumbers").split(",")
    if len(phones) > 1000:
        raise Refused("isv.MOBILE_COUNT_OVER_LIMIT")
    values = _object(params.get("TemplateParam") or "{}")
    sign_name = _need(params, "SignName")
    return _send(account, params, phones, [sign_name] * len(phones), [values] * len(phones))


def send_batch_sms(account: Account, params: Params) -> dict[str, object]:
    """Up to 100 numbers, each with its own values."""
    phones = _array(_need(params, "PhoneNumberJson"))
    if len(phones) > 100:
        raise Refused("isv.MOBILE_COUNT_OVER_LIMIT")
    signs = _array(_need(params, "SignNameJson"))
    values = [_object(value) for value in _array(params.get("TemplateParamJson") or "[]")]
    if len(signs) != len(phones) or len(values) not in (0, len(phones)):
        raise Refused("isv.INVALID_PARAMETERS", "the lists differ in length")
    return _send(account, params, phones, signs, values or [{} for _ in phones])


def _send(
    account: Account, params: Params, phones: list[str], signs: list[str], values: list[dict[str, str]]
) -> dict[str, object]:
    out_id = params.get("OutId", "")
    if len(out_id) > 255:
        raise Refused("isv.INVALID_PARAMETERS", "OutId is too long")
    if account.balance < len(phones):
        raise Refused("isv.AMOUNT_NOT_ENOUGH")
    template = _sendable(account, _need(params, "TemplateCode"), signs)
    biz_id = f"{900_000_000_000_000_000 + account.next_number()}^0"
    now = account.clock()
    messages = []
    for phone, sign_name, value in zip(phones, signs, values, strict=True):
        number = _number(account, phone, template)
        content = f"【{sign_name}】{_render(template, value)}"
        messages.append(Message(number, out_id, biz_id, sign_name, template.code, content, now))
    for message in messages:
        _check_frequency(account, message)
    account.balance -= len(messages)
    account.messages += messages
    for message in messages:
        account.by_phone[message.phone].append(message)
    return {"BizId": biz_id}


def _sendable(account: Account, code: str, signs: list[str]) -> Template:
    for name in set(signs):
        sign = account.signs.get(name)
        if sign is None or sign.status != APPROVED:
            raise Refused("isv.SMS_SIGNATURE_ILLEGAL")
    template = account.templates.get(code)
    if template is None or not template.sendable:
        raise Refused("isv.SMS_TEMPLATE_ILLEGAL")
    if template.parts is not None and set(signs) != {template.sign_name}:
        raise Refused("isv.SMS_SIGNATURE_SCENE_ILLEGAL")
    return template


def _number(account: Account, phone: str, template: Template) -> str:
    if template.type == INTERNATIONAL:
        if re.fullmatch(r"861[3-9]\d{9}", phone):
            raise Refused("isv.DOMESTIC_NUMBER_NOT_SUPPORTED")
        match = _INTERNATIONAL.fullmatch(phone)
    else:
        match = _MAINLAND.fullmatch(phone)
    if match is None:
        raise Refused("isv.MOBILE_NUMBER_ILLEGAL", f"{phone} is not a phone number")
    number = match[match.lastindex or 0]
    if number in account.illegal:
        raise Refused("isv.MOBILE_NUMBER_ILLEGAL", f"{number} is not a phone number")
    if number in account.unsubscribed:
        raise Refused("isv.CUSTOMER_REFUSED")
    return number


def _check_frequency(account: Account, message: Message) -> None:
    day_ago = message.sent_at - timedelta(hours=24)
    alike = [
        earlier
        for earlier in account.by_phone.get(message.phone, ())
        if (earlier.sign_name, earlier.template_code) == (message.sign_name, message.template_code)
        and earlier.sent_at > day_ago
    ]
    if len(alike) >= account.day_limit:
        raise Refused("isv.BUSINESS_LIMIT_CONTROL", f"day limit Permits:{account.day_limit}")


def _render(template: Template, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise Refused("isv.TEMPLATE_MISSING_PARAMETERS")
        return values[match[1]]

    text = _VARIABLE.sub(value, template.content)
    if len(text) > 500:
        raise Refused("isv.PARAM_LENGTH_LIMIT")
    return text


def query_send_details(account: Account, params: Params) -> dict[str, object]:
    """Return one number, one day of UTC+8, at most thirty days ago."""
    phone, day = _need(params, "PhoneNumber"), _need(params, "SendDate")
    size, page = int(_need(params, "PageSize")), int(_need(params, "CurrentPage"))
    if not re.fullmatch(r"\d{8}", day) or not 1 <= size <= 50 or page < 1 or not phone.isdigit():
        raise Refused("isv.INVALID_PARAMETERS")
    found = [
        message
        for message in account.by_phone.get(phone, ())
        if message.sent_at.astimezone(CHINA).strftime("%Y%m%d") == day
        and params.get("BizId", message.biz_id) == message.biz_id
    ]
    rows = [_details(message) for message in found[(page - 1) * size : page * size]]
    return {"TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}


def _details(message: Message) -> dict[str, object]:
    row: dict[str, object] = {
        "PhoneNum": message.phone,
        "Content": message.content,
        "OutId": message.out_id,
        "SendStatus": message.status,
        "SendDate": stamp(message.sent_at),
        "TemplateCode": message.template_code,
    }
    if message.received_at is not None:
        row |= {"ErrCode": message.err_code, "ReceiveDate": stamp(message.received_at)}
    return row


def get_sms_sign(account: Account, params: Params) -> dict[str, object]:
    """Return the review of a signature."""
    sign = account.signs.get(_need(params, "SignName"))
    if sign is None:
        raise Refused("isv.SMS_SIGNATURE_ILLEGAL")
    return {
        "SignName": sign.name,
        "SignStatus": sign.status,
        "CreateDate": " " + stamp(sign.created_at),
        "AuditInfo": {"RejectInfo": sign.reason} if sign.reason else None,
    }


def create_sms_template(account: Account, params: Params) -> dict[str, object]:
    """Return a text template, in review."""
    template = Template(f"SMS_{100_000_000 + account.next_number()}", "", "", 0, created_at=account.clock())
    _fill(account, template, params)
    account.templates[template.code] = template
    return {"TemplateCode": template.code, "OrderId": "1"}


def update_sms_template(account: Account, params: Params) -> dict[str, object]:
    """Only a template whose review failed may change."""
    template = _template(account, params)
    if template.status != REJECTED or template.parts is not None:
        raise Refused("isv.ERROR_TEMPLATE_NOT_MODIFY")
    _fill(account, template, params)
    return {"TemplateCode": template.code, "OrderId": "1"}


def _fill(account: Account, template: Template, params: Params) -> None:
    name, content = _need(params, "TemplateName"), _need(params, "TemplateContent")
    template_type = int(_need(params, "TemplateType"))
    if len(name) > 30 or len(content) > 500:
        raise Refused("isv.TEMPLATE_OVER_LIMIT")
    if template_type == INTERNATIONAL:
        _need(params, "IntlType")
    else:
        sign = account.signs.get(_need(params, "RelatedSignName"))
        if sign is None or sign.status != APPROVED:
            raise Refused("isv.SMS_SIGNATURE_ILLEGAL")
    names = _VARIABLE.findall(content)
    rule = _object(params.get("TemplateRule") or "{}")
    if set(rule) != set(names) or len(names) != len(set(names)):
        raise Refused("isv.INVALID_PARAMETERS", "TemplateRule does not fit the variables")
    if template_type == 0 and len(names) > 1:
        raise Refused("template_parameter_count_illegal")
    for field in ("MoreData", "TrafficDriving"):
        _array(params.get(field) or "[]")
    template.name, template.content, template.type = name, content, template_type
    template.status = APPROVED if account.approves_at_once else PENDING
    template.reason, template.request = "", dict(params)


def get_sms_template(account: Account, params: Params) -> dict[str, object]:
    """Return the review of a text or digital template."""
    template = _template(account, params)
    answer: dict[str, object] = {
        "TemplateCode": template.code,
        "TemplateName": template.name,
        "TemplateContent": template.content,
        "TemplateStatus": str(template.status),
        "TemplateType": "7" if template.parts is not None else str(template.type),
        "CreateDate": stamp(template.created_at),
        "AuditInfo": {"RejectInfo": template.reason} if template.reason else None,
    }
    if template.carriers:
        answer["VendorAuditStatus"] = template.carriers
    return answer


_LISTED = {0: "AUDIT_STATE_INIT", 1: "AUDIT_STATE_PASS", 2: "AUDIT_STATE_NOT_PASS", 10: "AUDIT_SATE_CANCEL"}


def query_sms_template_list(account: Account, params: Params) -> dict[str, object]:
    """Of both kinds; a page holds at most fifty."""
    number, size = int(params.get("PageIndex", 1)), int(params.get("PageSize", 10))
    if not 1 <= size <= 50:
        raise Refused("isv.INVALID_PARAMETERS", "PageSize")
    every = list(account.templates.values())
    rows = [
        {
            "TemplateCode": template.code,
            "TemplateName": template.name,
            "TemplateContent": template.content,
            "AuditStatus": _LISTED[template.status],
            "CreateDate": stamp(template.created_at),
        }
        for template in every[(number - 1) * size : number * size]
    ]
    return {"SmsTemplateList": rows, "CurrentPage": number, "PageSize": size, "TotalCount": len(every)}


def delete_sms_template(account: Account, params: Params) -> dict[str, object]:
    """Not while it is under review."""
    template = _template(account, params)
    if template.status == PENDING:
        raise Refused("isv.ERROR_TEMPLATE_NOT_DELETE")
    del account.templates[template.code]
    return {"TemplateCode": template.code}


def create_digital_sms_template(account: Account, params: Params) -> dict[str, object]:
    """Return a digital template, in review at every carrier."""
    name, sign_name = _need(params, "TemplateName"), _need(params, "SignName")
    _need(params, "Remark")
    if len(name) > 20:
        raise Refused("isv.TEMPLATE_OVER_LIMIT")
    if sign_name not in account.signs:
        raise Refused("isv.SMS_SIGNATURE_ILLEGAL")
    parts = _parts(params)
    if sum(len(part["bytes"]) for part in parts) > _MAX_DIGITAL_BYTES:
        raise Refused("isv.TEMPLATE_OVER_LIMIT")
    if account.wants_media and len({part["suffix"] == "txt" for part in parts}) < 2:
        raise Refused("isv.INVALID_PARAMETERS", "text and media are required")
    code = f"DIGITAL_SMS_{account.next_number():04}"
    text = "\n".join(part["bytes"].decode() for part in parts if part["suffix"] == "txt")
    account.templates[code] = Template(
        code, name, text, 2, sign_name=sign_name, parts=parts, carriers=dict.fromkeys(CARRIERS, PENDING)
    )
    return {"TemplateCode": code}


def _parts(params: Params) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    while f"TemplateContents.{len(parts) + 1}.FileContents" in params:
        prefix = f"TemplateContents.{len(parts) + 1}."
        suffix = _need(params, prefix + "FileSuffix")
        try:
            data = base64.b64decode(params[prefix + "FileContents"], validate=True)
        except binascii.Error:
            raise Refused("isv.INVALID_PARAMETERS", "not base64") from None
        name = _need(params, prefix + "FileName")
        if suffix not in _SUFFIXES or name.endswith(f".{suffix}"):
            raise Refused("isv.INVALID_PARAMETERS", f"part {len(parts) + 1}")
        if int(_need(params, prefix + "FileSize")) != len(data):
            raise Refused("isv.INVALID_PARAMETERS", f"part {len(parts) + 1}")
        parts.append({"suffix": suffix, "name": name, "bytes": data})
    if not parts:
        raise Refused("isv.INVALID_PARAMETERS", "no TemplateContents")
    return parts


def _template(account: Account, params: Params) -> Template:
    template = account.templates.get(_need(params, "TemplateCode"))
    if template is None:
        raise Refused("isv.SMS_TEMPLATE_ILLEGAL")
    return template


def _need(params: Params, name: str) -> str:
    value = params.get(name, "")
    if not value:
        raise Refused("isv.INVALID_PARAMETERS", f"{name} is missing")
    return value


def _array(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise Refused("isv.INVALID_JSON_PARAM")
    return value


def _object(value: object) -> dict[str, str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Refused("isv.INVALID_JSON_PARAM")
    return value


OPERATIONS: dict[str, Callable[[Account, Params], dict[str, object]]] = {
    "SendSms": send_sms,
    "SendBatchSms": send_batch_sms,
    "QuerySendDetails": query_send_details,
    "GetSmsSign": get_sms_sign,
    "CreateSmsTemplate": create_sms_template,
    "UpdateSmsTemplate": update_sms_template,
    "GetSmsTemplate": get_sms_template,
    "QuerySmsTemplateList": query_sms_template_list,
    "DeleteSmsTemplate": delete_sms_template,
    "CreateDigitalSmsTemplate": create_digital_sms_template,
}
