"""What all models of settings have in common."""

import re

from pydantic import BaseModel, ConfigDict, SecretStr

_TOKEN = re.compile(r"|[A-Za-z0-9_-]{16,128}")


class SettingsModel(BaseModel):
    """A table of the configuration: no unknown setting, never changed, no value shown in an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )


def checked_token(token: SecretStr) -> SecretStr:
    """Return a webhook's token if its form is right; raises ValueError."""
    if not _TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("a hook token has 16 to 128 letters, digits, hyphens or underscores")
    return token
