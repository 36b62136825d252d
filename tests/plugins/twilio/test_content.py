"""Templates as Content, and WhatsApp's review, from creation to the last deletion."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.plugin import (
    CreatedTemplate,
    NoSuchResource,
    OutcomeUnknown,
    ReviewStatus,
    TemplateType,
    TextTemplate,
    VendorRejected,
    VendorUnavailable,
)
from bridge.testing import batch, text_template
from bridge_twilio.vendor import Twilio

from .conftest import Build
from .emulator import Emulator
from .emulator.account import NUMBER
from .samples import Clock, channel

WHATSAPP: dict[str, Any] = {
    "template_mode": "whatsapp",
    "senders": {"Acme": {"from": f"whatsapp:{NUMBER}"}},
}
CAPTCHA, PROMOTION = TemplateType.CAPTCHA, TemplateType.PROMOTION
INTERNATIONAL = TemplateType.INTERNATIONAL


def new(content: str = "Hello ${name}, your code is ${code}.", **fields: Any) -> TextTemplate:
    return text_template(content, **{"vendor_code": "", **fields})


def after(template: TextTemplate, created: CreatedTemplate) -> TextTemplate:
    """Return the template as the bridge keeps it."""
    code = template.vendor_code if created.vendor_code is None else created.vendor_code
    return replace(template, vendor_code=code, state=created.state or "")


def review(twilio: Emulator, sid: str, status: str, reason: str = "") -> None:
    twilio.account.approvals[sid].update(status=status, rejection_reason=reason)


def test_a_whatsapp_template_lives_and_changes(twilio: Emulator) -> None:
    """Reviewed, sent, changed under a name of its own; what messages may still need is kept."""
    clock = Clock()
    twilio.account.other_senders.add(f"whatsapp:{NUMBER}")
    vendor = Twilio(channel(base_url=twilio.url, hook_url="", **WHATSAPP), clock=clock)
    first = after(new(), vendor.create_template(vendor.channel, new()))
    review(twilio, first.vendor_code, "approved")
    assert vendor.query_template(vendor.channel, first).status is ReviewStatus.APPROVED

    [sent] = vendor.send_batch(
        vendor.channel, batch(["13800138000"], [{"name": "Ann", "code": "7"}], template=first)
    )
    assert twilio.account.messages[sent.vendor_id].body == "Hello Ann, your code is 7."

    second = after(first, vendor.update_template(vendor.channel, first))
    assert vendor.query_template(vendor.channel, second).status is ReviewStatus.PENDING
    assert set(twilio.account.contents) == {first.vendor_code, second.vendor_code}
    third = after(second, vendor.update_template(vendor.channel, second))
    assert set(twilio.account.contents) == {second.vendor_code, third.vendor_code}
    names = [approval["name"] for approval in twilio.account.approvals.values()]
    assert len(set(names)) == 2
    assert twilio.faults == []
    vendor.close()


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("unsubmitted", ReviewStatus.PENDING, ""),
        ("received", ReviewStatus.PENDING, ""),
        ("pending", ReviewStatus.PENDING, ""),
        ("approved", ReviewStatus.APPROVED, ""),
        ("rejected", ReviewStatus.REJECTED, "TAG_CONTENT_MISMATCH"),
        ("paused", ReviewStatus.REJECTED, "paused"),
        ("disabled", ReviewStatus.REJECTED, "disabled"),
        ("a_new_word", ReviewStatus.PENDING, ""),
    ],
)
def test_whatsapps_words(
    twilio: Emulator, build: Build, word: str, status: ReviewStatus, reason: str
) -> None:
    """A word the plugin does not know leaves the template pending."""
    vendor = build(**WHATSAPP)
    template = after(new(), vendor.create_template(vendor.channel, new()))
    review(twilio, template.vendor_code, word, "TAG_CONTENT_MISMATCH" if word == "rejected" else "")
    found = vendor.query_template(vendor.channel, template)
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize(
    ("template_type", "category"),
    [(TemplateType.NOTIFICATION, "UTILITY"), (PROMOTION, "MARKETING"), (INTERNATIONAL, "UTILITY")],
)
def test_categories(twilio: Emulator, build: Build, template_type: TemplateType, category: str) -> None:
    """The template's type is WhatsApp's category; for international ones a setting decides."""
    vendor = build(**WHATSAPP, international_category="UTILITY")
    vendor.create_template(vendor.channel, new(type=template_type))
    [approval] = twilio.account.approvals.values()
    assert approval["category"] == category


BAD_FOR_ALL = [
    ("Hello {{name}}", "two opening braces"),
    ("x" * 1601, "longer than 1600"),
    ("".join(f"${{v{number}}} " for number in range(101)), "at most 100 variables"),
]
BAD_FOR_WHATSAPP = [
    ("${name}, hello", "start or end"),
    ("Hello ${name}", "start or end"),
    ("Hello ${a} ${b}.", "next to each other"),
]


@pytest.mark.parametrize(
    ("mode", "content", "reason"),
    [
        *(("content", *row) for row in BAD_FOR_ALL),
        *(("whatsapp", *row) for row in (*BAD_FOR_ALL, *BAD_FOR_WHATSAPP)),
    ],
)
def test_what_would_be_refused_is_refused_at_once(
    twilio: Emulator, build: Build, mode: str, content: str, reason: str
) -> None:
    """The marketer reads why, and Twilio hears nothing of it."""
    vendor = build(template_mode=mode)
    with pytest.raises(VendorRejected, match=reason):
        vendor.create_template(vendor.channel, new(content))
    assert twilio.calls == []


@pytest.mark.parametrize("content", [row[0] for row in BAD_FOR_WHATSAPP])
def test_plain_content_takes_more(twilio: Emulator, build: Build, content: str) -> None:
    """WhatsApp's rules of placement are WhatsApp's."""
    vendor = build(template_mode="content")
    assert vendor.create_template(vendor.channel, new(content)).status is ReviewStatus.APPROVED


def test_a_name_used_twice_is_one_variable(twilio: Emulator, build: Build) -> None:
    """Names become numbers in order of appearance; values follow them."""
    vendor = build(template_mode="content")
    template = new("Hi ${b}, ${a} and ${b}.")
    template = after(template, vendor.create_template(vendor.channel, template))
    [content] = twilio.account.contents.values()
    assert content["types"] == {"twilio/text": {"body": "Hi {{1}}, {{2}} and {{1}}."}}
    [sent] = vendor.send_batch(
        vendor.channel, batch(["13800138000"], [{"a": "A", "b": "B"}], template=template)
    )
    assert twilio.account.messages[sent.vendor_id].body == "Hi B, A and B."


def test_captchas_over_whatsapp_need_consent(twilio: Emulator, build: Build) -> None:
    """WhatsApp sends captchas in its own wording only."""
    vendor = build(**WHATSAPP)
    with pytest.raises(VendorRejected) as refusal:
        vendor.create_template(vendor.channel, new("Code ${code}.", type=CAPTCHA))
    assert refusal.value.code == "WHATSAPP_CAPTCHA"
    assert twilio.calls == []

    willing = build(**WHATSAPP, whatsapp_captcha=True)
    with pytest.raises(VendorRejected, match="exactly one variable"):
        willing.create_template(willing.channel, new(type=CAPTCHA))
    willing.create_template(willing.channel, new("Code ${code}.", type=CAPTCHA))
    [content], [approval] = twilio.account.contents.values(), twilio.account.approvals.values()
    assert list(content["types"]) == ["whatsapp/authentication"]
    assert approval["category"] == "AUTHENTICATION"


@pytest.mark.parametrize("fault", ["empty_after", "html_after", "garbage_after"])
def test_a_lost_answer_to_a_creation_is_told(twilio: Emulator, build: Build, fault: str) -> None:
    """The Content may exist; the marketer tries again, and a second one does no harm."""
    twilio.trouble.script = [fault]
    vendor = build(template_mode="content")
    with pytest.raises(OutcomeUnknown):
        vendor.create_template(vendor.channel, new())


@pytest.mark.parametrize("fault", ["empty_after", "html_after", "garbage_after"])
def test_an_answer_without_content_approves_nothing(twilio: Emulator, build: Build, fault: str) -> None:
    """The review stays as it was, and is looked up again."""
    vendor = build(template_mode="content")
    published = after(new(), vendor.create_template(vendor.channel, new()))
    twilio.trouble.script = [fault]
    with pytest.raises(VendorUnavailable):
        vendor.query_template(vendor.channel, published)
    assert vendor.query_template(vendor.channel, published).status is ReviewStatus.APPROVED


def test_nothing_is_asked_about_what_was_never_published(twilio: Emulator, build: Build) -> None:
    """A template from before the channel used Content."""
    vendor = build(template_mode="content")
    with pytest.raises(NoSuchResource):
        vendor.query_template(vendor.channel, new())
    assert twilio.calls == []


@pytest.mark.parametrize(
    ("mode", "withheld"),
    [("local", {"create_template", "update_template", "query_template"}), ("content", set())],
)
def test_without_content_the_bridge_keeps_templates(build: Build, mode: str, withheld: set[str]) -> None:
    """Twilio reviews no text of an SMS."""
    assert set(build(template_mode=mode).withheld()) == withheld
