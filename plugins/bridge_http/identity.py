"""What makes a recipe's account the one it is."""

import json
import re
from collections.abc import Sequence

from .settings import HttpSettings


def identity(settings: HttpSettings) -> Sequence[str]:
    """Return the vendor, its address, and the secrets and settings that its requests name.

    A recipe does not say which of them is the account's name: each may be. What no request holds (secrets of
    webhooks, templates, a proxy, certificates of ours) makes no other account. In a recipe of one's own the
    name may be written as it is, so all counts that its sends hold; one of the bridge's is the same for all.
    """
    recipe, secrets = settings.compiled.recipe, settings.secrets
    asked = recipe.model_dump_json(include={"requests", "operations", "poll"})
    words = frozenset(re.findall(r"\w+", asked))
    held = {f"secret.{name}": secrets[name].get_secret_value() for name in sorted(words & secrets.keys())}
    values = {**recipe.settings, **settings.values}
    held |= {f"settings.{name}": values[name] for name in sorted(words & values.keys())}
    if settings.recipe != recipe.vendor.name:
        sends = {name: {"request"} for name in ("send_batch", "send_digital_batch")}
        held["recipe"] = recipe.model_dump_json(
            include={"requests": True, "operations": sends}, exclude_unset=True
        )
    address = settings.compiled.base_url.rstrip("/").lower()
    return (recipe.vendor.name, address, json.dumps(held, sort_keys=True, default=str))
