"""The base of a plugin's own settings."""

from pydantic import BaseModel, ConfigDict


class PluginSettings(BaseModel):
    """Base of a plugin's own settings: unknown keys are faults, values never change, input is not shown.

    Use pydantic's SecretStr for secrets. Values arrive with `env:` and `file:` references resolved.
    A text below a setting is the sentence with which `sms-bridge init` asks for it.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )
