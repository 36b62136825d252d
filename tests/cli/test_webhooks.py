"""`sms-bridge webhooks`: what was refused is shown masked, and saved as it came."""

import re
import time

from bridge.ledger import RefusedWebhook
from bridge_http.describing import read_webhook

from .conftest import CONFIG, Desk

TOKEN = "hook-token-0123456789"
NUMBER = "13800138000"


def refused(desk: Desk) -> RefusedWebhook:
    """Return a webhook that the channel promo refused, in a shell that has no key of a channel."""
    written = CONFIG.replace('callback_url = "{callback}"', f'receipts = "pull"\nhook_token = "{TOKEN}"')
    desk.write(re.sub(r"^key = .*$", 'key = "env:NO_SUCH_KEY"', written, flags=re.M))
    desk.ledger.refused_webhooks.keep(
        RefusedWebhook(
            "promo",
            f"The signature of {NUMBER} is wrong.",
            "POST",
            f"/receipts/{NUMBER}?to=%2B86{NUMBER}",
            {"host": "sms.example.com", "x-sign": "Abc="},
            f'{{"to": "{NUMBER}", "name": "张三"}}'.encode(),
            int(time.time() * 1000),
        )
    )
    [kept] = desk.ledger.refused_webhooks.of("promo")
    return kept


def test_they_are_shown_without_numbers_and_secrets(desk: Desk) -> None:
    kept = refused(desk)
    shown = desk.run("webhooks").output
    assert str(kept.id) in shown
    assert "The signature of" in shown
    assert NUMBER not in shown
    assert TOKEN not in shown
    assert "none" in desk.run("webhooks list --channel other").output


def test_one_is_saved_as_the_recipe_command_reads_it(desk: Desk) -> None:
    kept, file = refused(desk), desk.folder / "saved.txt"
    result = desk.run(f"webhooks save promo {kept.id} {file}")
    assert (result.exit_code, TOKEN in result.output) == (0, False)
    assert file.stat().st_mode & 0o777 == 0o600
    read = read_webhook(file.read_text(encoding="utf-8"))
    assert read.url == f"https://sms.example.com/hooks/promo/{TOKEN}{kept.target}"
    assert (read.method, read.tail) == ("POST", f"/receipts/{NUMBER}")
    assert (read.headers["x-sign"], read.body) == ("Abc=", kept.body)
    again = desk.run(f"webhooks save promo {kept.id} {file}")
    assert (again.exit_code, "File exists" in again.output) == (2, True)
    assert desk.run(f"webhooks save promo 1 {file}2").exit_code == 2
