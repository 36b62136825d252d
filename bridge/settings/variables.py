"""The variables that `env:NAME` refers to: the process's own, then those of `env_file`.

systemd gives services the variables of an EnvironmentFile; a shell has none of them. Both read one file.
"""

import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .faults import Fault

_PATH = "bridge.env_file"
_OWNER_S = stat.S_IRUSR | stat.S_IWUSR


def with_file(
    environ: Mapping[str, str], tree: Mapping[str, Any], folder: Path
) -> tuple[Mapping[str, str], list[Fault]]:
    """Return the variables with those of the file that `env_file` names, if it names one, and its faults."""
    bridge = tree.get("bridge")
    name = bridge.get("env_file") if isinstance(bridge, dict) else None
    if not name or not isinstance(name, str):
        return environ, []
    path = folder / name
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & ~_OWNER_S:
                problem = (
                    f"The file {path} lets more happen than its owner read and write it (mode {mode:04o})."
                )
                return environ, [Fault(_PATH, problem, f"Run: chmod 0600 {shlex.quote(str(path))}")]
            return {**_read(file.read()), **environ}, []
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        if isinstance(error, PermissionError) and environ:
            # A service has its variables from systemd, and may not be able to read root's file.
            return environ, []
        return environ, [
            Fault(_PATH, f"The file {path} cannot be read ({why}).", "Create it with mode 0600.")
        ]


def _read(text: str) -> dict[str, str]:
    """Read lines as systemd does: no comments, and a value without the quotes around it."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith(("#", ";")):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name.removeprefix("export ").strip()] = value
    return found
