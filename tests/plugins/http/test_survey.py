"""Vendors that have no recipe here, each odd in another way: a file can speak to all of them."""

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import pytest

from bridge_http.samples import differences, dry_runs
from bridge_http.schema import Sample

HEAD = """
[vendor]
name = "odd"
title = "Odd"
base_url = "https://api.odd.example"
checked = "nothing"
unchecked = "everything"
[secrets]
id = "who"
key = "the key"
"""
NOW = "1793500000"
NONCE = "0123456789abcdef0123456789abcdef"
FORM = "Content-Type: application/x-www-form-urlencoded; charset=utf-8"


def md5(text: str) -> str:
    """Hexadecimal MD5."""
    return hashlib.md5(text.encode()).hexdigest()


class Odd(NamedTuple):
    """What makes the vendor odd, its tables, the request that must leave, its answer, what that means."""

    name: str
    tables: str
    request: str
    answer: str
    results: list[str]


MAS = (
    '{"ecName":"sample-id","mobiles":"13800138000","content":"Sale","mac":"'
    + md5("sample-idSalesample-key")
    + '"}'
)
VENDORS = [
    Odd(
        "GET, a hashed password, and a number as the whole answer (Smsbao)",
        """
[phone]
send_as = "national"
[operations.send_batch.request]
method = "GET"
path = "/sms"
query = { u = "{{ secret.id }}", p = "{{ secret.key | md5 }}", m = "{{ r.phone }}", c = "{{ r.signed }}" }
[operations.send_batch.response]
decode = "regex"
regex = "^(?P<code>-?[0-9]+)"
accepted = [{ path = "body.code", in = ["0"] }]
code = "body.code"
[errors]
41 = { class = "account" }
""",
        f"GET https://api.odd.example/sms?u=sample-id&p={md5('sample-key')}&m=13800138000"
        "&c=%E3%80%90Acme%E3%80%91Sale",
        "200\n\n41",
        ["not_sent 41"],
    ),
    Odd(
        "an answer that is a query string (Yo)",
        """
[operations.send_batch.request]
path = "/send"
form = { ybsacctno = "{{ secret.id }}", password = "{{ secret.key }}", destinations = "{{ r.digits }}" }
[operations.send_batch.response]
decode = "form"
accepted = [{ path = "body.ybs_autocreate_status", in = ["OK"] }]
code = "body.ybs_autocreate_message"
""",
        f"POST https://api.odd.example/send\n{FORM}\n\n"
        "ybsacctno=sample-id&password=sample-key&destinations=8613800138000",
        "200\n\nybs_autocreate_status=ERROR&ybs_autocreate_message=YBS_AC+is+wrong",
        ["unknown YBS_AC is wrong"],
    ),
    Odd(
        "an old character set, and XML back (Huaxin)",
        """
[operations.send_batch.request]
path = "/sms.aspx"
charset = "gbk"
form = { account = "{{ secret.id }}", mobile = "{{ r.national }}", content = "{{ sign_prefix }}" }
[operations.send_batch.response]
decode = "xml"
accepted = [{ path = "body.returnsms.returnstatus", in = ["Success"] }]
batch_id = "body.returnsms.taskID"
code = "body.returnsms.message"
""",
        "POST https://api.odd.example/sms.aspx\n"
        "Content-Type: application/x-www-form-urlencoded; charset=gbk\n\n"
        f"account=sample-id&mobile=13800138000&content={quote_plus('【Acme】', encoding='gbk')}",
        "200\n\n<returnsms><returnstatus>Success</returnstatus><taskID>1504080852350206</taskID></returnsms>",
        ["accepted 1504080852350206"],
    ),
    Odd(
        "a checksum in the headers, lists as JSON inside a form (NetEase)",
        """
[batch]
mode = "same_vars"
max = 100
[operations.send_batch.request]
path = "/sendtemplate.action"
[operations.send_batch.request.headers]
AppKey = "{{ secret.id }}"
Nonce = "{{ nonce }}"
CurTime = "{{ now }}"
CheckSum = "{{ (secret.key ~ nonce ~ now) | sha1 }}"
[operations.send_batch.request.form]
templateid = "{{ template.vendor_code }}"
mobiles = "{{ recipients | map(attribute='national') | list | json }}"
params = "{{ r.args | json }}"
[operations.send_batch.response]
accepted = [{ path = "body.code", in = ["200"] }]
batch_id = "body.obj"
code = "body.code"
""",
        "POST https://api.odd.example/sendtemplate.action\n"
        f"AppKey: sample-id\nNonce: {NONCE}\nCurTime: {NOW}\n"
        f"CheckSum: {hashlib.sha1(f'sample-key{NONCE}{NOW}'.encode()).hexdigest()}\n{FORM}\n\n"
        "templateid=10001&mobiles=%5B%2213800138000%22%5D&params=%5B%5D",
        '200\n\n{"code":200,"msg":"sendid","obj":9007199254740993}',
        ["accepted 9007199254740993"],
    ),
    Odd(
        "a digest between two keys (SendCloud)",
        """
[operations.send_batch.request]
path = "/smsapi/send"
form = { smsUser = "{{ secret.id }}", phone = "{{ r.national }}", templateId = "{{ template.vendor_code }}" }
[operations.send_batch.request.sign]
scheme = "sorted_params"
wrap = "{{ secret.key }}&{}&{{ secret.key }}"
into = "signature"
[operations.send_batch.response]
accepted = [{ path = "body.result", in = ["true"] }]
batch_id = "body.info.smsIds[0]"
code = "body.statusCode"
""",
        f"POST https://api.odd.example/smsapi/send\n{FORM}\n\n"
        "smsUser=sample-id&phone=13800138000&templateId=10001&signature="
        + md5("sample-key&phone=13800138000&smsUser=sample-id&templateId=10001&sample-key"),
        '200\n\n{"result":true,"statusCode":200,"info":{"smsIds":["1458113381893_15_3_11"]}}',
        ["accepted 1458113381893_15_3_11"],
    ),
    Odd(
        "the whole JSON in base64, with a digest of joined fields (China Mobile MAS)",
        """
[operations.send_batch.request]
path = "/sms/norsubmit"
wrap = "base64"
[operations.send_batch.request.json]
ecName = "{{ secret.id }}"
mobiles = "{{ r.national }}"
content = "{{ r.text }}"
mac = "{{ (secret.id ~ r.text ~ secret.key) | md5 }}"
[operations.send_batch.response]
accepted = [{ path = "body.success", in = ["true"] }]
batch_id = "body.msgGroup"
code = "body.rspcod"
""",
        "POST https://api.odd.example/sms/norsubmit\nContent-Type: application/json; charset=utf-8\n\n"
        + b64encode(MAS.encode()).decode(),
        '200\n\n{"success":false,"rspcod":"IllegalMac"}',
        ["unknown IllegalMac"],
    ),
    Odd(
        "a digest in capitals in the address, and the time in a header (Yuntongxun)",
        """
[operations.send_batch.request]
let = [{ time = "{{ now | timefmt('%Y%m%d%H%M%S', 'Asia/Shanghai') }}" }]
path = "/2013-12-26/Accounts/{{ secret.id }}/SMS/TemplateSMS"
query = { sig = "{{ (secret.id ~ secret.key ~ time) | md5 | upper }}" }
headers = { Authorization = "{{ (secret.id ~ ':' ~ time) | b64 }}" }
json = { to = "{{ r.national }}", templateId = "{{ template.vendor_code }}", datas = "=r.args" }
[operations.send_batch.response]
accepted = [{ path = "body.statusCode", in = ["000000"] }]
batch_id = "body.templateSMS.smsMessageSid"
code = "body.statusCode"
""",
        "POST https://api.odd.example/2013-12-26/Accounts/sample-id/SMS/TemplateSMS?sig="
        + md5("sample-idsample-key20261101102640").upper()
        + "\nAuthorization: "
        + b64encode(b"sample-id:20261101102640").decode()
        + "\nContent-Type: application/json; charset=utf-8\n\n"
        '{"to":"13800138000","templateId":"10001","datas":[]}',
        '200\n\n{"statusCode":"000000","templateSMS":{"smsMessageSid":"0123"}}',
        ["accepted 0123"],
    ),
    Odd(
        "XML out, a token fetched before, and an id that may be the word null (Hormuud and others)",
        """
[requests.auth]
scheme = "token"
path = "/token"
form = { grant_type = "password", username = "{{ secret.id }}", password = "{{ secret.key }}" }
[operations.send_batch.request]
path = "/SendSMS"
[operations.send_batch.request.xml.sms]
"@ref" = "{{ r.ref }}"
to = "=recipients | map(attribute='digits') | list"
text = "{{ r.text }}"
[operations.send_batch.response]
accepted = [{ path = "body.Data.MessageID", not_in = ["", "null"] }]
batch_id = "body.Data.MessageID"
code = "body.ResponseCode"
""",
        "POST https://api.odd.example/SendSMS\nAuthorization: Bearer sample-token\n"
        "Content-Type: text/xml; charset=utf-8\n\n"
        '<?xml version="1.0" encoding="utf-8"?><sms ref="m1"><to>8613800138000</to><text>Sale</text></sms>',
        '200\n\n{"ResponseCode":"203","Data":{"MessageID":"null"}}',
        ["unknown 203"],
    ),
]


@pytest.mark.parametrize("odd", VENDORS, ids=lambda odd: odd.name)
def test_an_odd_vendor_is_a_file_too(odd: Odd, tmp_path: Path) -> None:
    """The exact request, and what its answer means."""
    path = tmp_path / "odd.toml"
    by_hand = "[templates]\nby_hand = true\n" if "template.vendor_code" in odd.tables else ""
    path.write_text(HEAD + by_hand + odd.tables, encoding="utf-8")
    sample: dict[str, Any] = {"content": "Sale", "recipients": [{"phone": "13800138000"}]}
    case = {"name": "odd", "call": "send_batch", "request": odd.request, "answer": odd.answer}
    assert differences(path, Sample.model_validate({**case, **sample, "results": odd.results})) == []
    assert [run.refusal for run in dry_runs(path) if run.refusal] == []
