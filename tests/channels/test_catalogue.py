"""What is found, what is refused and what is only reported when plugins are loaded."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from bridge.channels import discover
from bridge.channels.catalogue import hooks_of
from bridge.plugin import Policy, Vendor, hookimpl, hookspecs

from .tiny import Tiny

Install = Callable[..., EntryPoint]


class Nameless(Vendor):
    pass


class Unmarked(Vendor):
    name = "unmarked"

    def send_batch(self, channel: object, batch: object) -> None: ...


class WrongSettings(Vendor):
    name = "wrong"
    settings_model = dict  # type: ignore[assignment]


class Quiet(Policy):
    name = "quiet"


@hookimpl
def no_such_hook() -> None: ...


@hookimpl
def wrong_arguments(planet: str) -> None: ...


def test_finds_vendors_and_policies(install: Install) -> None:
    """A plugin's classes are found under the names they give themselves."""
    catalogue = discover([install("a", vendors=[Tiny]), install("b", policies=[Quiet])])
    assert (catalogue.vendors, catalogue.policies) == ({"tiny": Tiny}, {"quiet": Quiet})
    assert [plugin.entry_point for plugin in catalogue.plugins] == ["a", "b"]
    assert catalogue.problems == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"bridge_api": 2, "vendors": [Tiny]}, "It was built for version 2 of the plugin API"),
        ({"bridge_api": "1", "vendors": [Tiny]}, "It was built for version 1 of the plugin API"),
        ({}, "It registers neither a vendor nor a policy."),
        ({"vendors": [int]}, "<class 'int'>, which is no subclass of Vendor"),
        ({"vendors": [Quiet]}, "Quiet'>, which is no subclass of Vendor"),
        ({"policies": ["text"]}, "'text', which is no subclass of Policy"),
        ({"vendors": [Nameless]}, "Nameless.name must be lower-case"),
        ({"vendors": [Unmarked]}, "Unmarked.send_batch lacks its @hookimpl"),
        ({"vendors": [WrongSettings]}, "WrongSettings.settings_model must be a subclass of PluginSettings"),
        ({"vendors": [Tiny], "no_such_hook": no_such_hook}, "unknown hook 'no_such_hook'"),
        ({"vendors": [Tiny], "register_policies": wrong_arguments}, "can not be found in the hookspec"),
        ({"register_vendors": hookimpl(lambda: 1 / 0)}, "ZeroDivisionError"),
        ({"vendors": None}, "It registers neither a vendor nor a policy."),
    ],
)
def test_reports_a_broken_plugin_and_keeps_the_others(
    install: Install, content: dict[str, Any], problem: str
) -> None:
    """A plugin that breaks a rule is a problem with its reason; its neighbour still works."""
    catalogue = discover([install("broken", **content), install("sound", policies=[Quiet])])
    [(entry_point, text)] = catalogue.problems
    assert entry_point == "broken"
    assert problem in text
    assert (catalogue.vendors, catalogue.policies) == ({}, {"quiet": Quiet})


def test_an_agreeing_api_version_is_accepted(install: Install) -> None:
    """A plugin may say that it was built for this major version."""
    assert discover([install("a", bridge_api=1, vendors=[Tiny])]).problems == ()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("no_such_module_anywhere", "needs the Python package no_such_module_anywhere"),
        ("bridge.plugin:nothing", "AttributeError"),
    ],
)
def test_reports_what_cannot_be_imported(value: str, problem: str) -> None:
    """A missing dependency is named, and nothing is raised."""
    [(_, text)] = discover([EntryPoint("gone", value, "bridge")]).problems
    assert problem in text


def test_a_name_offered_twice_serves_no_channel(install: Install) -> None:
    """Nobody can take over a vendor's name by being installed."""
    catalogue = discover([install("a", vendors=[Tiny]), install("b", vendors=[Tiny])])
    assert catalogue.vendors == {}
    assert catalogue.problems == (("a, b", "The vendor tiny is offered more than once."),)


def test_deprecations_warn_through_pluggy(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook marked with `warn_on_impl` warns the author when the plugin is loaded."""
    warning = DeprecationWarning("register_vendors goes away in version 2")
    monkeypatch.setitem(hookspecs.register_vendors.bridge_spec, "warn_on_impl", warning)  # type: ignore[attr-defined]
    with pytest.warns(DeprecationWarning, match="goes away in version 2"):
        discover([install("a", vendors=[Tiny])])


def test_installed_plugins_are_found_as_third_party_ones_are() -> None:
    """The built-in plugins come through their entry points, without a problem."""
    catalogue = discover()
    assert {"sandbox"} <= set(catalogue.vendors)
    assert catalogue.problems == ()
    assert {plugin.distribution for plugin in catalogue.plugins} >= {"qa-sms-bridge"}


def test_hooks_of_a_class_are_those_it_marks() -> None:
    """Capabilities are computed, never declared."""
    assert hooks_of(Tiny) == ("send_batch",)
    assert hooks_of(Quiet) == ()
