from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from console.core import processes


def test_a_detached_process_reads_its_secret_from_standard_input(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    script = "import sys, os; print(sys.stdin.read(), os.getsid(0) == os.getpid() if hasattr(os, 'getsid') else True)"
    pid = processes.spawn_detached([sys.executable, "-c", script], stdin=b"secret", log=log)
    assert processes.wait_for_end(pid, 20)
    assert log.read_text().split() == ["secret", "True"]
    assert not processes.is_alive(pid)


def test_a_process_is_alive_until_it_is_terminated() -> None:
    pid = processes.spawn_detached([sys.executable, "-c", "import time; time.sleep(60)"])
    started = processes.started_at(pid)
    assert started is not None
    assert abs(started - time.time()) < 30
    assert not processes.wait_for_end(pid, 0.05)
    processes.terminate(pid)
    assert processes.wait_for_end(pid, 20)
    assert not processes.is_alive(pid)
    processes.terminate(pid)  # harmless


def test_a_process_of_another_parent_can_be_waited_for() -> None:
    parent = psutil.Process(os.getppid())
    assert processes.is_alive(parent.pid)
    assert not processes.wait_for_end(parent.pid, 0.05)


def test_the_program_starts_itself_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.command("dispatch") == [sys.executable, "-m", "console", "dispatch"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert processes.command("dispatch") == [sys.executable, "dispatch"]


def test_a_private_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "private"
    processes.write_private(path, b"one")
    processes.write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize(
    ("platform", "display", "wayland", "missing"),
    [
        ("", "", "", True),
        ("", ":0", "", False),
        ("", "", "wayland-0", False),
        ("offscreen", "", "", False),
        ("minimal", "", "", False),
        ("xcb", "", "wayland-0", True),
        ("wayland", ":0", "", True),
        ("wayland;xcb", "", "", True),
        ("xcb", ":0", "", False),
    ],
)
def test_a_missing_display_is_seen_before_qt_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, platform: str, display: str, wayland: str, missing: bool
) -> None:
    for name, value in (("QT_QPA_PLATFORM", platform), ("DISPLAY", display), ("WAYLAND_DISPLAY", wayland)):
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    assert processes.display_missing() is missing


def test_the_age_of_this_process_is_counted_from_its_start() -> None:
    script = (
        "import time; begun = time.monotonic(); from console.core.processes import process_age;"
        "print(process_age() - (time.monotonic() - begun))"
    )
    before = time.monotonic()
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert -0.02 <= float(told) <= time.monotonic() - before  # what Python itself needs before the first line
