"""A whole installation for one test: webs, workers, a carrier, a Quick Audience; all may be killed."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import NamedTuple, Self

import requests

from bridge.ledger import Ledger, open_ledger
from bridge.simulator.callback_server import CallbackServer
from bridge.simulator.inspection import Rules
from bridge.simulator.quick_audience import Line, Marketer, NoAnswer, QuickAudience, TemplateForm

from .carriers import CarrierProcess
from .processes import Program, free_port, python

KEY = "campaign-key-0123456789"
TASK_ID = "2048"
_HOOK_TOKEN = "campaign-hook-token-0123"
_GUNICORN = ("-m", "gunicorn", "-c", "config/gunicorn.py", "-b")
_HOOK_LINE = f'hook_token = "{_HOOK_TOKEN}"'
_CONFIG = """
[bridge]
database = "{database}"
public_url = "http://127.0.0.1:{port}"
metrics_dir = "{folder}/metrics"
lease_s = 8
clocks_apart_s = 0
poll_idle_s = 0.1
dispatch_threads = 4
{logs}

[channels.promo]
platform_name = "Acme SMS"
key = "{key}"
callback_url = "{callbacks}"
{hook}
allow_private = true
reconcile_after_s = 1
poll_s = 2
receipt_late_s = 5
{vendor}
{channels}
"""


class Extra(NamedTuple):
    """What is added to the usual configuration: lines of the bridge's table, other channels, variables."""

    logs: str = 'log_format = "text"'
    channels: str = ""
    environ: Mapping[str, str] = MappingProxyType({})


NOTHING_MORE = Extra()


class Rig:
    """Use as a context manager. `webs` and `workers` are the programs to kill; the first web is the front."""

    def __init__(
        self,
        database_url: str,
        carrier: CarrierProcess,
        folder: Path,
        *,
        webs: int = 1,
        workers: int = 2,
        extra: Extra = NOTHING_MORE,
    ) -> None:
        self.database_url = database_url
        self.carrier = carrier
        self.folder = folder
        self.callbacks = CallbackServer(Rules(KEY), hold_s=3)
        ports = [free_port() for _ in range(webs)]
        self._write_config(ports[0], extra)
        carrier.aim(f"http://127.0.0.1:{ports[0]}/hooks/promo/{_HOOK_TOKEN}/")
        environ = {
            "SMS_BRIDGE_CONFIG": str(folder / "bridge.toml"),
            "SMS_BRIDGE_WEB_WORKERS": "1",
            **extra.environ,
        }
        self.webs = [
            Program(python(*_GUNICORN, f"127.0.0.1:{port}", "wsgi:app"), folder / f"web-{port}.log", environ)
            for port in ports
        ]
        self.workers = [
            Program(python("-m", "bridge.cli", "worker"), folder / f"worker-{number}.log", environ)
            for number in range(workers)
        ]
        # One tenant by whatever way: the same request names the same campaign.
        self.fronts = [
            QuickAudience(
                f"http://127.0.0.1:{port}/promo", KEY, marketer=Marketer(task_id=TASK_ID), line=Line(120)
            )
            for port in ports
        ]
        self.ledger: Ledger = open_ledger(database_url, pool_size=2)

    def _write_config(self, port: int, extra: Extra) -> None:
        (self.folder / "bridge.toml").write_text(
            _CONFIG.format(
                database=self.database_url,
                folder=self.folder,
                port=port,
                key=KEY,
                hook="" if "accounts" in (vendor := self.carrier.settings()) else _HOOK_LINE,
                callbacks=self.callbacks.url,
                vendor=vendor,
                logs=extra.logs,
                channels=extra.channels.format(callbacks=self.callbacks.url),
            )
        )

    def __enter__(self) -> Self:
        self.callbacks.start()
        for program in (*self.webs, *self.workers):
            program.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for program in (*self.webs, *self.workers):
            program.kill()
        for front in self.fronts:
            front.close()
        self.callbacks.close()
        self.ledger.close()
        self.carrier.close()

    def template(self) -> str:
        """Create a template with a variable and wait for its review. Returns its code."""
        front = self.fronts[0]
        front.query_sign(self.carrier.sign)
        code = front.create_text_template(TemplateForm("Spring", "尊敬的${name}，春季上新。", 1, "campaign"))
        self.await_(lambda: front.query_text_template(code)["templateStatus"] == 1, 120, "the review")
        return code

    def await_(self, done: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait for something; fails with the ends of all logs."""
        deadline = time.monotonic() + timeout_s
        while not self._soon(done):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come in {timeout_s} s\n{self.state()}\n{self.logs()}")
            time.sleep(0.2)

    @staticmethod
    def _soon(done: Callable[[], bool]) -> bool:
        try:
            return done()
        except (NoAnswer, requests.RequestException):
            return False

    def state(self) -> str:
        """Return what still waits, and how far everybody is."""
        received = {out_id: len(numbers) for out_id, numbers in self.callbacks.inbox.receipts.items()}
        return (
            f"carrier {self.carrier.accepted().total()}, receipts {received}, ledger {self.ledger.gauges()}, "
            f"outbox {self.ledger.outbox.waiting('promo')}"
        )

    def logs(self, lines: int = 15) -> str:
        """Return the ends of all logs."""
        return "\n".join(
            f"--- {' '.join(program._command[2:4])}\n" + "\n".join(program.log().splitlines()[-lines:])
            for program in (*self.webs, *self.workers)
        )

    def receipts(self, out_id: str) -> dict[str, str]:
        """Number to final code, as Quick Audience received it."""
        return {
            phone: receipt.code for phone, receipt in self.callbacks.inbox.receipts.get(out_id, {}).items()
        }

    def idle(self) -> bool:
        """Return True when nothing waits any more: no batch, no push."""
        return not self.ledger.gauges() and self.ledger.outbox.waiting("promo")[0] == 0
