"""Settings of a channel: `[channels.NAME.settings]`."""

from pydantic import Field, SecretStr

from bridge.plugin import PluginSettings


class ElksSettings(PluginSettings):
    """The account at 46elks."""

    username: str
    password: SecretStr
    base_url: str = "https://api.46elks.com"
    senders: dict[str, str] = Field(default_factory=dict)
    """Signature to sender: a number, or at most 11 letters and digits. The signature itself if not here."""
