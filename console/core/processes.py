"""Processes and the few things that differ between Windows and POSIX. Nothing else asks which system it runs on."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

if sys.platform == "win32":
    NO_WINDOW = subprocess.CREATE_NO_WINDOW  # ``creationflags`` of a helper that must not flash a console window
    _APART = NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    NO_WINDOW = 0
    _APART = 0

_children: dict[int, subprocess.Popen[bytes]] = {}  # kept so that a finished child can be reaped, not as state


def command(*verbs: str) -> list[str]:
    """The command line that starts this program again with ``verbs``: the built program, or this interpreter."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *verbs]
    return [sys.executable, "-m", "console", *verbs]


def spawn_detached(
    argv: Sequence[str], *, stdin: bytes = b"", log: Path | None = None, environment: Mapping[str, str] | None = None
) -> int:
    """Start a process that outlives this one and shows no console window; its pid.

    ``stdin`` is written and closed (secrets go this way: arguments and environments can be read by others);
    output goes to ``log`` or nowhere. Raises OSError.
    """
    sink = subprocess.DEVNULL if log is None else log.open("ab")
    try:
        child = subprocess.Popen(  # noqa: S603 - our own command line
            argv,
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=sink,
            env={**os.environ, **environment} if environment else None,
            close_fds=True,
            creationflags=_APART,
            start_new_session=True,  # of no meaning on Windows
        )
    finally:
        if not isinstance(sink, int):
            sink.close()
    assert child.stdin is not None
    with child.stdin as pipe:
        pipe.write(stdin)
    _children[child.pid] = child
    return child.pid


def started_at(pid: int) -> float | None:
    """Seconds since the epoch at which ``pid`` started; None when there is no such process (any more)."""
    _reap(pid)
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def is_alive(pid: int) -> bool:
    return started_at(pid) is not None


def wait_for_end(pid: int, timeout: float) -> bool:
    """Whether ``pid`` has ended within ``timeout`` seconds."""
    child = _children.get(pid)
    try:
        if child is not None:
            child.wait(timeout)
            del _children[pid]
        else:
            psutil.Process(pid).wait(timeout)
    except psutil.NoSuchProcess:
        return True
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        return False
    return True


def terminate(pid: int) -> None:
    """Ask politely where the system knows how; on Windows there is only the hard way."""
    _reap(pid)
    try:
        psutil.Process(pid).terminate()
    except psutil.NoSuchProcess:
        return


def _reap(pid: int) -> None:
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` at once and durably; only this user may read it (on Windows the profile's own rights hold)."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")  # two processes may write at once
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def display_missing() -> bool:
    """True where a window cannot be shown, which Qt would answer by ending the process without a word to catch."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if not sys.platform.startswith(("linux", "freebsd")) or platform not in ("", "xcb", "wayland"):
        return False
    if platform == "xcb":
        return not os.environ.get("DISPLAY")
    if platform == "wayland":
        return not os.environ.get("WAYLAND_DISPLAY")
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def process_age() -> float:
    """Seconds since this process was started. psutil's time of creation is off by up to a second on Linux."""
    if sys.platform == "linux":
        ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]  # starttime, proc(5) field 22
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / float(os.sysconf("SC_CLK_TCK"))
    else:  # noqa: RET505 - the type checker follows the platform only through both branches
        return time.time() - float(psutil.Process().create_time())
