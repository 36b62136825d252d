"""Recipes against what two vendors' clients wrote, which no test can ask.

One is a package of npm, the other wants a server of tools beside it (2026-11-30, without a network).
"""

import json
from urllib.parse import urlsplit

from .judges import judged
from .test_official_clients import built_by, told

MSG91 = (
    '{"flow_id":"10001","recipients":[{"mobiles":"919876543210","name":"Asha","code":"0123"},'
    '{"mobiles":"919876543211","name":"Ravi","code":"4567"}],"short_url":"0"}'
)
CHUANGLAN = (
    '{"account":"sample-account","password":"sample-password","phoneNumbers":"13800138000,13800138001",'
    '"templateId":"10001","report":"true","templateParamJson":"[{\\"param1\\": \\"Li Lei\\", '
    '\\"param2\\": \\"0123\\"}, {\\"param1\\": \\"韩梅梅\\", \\"param2\\": \\"4567\\"}]",'
    '"signature":"Acme","callbackUrl":"https://sms.example.com/hooks/promo/token/receipt","uid":"b1"}'
)


@judged("msg91 2.2.8 (npm)", "request, as it wrote it", "msg91")
def test_msg91s_own_client_wrote_alike() -> None:
    """Its header, path and body; the page's `template_id` is what it calls `flow_id`, as older pages did."""
    built = built_by("msg91")
    theirs = json.loads(MSG91)
    assert told(built) == {"template_id": theirs.pop("flow_id"), **theirs}
    assert urlsplit(built.url).path == "/api/v5/flow/".rstrip("/")
    assert built.headers["authkey"] == "sample-key"


@judged("chuanglan-mcp 1.1.0", "request, as it wrote it", "chuanglan_v2")
def test_chuanglans_own_client_wrote_alike() -> None:
    """Its address and fields; it signs in with the password, where the recipe signs and sends none."""
    built = built_by("chuanglan_v2")
    theirs, ours = json.loads(CHUANGLAN), told(built)
    del theirs["password"], ours["timestamp"], ours["nonce"]
    for body in (theirs, ours):
        body["templateParamJson"] = json.loads(body["templateParamJson"])
    assert ours == theirs
    assert built.url == "https://smssh.253.com/msg/sms/v2/tpl/send"
