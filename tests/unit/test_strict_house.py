"""The house rules of ``tests/conftest.py`` really fail a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CASES = """
import logging, socket, warnings
import pytest

def test_quiet():
    logging.getLogger("x").info("fine")

def test_log():
    logging.getLogger("x").warning("surprise")

@pytest.mark.expects_log("surp.*ise")
def test_announced_log():
    logging.getLogger("x").warning("surprise")

@pytest.mark.expects_log("surprise")
def test_log_that_does_not_come():
    pass

def test_traffic_even_when_it_is_swallowed():
    with pytest.raises(OSError):
        socket.create_connection(("203.0.113.1", 80), timeout=1)

def test_local_traffic():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_warning():
    warnings.warn("careful")
"""


def test_strict_house(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((Path(__file__).parent.parent / "conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_cases.py").write_text(CASES)
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-rA", "-q", "--rootdir"]
    done = subprocess.run([*command, str(tmp_path), str(tmp_path)], capture_output=True, text=True, check=False)
    ended = {
        line.split("::")[1].split(" ")[0]: line.split(" ")[0]
        for line in done.stdout.splitlines()
        if "::" in line and line.startswith(("PASSED", "FAILED", "ERROR"))
    }
    assert ended == {
        "test_quiet": "PASSED",
        "test_log": "ERROR",
        "test_announced_log": "PASSED",
        "test_log_that_does_not_come": "ERROR",
        "test_traffic_even_when_it_is_swallowed": "ERROR",
        "test_local_traffic": "PASSED",
        "test_warning": "FAILED",
    }
