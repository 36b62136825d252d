"""The settings of a channel that is served by a recipe."""

import ssl
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from bridge.plugin import PluginSettings

from .faults import RecipeFaults, Unsendable
from .folders import beside_configuration, find, of_configuration
from .language.filters import b64d
from .reading import load
from .recipe import Compiled, is_address
from .schema.recipe import Recipe

_NO_TEMPLATES = (
    "is missing: templates are made at this vendor by hand; give its codes, { T0001 = '10001' }, "
    "or {} where `sms-bridge templates approve CHANNEL CODE --vendor-code X` gives each"
)


SettingFault = tuple[tuple[str, ...], str]
"""A fault: the place of the setting, and what is wrong."""


def _address(url: str) -> str:
    """Return an address; raises ValueError for what is none."""
    if url and not is_address(url):
        raise ValueError("base_url is no address such as https://api.vendor.example")
    return url


FileName = Annotated[str, AfterValidator(beside_configuration)]


class HttpSettings(PluginSettings):
    """`recipe` is a name in config/recipes or a path; `secrets` and `values` are what that recipe asks for.

    `templates` are the vendor's codes of templates made there by hand, by Quick Audience's.
    `base_url` replaces the recipe's (a region, an account's own host, an emulator). `proxy` and `ca_file`
    are this installation's way out; TLS is always verified. `client_cert` and `client_key` are files in PEM
    for vendors that ask for a certificate of ours; one file may hold both. Relative paths start at the folder
    of the configuration.
    """

    recipe: str
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    values: dict[str, Any] = Field(default_factory=dict)
    templates: dict[str, str] | None = None
    base_url: Annotated[str, AfterValidator(_address)] = ""
    proxy: str = ""
    ca_file: FileName = ""
    client_cert: FileName = ""
    client_key: FileName = ""

    @cached_property
    def compiled(self) -> Compiled:
        """The compiled recipe. Raises RecipeFaults."""
        path = find(self.recipe, of_configuration(), Path())
        secrets = {name: secret.get_secret_value() for name, secret in self.secrets.items()}
        return Compiled(load(path), str(path), self.base_url, secrets)

    @model_validator(mode="after")
    def _fit_the_recipe(self) -> "HttpSettings":
        try:
            recipe = self.compiled.recipe
        except RecipeFaults as problem:
            raise _faults([(("recipe",), f"in {line}") for line in problem.lines()]) from None
        found: list[SettingFault] = [
            *self._secret_faults(recipe),
            *self._certificate_faults(recipe.vendor.client_certificate),
            *self._value_faults(recipe),
            *self._unknown(recipe),
        ]
        if not (self.base_url or recipe.vendor.base_url):
            found.append(
                (("base_url",), "is missing: this vendor gives every account or region its own address")
            )
        if self.compiled.needing_codes and self.templates is None:
            found.append((("templates",), _NO_TEMPLATES))
        if found:
            raise _faults(found)
        return self

    @property
    def client(self) -> tuple[str, str] | None:
        """The files of our certificate and its key, or None."""
        return (self.client_cert, self.client_key or self.client_cert) if self.client_cert else None

    def _secret_faults(self, recipe: Recipe) -> Iterator[SettingFault]:
        for name, meaning in recipe.secrets.items():
            if not self.secrets.get(name, SecretStr("")).get_secret_value():
                yield ("secrets", name), f"is missing: {meaning}"
        for name, meaning in {**recipe.secrets, **recipe.optional_secrets}.items():
            if name in self.compiled.base64_secrets and not _is_base64(self.secrets.get(name)):
                yield ("secrets", name), f"is not base64, which the recipe reads: {meaning}"

    def _value_faults(self, recipe: Recipe) -> Iterator[SettingFault]:
        for name, meaning in recipe.required.items():
            if self.values.get(name) in (None, "", {}):
                yield ("values", name), f"is missing: {meaning}"

    def _unknown(self, recipe: Recipe) -> Iterator[SettingFault]:
        for name in self.secrets:
            if name not in recipe.secrets and name not in recipe.optional_secrets:
                yield ("secrets", name), "is not a secret of this recipe"
        for name in self.values:
            if name not in recipe.settings and name not in recipe.required:
                yield ("values", name), "is not a setting of this recipe"

    def _certificate_faults(self, needed: bool) -> list[SettingFault]:
        if self.client is None:
            if self.client_key:
                return [(("client_cert",), "is missing: the certificate that belongs to client_key")]
            return [(("client_cert",), "is missing: this vendor asks for a certificate")] if needed else []
        reason = _cannot_prove(*self.client)
        return [(("client_cert",), reason)] if reason else []


def _cannot_prove(certificate: str, key: str) -> str:
    """Say why certificate and key cannot be used, or ""."""
    try:
        # A key behind a password would ask for it on the terminal of whoever starts the bridge.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError:
        return "cannot be used: certificate and key in PEM are needed that fit, the key without a password"
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    return ""


def _is_base64(secret: SecretStr | None) -> bool:
    try:
        b64d(secret.get_secret_value() if secret else "")
    except Unsendable:
        return False
    return True


def _faults(found: list[SettingFault]) -> ValidationError:
    """Return every fault under its own key, as pydantic reports them."""
    lines = [
        InitErrorDetails(
            type=PydanticCustomError("recipe", "{reason}", {"reason": reason}), loc=place, input=""
        )
        for place, reason in found
    ]
    return ValidationError.from_exception_data("HttpSettings", lines, hide_input=True)
