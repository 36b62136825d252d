"""Numbers: read by the template's type, written for each side, never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.plugin import BadNumber, Phone, TemplateType, from_vendor
from bridge.plugin.phone import mask, mask_msisdn, parse

HOME = TemplateType.PROMOTION
INTERNATIONAL = TemplateType.INTERNATIONAL


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
        ("14155552671", INTERNATIONAL, "+14155552671"),
        ("+14155552671", INTERNATIONAL, "+14155552671"),
        ("0014155552671", INTERNATIONAL, "+14155552671"),
        ("852 6123 4567", INTERNATIONAL, "+85261234567"),
        ("4915112345678", INTERNATIONAL, "+4915112345678"),
        ("8613800138000", INTERNATIONAL, "+8613800138000"),
        # Full-width digits, and what spreadsheets and phones put around a number.
        ("１３８００１３８０００", HOME, "+8613800138000"),
        ("＋８６（０）１３８００１３８０００", HOME, "+8613800138000"),
        ("\u200b13800138000", HOME, "+8613800138000"),
        ("\u202d13800138000\u202c", HOME, "+8613800138000"),
        ("\u2066138\u00ad0013\u20118000\u2069", HOME, "+8613800138000"),
        ("\ufeff138\u30000013\u20038000\r\n", HOME, "+8613800138000"),
        ("138\u22120013\u22128000", HOME, "+8613800138000"),
        ("1\ufe0f3\ufe0f800138000\ufe0e", HOME, "+8613800138000"),
        ("\u034f\u2800\u3164\u115f13800138000\U000e0020", HOME, "+8613800138000"),
        ("\x00138\x1f00138000\x7f", HOME, "+8613800138000"),
        ("\u0661\u0663\u0668\u0660\u0660\u0661\u0663\u0668\u0660\u0660\u0660", HOME, "+8613800138000"),
        ("013800138000", HOME, "+8613800138000"),
        ("+86 (0)138 0013 8000", HOME, "+8613800138000"),
        ("\u202a+1\u00a0415\u2010555\u20112671\u202c", INTERNATIONAL, "+14155552671"),
        # The trunk zero that people write behind the country code.
        ("886 0912 345 678", INTERNATIONAL, "+886912345678"),
        ("+886 912 345 678", INTERNATIONAL, "+886912345678"),
        ("+44 (0)7911 123456", INTERNATIONAL, "+447911123456"),
        ("0044 07911 123456", INTERNATIONAL, "+447911123456"),
        ("61 0412 345 678", INTERNATIONAL, "+61412345678"),
        ("+49 (0) 151 12345678", INTERNATIONAL, "+4915112345678"),
        ("+33 (0)6 12 34 56 78", INTERNATIONAL, "+33612345678"),
        ("+81 (0)90-1234-5678", INTERNATIONAL, "+819012345678"),
        ("+82 010-1234-5678", INTERNATIONAL, "+821012345678"),
        ("+62 0812 3456 7890", INTERNATIONAL, "+6281234567890"),
        ("+234 0803 123 4567", INTERNATIONAL, "+2348031234567"),
        ("+7 8 912 345 67 89", INTERNATIONAL, "+79123456789"),
        ("+55 0 11 91234-5678", INTERNATIONAL, "+5511912345678"),
        ("+54 11 15 2345-6789", INTERNATIONAL, "+5491123456789"),
        ("+1 1 415 555 2671", INTERNATIONAL, "+14155552671"),
        ("86 0138 0013 8000", INTERNATIONAL, "+8613800138000"),
        # A zero that people write where the country has no trunk zero at all.
        ("+48 (0)601 234 567", INTERNATIONAL, "+48601234567"),
        ("48 0601 234 567", INTERNATIONAL, "+48601234567"),
        ("+1 (0)415 555 2671", INTERNATIONAL, "+14155552671"),
        ("+34 (0)612 345 678", INTERNATIONAL, "+34612345678"),
        ("+351 (0)912 345 678", INTERNATIONAL, "+351912345678"),
        ("+420 0601 123 456", INTERNATIONAL, "+420601123456"),
        ("+45 (0)20 12 34 56", INTERNATIONAL, "+4520123456"),
        ("+47 (0)406 12 345", INTERNATIONAL, "+4740612345"),
        ("+30 (0)691 234 5678", INTERNATIONAL, "+306912345678"),
        ("+65 (0)8123 4567", INTERNATIONAL, "+6581234567"),
        ("+852 (0)5123 4567", INTERNATIONAL, "+85251234567"),
        # One Argentine is one number, with the 9 of mobiles, with the 15 of home, with both or with neither.
        ("+54 9 11 2345-6789", INTERNATIONAL, "+5491123456789"),
        ("+54 11 2345 6789", INTERNATIONAL, "+5491123456789"),
        ("+54 9 11 15 2345-6789", INTERNATIONAL, "+5491123456789"),
        ("54 341 15 234 5678", INTERNATIONAL, "+5493412345678"),
        ("+54 0 341 234 5678", INTERNATIONAL, "+5493412345678"),
        # Zeros that belong to the number.
        ("39 06 1234 5678", INTERNATIONAL, "+390612345678"),
        ("+378 0549 886377", INTERNATIONAL, "+3780549886377"),
        ("+225 01 23 45 67 89", INTERNATIONAL, "+2250123456789"),
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
        ("138001380000.0", HOME),
        ("1.38E+10", HOME),
        ("13800138000\ufffd", HOME),
        # A footnote, a fraction or a numbered list is no digit: ²138… would be Algeria.
        ("\u00b213800138000", HOME),
        ("\u00b213800138000", INTERNATIONAL),
        ("85261234567\u00b9", INTERNATIONAL),
        ("\u246085261234567", INTERNATIONAL),
        ("8526123456\u00bd", INTERNATIONAL),
        ("+86+8613800138000", HOME),
        ("", INTERNATIONAL),
        ("0", INTERNATIONAL),
        ("+0123456789", INTERNATIONAL),
        ("123456", INTERNATIONAL),
        ("1234567890123456", INTERNATIONAL),
        ("999123456789", INTERNATIONAL),
        ("1415555267", INTERNATIONAL),
        ("sip:14155552671", INTERNATIONAL),
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
        ("8860912345678", "+886912345678"),
        ("+886912345678", "+886912345678"),
        ("+44 (0)7911 123456", "+447911123456"),
        ("390612345678", "+390612345678"),
        ("480601234567", "+48601234567"),
        ("541123456789", "+5491123456789"),
        ("+5491123456789", "+5491123456789"),
        ("\u202d+447911123456\u202c", "+447911123456"),
        ("999123456789", "+999123456789"),
        ("10690123456789", "+10690123456789"),
    ],
)
def test_from_vendor(text: str, e164: str) -> None:
    assert from_vendor(text).e164 == e164


@pytest.mark.parametrize("text", ["", "unknown", "+", "12", "anonymous@example.com", "\u00b213800138000"])
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


@pytest.mark.parametrize(
    ("digits", "masked"),
    [
        ("8613800138000", "138******00"),
        ("14155552671", "+14*******71"),
        ("886912345678", "+88********78"),
        ("861012345678", "+86********78"),
    ],
)
def test_mask_msisdn(digits: str, masked: str) -> None:
    """As people write it, so that nobody takes a foreign number for a mainland one."""
    assert mask_msisdn(digits) == masked


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
