"""Template texts: placeholders, signatures, segments and the opt-out suffix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.plugin import MissingVariable, TemplateType
from bridge.plugin.text import (
    TextContent,
    bare_sign,
    is_opt_out,
    placeholder_fault,
    segments,
    signed,
    variables,
    with_opt_out,
)

HOME = TemplateType.PROMOTION
INTERNATIONAL = TemplateType.INTERNATIONAL


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("no variables", ()),
        ("Hi ${name}", ("name",)),
        ("${b} ${a} ${b}", ("b", "a")),
        ("${a}${b}", ("a", "b")),
        ("${城市} ${City} ${city}", ("城市", "City", "city")),
        ("https://s.example/x?ph=${sp_1a2b}", ("sp_1a2b",)),
        ("$name {name} ${} $ {x}", ()),
        ("${ spaced }", (" spaced ",)),
    ],
)
def test_variables(content: str, names: tuple[str, ...]) -> None:
    assert variables(content) == names


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("no variables, $5, {x} and $ x", ""),
        ("${name}${城市}${first name}${a.b}${a-b_1}", ""),
        ("Hi ${ name }", "character 4: `${ name }` is"),
        ("${name }", "character 1: `${name }` is"),
        ("${\u3000name}", "character 1: `${\u3000name}` is"),
        ("${name\u200b}", "character 1: `${name\u200b}` is"),
        ("${\nname}", "character 1: "),
        ("${a\tb}", "character 1: "),
        ("${a} ${", "character 6: `${` is"),
        ("${}", "character 1: `${}` is"),
        ("${ }", "character 1: `${ }` is"),
        ("${name", "character 1: `${name` is"),
        ("${a${b}}", "character 1: `${a${b}` is"),
        ("${{a}}", "character 1: `${{a}` is"),
        ("$${a}", ""),
        ("$ {name}", "character 1: `$ {name}` is"),
        ("$\u200b{name}", "character 1: `$\u200b{name}` is"),
        ("$﹛name﹜", "character 1: `$﹛name﹜` is"),
        ("${na\u00adme}", "character 1: `${na\u00adme}` is"),
        ("＄{name}", "character 1: `＄{name}` is"),
        ("$｛name｝", "character 1: `$｛name｝` is"),
        ("${name｝", "character 1: `${name｝` is"),
        ("${" + "x" * 60, "character 1: `${" + "x" * 18 + "` is"),
    ],
)
def test_a_placeholder_that_nobody_can_fill_is_named_with_its_place(content: str, fault: str) -> None:
    """Such a template was approved, and then failed for everyone."""
    found = placeholder_fault(content)
    assert found.startswith(fault) if fault else found == ""


@pytest.mark.parametrize(
    ("content", "params", "text"),
    [
        ("plain", {}, "plain"),
        ("plain", {"unused": "x"}, "plain"),
        ("Hi ${name}!", {"name": "李"}, "Hi 李!"),
        ("${a}${b}${a}", {"a": "1", "b": "2"}, "121"),
        ("${a} ${b}", {"a": "${b}", "b": "${a}"}, "${b} ${a}"),
        ("${a}", {"a": ""}, ""),
        ("${a}", {"a": "\\1 %s {0} $a"}, "\\1 %s {0} $a"),
    ],
)
def test_render(content: str, params: dict[str, str], text: str) -> None:
    """Values are taken as they are: a placeholder inside a value is never expanded."""
    assert TextContent(content).render(params) == text


def test_a_missing_value_is_named() -> None:
    with pytest.raises(MissingVariable, match="no value for the variable city"):
        TextContent("${name} in ${city}").render({"name": "Li"})


@given(st.text(), st.text(), st.text())
def test_rendering_one_variable_is_concatenation(before: str, value: str, after: str) -> None:
    before, after = before.replace("$", ""), after.replace("$", "")
    assert TextContent(f"{before}${{v}}{after}").render({"v": value}) == before + value + after


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Acme", "Acme"),
        (" Acme ", "Acme"),
        ("【Acme】", "Acme"),
        ("[Acme]", "Acme"),
        (" 【 Acme 】 ", "Acme"),
        ("【Acme", "【Acme"),
        ("[Acme】", "[Acme】"),
        ("【】", "【】"),
        ("", ""),
        ("[[Acme]]", "[Acme]"),
    ],
)
def test_bare_sign(name: str, bare: str) -> None:
    assert bare_sign(name) == bare


@pytest.mark.parametrize(
    ("sign", "template_type", "text"),
    [
        ("Acme", HOME, "【Acme】Hi"),
        ("阿里云", HOME, "【阿里云】Hi"),
        ("Acme", INTERNATIONAL, "[Acme]Hi"),
        ("阿里云", INTERNATIONAL, "【阿里云】Hi"),
        ("", HOME, "Hi"),
    ],
)
def test_signed(sign: str, template_type: TemplateType, text: str) -> None:
    assert signed(sign, "Hi", template_type) == text


@pytest.mark.parametrize(
    ("text", "template_type", "parts"),
    [
        ("", HOME, 1),
        ("字" * 70, HOME, 1),
        ("字" * 71, HOME, 2),
        ("字" * 134, HOME, 2),
        ("字" * 135, HOME, 3),
        ("a" * 70, HOME, 1),
        ("a" * 71, HOME, 2),
        ("a" * 160, HOME, 3),
        ("", INTERNATIONAL, 1),
        ("a" * 160, INTERNATIONAL, 1),
        ("a" * 161, INTERNATIONAL, 2),
        ("a" * 306, INTERNATIONAL, 2),
        ("a" * 307, INTERNATIONAL, 3),
        ("a" * 158 + "€", INTERNATIONAL, 1),
        ("a" * 159 + "€", INTERNATIONAL, 2),
        *[("a" * 158 + char, INTERNATIONAL, 1) for char in "^{}[]~\\|"],
        *[("a" * 159 + char, INTERNATIONAL, 2) for char in "^{}[]~\\|"],
        ("@£$ÄÖÜß\n", INTERNATIONAL, 1),
        ("a" * 69 + "字", INTERNATIONAL, 1),
        ("a" * 70 + "字", INTERNATIONAL, 2),
        ("字" * 134, INTERNATIONAL, 2),
        ("字" * 135, INTERNATIONAL, 3),
        ("a" * 68 + "😀", INTERNATIONAL, 1),
        ("a" * 69 + "😀", INTERNATIONAL, 2),
        ("a" * 70 + "`", INTERNATIONAL, 2),
    ],
)
def test_segments(text: str, template_type: TemplateType, parts: int) -> None:
    assert segments(text, template_type) == parts


@pytest.mark.parametrize(
    ("content", "suffix", "template_type", "result"),
    [
        ("Sale", "拒收请回复R", HOME, "Sale拒收请回复R"),
        ("Sale", "", HOME, "Sale"),
        ("Sale", "回T退订", TemplateType.NOTIFICATION, "Sale"),
        ("Sale", "回T退订", TemplateType.CAPTCHA, "Sale"),
        ("Sale", "回T退订", INTERNATIONAL, "Sale"),
        *[
            (f"Sale {known}", "回复X退订", HOME, f"Sale {known}")
            for known in ("拒收请回复R", "回T退订", "退订回T", "回TD退订", "退订回N", "回复X退订")
        ],
        ("Sale 回T退订 ", "拒收请回复R", HOME, "Sale 回T退订 "),
        ("回T退订 is what we say", "拒收请回复R", HOME, "回T退订 is what we say拒收请回复R"),
    ],
)
def test_opt_out_suffix(content: str, suffix: str, template_type: TemplateType, result: str) -> None:
    assert with_opt_out(content, suffix, template_type) == result


@pytest.mark.parametrize(
    ("reply", "configured", "leaves"),
    [
        *[
            (word, "", True)
            for word in ("R", "r", " R ", "Ｒ", "ｒ", "T", "t", "TD", "Td", "N", "退订", " 退订\n")
        ],
        *[
            (word, "", True)
            for word in (
                "STOP",
                "Stop",
                "stop.",
                "StopAll",
                "STOP  ALL",
                "unsubscribe",
                "Cancel",
                "END",
                "quit",
            )
        ],
        *[(word, "", True) for word in ("退订。", "\ufeff退订", "“STOP”", "【退订】", "TD!")],
        *[
            (word, "", True)
            for word in ("T.", "T。", "R。", "退訂", "退 订", "「退订」", "《退订》", "回复TD")
        ],
        *[
            (word, "", True)
            for word in ("*STOP*", "-STOP", "STOP\0", "\0S\0T\0O\0P", "OPT OUT", "opt-out", "回T")
        ],
        ("QX", "qx", True),
        ("ＱＸ", "qx", True),
        ("QX", "", False),
        *[
            (word, "", False)
            for word in (
                "",
                "RR",
                "R!",
                "Not now",
                "N.",
                "please stop it",
                "no end",
                "N。",
                "T?",
                "-N",
                "回复",
                "不退订",
                "请不要退订",
                "TT",
                "no",
            )
        ],
        ("", " ", False),
    ],
)
def test_is_opt_out(reply: str, configured: str, leaves: bool) -> None:
    assert is_opt_out(reply, configured) is leaves
