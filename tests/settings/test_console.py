"""The `[console]` table: what it needs, and what is said where something is wrong."""

from pathlib import Path

import pytest

from bridge.settings import SettingsFaults, cautions, load

from .test_loading import BASE, CHANNEL, written

CONSOLES = [
    ('secret = "short"\nurl = "https://x.example.com"', [("console.secret", "The secret has 32 characters")]),
    (f'secret = "{"s" * 32}"', [("console.url", "Nobody knows the console's address")]),
    ("", [("console.secret", "This setting is missing."), ("console.url", "Nobody knows")]),
    (
        f'secret = "{"s" * 32}"\nurl = "https://x.example.com"\n[console.sign_on]\nissuer = "https://y.example.com"',
        [
            ("console.sign_on.client_id", "This setting is missing."),
            ("console.sign_on.client_secret", "This setting is missing."),
        ],
    ),
    (
        f'secret = "{"s" * 32}"\nurl = "https://x.example.com"\n[console.sign_on]\n'
        'issuer = "https://y.example.com"\nclient_id = "a"\nclient_secret = "b"',
        [("console.sign_on.roles", "No value of the claim gives a role")],
    ),
]


@pytest.mark.parametrize(("table", "expected"), CONSOLES)
def test_faults_of_the_console(tmp_path: Path, table: str, expected: list[tuple[str, str]]) -> None:
    """Each at its own place."""
    path = written(tmp_path, f"{CHANNEL}\n[console]\n{table}\n")
    with pytest.raises(SettingsFaults) as caught:
        load(path, BASE)
    found = [(fault.path, fault.problem) for fault in caught.value.faults]
    assert [path for path, _ in found] == [path for path, _ in expected]
    for (_, problem), (_, begin) in zip(found, expected, strict=True):
        assert problem.startswith(begin)


@pytest.mark.parametrize(
    ("url", "cautioned"),
    [("https://sms.example.com", False), ("http://sms.example.com", True), ("http://127.0.0.1:8000", False)],
)
def test_a_console_over_http_is_cautioned(tmp_path: Path, url: str, cautioned: bool) -> None:
    """Browsers keep its session over https, and on the machine itself."""
    path = written(tmp_path, f'{CHANNEL}\n[console]\nsecret = "{"s" * 32}"\nurl = "{url}"\n')
    paths = [fault.path for fault in cautions(load(path, BASE))]
    assert ("console.url" in paths) is cautioned


def test_the_console_s_secrets_are_hidden(tmp_path: Path) -> None:
    """From logs, as all others."""
    table = f'\n[console]\nsecret = "{"s" * 32}"\nurl = "https://x.example.com"\n[console.sign_on]\n'
    table += 'issuer = "https://y.example.com"\nclient_id = "a"\nclient_secret = "b-secret"\n'
    table += 'roles = { x = "viewer" }\n'
    settings = load(written(tmp_path, CHANNEL + table), BASE)
    assert {"s" * 32, "b-secret"} <= settings.secrets()
