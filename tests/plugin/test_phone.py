"""Numbers: read by the template's type, written for each side, never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.plugin import BadNumber, Phone, TemplateType, from_vendor
from bridge.plugin.phone import mask, parse

HOME = TemplateType.PROMOTION
ABROAD = TemplateType.INTERNATIONAL


@pytest.mark.parametrize(
    ("text", "template_type", "e164"),
    [
        ("13800138000", HOME, "+8613800138000"),
        ("13800138000", TemplateType.CAPTCHA, "+8613800138000"),
        ("13800138000", TemplateType.NOTIFICATION, "+8613800138000"),
        ("8613800138000", HOME, "+8613800138000"),
        ("+8613800138000", HOME, "+8613800138000"),
        ("008613800138000", HOME, "+8613800138000"),
        ("+86 138-0013 8000", HOME, "+8613800138000"),
        ("(138) 0013-8000", HOME, "+8613800138000"),
        ("138\u00a00013\t8000", HOME, "+8613800138000"),
        ("19912345678", HOME, "+8619912345678"),
        ("14155552671", HOME, "+8614155552671"),
        ("14155552671", ABROAD, "+14155552671"),
        ("+14155552671", ABROAD, "+14155552671"),
        ("0014155552671", ABROAD, "+14155552671"),
        ("852 6123 4567", ABROAD, "+85261234567"),
        ("4915112345678", ABROAD, "+4915112345678"),
        ("8613800138000", ABROAD, "+8613800138000"),
    ],
)
def test_read(text: str, template_type: TemplateType, e164: str) -> None:
    phone = parse(text, template_type)
    assert phone.e164 == e164
    assert phone.raw == text


@pytest.mark.parametrize(
    ("text", "template_type"),
    [
        ("", HOME),
        ("12800138000", HOME),
        ("1380013800", HOME),
        ("138001380000", HOME),
        ("85261234567", HOME),
        ("+14155552671", HOME),
        ("1380013800x", HOME),
        ("１３８００１３８０００", HOME),
        ("+86+8613800138000", HOME),
        ("", ABROAD),
        ("0", ABROAD),
        ("+0123456789", ABROAD),
        ("123456", ABROAD),
        ("1234567890123456", ABROAD),
        ("999123456789", ABROAD),
        ("1415555267", ABROAD),
        ("sip:14155552671", ABROAD),
    ],
)
def test_refused(text: str, template_type: TemplateType) -> None:
    """The refusal is a BadNumber that does not quote the text."""
    with pytest.raises(BadNumber) as caught:
        parse(text, template_type)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("13800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("+8613800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("14155552671", "+8614155552671"),
        ("+14155552671", "+14155552671"),
        ("0014155552671", "+14155552671"),
        ("85261234567", "+85261234567"),
        ("852 6123-4567", "+85261234567"),
    ],
)
def test_from_vendor(text: str, e164: str) -> None:
    assert from_vendor(text).e164 == e164


@pytest.mark.parametrize("text", ["", "unknown", "+", "12", "anonymous@example.com"])
def test_from_vendor_refuses_what_is_no_number(text: str) -> None:
    with pytest.raises(BadNumber):
        from_vendor(text)


@pytest.mark.parametrize(
    ("e164", "digits", "national"),
    [
        ("+8613800138000", "8613800138000", "13800138000"),
        ("+14155552671", "14155552671", "14155552671"),
        ("+8610123456", "8610123456", "8610123456"),
        ("+85261234567", "85261234567", "85261234567"),
    ],
)
def test_written_forms(e164: str, digits: str, national: str) -> None:
    phone = Phone("", e164)
    assert (phone.digits, phone.national) == (digits, national)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13800138000", "138******00"),
        ("+8613800138000", "+86*********00"),
        ("12345678", "123***78"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_mask(number: str, masked: str) -> None:
    assert mask(number) == masked


def test_printing_a_phone_never_shows_it() -> None:
    phone = parse("13800138000", HOME)
    for shown in (str(phone), repr(phone), f"{phone}", f"{phone:>20}", f"{[phone]}", f"{phone!r}"):
        assert "0013800" not in shown
        assert "*********00" in shown


def test_phones_are_equal_by_number_however_they_were_written() -> None:
    one, other = parse("13800138000", HOME), parse("+86 138 0013 8000", HOME)
    assert one == other
    assert len({one, other, from_vendor("8613800138000")}) == 1
    assert one != parse("13800138001", HOME)
    assert one != ("13800138000", "+8613800138000")


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "86", "+86", "0086", "+86 "]))
def test_every_mainland_number_is_read_in_every_form(number: str, prefix: str) -> None:
    phone = parse(prefix + number, HOME)
    assert phone.national == number
    assert from_vendor(phone.digits) == from_vendor(phone.e164) == phone
