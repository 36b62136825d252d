"""Replies as gateways write them, in UTF-8 or not, named or not: none is lost or becomes other words."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest

from bridge.plugin import WebhookRequest
from bridge.plugin.text import is_opt_out
from bridge_http.bench import Bench
from bridge_http.schema import Sample

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
# recipe, webhook, how it is posted, the number's field, the text's field, what else it says
Row = tuple[str, str, str, str, str, dict[str, str]]
CHINESE: list[Row] = [
    ("chuanglan_v1", "reply", "GET", "mobile", "msg", {}),
    ("huawei", "reply", FORM, "from", "body", {"smsMsgId": "i"}),
    ("qiniu", "reply", JSON, "mobile", "content", {}),
    ("tencent", "reply", JSON, "mobile", "text", {"nationcode": "86"}),
    ("ucloud", "reply", JSON, "Phone", "ReplyContent", {}),
    ("volcengine", "reply", JSON, "mobile", "content", {}),
]
WESTERN: list[Row] = [
    ("46elks", "reply", FORM, "from", "message", {}),
    ("africastalking", "reply", FORM, "from", "text", {}),
    ("bulksms", "reply", JSON, "from", "body", {}),
    ("clicksend", "reply", FORM, "from", "body", {}),
    ("cm", "reply", JSON, "from", "message", {}),
    ("infobip", "reply", JSON, "from", "text", {}),
    ("kannel", "reply", "GET", "from", "text", {}),
    ("smsglobal", "reply", "GET", "from", "msg", {}),
    ("smsglobal", "reply", FORM, "from", "msg", {}),
    ("vonage", "reply", "GET", "msisdn", "text", {}),
    ("vonage", "reply", FORM, "msisdn", "text", {}),
    ("vonage", "reply", JSON, "msisdn", "text", {}),
]
"""The vendors whose webhooks the secret address guards: the others sign what they write."""
POSTED = [row for row in WESTERN if row[2] != "GET"]
WRAPPED = {
    "/ucloud": '{"Data":[{%s}]}',
    "/infobip": '{"results":[{%s}]}',
    "/qiniu": '{"items":[{%s}]}',
    "/volcengine": "[{%s}]",
}


def posted(tail: str, how: str, fields: Mapping[str, str], encoding: str, named: str = "") -> WebhookRequest:
    """Return the report as its vendor posts it, in an encoding that its Content-Type may name."""
    headers = {"content-type": how + (f"; charset={named}" if named else "")} if how != "GET" else {}
    if how == JSON:
        inside = ",".join(f'"{name}":"{value}"' for name, value in fields.items())
        text = WRAPPED.get(tail.rpartition("?")[2], "{%s}") % inside
        return WebhookRequest("POST", "", tail.partition("?")[0], b"", headers, text.encode(encoding))
    pairs = "&".join(f"{name}={quote_from_bytes(value.encode(encoding))}" for name, value in fields.items())
    data = pairs.encode()
    if how == "GET":
        return WebhookRequest("GET", "", tail.partition("?")[0], data, headers, b"")
    return WebhookRequest("POST", "", tail.partition("?")[0], b"", headers, data)


def heard(row: Row, text: str, encoding: str, named: str) -> str:
    """Return the one reply that the vendor's plugin reads."""
    recipe, tail, how, number, content, more = row
    phone = "13800138000" if row in CHINESE else "4915112345678"
    request = posted(f"/{tail}?/{recipe}", how, {number: phone, content: text, **more}, encoding, named)
    bench = Bench.for_sample(FOLDER / f"{recipe}.toml", Sample(name="row", answer="200\n\n{}"))
    (reply,) = bench.vendor.parse_webhook(bench.channel, request).replies
    return reply.content


ENCODINGS = [("utf-8", ""), ("utf-8", "iso-8859-1"), ("utf-8", "utf-8"), ("utf-16-be", "")]
CASES = [
    *[
        (row, text, encoding, named)
        for row in CHINESE
        for text in ("退订", "TD", "好的，谢谢")
        for encoding, named in [*ENCODINGS[:3], ("gbk", ""), ("gb18030", "GBK"), ("gbk", "gb2312")]
    ],
    *[
        (row, text, encoding, named)
        for row in WESTERN
        for text in ("STOP", "Müller ist café")
        for encoding, named in [
            *ENCODINGS,
            ("iso-8859-1", ""),
            ("iso-8859-1", "ISO-8859-1"),
            ("cp1252", "x-y"),
        ]
    ],
    *[
        (row, "退订", encoding, "gb18030")
        for row in WESTERN
        if row[2] != "GET"
        for encoding in ("gbk", "utf-8")
    ],
    *[(row, "Łukasz", "iso-8859-2", "ISO-8859-2") for row in POSTED],
]


@pytest.mark.parametrize(("row", "text", "encoding", "named"), CASES)
def test_a_reply_is_read_in_its_encoding(row: Row, text: str, encoding: str, named: str) -> None:
    """UTF-8, else what is named, else what the vendor's country writes; UTF-16 by its bytes."""
    said = heard(row, text, encoding, named)
    assert said == text
    assert is_opt_out(said) == (text in ("退订", "TD", "STOP"))
