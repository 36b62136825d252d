"""Where the web and a worker's metrics listen: read and tried before anything starts."""

import errno
import os
import re
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .faults import Fault, SettingsFaults

BIND, WORKERS, THREADS = "SMS_BRIDGE_BIND", "SMS_BRIDGE_WEB_WORKERS", "SMS_BRIDGE_WEB_THREADS"
DEFAULT_BIND = "127.0.0.1:8000"
_MOST_WORKERS, _THREADS = 4, 8
_INHERITED = ("GUNICORN_FD", "LISTEN_FDS")
"""Variables by which a web is handed sockets that listen already."""
_ADDRESS = re.compile(
    r"(tcp://)?(\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:\[\]/]*))(:(?P<port>[0-9]{1,5}))?"
)
_FORM = "Write HOST:PORT such as 127.0.0.1:8000, [::1]:8000 or 0.0.0.0:8000, or unix:/PATH."
_PORTS = 65_535
_REASONS = {
    errno.EADDRNOTAVAIL: "is no address of this machine. Name one that it has.",
    errno.EACCES: "may not be listened at by this user. Ports below 1024 are root's.",
}


@dataclass(frozen=True, slots=True)
class Web:
    """How the web is to be started."""

    bind: str
    workers: int
    threads: int


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen at."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class PortInUse(Exception):
    """Somebody listens there already."""


def web_of(environ: Mapping[str, str]) -> Web:
    """Return what the environment says of the web. Raises SettingsFaults with all that is wrong."""
    faults: list[Fault] = []
    bind = environ.get(BIND) or DEFAULT_BIND
    for address in bind.split(","):
        try:
            address_of(BIND, address)
        except SettingsFaults as error:
            faults += error.faults
    workers = _number(environ, WORKERS, min(os.cpu_count() or 1, _MOST_WORKERS), faults)
    threads = _number(environ, THREADS, _THREADS, faults)
    if faults:
        raise SettingsFaults(faults)
    return Web(bind, workers, threads)


def address_of(name: str, address: str) -> Address | None:
    """Return the host and port of an address as gunicorn has it, None for a file. Raises SettingsFaults.

    `name` is the setting that says it.
    """
    address = address.strip()
    if path := re.fullmatch(r"unix:(?://)?(.+)", address):
        folder = Path(path[1]).absolute().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _fault(name, f"No socket can be made in the folder {folder}.", "Make it, for this user.")
        return None
    if re.fullmatch(r"fd://[0-9]+", address):
        return None
    found = _ADDRESS.fullmatch(address)
    if not found or int(found["port"] or 0) > _PORTS:
        raise _fault(name, f"{address!r} is no address to listen at.", _FORM)
    return Address(found["six"] or found["host"] or "0.0.0.0", int(found["port"] or 8000))  # noqa: S104


def try_address(name: str, address: Address) -> None:
    """Listen there for a moment. Raises SettingsFaults, or PortInUse with a sentence."""
    try:
        [(family, kind, _, _, where), *_] = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        with closing(socket.socket(family, kind)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(where)
            trial.listen(1)
    except (socket.gaierror, UnicodeError):
        raise _fault(name, f"{address.host} is no host that this machine knows.", _FORM) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"Somebody listens at {address} already.") from None
        reason = _REASONS.get(error.errno or 0, f"cannot be listened at ({error.strerror}).")
        raise _fault(name, f"{address} {reason}") from None


def require_addresses(name: str, addresses: str, environ: Mapping[str, str]) -> None:
    """Raise SettingsFaults unless a web that starts now can listen at all these addresses, commas between."""
    if any(environ.get(one) for one in _INHERITED):
        return
    for written in addresses.split(","):
        address = address_of(name, written)
        try:
            if address is not None:
                try_address(name, address)
        except PortInUse as busy:
            raise _fault(name, str(busy), "End that program, or name another port.") from None


def _number(environ: Mapping[str, str], name: str, default: int, faults: list[Fault]) -> int:
    text = environ.get(name) or str(default)
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", text):
        faults.append(Fault(name, f"{text!r} is no number from 1 to 9999.", "Correct it, or leave it out."))
        return default
    return int(text)


def _fault(name: str, problem: str, advice: str = "") -> SettingsFaults:
    return SettingsFaults([Fault(name, problem, advice)])
