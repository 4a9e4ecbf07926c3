"""Other people's programs take the emulated device for a modem, so it is not merely our driver's mirror.

Debian packages ``gammu`` and ``smstools``; where they are not installed, nothing is shown.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gsm.emulator.client import EmulatorProcess

Until = Callable[..., None]


@pytest.fixture
def device() -> Iterator[EmulatorProcess]:
    """A device of its own: these programs may hold the port for a while after they were ended."""
    with EmulatorProcess(pty=True, settings={"boot_ms": 0}) as process:
        yield process


TEXT = "您的贷款将于11月28日到期，请按时还款。" * 4


@pytest.mark.skipif(shutil.which("gammu") is None, reason="gammu is not installed")
def test_gammu(device: EmulatorProcess, tmp_path: Path, until: Until) -> None:
    config = tmp_path / "gammurc"
    config.write_text(f"[gammu]\ndevice={device.address}\nconnection=at115200\n")

    def gammu(*arguments: str) -> str:
        command = [shutil.which("gammu") or "", "-c", str(config), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True, env={**os.environ, "LANG": "C.UTF-8"}
        )
        return done.stdout

    assert "490154203237518" in gammu("identify")
    assert "home network" in gammu("networkinfo")
    gammu("sendsms", "TEXT", "+8613800138000", "-text", "hello {x} [y]")
    gammu("sendsms", "TEXT", "+8613800138000", "-unicode", "-len", "400", "-text", TEXT)
    texts = [entry["text"] for entry in device.accepted()]
    assert texts[0] == "hello {x} [y]"
    assert "".join(texts[1:]) == TEXT
    device.inbound("+8613900001111", "回复R")
    until(lambda: device.stats()["stores"]["SM"] == 1)
    assert "回复R" in gammu("getallsms")


@pytest.mark.skipif(shutil.which("smsd") is None, reason="smstools is not installed")
def test_smstools(device: EmulatorProcess, tmp_path: Path, until: Until) -> None:
    device.fresh(persona="stored")
    folders = {name: tmp_path / name for name in ("outgoing", "checked", "failed", "incoming", "sent", "report")}
    for folder in folders.values():
        folder.mkdir()
    settings = "".join(f"{name}={folder}\n" for name, folder in folders.items())
    config = tmp_path / "smsd.conf"
    config.write_text(
        f"devices=M1\n{settings}logfile={tmp_path / 'log'}\ninfofile={tmp_path / 'running'}\n"
        f"pidfile={tmp_path / 'pid'}\ndelaytime=1\n[M1]\ndevice={device.address}\nincoming=yes\nreport=yes\n"
    )
    for number in range(3):
        message = f"To: 861380013800{number}\nAlphabet: UTF-8\n\n贷款到期 {number}\n"
        (folders["outgoing"] / f"m{number}").write_text(message, encoding="utf-8")
    device.inbound("+8613900001111", "回复R")
    program = subprocess.Popen(
        [shutil.which("smsd") or "", "-t", "-c", str(config)], stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until(lambda: len(list(folders["sent"].iterdir())) == 3, 60)
        until(lambda: len(list(folders["incoming"].iterdir())) == 1, 60)
    finally:
        os.killpg(program.pid, signal.SIGTERM)  # it has a process for each modem
        program.wait(30)
    # As a set: it sends again what is not answered within a second or so, on a busy machine too.
    assert {entry["text"].strip() for entry in device.accepted()} == {f"贷款到期 {n}" for n in range(3)}
