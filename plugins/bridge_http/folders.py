"""Where recipes lie, and how one is found by its name."""

import os
import sysconfig
from pathlib import Path

from .faults import RecipeFault, RecipeFaults

_SHARED = "share/qa-sms-bridge/config/recipes"


def find(recipe: str) -> Path:
    """Return the file of a recipe: a path when it ends in .toml, else a name in a folder of recipes.

    Raises RecipeFaults.
    """
    if recipe.endswith(".toml"):
        if Path(recipe).is_file():
            return Path(recipe)
        where = Path.cwd() if not Path(recipe).is_absolute() else Path(recipe).parent
        raise RecipeFaults(recipe, [RecipeFault("", f"there is no such file, looked for from {where}")])
    known = known_recipes()
    if recipe in known:
        return known[recipe]
    there = f"there are {', '.join(sorted(known))}" if known else "there is none at all"
    looked = ", ".join(str(folder) for folder in folders_of_recipes())
    reason = (
        f"there is no recipe of this name in {looked}; {there}; another file is named by a path with .toml"
    )
    raise RecipeFaults(recipe, [RecipeFault("", reason)])


def known_recipes() -> dict[str, Path]:
    """Return every recipe that can be named, with its file; of two of one name the first folder's counts."""
    return {
        path.stem: path for folder in reversed(folders_of_recipes()) for path in sorted(folder.glob("*.toml"))
    }


def folders_of_recipes() -> list[Path]:
    """Return where recipes are looked for, in order.

    First `recipes` beside the configuration file (SMS_BRIDGE_CONFIG), where an operator's own belong; then
    `config/recipes` here and in this copy of the repository; then where an installation puts them: beside
    the interpreter, beside a user's packages, or beside packages that were given a folder of their own.
    """
    config = os.environ.get("SMS_BRIDGE_CONFIG", "config/bridge.toml")
    here = Path(__file__).resolve().parents
    user = sysconfig.get_path("data", sysconfig.get_preferred_scheme("user"))
    installed = [Path(root, _SHARED) for root in (sysconfig.get_path("data"), user, here[1])]
    own = (Path(config).parent / "recipes", Path("config/recipes"), here[2] / "config" / "recipes")
    return list(dict.fromkeys((*own, *installed)))
