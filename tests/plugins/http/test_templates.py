"""Templates and signatures where the vendor has them: created, changed, reviewed, deleted."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import (
    Carrier,
    CarrierReview,
    CreatedTemplate,
    DigitalPart,
    DigitalTemplate,
    Health,
    NoSuchResource,
    OutcomeUnknown,
    ReviewStatus,
    TemplateType,
    TextTemplate,
    UnsupportedOperation,
    VendorRejected,
)
from bridge_http.vendor import HttpVendor

from .making import HEAD, SEND, Script, answer, vendor_for

OPERATION = """
[operations.{name}.request]
path = "/{name}"
[operations.{name}.request.json]
code = "{{{{ template.vendor_code }}}}"
text = "{{{{ template.content_out }}}}"
parts = "=template.parts"
[operations.{name}.response]
accepted = [{{ path = "body.ok", in = ["true"] }}]
code = "body.code"
vendor_code = "body.id"
{more}
"""
STATUS = """
status = "body.state"
reason = "body.why"
status_map = { yes = "approved", no = "rejected", "*" = "pending" }
"""
ERRORS = '\n[errors]\ngone = { class = "missing" }\n[templates]\nplaceholder_out = "{n}:{name}"\n'
TEXT = TextTemplate("T1", "Sale", "Hi ${name}, ${code}, ${name}", TemplateType.PROMOTION, sign_name="Acme")
DIGITAL = DigitalTemplate(
    "D1", "Sale", (DigitalPart("txt", text="Hi"), DigitalPart("jpg", url="https://m/a.jpg"))
)


def vendor_with(tmp_path: Path, name: str, given: Any, more: str = "") -> tuple[HttpVendor, Script]:
    """Return a vendor with one operation that gets one answer."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + OPERATION.format(name=name, more=more) + ERRORS, encoding="utf-8")
    script = Script(answer(json.dumps(given)))
    return vendor_for(path, script), script


# (operation, hook, template, answer, result)
CREATIONS: list[tuple[str, str, Any, Any, CreatedTemplate]] = [
    ("create_template", "create_template", TEXT, {"ok": True, "id": 77}, CreatedTemplate("77")),
    ("update_template", "update_template", TEXT, {"ok": True, "id": 78}, CreatedTemplate("78")),
    (
        "create_digital_template",
        "create_digital_template",
        DIGITAL,
        {"ok": True, "id": "D-7"},
        CreatedTemplate("D-7"),
    ),
    (
        "update_digital_template",
        "update_digital_template",
        DIGITAL,
        {"ok": True, "id": "D-7"},
        CreatedTemplate("D-7"),
    ),
]


@pytest.mark.parametrize(("name", "hook", "template", "given", "result"), CREATIONS)
def test_a_template_is_handed_in(
    tmp_path: Path, name: str, hook: str, template: Any, given: Any, result: CreatedTemplate
) -> None:
    """Its placeholders are the vendor's, its code comes back, its review is open."""
    vendor, script = vendor_with(tmp_path, name, given)
    assert getattr(vendor, hook)(vendor.channel, template) == result
    body = json.loads(script.built[0].body)
    assert body["text"] == ("Hi 1:name, 2:code, 1:name" if template is TEXT else "Hi")
    assert [part["suffix"] for part in body["parts"]] == ([] if template is TEXT else ["txt", "jpg"])


def test_a_template_without_a_code_in_the_answer_is_unknown(tmp_path: Path) -> None:
    """It may exist; a code must not be invented."""
    vendor, _ = vendor_with(tmp_path, "create_template", {"ok": True})
    with pytest.raises(OutcomeUnknown, match="no template code"):
        vendor.create_template(vendor.channel, TEXT)


def test_a_refused_template_says_why(tmp_path: Path) -> None:
    """With the vendor's code."""
    vendor, _ = vendor_with(tmp_path, "create_template", {"ok": False, "code": "42"})
    with pytest.raises(VendorRejected) as caught:
        vendor.create_template(vendor.channel, TEXT)
    assert caught.value.code == "42"


@pytest.mark.parametrize("given", [{"ok": True}, {"ok": False, "code": "gone"}])
@pytest.mark.parametrize(
    ("name", "hook", "template"),
    [
        ("delete_template", "delete_template", TEXT),
        ("delete_digital_template", "delete_digital_template", DIGITAL),
    ],
)
def test_a_deleted_template_is_gone(tmp_path: Path, given: Any, name: str, hook: str, template: Any) -> None:
    """Also when it was gone before."""
    vendor, _ = vendor_with(tmp_path, name, given)
    assert getattr(vendor, hook)(vendor.channel, template) is True


# (more, answer, reviews of Unicom, Mobile and Telecom)
A, R, P = ReviewStatus.APPROVED, ReviewStatus.REJECTED, ReviewStatus.PENDING
CARRIERS = 'carriers = { UNICOM = "body.u", MOBILE = "body.m", TELCOM = "body.t" }\n' + STATUS
DIGITALS = [
    (STATUS, {"ok": True, "state": "yes"}, (A, A, A)),
    (CARRIERS, {"ok": True, "u": "yes", "m": "no", "t": "?", "why": "blurred"}, (A, R, P)),
]


