"""The ways to begin a channel, of every installed vendor."""

from bridge.plugin import Beginning

from .catalogue import Catalogue


def beginnings_of(catalogue: Catalogue) -> tuple[dict[str, tuple[str, Beginning]], list[tuple[str, str]]]:
    """Return vendor and beginning by the beginning's name, and (vendor, error) where one cannot say its own.

    A vendor's own name wins over one that another vendor's beginning has.
    """
    found: dict[str, tuple[str, Beginning]] = {}
    problems: list[tuple[str, str]] = []
    for name, kind in sorted(catalogue.vendors.items()):
        try:
            offered = tuple(kind.beginnings())
        except Exception as error:  # noqa: BLE001 - a third-party plugin may fail in any way
            problems.append((name, f"{type(error).__name__}: {error}"))
            continue
        for beginning in offered:
            if beginning.name not in found or beginning.name == name:
                found[beginning.name] = (name, beginning)
    return found, problems
