"""The same under a name in another style."""

from acme_sms import Acme, AcmeSettings

from bridge.plugin import Vendor, hookimpl


class SinSettings(AcmeSettings):
    accessKey: str = ""  # noqa: N815


class Sin(Acme):
    settings_model = SinSettings


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
