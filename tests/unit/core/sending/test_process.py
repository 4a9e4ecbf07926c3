from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import Any

import pytest

from console.core import processes
from console.core.sending.process import (
    COMPANION_VARIABLE,
    Locator,
    companion,
    companion_lives,
    dispatcher_alive,
    ensure_dispatcher,
    request_stop,
    running_dispatchers,
)


def test_the_dispatcher_needs_no_qt() -> None:
    script = "import sys, console.headless; sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_locator_travels_through_a_pipe() -> None:
    locator = Locator(url="sqlite:////a/b.db", key=b"k" * 32)
    assert Locator.load(io.BytesIO(locator.dump())) == locator
    server = Locator(url="postgresql+psycopg://u:p@h/d", key=None)
    assert Locator.load(io.BytesIO(server.dump())) == server


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"url": 1}\n', b'{"url": "x", "key": "zz"}\n'])
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        Locator.load(io.BytesIO(line))


def test_one_is_started_found_and_stopped(ctx: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, until: Any) -> None:
    """The real process, as the window starts it: detached, with its key through a pipe."""
    from dataclasses import replace

    from console.core.clock import SystemClock

    monkeypatch.setenv("BRANCH_SMS_HOME", str(tmp_path))
    ctx = replace(ctx, clock=SystemClock())
    assert not dispatcher_alive(ctx)
    assert ensure_dispatcher(ctx)
    until(lambda: dispatcher_alive(ctx), 40)
    running = running_dispatchers(ctx)[0]
    assert running.here
    assert not ensure_dispatcher(ctx)
    request_stop(ctx)
    assert processes.wait_for_end(running.pid, 30)
    assert not dispatcher_alive(ctx)


def test_it_ends_with_the_process_it_belongs_to(
    ctx: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, until: Any
) -> None:
    """The window of a demo is killed: nothing asks its dispatcher to stop."""
    from dataclasses import replace

    from console.core.clock import SystemClock

    window = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setenv("BRANCH_SMS_HOME", str(tmp_path))
    monkeypatch.setenv(COMPANION_VARIABLE, f"{window.pid}:{processes.started_at(window.pid)}")
    ctx = replace(ctx, clock=SystemClock())
    assert ensure_dispatcher(ctx)
    until(lambda: dispatcher_alive(ctx), 40)
    running = running_dispatchers(ctx)[0]
    window.kill()
    window.communicate()
    assert processes.wait_for_end(running.pid, 30)
    assert not dispatcher_alive(ctx)


def test_a_process_knows_itself_and_no_other_with_its_number() -> None:
    assert companion_lives(companion())
    assert not companion_lives(f"{os.getpid()}:0.0")
    assert not companion_lives("")


def test_a_wrong_key_is_told_in_one_line(sqlite_database: Any, tmp_path: Any) -> None:
    locator = Locator(url=sqlite_database.url, key=b"wrong" * 6 + b"xx")
    argv = processes.command("dispatch", "--locator-from-stdin", "--log-folder", str(tmp_path))
    done = subprocess.run(argv, input=locator.dump(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.decode().strip() == "branch-sms dispatch: the key does not open the database"