@pytest.mark.parametrize(("more", "given", "statuses"), DIGITALS)
def test_each_carrier_reviews_a_digital_template(
    tmp_path: Path, more: str, given: Any, statuses: tuple[ReviewStatus, ...]
) -> None:
    """One status counts for all unless each has its own."""
    vendor, _ = vendor_with(tmp_path, "query_digital_template", given, more)
    review = vendor.query_digital_template(vendor.channel, DIGITAL)
    reason = given.get("why", "")
    wanted = zip((Carrier.UNICOM, Carrier.MOBILE, Carrier.TELCOM), statuses, strict=True)
    assert review.carriers == {carrier: CarrierReview(status, reason) for carrier, status in wanted}


def test_an_unknown_signature_is_no_such_resource(tmp_path: Path) -> None:
    """And a known one has its review."""
    tables = OPERATION.format(name="query_sign", more=STATUS).replace("template.vendor_code", "sign_name")
    tables = tables.replace("{{ template.content_out }}", "{{ sign_prefix }}").replace("=template.parts", "x")
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + tables + ERRORS, encoding="utf-8")
    script = Script(answer('{"ok": true, "state": "yes"}'), answer('{"ok": false, "code": "gone"}'))
    vendor = vendor_for(path, script)
    assert vendor.query_sign(vendor.channel, "Acme").status is ReviewStatus.APPROVED
    assert json.loads(script.built[0].body)["text"] == "【Acme】"
    with pytest.raises(NoSuchResource):
        vendor.query_sign(vendor.channel, "Nobody")


def test_the_check_tells_the_error(tmp_path: Path) -> None:
    """Health names what a person can act on; it never raises."""
    tables = OPERATION.format(name="check_channel", more="")
    head, _, rest = tables.partition("[operations.check_channel.request.json]")
    path = tmp_path / "acme.toml"
    tables = head + rest[rest.index("[operations.check_channel.response]") :]
    path.write_text(HEAD + SEND + tables + ERRORS, encoding="utf-8")
    vendor = vendor_for(path, Script(answer('{"ok": true}'), answer("", 401)))
    assert vendor.check_channel(vendor.channel) == Health("Acme answers.")
    assert type(vendor.check_channel(vendor.channel).error).__name__ == "CredentialsRejected"


def test_an_operation_may_need_a_setting() -> None:
    """Tencent reviews signatures by number: without the numbers the bridge keeps signatures itself."""
    secrets = {"id": "i", "key": "k"}
    without = vendor_for("tencent", secrets=secrets, values={"app_id": "1"})
    with_ids = vendor_for("tencent", secrets=secrets, values={"app_id": "1", "sign_ids": {"Acme": 5}})
    assert "query_sign" in without.withheld()
    assert "query_sign" not in with_ids.withheld()


def test_a_missing_operation_is_unsupported(tmp_path: Path) -> None:
    """Nobody calls a withheld hook; if somebody does, it says so."""
    vendor, _ = vendor_with(tmp_path, "create_template", {})
    with pytest.raises(UnsupportedOperation, match="query_template"):
        vendor.query_template(vendor.channel, TEXT)


# recipe, the text of a template, what is made of it; None: it is refused
LITERALS: list[tuple[str, str, str | None]] = [
    ("#{name}#", "Hi ${name}, 3 for 2", "Hi #name#, 3 for 2"),
    ("#{name}#", "Hi ${name}, room # 5 and # 6", "Hi #name#, room # 5 and # 6"),
    ("#{name}#", "Hi ${name}, #sale#", None),
    ("{{n}}", "Hi ${name}", "Hi {1}"),
    ("{{n}}", "Hi ${name}, {2} days", None),
    ("{{n}}", "{1}", None),
    ("{{n}}", "{one}", "{one}"),
    ("@var({name})", "Hi ${name} @var(code)", None),
    ("{$var}", "Hi ${name} {$var}", None),
    ("", "Hi ${name} {1}", "Hi ${name} {1}"),
]


@pytest.mark.parametrize(("placeholder", "content", "sent"), LITERALS)
def test_a_text_that_holds_a_placeholder_of_the_vendors_own(
    tmp_path: Path, placeholder: str, content: str, sent: str | None
) -> None:
    """It would take a variable's value, or shift those behind it: it is refused where it is made."""
    path = tmp_path / "acme.toml"
    operation = OPERATION.format(name="create_template", more="")
    path.write_text(f'{HEAD}{SEND}{operation}\n[templates]\nplaceholder_out = "{placeholder}"\n', "utf-8")
    script = Script(answer('{"ok": true, "id": "V1"}'))
    vendor = vendor_for(path, script)
    template = TextTemplate("T1", "Sale", content, TemplateType.PROMOTION)
    if sent is None:
        with pytest.raises(VendorRejected, match="placeholder"):
            vendor.create_template(vendor.channel, template)
        assert not script.built
    else:
        vendor.create_template(vendor.channel, template)
        assert json.loads(script.built[0].body)["text"] == sent
