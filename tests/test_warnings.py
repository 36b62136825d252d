"""Which warnings fail a test: our own always, a dependency's deprecations never."""

import warnings

import pytest


@pytest.mark.parametrize("category", [DeprecationWarning, PendingDeprecationWarning])
@pytest.mark.parametrize(
    ("module", "ours"),
    [
        ("bridge", True),
        ("bridge.web.probes", True),
        ("bridge_aliyun.client", True),
        ("acme_sms", True),
        ("tests.web.test_probes", True),
        ("wsgi", True),
        ("alibabacloud_tea_openapi.utils", False),
        ("Tea.core", False),
        ("twilio.base.version", False),
        ("bridges", False),
        ("testsuite", False),
    ],
)
def test_a_deprecation_counts_where_it_is_ours(module: str, ours: bool, category: type[Warning]) -> None:
    """The SDK of Alibaba Cloud calls `utcnow`, which Python 3.12 and later warn of."""
    try:
        warnings.warn_explicit("old", category, f"{module}.py", 1, module=module)
    except category:
        assert ours
    else:
        assert not ours


@pytest.mark.parametrize("category", [UserWarning, RuntimeWarning, ResourceWarning, SyntaxWarning])
def test_any_other_warning_counts_wherever_it_is(category: type[Warning]) -> None:
    """A dependency that says that it is used wrongly is right to be heard."""
    with pytest.raises(category):
        warnings.warn_explicit("wrong", category, "twilio.py", 1, module="twilio")


@pytest.mark.parametrize(
    ("module", "ours"),
    [("/venv/lib/python3.14/site-packages/tencentcloud/common", False), ("/x/bridge", True)],
)
def test_syntax_counts_where_it_is_ours(module: str, ours: bool) -> None:
    """The compiler names a module by its path; Python 3.14 warns of a `return` in a `finally`."""
    try:
        warnings.warn_explicit(
            "'return' in a 'finally' block", SyntaxWarning, f"{module}.py", 1, module=module
        )
    except SyntaxWarning:
        assert ours
    else:
        assert not ours
