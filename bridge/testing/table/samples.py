"""What a case is about when it does not say: two mainland recipients of a code, under one signature."""

import json as json_module
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from bridge.plugin import (
    Batch,
    DigitalPart,
    DigitalTemplate,
    Message,
    PollWindow,
    Template,
    TemplateType,
    TextTemplate,
    WebhookRequest,
)
from bridge.plugin.phone import parse
from bridge.plugin.text import TextContent, segments, signed, variables

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
NUMBERS = ("13800138000", "13900139000")
SIGN = "Acme"


def text_template(
    content: str = "Your code is ${code}",
    *,
    type: TemplateType = TemplateType.NOTIFICATION,  # noqa: A002 - the field's name
    vendor_code: str = "V-1",
    **fields: Any,
) -> TextTemplate:
    """Make an approved text template; `fields` are those of TextTemplate."""
    found = variables(content)
    known = {"code": "T-1", "name": "code", "sign_name": SIGN, "variables": found} | fields
    return TextTemplate(content=content, type=type, vendor_code=vendor_code, **known)


def digital_template(
    parts: Sequence[DigitalPart] = (
        DigitalPart("txt", text="Hello ${name}"),
        DigitalPart("jpg", "picture", url="https://media.example.com/picture.jpg"),
    ),
    *,
    vendor_code: str = "V-2",
    **fields: Any,
) -> DigitalTemplate:
    """Make an approved digital template; `fields` are those of DigitalTemplate."""
    found = variables("\n".join(part.text for part in parts))
    known = {"code": "D-1", "name": "hello", "sign_name": SIGN, "variables": found} | fields
    return DigitalTemplate(parts=tuple(parts), vendor_code=vendor_code, **known)


def batch(
    numbers: Sequence[str] = NUMBERS,
    params: Sequence[Mapping[str, str]] | None = None,
    *,
    template: Template | None = None,
    sign_name: str = SIGN,
    ref: str = "c1",
    out_id: str = "out-1",
    called_at: datetime = NOW,
) -> Batch:
    """Make a batch as the bridge hands it over: references m1, m2 and so on, values rendered into `text`.

    Without `params` every recipient gets its own values: code 1001, 1002 and so on for a variable `code`.
    """
    template = text_template() if template is None else template
    if params is None:
        params = [
            {name: f"{name if name != 'code' else ''}{1001 + index}" for name in template.variables}
            for index in range(len(numbers))
        ]
    content = TextContent(template.content)
    messages = []
    for index, (number, values) in enumerate(zip(numbers, params, strict=True), 1):
        text = content.render(values)
        parts = segments(signed(sign_name, text, template.type), template.type)
        messages.append(Message(f"m{index}", parse(number, template.type), values, text, parts))
    return Batch(ref, out_id, sign_name, template, tuple(messages), called_at)


def request(
    *,
    method: str = "POST",
    tail: str = "",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    form: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
    body: bytes = b"",
    hook_url: str = "https://sms.example.com/hooks/promo/token",
    remote_addr: str = "203.0.113.7",
) -> WebhookRequest:
    """Make a vendor's webhook with a JSON, form or raw body; header names may have any case."""
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    if json is not None:
        body, kind = json_module.dumps(json, ensure_ascii=False).encode(), "application/json"
        sent.setdefault("content-type", kind)
    elif form is not None:
        body = urlencode(form if isinstance(form, Sequence) else list(form.items())).encode()
        sent.setdefault("content-type", "application/x-www-form-urlencoded")
    raw_query = urlencode(query or {}).encode()
    url = hook_url + tail + (f"?{raw_query.decode()}" if raw_query else "")
    return WebhookRequest(method, url, tail, raw_query, sent, body, remote_addr)


def page_window(cursor: str = "", **fields: Any) -> PollWindow:
    """Return the hour before `NOW`; `fields` are those of PollWindow."""
    return PollWindow(
        **cast(Any, {"since": NOW - timedelta(hours=1), "until": NOW, "cursor": cursor} | fields)
    )
