"""Where recipes lie, and how one is found by its name."""

import os
import sysconfig
from difflib import get_close_matches
from pathlib import Path

from .faults import RecipeFault, RecipeFaults

_SHARED = "share/qa-sms-bridge/config/recipes"


def find(recipe: str, *folders: Path) -> Path:
    """Return the file of a recipe: a path when it ends in .toml, else a name in a folder of recipes.

    A relative path starts at the first of `folders` where it leads to a file; without one, here.
    Raises RecipeFaults.
    """
    if recipe.endswith(".toml"):
        places = [folder / recipe for folder in folders or (Path(),)]
        if found := next((place for place in places if place.is_file()), None):
            return found
        starts = [Path(recipe).parent] if Path(recipe).is_absolute() else folders or (Path(),)
        where = " and ".join(dict.fromkeys(str(start.absolute()) for start in starts))
        raise RecipeFaults(recipe, [RecipeFault("", f"there is no such file, looked for from {where}")])
    known = known_recipes()
    if recipe in known:
        return known[recipe]
    if near := get_close_matches(recipe.lower(), known, 1, 0.75):
        raise RecipeFaults(recipe, [RecipeFault("", f"there is no such recipe. Did you mean {near[0]}?")])
    there = f"there are {', '.join(sorted(known))}" if known else "there is none at all"
    looked = ", ".join(str(folder) for folder in folders_of_recipes())
    reason = (
        f"there is no recipe of this name in {looked}; {there}; another file is named by a path with .toml"
    )
    raise RecipeFaults(recipe, [RecipeFault("", reason)])


def of_configuration() -> Path:
    """Return the folder of the configuration file."""
    return Path(os.environ.get("SMS_BRIDGE_CONFIG") or "config/bridge.toml").parent


def beside_configuration(path: str) -> str:
    """Return a file that the configuration names: from its own folder where it lies there, else from here."""
    own = of_configuration() / path
    return str(own) if own.is_file() else path


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
    here = Path(__file__).resolve().parents
    user = sysconfig.get_path("data", sysconfig.get_preferred_scheme("user"))
    installed = [Path(root, _SHARED) for root in (sysconfig.get_path("data"), user, here[1])]
    own = (of_configuration() / "recipes", Path("config/recipes"), here[2] / "config" / "recipes")
    return list(dict.fromkeys((*own, *installed)))
