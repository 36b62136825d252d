"""What an operator is asked for when a channel is begun with a recipe, and what to do at its vendor."""

from collections.abc import Iterator

from bridge.plugin import Beginning, Question

from .faults import RecipeFaults
from .folders import known_recipes
from .reading import load
from .recipe import Compiled
from .schema import Recipe

_KINDS = {"receipt": "delivery reports", "reply": "replies", "event": "delivery reports and replies"}


def beginnings() -> Iterator[Beginning]:
    """Return one way to begin for each recipe that can be named; one with faults is for `recipe check`."""
    for name, path in sorted(known_recipes().items()):
        try:
            compiled = Compiled(load(path), str(path))
        except RecipeFaults:
            continue
        yield _beginning(name, compiled)


def _beginning(name: str, compiled: Compiled) -> Beginning:
    recipe = compiled.recipe
    settings: dict[str, object] = {"recipe": name}
    if compiled.needing_codes:
        settings["templates"] = {}
    return Beginning(
        name,
        recipe.vendor.title,
        tuple(_questions(recipe)),
        settings,
        tuple(_at_vendor(recipe, compiled)),
    )


def _questions(recipe: Recipe) -> Iterator[Question]:
    vendor = recipe.vendor
    for name, meaning in recipe.secrets.items():
        yield Question(("secrets", name), meaning, secret=True)
    for name, meaning in recipe.required.items():
        yield Question(("values", name), meaning)
    for name in recipe.settings:
        yield Question(("values", name), f"the recipe's setting {name}", needed=False)
    where = f"the address of its API for your account or region (https://...), see {vendor.docs}"
    yield Question(("base_url",), where, needed=not vendor.base_url)
    yield Question(("templates",), 'the vendor\'s codes of templates: { T0001 = "10001" }', needed=False)


def _at_vendor(recipe: Recipe, compiled: Compiled) -> Iterator[str]:
    requests = " ".join(repr(request.model_dump()) for request in compiled.requests())
    for name in recipe.webhooks:
        what = _KINDS.get(name, f"reports ({name})")
        if f"callback.{name}" in requests:
            yield f"Address for {what}; each message carries it, so enter it only if the vendor asks for it."
        else:
            yield f"Address for {what}."
        yield f"{{hook_url}}/{name}"
    if compiled.needing_codes:
        yield (
            "Templates are made there by hand; for each: "
            "sms-bridge templates approve {channel} CODE --vendor-code THE-VENDOR'S"
        )
    if recipe.vendor.docs:
        yield f"Its pages: {recipe.vendor.docs}"
