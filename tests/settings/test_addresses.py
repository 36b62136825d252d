"""Addresses of which http is right, and those where everybody on the way could read along."""

from pathlib import Path

import pytest

from bridge.settings import cautions, load
from bridge.settings.addresses import is_open

ADDRESSES = [
    ("https://sms.example.com", False),
    ("http://sms.example.com", True),
    ("http://sms.example.com.:8000/x", True),
    ("http://8.8.8.8", True),
    ("http://[2606:4700::1]", True),
    ("http://127.0.0.1:8000", False),
    ("http://[::1]:8000", False),
    ("http://10.1.2.3", False),
    ("http://192.168.0.9", False),
    ("http://localhost", False),
    ("http://bridge:8000", False),
    ("http://sms.corp.internal", False),
    ("", False),
]
CONFIGURATION = """
[bridge]
public_url = "{address}"
[channels.promo]
platform_name = "Acme"
key = "0123456789"
vendor = "sandbox"
receipts = "pull"
"""


@pytest.mark.parametrize(("address", "opened"), ADDRESSES)
def test_plain_http_over_the_internet_is_cautioned(tmp_path: Path, address: str, opened: bool) -> None:
    """On this machine and in a closed network it may be right."""
    assert is_open(address) is opened
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIGURATION.format(address=address))
    found = [caution.path for caution in cautions(load(path, {}))]
    assert found == (["bridge.public_url"] if opened else [])
