"""The settings of a channel that is served by a recipe."""

from functools import cached_property
from typing import Any

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from bridge.plugin import PluginSettings

from .faults import RecipeFaults
from .recipe import Compiled, find, load


class HttpSettings(PluginSettings):
    """`recipe` is a name in config/recipes or a path; `secrets` and `values` are what that recipe asks for.

    `base_url` replaces the recipe's (a region, an account's own host, an emulator). `proxy` and `ca_file`
    are this installation's way out; TLS is always verified.
    """

    recipe: str
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    values: dict[str, Any] = Field(default_factory=dict)
    base_url: str = ""
    proxy: str = ""
    ca_file: str = ""

    @cached_property
    def compiled(self) -> Compiled:
        """The compiled recipe. Raises RecipeFaults."""
        path = find(self.recipe)
        secrets = {name: secret.get_secret_value() for name, secret in self.secrets.items()}
        return Compiled(load(path), str(path), self.base_url, secrets)

    @model_validator(mode="after")
    def _fit_the_recipe(self) -> "HttpSettings":
        try:
            recipe = self.compiled.recipe
        except RecipeFaults as problem:
            raise _faults([(("recipe",), f"in {line}") for line in problem.lines()]) from None
        found: list[tuple[tuple[str, ...], str]] = []
        for name, meaning in recipe.secrets.items():
            if not self.secrets.get(name, SecretStr("")).get_secret_value():
                found.append((("secrets", name), f"is missing: {meaning}"))
        for name, meaning in recipe.required.items():
            if self.values.get(name) in (None, "", {}):
                found.append((("values", name), f"is missing: {meaning}"))
        known = {**recipe.settings, **recipe.required}
        found += [
            (("secrets", name), "is not a secret of this recipe")
            for name in self.secrets
            if name not in recipe.secrets
        ]
        found += [
            (("values", name), "is not a setting of this recipe") for name in self.values if name not in known
        ]
        if not (self.base_url or recipe.plugin.base_url):
            found.append(
                (("base_url",), "is missing: this vendor gives every account or region its own address")
            )
        if found:
            raise _faults(found)
        return self


def _faults(found: list[tuple[tuple[str, ...], str]]) -> ValidationError:
    """Every fault under its own key, as pydantic reports them."""
    lines = [
        InitErrorDetails(
            type=PydanticCustomError("recipe", "{reason}", {"reason": reason}), loc=place, input=""
        )
        for place, reason in found
    ]
    return ValidationError.from_exception_data("HttpSettings", lines, hide_input=True)
