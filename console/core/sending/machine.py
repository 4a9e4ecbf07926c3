"""Which computer this is, for rows that several computers write: two may have the same name."""

from __future__ import annotations

import secrets
import socket

from console.core import paths
from console.core.processes import write_private

_LONGEST_NAME = 40
_MARK = "machine"


def host_name() -> str:
    return socket.gethostname()


def machine_id() -> str:
    """The name with the mark of this installation; the name alone where no dispatcher has ever run."""
    try:
        mark = (paths.data_folder() / _MARK).read_text("ascii").strip()[:16]
    except (OSError, ValueError):
        mark = ""
    name = host_name()[:_LONGEST_NAME]  # a clone of the installation has another name
    return f"{name}-{mark}" if mark else name


def mark_machine() -> str:
    """``machine_id`` with a mark that is made at random unless there is one."""
    try:
        if not (paths.data_folder() / _MARK).exists():
            write_private(paths.data_folder() / _MARK, secrets.token_hex(8).encode())
    except OSError:
        pass  # then the name has to do
    return machine_id()
