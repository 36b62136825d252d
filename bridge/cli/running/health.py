"""`sms-bridge healthy`: what a container or a load balancer asks of the web on this machine."""

from urllib.parse import urlsplit

import click
import requests

from bridge.plugin.http import Session

from ..terminal.telling import Trouble, say

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not listened on


@click.command()
@click.option(
    "--bind", envvar="SMS_BRIDGE_BIND", default="127.0.0.1:8000", show_envvar=True, show_default=True
)
@click.option("--ready", is_flag=True, help="Also the database and a worker, as /readyz has it.")
@click.option("--timeout", type=click.FloatRange(0.1), default=4.0, show_default=True, help="Seconds.")
def healthy(bind: str, ready: bool, timeout: float) -> None:
    """Ask the web of this machine how it is. Exit status 1 when it is not well, 2 when nobody answers."""
    url = f"http://{_address(bind)}/{'readyz' if ready else 'healthz'}"
    with Session(timeout=(timeout, timeout)) as session:
        try:
            answer = session.get(url)
        except requests.RequestException as error:
            raise Trouble(f"{url} does not answer: {type(error).__name__}.") from None
    say(answer.text.strip())
    if answer.status_code != requests.codes.ok:
        raise SystemExit(1)


def _address(bind: str) -> str:
    """Return where to connect for gunicorn's way of writing where it listens."""
    parsed = urlsplit(f"//{bind.split(',')[0].strip()}")
    host = _ANYWHERE.get(parsed.hostname or "", parsed.hostname or "")
    try:
        port = parsed.port or 8000
    except ValueError:
        raise Trouble(f"{bind} is no HOST:PORT.") from None
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
