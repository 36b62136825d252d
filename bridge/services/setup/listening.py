"""Tells whether the web and a worker's metrics could listen where they are to, or the bridge does already."""

import os
from collections.abc import Iterator, Mapping

import requests

from bridge.plugin.http import Session
from bridge.settings import Fault, Settings, SettingsFaults
from bridge.settings.listening import BIND, Address, PortInUse, address_of, try_address, web_of
from bridge.settings.loading import RELOADING

_PATIENCE_S = 2.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on
_METRICS = "bridge.metrics_port"
_ADVICE = "End that program, or name another port."


def addresses(settings: Settings, environ: Mapping[str, str] = os.environ) -> Iterator[Fault]:
    """Yield what is wrong with the addresses that the web and metrics listen at."""
    try:
        bind = web_of(environ).bind
    except SettingsFaults as error:
        yield from error.faults
    else:
        for one in bind.split(","):
            yield from _address(BIND, address_of(BIND, one), "/healthz", '"status"', environ)
    bridge = settings.bridge
    if bridge.metrics_port:
        address = Address(bridge.metrics_host, bridge.metrics_port)
        yield from _address(_METRICS, address, "/metrics", "sms_bridge_", environ)


def _address(
    name: str, address: Address | None, path: str, sign: str, environ: Mapping[str, str]
) -> Iterator[Fault]:
    if address is None or RELOADING in environ:  # the bridge itself listens there then
        return
    try:
        try_address(name, address)
    except SettingsFaults as error:
        yield from error.faults
    except PortInUse as busy:
        if not _is_bridge(address, path, sign):
            yield Fault(name, str(busy), f"It does not answer as this bridge does. {_ADVICE}")


def _is_bridge(address: Address, path: str, sign: str) -> bool:
    """Return whether who listens there answers as the bridge does, so that nothing is in its way."""
    reached = Address(_ANYWHERE.get(address.host, address.host), address.port)
    with Session(timeout=(_PATIENCE_S, _PATIENCE_S)) as session:
        try:
            return sign in session.get(f"http://{reached}{path}").text
        except requests.RequestException:
            return False
