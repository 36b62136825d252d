"""The client around the SDK: what it does to the process, and what it keeps to itself."""

import builtins
import logging
import subprocess
import sys
import traceback
from types import ModuleType
from typing import Any

import pytest

from bridge.plugin import BridgeError, ConfigurationFault, Outcome
from bridge_aliyun import client
from bridge_aliyun.settings import AliyunSettings

from .conftest import Build, channel
from .emulator import Emulator
from .samples import batch


def test_the_plugin_needs_no_sdk_to_be_found() -> None:
    """Importing the plugin and asking for its vendors imports nothing of Alibaba's."""
    script = (
        "import sys, bridge_aliyun; vendors = bridge_aliyun.register_vendors();"
        "assert [vendor.name for vendor in vendors] == ['aliyun'];"
        "vendors[0].settings_model(access_key_id='a', access_key_secret='b');"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in"
        " ('Tea', 'darabonba', 'mns', 'aiohttp') or name.startswith('alibabacloud')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("missing", "settings", "extra"),
    [
        ("alibabacloud_dysmsapi20170525", {}, r"qa-sms-bridge\[aliyun\]"),
        ("mns", {"queue": {"receipts": "q"}}, r"qa-sms-bridge\[aliyun-queue\]"),
    ],
)
def test_a_missing_sdk_is_a_fault_with_advice(
    missing: str, settings: dict[str, object], extra: str, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel that needs it says which extra to install."""
    real = builtins.__import__

    def refusing(name: str, *args: Any, **kwargs: Any) -> ModuleType:
        if name.split(".")[0] == missing:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refusing)
    client._sdk.cache_clear()
    with pytest.raises(ConfigurationFault, match=extra):
        build(**settings)
    monkeypatch.undo()
    client._sdk.cache_clear()


@pytest.mark.parametrize(
    "fault", ["lost_answer", "closed_after", "bad_gateway", "denied", "server_error", "empty", None]
)
def test_no_number_and_no_secret_gets_out(
    fault: str | None,
    aliyun: Emulator,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in an error, its causes or traceback, nor in a log, nor on the terminal with DEBUG=sdk."""
    monkeypatch.setenv("DEBUG", "sdk")
    caplog.set_level(logging.INFO)
    vendor = build(send_timeout_s=0.3) if fault else build(endpoint="127.0.0.1:1")
    if fault:
        aliyun.plan.add(fault)
    with pytest.raises(BridgeError) as raised:
        vendor._client.send("send_sms", phone_numbers="13800138000", sign_name="Acme", template_code="SMS_1")
    assert raised.value.__context__ is None and raised.value.__cause__ is None
    shown = "".join(traceback.format_exception(raised.value)) + repr(vendor.channel.settings)
    out, err = capfd.readouterr()
    for text in (shown.replace('phone_numbers="13800138000"', ""), out, err, caplog.text):
        assert "13800138000" not in text
        assert "testSK" not in text and "ACS3" not in text


def test_a_forked_child_has_connections_of_its_own() -> None:
    """The SDK's pool is a class attribute; without clearing it, two processes would share a socket.

    In a process without threads, like the one that gunicorn forks.
    """
    script = (
        "import os, requests; from bridge_aliyun import client; client._sdk();"
        "from darabonba.core import DaraCore; DaraCore._sessions['pool'] = requests.Session();"
        "child = os.fork(); child or os._exit(len(DaraCore._sessions));"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(DaraCore._sessions))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]


def test_connections_are_kept(aliyun: Emulator, build: Build) -> None:
    """The pool has the size of the settings and is shared by channels of one endpoint."""
    from darabonba.core import DaraCore

    DaraCore._sessions.clear()
    vendors = [build(connections=7), build(connections=7)]
    for vendor in vendors:
        for _ in range(3):
            vendor.send_batch(vendor.channel, batch("13800138000"))
    (name,) = DaraCore._sessions
    assert name.endswith("pool=7")


@pytest.mark.parametrize(
    ("endpoint", "host", "protocol"),
    [
        ("dysmsapi.aliyuncs.com", "dysmsapi.aliyuncs.com", "HTTPS"),
        ("http://127.0.0.1:8099/", "127.0.0.1:8099", "HTTP"),
        ("https://dysmsapi.ap-southeast-1.aliyuncs.com", "dysmsapi.ap-southeast-1.aliyuncs.com", "HTTPS"),
    ],
)
def test_the_endpoint_may_be_a_url(endpoint: str, host: str, protocol: str) -> None:
    """Its scheme is the protocol."""
    settings = channel({"endpoint": endpoint, "protocol": "HTTPS"}).settings
    assert isinstance(settings, AliyunSettings)
    assert (settings.endpoint, settings.protocol) == (host, protocol)


def test_a_proxy_of_the_environment_is_not_used(
    aliyun: Emulator, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK obeys HTTP_PROXY whatever NO_PROXY says; the plugin does not let it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    vendor = build()
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert result.outcome is Outcome.ACCEPTED
    assert len(aliyun.requests) == 1
