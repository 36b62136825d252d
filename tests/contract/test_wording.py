"""What marketers read is said in the language of their channel, wherever the bridge writes a sentence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bridge
from bridge.contract import files, replies
from bridge.contract.wording import Language, chinese, say
from bridge.plugin import codes
from bridge.services.reviews.filing import NO_CODE
from bridge.services.reviews.templates import FILED_ELSEWHERE
from bridge.services.sentences import OWN

_ROOT = Path(bridge.__file__).parent
_RAISED = {
    *("AddressRefused", "BadNumber", "MissingVariable", "Refusal", "Verdict", "_Fault"),
    *("CredentialsRejected", "FetchFailed", "OutcomeUnknown"),
    *("VendorRejected", "VendorThrottled", "VendorUnreachable"),
    *("forbidden", "invalid", "missing", "not_found", "rejected", "unauthorized"),
}
_SOURCES = [
    *sorted((_ROOT / "contract").glob("*.py")),
    *(
        _ROOT / "services" / f"{name}.py"
        for name in (
            *("messages/accepting", "messages/drafting"),
            *("reviews/filing", "reviews/signs", "reviews/templates"),
        )
    ),
    *(_ROOT / "web" / f"{name}.py" for name in ("contract", "guards")),
    *(_ROOT / "plugin" / f"{name}.py" for name in ("addresses", "http", "phone", "text")),
    _ROOT.parent / "plugins" / "bridge_policies" / "policies.py",
]
_NOT_FOR_MARKETERS = {
    "The vendor's report holds no readable number.",
    "Messages of this kind are not sent at this hour; the message waits.",
}
_PLACE = re.compile(r"%\(\w+\)s")
_CHINESE = re.compile("[\u4e00-\u9fff]")


def written() -> Iterator[str]:
    """Find every sentence in what is raised and refused, "x7" where it holds values."""
    for path in _SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _RAISED:
                texts = [text for text in map(_text, node.args) if re.search("[a-z] [a-z]|[a-z] x7", text)]
                yield from (f"x7: {text}" if node.func.id == "invalid" else text for text in texts)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(piece) for piece in node.values)
    if isinstance(node, ast.FormattedValue):
        return "x7"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


KEPT = [
    *OWN.values(),
    *(one.sentence for one in (*codes._EXACT.values(), *codes._FAMILIES.values())),
    *(codes.explain(code).sentence for code in ("", "ABC 17")),
    *(
        fault[1]
        for fault in (
            files._BAD_LINE,
            files._BESIDE_NUMBER,
            files._TOO_LONG,
            files._UNREADABLE,
            files._AMBIGUOUS,
        )
    ),
    *(replies.NO_COMMENTS, replies.PENDING_TEXT, "Rejected", "The reviewer gave no reason."),
    *(NO_CODE, FILED_ELSEWHERE, "The message was not delivered (X:7)."),
    "The template is still under review.",
    "There is no channel of this name: check the URL typed into Quick Audience.",
    "The URL names no channel and there is no default channel.",
    "The SMS platform has an internal error. Its log explains request 7f.",
]


def test_every_sentence_has_its_translation() -> None:
    """What is raised, what the ledger keeps, and what the codes mean."""
    found = {*written(), *KEPT} - _NOT_FOR_MARKETERS
    assert len(found) > 80
    assert [one for one in sorted(found) if not _CHINESE.search(say(one, "zh-CN"))] == []


def test_translations_have_the_same_places() -> None:
    """A value that stands in the sentence stands in its translation."""
    for sentence, translation in {**chinese.SENTENCES, **chinese.PIECES}.items():
        assert sorted(_PLACE.findall(sentence)) == sorted(_PLACE.findall(translation)), sentence


SAID: list[tuple[str, Language, str]] = [
    ("The number does not exist.", "en", "The number does not exist."),
    ("The number does not exist.", "zh-CN", "号码不存在。"),
    ("signName: this field is required.", "zh-CN", "signName: 该字段必填。"),
    (
        "templateContent: part 2, fileContents: at most 500 characters are allowed, this has 501.",
        "zh-CN",
        "templateContent: 第 2 部分，fileContents: 最多 500 个字符，实际为 501 个。",
    ),
    (
        "templateContent: character 6: `${a b}` is no placeholder: write ${name}.",
        "zh-CN",
        "templateContent: 第 6 个字符：`${a b}` 不是占位符，请写成 ${name}。",
    ),
    ("pageSize: the number must be 0 and at most 1000.", "zh-CN", "pageSize: 数值必须为 0 至 1000。"),
    ("The URL parameter nonce is missing.", "zh-CN", "缺少 URL 参数 nonce。"),
    (
        "The timestamp is too old: at most 300 seconds of difference are allowed.",
        "zh-CN",
        "时间戳过旧：最多允许相差 300 秒。",
    ),
    (
        "The recipient has no value for the variable first name.",
        "zh-CN",
        "收件人缺少变量 first name 的值。",
    ),
    ("takes it with 30 of 100 sends", "zh-CN", "由它发送，每 100 个发送请求中占 30 个"),
    (
        "takes it if main does not, later: 10 messages a second",
        "zh-CN",
        "main 不发送时由它发送，但须稍后：每秒 10 条消息",
    ),
    ("The template is rejected there. Rude.", "zh-CN", "模板在该处未通过审核：Rude."),
    ("3 of 40 messages were refused.", "zh-CN", "40 条消息中有 3 条被拒绝。"),
    # A vendor's own words, also where they look like ours.
    ("state: rejected", "zh-CN", "state: rejected"),
    ("isv.AMOUNT_NOT_ENOUGH: No money left.", "zh-CN", "isv.AMOUNT_NOT_ENOUGH: No money left."),
    ("old", "zh-CN", "old"),
    ("part of it, and the rest.", "zh-CN", "part of it, and the rest."),
    ("a: " * 50 + "The number does not exist.", "zh-CN", "a: " * 50 + "The number does not exist."),
    ("100% %(name)s", "zh-CN", "100% %(name)s"),
    ("", "zh-CN", ""),
]


@pytest.mark.parametrize(("sentence", "language", "said"), SAID)
def test_a_sentence_is_said(sentence: str, language: Language, said: str) -> None:
    """With its values; what is not the bridge's own stays."""
    assert say(sentence, language) == said
