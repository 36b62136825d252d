"""An operator's desk: a configuration, a ledger, tiny vendors, and the command to run."""

import shlex
import socket
import sys
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.channels import catalogue
from bridge.cli import main
from bridge.ledger import Ledger, StoredTemplate, open_ledger, upgrade
from bridge.plugin import (
    CredentialsRejected,
    DigitalPart,
    Health,
    Kind,
    ReviewStatus,
    TemplateReview,
    TemplateType,
    hookimpl,
)
from bridge.services.snapshots import pack_parts
from tests.channels.tiny import Tiny, plugin_module

CONFIG = """
[bridge]
database = "sqlite:///{folder}/bridge.db"
metrics_dir = "{folder}/metrics"
timezone = "UTC"

[channels.promo]
platform_name = "Acme SMS"
key = "promo-key-0123456789"
vendor = "tiny"
callback_url = "{callback}"
allow_private = true
default = true

[channels.other]
platform_name = "Other SMS"
key = "other-key-0123456789"
vendor = "reviewing"
receipts = "pull"
review = "manual"

[channels.desk]
platform_name = "Desk SMS"
key = "desk-key-0123456789"
vendor = "tiny"
receipts = "pull"
review = "manual"
"""


class Reviewing(Tiny):
    """Reviews templates itself, and its account is broke."""

    name = "reviewing"

    @hookimpl
    def query_template(self) -> TemplateReview:
        return TemplateReview(ReviewStatus.PENDING)

    @hookimpl
    def check_channel(self) -> Health:
        return Health(
            "The balance is used up.", CredentialsRejected("The balance is used up.", code="NO_MONEY")
        )


class Desk:
    """Runs `sms-bridge` as an operator does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = f"sqlite:///{folder}/bridge.db"
        self.config = folder / "bridge.toml"
        self.write(CONFIG)
        self.ledger: Ledger = open_ledger(self.database)
        self.kept: list[socket.socket] = []

    def write(self, text: str, callback: str = "http://127.0.0.1:9") -> None:
        """Replace the configuration."""
        self.config.write_text(text.replace("{folder}", str(self.folder)).replace("{callback}", callback))

    def run(self, command: str, stdin: str | None = None) -> Result:
        """Run one command; nothing may escape as a traceback."""
        result = CliRunner().invoke(main, shlex.split(command), input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def template(self, channel: str, code: str, kind: Kind = Kind.TEXT) -> StoredTemplate:
        """Store a template that waits for its review."""
        text = "Everything must go, ${name}! " * 5
        picture = DigitalPart("png", "sale", url="https://oss.example.com/sale.png")
        digital = pack_parts((picture, DigitalPart("txt", text=text)))
        template = StoredTemplate(
            channel=channel,
            code=code,
            kind=kind,
            type=TemplateType.PROMOTION,
            name="Sale",
            content=digital if kind is Kind.DIGITAL else text,
            remark="",
            sign_name="Acme",
            vendor_code="",
            state="",
            status=ReviewStatus.PENDING,
            reason="",
            created=int(time.time() * 1000),
        )
        self.ledger.templates.save(template)
        return template


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Yield a desk whose database is still empty."""
    module = plugin_module("cli_plugins", vendors=[Tiny, Reviewing])
    monkeypatch.setitem(sys.modules, "cli_plugins", module)
    point = EntryPoint("cli", "cli_plugins", catalogue.GROUP)
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [point])
    desk = Desk(tmp_path)
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(desk.config))
    monkeypatch.setenv("SMS_BRIDGE_BIND", "127.0.0.1:0")  # whoever else listens on this machine
    yield desk
    desk.ledger.close()
    for one in desk.kept:
        one.close()


@pytest.fixture
def desk(bare: Desk) -> Desk:
    """Return a desk with an up-to-date database."""
    upgrade(bare.database)
    return bare
