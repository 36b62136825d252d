"""An address without TLS by itself."""

from acme_sms import Acme, AcmeSettings

from bridge.plugin import Vendor, hookimpl


class SinSettings(AcmeSettings):
    base_url: str = "http://api.acme.example"


class Sin(Acme):
    settings_model = SinSettings


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
