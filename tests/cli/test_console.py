"""`sms-bridge console login`: a link for a person, where there is a console."""

import pytest

from .conftest import CONFIG, Desk

TABLE = '[console]\nsecret = "console-secret-0123456789-0123456789"\nurl = "https://sms.example.com"\n'
LINK = "https://sms.example.com/console/sign-in/"

LOGINS = [
    ("console login --name anna", "anna", "admin"),
    ("console login --name anna --role viewer", "anna", "viewer"),
    ("console login --role operator", None, "operator"),
]


@pytest.mark.parametrize(("command", "name", "role"), LOGINS)
def test_a_link_is_printed_and_written_down(desk: Desk, command: str, name: str | None, role: str) -> None:
    """Without a name it is for who works at this shell."""
    desk.write(CONFIG + TABLE)
    result = desk.run(command)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(LINK)
    [act] = desk.ledger.audit.acts()
    assert (act.what, act.after) == ("console link made", {"role": role})
    assert act.subject == (name or act.who.removeprefix("shell:"))


FAULTS = [
    ("", "There is no console: add a [console] table"),
    ('[console]\nsecret = "env:NO_SUCH_SECRET"\nurl = "https://sms.example.com"\n', "NO_SUCH_SECRET"),
    ('[console]\nsecret = "short"\nurl = "https://sms.example.com"\n', "32 characters or more"),
    ('[console]\nsecret = "console-secret-0123456789-0123456789"\n', "Nobody knows the console's address"),
]


@pytest.mark.parametrize(("table", "text"), FAULTS)
def test_what_is_missing_is_told(desk: Desk, table: str, text: str) -> None:
    """No link is made with a secret that is not the console's."""
    desk.write(CONFIG + table)
    result = desk.run("console login")
    assert (result.exit_code, text in result.output) == (2, True), result.output


@pytest.mark.parametrize("command", ["channels", "campaigns", "audit", "channels pause promo"])
def test_a_shell_without_the_console_s_secret_works(desk: Desk, command: str) -> None:
    """What works on the ledger needs its address only."""
    desk.write(CONFIG + FAULTS[1][0])
    assert desk.run(command).exit_code == 0
