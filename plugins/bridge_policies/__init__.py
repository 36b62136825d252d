"""Policies that come with the bridge: suppression, quiet hours and a frequency cap."""

from bridge.plugin import Policy, hookimpl

from .policies import Frequency, QuietHours, Suppression


@hookimpl
def register_policies() -> list[type[Policy]]:
    """Return the three policies, by their names `suppression`, `quiet_hours` and `frequency`."""
    return [Suppression, QuietHours, Frequency]
