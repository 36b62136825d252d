"""Kannel over the same work, where Debian's package of it is installed: the peer that is measured beside."""

import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bridge.plugin.http import Session
from tests.campaign.processes import Program, free_port, python

from .measuring import cpu_seconds

BEARERBOX, SMSBOX = Path("/usr/sbin/bearerbox"), Path("/usr/sbin/smsbox")
_SILENCE_S = 10.0
"""So long after the latest receipt no other is waited for: Kannel loses those that overtake its own note."""
_CONFIG = """
group = core
admin-port = {admin}
admin-password = benchmark
smsbox-port = {box}
log-file = {folder}/bearerbox.log
log-level = 4
store-type = spool
store-location = {folder}/spool
dlr-storage = internal
box-allow-ip = 127.0.0.1

group = smsc
smsc = http
system-type = generic
smsc-id = carrier
port = {inbound}
smsc-username = u
smsc-password = p
connect-allow-ip = 127.0.0.1
max-pending-submits = 64
no-sep = true
send-url = "{carrier}/send?to=%p&text=%b"
status-success-regex = "OK"
status-permfail-regex = "BAD"
status-tempfail-regex = "TRY"
generic-foreign-id-regex = "id=(v[0-9]+)"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sends}
log-file = {folder}/smsbox.log
log-level = 4
global-sender = Acme

group = sendsms-user
username = u
password = p
max-messages = 1
"""


class Measured(NamedTuple):
    """What the work took: messages a second, processor seconds a million, receipts that never came."""

    per_s: float
    cpu: float
    lost: int


def measured(folder: Path, messages: int) -> Measured | None:
    """Send so many messages through Kannel. Returns None where it is not installed."""
    if not (BEARERBOX.exists() and SMSBOX.exists()):
        return None
    (folder / "spool").mkdir(parents=True)
    ports = {name: free_port() for name in ("admin", "box", "inbound", "sends")}
    report = f"http://127.0.0.1:{ports['inbound']}/?username=u&password=p&from=Acme&to={{to}}&dlr-mask=1&dlr-mid={{id}}"
    with ExitStack() as stack:
        http = stack.enter_context(Session())
        carrier = _address(stack, folder, "carrier", report)
        customer = _address(stack, folder, "customer")
        config = folder / "kannel.conf"
        config.write_text(_CONFIG.format(folder=folder, carrier=carrier, **ports))
        boxes = []
        for program in (BEARERBOX, SMSBOX):
            box = Program([str(program), str(config)], folder / f"{program.name}.out", {})
            boxes.append(stack.enter_context(box))
            time.sleep(2)
        pids = [box.process.pid for box in boxes if box.process]
        before, began = sum(map(cpu_seconds, pids)), time.monotonic()
        url = (
            f"http://127.0.0.1:{ports['sends']}/cgi-bin/sendsms?username=u&password=p&to=1202555{{n:07d}}"
            f"&text=Your%20code%20is%20{{n:06d}}.&dlr-mask=1&dlr-url={customer}/told"
        )
        subprocess.run(python("-m", "tests.benchmarks.peers", "driver", url, str(messages)), check=True)
        told, ended = _told(http, customer, messages)
        used = sum(map(cpu_seconds, pids)) - before
    return Measured(told / (ended - began), used * 1e6 / messages, messages - told)


def _address(stack: ExitStack, folder: Path, *role: str) -> str:
    log = folder / f"{role[0]}.log"
    stack.enter_context(Program(python("-m", "tests.benchmarks.peers", *role), log, {}))
    while "\n" not in (found := log.read_text() if log.exists() else ""):
        time.sleep(0.05)
    return found.splitlines()[0]


def _told(http: Session, customer: str, messages: int) -> tuple[int, float]:
    """Wait for all receipts, or until no more come. Returns how many came, and when the last did."""
    told, at = 0, time.monotonic()
    while told < messages and time.monotonic() - at < _SILENCE_S:
        time.sleep(0.05)
        now = int(http.get(f"{customer}/count").json()["count"])
        told, at = (now, time.monotonic()) if now != told else (told, at)
    return told, at
