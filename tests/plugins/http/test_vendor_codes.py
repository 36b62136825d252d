"""Templates made at the vendor by hand: their codes come from the settings or `templates approve`."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bridge.plugin import ConfigurationRefused, Outcome
from bridge_http.commands import cautions
from bridge_http.faults import RecipeFaults
from bridge_http.reading import load
from bridge_http.settings import HttpSettings

from .making import HEAD, SEND, Script, answer, batch_of, compiled, vendor_for

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
BY_HAND = ("chuanglan_v2", "huawei", "huawei_wsse", "msg91", "qiniu", "volcengine", "yunxin")
HUAWEI: dict[str, Any] = {
    "secrets": {"key": "k", "secret": "s"},
    "base_url": "https://huawei.example",
    "values": {"channels": {"Acme": "csms1"}},
}


@pytest.mark.parametrize(
    ("templates", "vendor_code", "sent"),
    [({}, "", ""), ({"T1": "h-1"}, "", "h-1"), ({}, "h-2", "h-2"), ({"T1": "h-1"}, "h-2", "h-2")],
)
def test_nothing_is_sent_under_an_empty_code(templates: dict[str, str], vendor_code: str, sent: str) -> None:
    """The messages wait until the template has a code; the account is not blamed."""
    script = Script(answer('{"code": "000000", "result": []}'))
    vendor = vendor_for("huawei", script, templates=templates, **HUAWEI)
    (result,) = vendor.send_batch(vendor.channel, batch_of({"name": "n"}, vendor_code=vendor_code))
    if sent:
        assert f'"templateId":"{sent}"'.encode() in script.built[0].body
    else:
        assert not script.built
        assert result.outcome is Outcome.NOT_SENT
        assert isinstance(result.error, ConfigurationRefused)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_the_check_tells_where_codes_come_from(path: Path) -> None:
    """A channel of such a recipe says `templates`, be it empty."""
    told = any("by hand" in caution for caution in cautions(load(path)))
    assert told is (path.stem in BY_HAND)
    assert not any("pending" in caution for caution in cautions(load(path)))


def test_a_channel_without_codes_is_faulty() -> None:
    """`sms-bridge check` says what to give."""
    secrets = {name: SecretStr(value) for name, value in HUAWEI["secrets"].items()}
    settings = {**HUAWEI, "secrets": secrets}
    with pytest.raises(ValidationError, match="made at this vendor by hand"):
        HttpSettings.model_validate({"recipe": "huawei", **settings})


BY_CODE = SEND.replace("to = ", 'id = "{{ template.vendor_code }}"\nto = ')
MAKER = """
[operations.create_template.request]
path = "/t"
[operations.create_template.response]
accepted = [{ path = "body.id", present = true }]
vendor_code = "body.id"
"""
BY_HAND_TABLE = "[templates]\nby_hand = true\n"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (BY_CODE, "operations.send_batch.request"),
        (BY_CODE.replace("send_batch", "send_digital_batch"), "operations.send_digital_batch.request"),
        (BY_CODE + BY_CODE.replace("send_batch", "send_digital_batch") + MAKER,
         "operations.send_digital_batch.request"),
        (SEND + BY_HAND_TABLE, "templates.by_hand"),
    ],
)  # fmt: skip
def test_a_recipe_whose_codes_nobody_makes_is_faulty(text: str, key: str) -> None:
    """`recipe check` says what to add."""
    with pytest.raises(RecipeFaults) as caught:
        compiled(HEAD + text)
    assert [fault.key for fault in caught.value.faults] == [key]


@pytest.mark.parametrize("text", [BY_CODE + MAKER, BY_CODE + BY_HAND_TABLE, SEND])
def test_a_recipe_whose_codes_come_from_somewhere_is_not(text: str) -> None:
    """From an operation, or from people."""
    compiled(HEAD + text)


@pytest.mark.parametrize(
    ("templates", "vendor_code", "lacks"), [({}, "", True), ({"T1": "h-1"}, "", False), ({}, "h-2", False)]
)
def test_a_template_lacks_its_code_until_somebody_gives_it(
    templates: dict[str, str], vendor_code: str, lacks: bool
) -> None:
    """The bridge keeps such a template pending."""
    vendor = vendor_for("huawei", templates=templates, **HUAWEI)
    assert vendor.lacks_code(batch_of({"name": "n"}, vendor_code=vendor_code).template) is lacks
    other = vendor_for("jasmin", base_url="https://j.example", secrets={"username": "u", "password": "p"})
    assert not other.lacks_code(batch_of({"name": "n"}, vendor_code="").template)
