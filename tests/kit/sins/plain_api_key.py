"""A key among the settings that is shown wherever the settings are."""

from acme_sms import Acme, AcmeSettings

from bridge.plugin import Vendor, hookimpl


class SinSettings(AcmeSettings):
    api_key: str = ""


class Sin(Acme):
    settings_model = SinSettings


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
