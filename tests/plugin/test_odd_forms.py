"""Odd forms of numbers and hosts: one person is one number, and no zone makes a host of ours."""

import pytest

from bridge.plugin import TemplateType, from_vendor
from bridge.plugin.addresses import AddressRefused, check_url
from bridge.plugin.phone import parse


@pytest.mark.parametrize("written", ["5215512345678", "+52 1 55 1234 5678", "+52 55 1234 5678"])
def test_a_mexican_mobile_has_one_number(written: str) -> None:
    assert parse(written, TemplateType.INTERNATIONAL).e164 == "+525512345678"
    assert from_vendor(written).e164 == "+525512345678"


@pytest.mark.parametrize("private", [False, True])
def test_a_zone_of_an_address_is_no_host(private: bool) -> None:
    with pytest.raises(AddressRefused):
        check_url("https://[::1%25.aliyuncs.com]/x", allow_private=private, hosts=["aliyuncs.com"])
