"""Where the web listens: what the environment says wrongly is one sentence, before anything starts."""

import os
import socket
from collections.abc import Iterator

import pytest

from bridge.settings import SettingsFaults
from bridge.settings.listening import BIND, Address, Web, address_of, require_addresses, web_of

GOOD = [
    ("127.0.0.1:8000", Address("127.0.0.1", 8000)),
    (":8000", Address("0.0.0.0", 8000)),
    ("[::1]:0", Address("::1", 0)),
    ("tcp://localhost:1", Address("localhost", 1)),
    ("sms.example.com", Address("sms.example.com", 8000)),
    ("fd://3", None),
    ("unix:/tmp/web.sock", None),
]
BAD = [
    ("nonsense:port", "'nonsense:port' is no address to listen at. Write HOST:PORT"),
    ("127.0.0.1:99999", "'127.0.0.1:99999' is no address"),
    ("::1:8000", "Write HOST:PORT such as 127.0.0.1:8000, [::1]:8000"),
    ("http://127.0.0.1:8000", "is no address to listen at"),
    ("two words:80", "is no address to listen at"),
    ("fd://x", "is no address to listen at"),
    ("unix:/no/such/folder/x.sock", "No socket can be made in the folder /no/such/folder."),
    ("no-such-host.invalid:80", "no-such-host.invalid is no host that this machine knows."),
    ("203.0.113.7:8000", "203.0.113.7:8000 is no address of this machine."),
    ("127.0.0.1:0,x:y", "'x:y' is no address"),
]


@pytest.mark.parametrize(("address", "place"), GOOD)
def test_what_gunicorn_understands_is_understood(address: str, place: Address | None) -> None:
    """Hosts, ports, files and sockets that are handed over."""
    assert address_of(BIND, address) == place


@pytest.mark.parametrize(("address", "sentence"), BAD)
def test_what_cannot_be_listened_at_is_one_sentence(address: str, sentence: str) -> None:
    """Under the name of the setting that says it."""
    with pytest.raises(SettingsFaults) as told:
        require_addresses(BIND, address, {})
    [fault] = told.value.faults
    assert str(fault).startswith("SMS_BRIDGE_BIND: ") and sentence in str(fault)


@pytest.fixture
def busy() -> Iterator[str]:
    """Yield an address at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_port_in_use_is_told_unless_it_is_handed_over(busy: str) -> None:
    """A web that gunicorn or systemd hands its socket to may have it."""
    with pytest.raises(SettingsFaults, match=f"Somebody listens at {busy} already. End that program"):
        require_addresses(BIND, busy, {})
    require_addresses(BIND, busy, {"GUNICORN_FD": "3"})
    require_addresses(BIND, "127.0.0.1:0", {})


def test_the_environment_is_read_whole() -> None:
    """With defaults for what it does not say; else every fault at once."""
    cores = min(os.cpu_count() or 1, 4)
    assert web_of({}) == Web("127.0.0.1:8000", cores, 8)
    assert web_of({"SMS_BRIDGE_WEB_WORKERS": "", "SMS_BRIDGE_WEB_THREADS": "2"}) == Web(
        "127.0.0.1:8000", cores, 2
    )
    wrong = {BIND: "x:y", "SMS_BRIDGE_WEB_WORKERS": "abc", "SMS_BRIDGE_WEB_THREADS": "0"}
    with pytest.raises(SettingsFaults) as told:
        web_of(wrong)
    assert [fault.path for fault in told.value.faults] == list(wrong)
