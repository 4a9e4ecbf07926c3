"""The emulated device by itself: its command line, its control channel, its end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from gsm.emulator.client import EmulatorProcess

Ask = Callable[[str], list[str]]


@pytest.fixture
def ask(emulator: EmulatorProcess) -> Iterator[Ask]:
    """Type a line, get the lines that answer it (echo left out)."""
    host, port = emulator.address.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:

        def say(text: str, end: str = "\r") -> list[str]:
            typed = (text + end).encode()
            line.sendall(typed)
            heard = answer = b""
            while not answer.endswith((b"OK\r\n", b"ERROR\r\n", b"> ", b"0\r", b"4\r")) and b"ERROR:" not in answer:
                heard += line.recv(4096)
                answer = heard.removeprefix(typed)
            lines = [part.strip() for part in answer.decode("latin-1").replace("\n", "\r").split("\r")]
            return [part for part in lines if part and part != text]

        yield say


def test_command_lines(ask: Ask) -> None:
    assert ask("AT") == ["OK"]
    assert ask("at") == ["OK"]
    assert ask("ATE0V1Q0&D2S0=0X4") == ["OK"]
    assert ask("AT+CMEE=1;+CMGF=0;+CSQ") == ["+CSQ: 20,99", "OK"]
    assert ask("AT+CREG?;+CMEE?") == ["+CREG: 0,1", "+CMEE: 1", "OK"]
    assert ask("AT+NOSUCH") == ["ERROR"]
    assert ask("ATD123") == ["ERROR"]
    assert ask("AT+CSMS=7") == ["+CMS ERROR: 303"]
    assert ask("AT+CMEE=2;+CSMS=7") == ["+CMS ERROR: operation not supported"]
    assert ask("ATI") == ["Emulated", "EM-1", "Revision: 1.0.0", "OK"]
    assert ask("ATV0") == ["0"]


def test_text_mode_and_damaged_pdus(ask: Ask, emulator: EmulatorProcess) -> None:
    ask("ATE0;+CMEE=1")
    assert ask("AT+CMGF=1") == ["OK"]
    assert ask('AT+CMGS="+8613800138000"') == [">"]
    assert ask("hello", "\x1a") == ["+CMGS: 0", "OK"]
    ask("AT+CMGF=0")
    for body in ("zz", "0011", "0001000B916407281553F800000AE8329BFD4697D9EC37"):
        assert ask("AT+CMGS=23") == [">"]
        assert ask(body, "\x1a") == ["+CMS ERROR: 304"]
    assert ask("AT+CMGS=22") == [">"]
    assert ask("0001000B916407281553F800000AE8329BFD4697D9EC37", "\x1b") == ["OK"]
    assert [entry["text"] for entry in emulator.accepted()] == ["hello"]


def test_control_refuses_nonsense_and_lives_on(emulator: EmulatorProcess) -> None:
    for request in (
        lambda: emulator.do("nonsense"),
        lambda: emulator.set(no_such=1),
        lambda: emulator.set(latency_ms="fast"),
        lambda: emulator.rule("CMGS", "never", "error"),
        lambda: emulator.rule("CMGS", "body", "explode"),
        lambda: emulator.inbound("10086", "x", parts=[9]),
        lambda: emulator.do("pdu", pdu="zz"),
    ):
        with pytest.raises(ValueError, match=r".+"):
            request()
    assert emulator.stats()["accepted"] == 0


def test_goes_on_after_its_user_has_left(emulator: EmulatorProcess) -> None:
    host, port = emulator.address.removeprefix("socket://").split(":")
    for _ in range(3):
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(b"AT\r")
            assert line.recv(100)


def test_ends_with_its_parent() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gsm.emulator", "--follow-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        ready = json.loads(process.stdout.readline())
        assert set(ready) == {"address", "control"}
        process.stdin.close()
        assert process.wait(20) == 0
