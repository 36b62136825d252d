"""An emulated account with a signature and templates, and channels of the plugin that speak to it."""

from collections.abc import Callable, Iterator

import pytest

from bridge.plugin import Channel
from bridge_aliyun.settings import AliyunSettings
from bridge_aliyun.vendor import Aliyun

from .emulator import Emulator
from .samples import SIGN, NoHistory

Build = Callable[..., Aliyun]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    # The SDK obeys these even for 127.0.0.1.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def aliyun() -> Iterator[Emulator]:
    """Yield an account with the signature Acme and two templates: SMS_1 without variables, SMS_2 with two."""
    with Emulator() as emulator:
        emulator.account.approve_sign(SIGN)
        emulator.account.approve_template("SMS_1", "Hello")
        emulator.account.approve_template("SMS_2", "Hello ${name}, ${code}")
        emulator.account.approve_template("SMS_9", "Hi", 3)
        yield emulator


@pytest.fixture
def build(aliyun: Emulator) -> Iterator[Build]:
    """Builds the plugin's vendor for the emulated account, with any of its settings."""

    built: list[Aliyun] = []

    def vendor(**settings: object) -> Aliyun:
        built.append(Aliyun(channel({"endpoint": aliyun.endpoint} | settings)))
        return built[-1]

    yield vendor
    for each in built:
        each.close()


def channel(settings: dict[str, object]) -> Channel:
    """Return a channel of the plugin with these settings, `endpoint` among them."""
    base: dict[str, object] = {
        "access_key_id": "testAK",
        "access_key_secret": "testSK",
        "protocol": "HTTP",
        "related_sign_name": SIGN,
    }
    return Channel(
        "promo", "Acme SMS", AliyunSettings.model_validate(base | settings), NoHistory(), allow_private=True
    )
