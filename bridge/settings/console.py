"""The `[console]` table: the bridge in a browser. Without the table there is no console."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat, SecretStr

from .addresses import web_address
from .base import SettingsModel

ConsoleRole = Literal["viewer", "operator", "admin"]
"""What a person may do: look (viewer), act (operator), forget people as well (admin)."""

SHORTEST_SECRET = 32


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"the secret has {SHORTEST_SECRET} characters or more: openssl rand -hex 32")
    return secret


class SignOnSettings(SettingsModel):
    """The `[console.sign_on]` table: people sign in at a provider of OpenID Connect."""

    issuer: Annotated[str, Field(min_length=1), AfterValidator(web_address)]
    """The provider's address, below which it has /.well-known/openid-configuration."""
    client_id: Annotated[str, Field(min_length=1)]
    """The name under which the provider knows the console."""
    client_secret: SecretStr
    """The secret that belongs to it."""
    name_claim: Annotated[str, Field(min_length=1)] = "email"
    """The claim that names a person in the audit."""
    roles_claim: Annotated[str, Field(min_length=1)] = "groups"
    """The claim, a text or a list, that decides a person's role."""
    roles: Mapping[str, ConsoleRole] = Field(default_factory=dict)
    """Which value of that claim gives which role; who has none of them is not let in."""


class ConsoleSettings(SettingsModel):
    """The `[console]` table: the bridge in a browser. Without the table there is no console."""

    secret: Annotated[SecretStr, AfterValidator(_long_enough)]
    """Signs sessions and links, the same in all processes; 32 characters or more."""
    url: Annotated[str, AfterValidator(web_address)] = ""
    """The address under which people's browsers reach the bridge; "" for public_url."""
    session_h: PositiveFloat = 12
    """After how many hours a person signs in again."""
    sign_on: SignOnSettings | None = None
    """In a table of its own: the provider of OpenID Connect where people sign in."""
