"""`sms-bridge sign`: a request as Quick Audience would sign it, to try the bridge by hand."""

import shlex
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import click

from bridge.contract import signing

from .terminal.opening import channel_named, settings_of_bridge


@click.command()
@click.argument("channel")
@click.argument("path", default="/sms/smsSign/Acme")
@click.option("--base", default="http://127.0.0.1:8000", show_default=True, help="Where the bridge listens.")
@click.option("--method", default="GET", show_default=True)
@click.option("--data", help="The JSON body, or @FILE.")
def sign(channel: str, path: str, base: str, method: str, data: str | None) -> None:
    """Print a curl command for PATH of CHANNEL, signed with its key and good for a few minutes."""
    settings = channel_named(settings_of_bridge(), channel)
    query, signature = signing.fresh(settings.signing_key, datetime.now(UTC))
    # As it is typed, a name may hold what no address may: blanks, Chinese. What is encoded already stays so.
    named = quote(path.lstrip("/"), safe="/%:")
    url = f"{base.rstrip('/')}/{channel}/{named}?{urlencode(query)}"
    words = ["curl", "-sS", "-X", method, "-H", f"{signing.HEADER}: {signature}"]
    if data is not None:
        words += ["-H", "Content-Type: application/json", "--data-binary", data]
    # Not masked: the timestamp and the body must stay as they are.
    click.echo(shlex.join([*words, url]))
