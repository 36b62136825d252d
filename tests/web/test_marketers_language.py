"""What a channel answers is in the language of its marketers; codes, names and vendors' words are as ever."""

import json
from typing import Any

import pytest

from .conftest import Worlds
from .world import TEMPLATE

SIGN = "/sms/smsSign/"
ASKED: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("GET", SIGN + "Acme", None, {"code": "OK", "message": "OK", "reason": "无审核备注"}),
    ("GET", SIGN + "Other", None, {"code": "404", "message": "本平台没有这个签名。"}),
    ("GET", "/promo/sms/other", None, {"code": "404", "message": "没有这个接口：请检查 URL 和请求方法。"}),
    (
        "POST",
        "/sms/smsTemplate",
        TEMPLATE | {"templateName": ""},
        {"code": "MISSING_FIELD", "message": "templateName: 该字段必填。"},
    ),
    ("POST", "/sms/smsTemplate", b"{", {"message": "请求体不是 JSON（第 1 行第 2 列）。"}),
    (
        "GET",
        "/nobody/sms/smsSign/Acme",
        None,
        {"message": "没有这个名称的通道：请检查在 Quick Audience 中填写的 URL。"},
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "said"), ASKED)
def test_an_answer_is_in_the_channel_s_language(
    worlds: Worlds, method: str, path: str, body: Any, said: dict[str, Any]
) -> None:
    """Also one to a channel that there is not: in the default channel's."""
    answer = worlds(promo={"language": "zh-CN"}).call(method, path, body).get_json()
    assert answer.items() >= said.items()


def test_carriers_reviews_are_said(worlds: Worlds) -> None:
    """But Success, which is the contract's own word."""
    world = worlds(bridge={"no_comments": "没有意见"}, promo={"language": "zh-CN", "review": "manual"})
    path = "/sms/digitalSmsTemplate"
    answer = world.call("GET", f"{path}/{world.template(path)}").get_json()
    assert set(json.loads(answer["supportFactory"]).values()) == {"审核中"}
    assert answer["reason"] == "没有意见"
