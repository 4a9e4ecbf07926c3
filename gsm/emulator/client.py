"""Start an emulated modem as a process, and talk to its control channel."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_START_SECONDS = 20.0


class EmulatorClient:
    """The control channel of an emulator that runs already; ``control`` is ``host:port``."""

    def __init__(self, control: str) -> None:
        host, port = control.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._file = self._socket.makefile("rw", encoding="utf-8")
        self._lock = threading.Lock()

    def do(self, verb: str, **values: object) -> Any:
        """Raises ValueError when the emulator does not understand, OSError when it is gone."""
        with self._lock:
            self._file.write(json.dumps({"do": verb, **values}, ensure_ascii=False) + "\n")
            self._file.flush()
            line = self._file.readline()
        if not line:
            raise ConnectionError("the emulator is gone")
        answer = json.loads(line)
        if not answer["ok"]:
            raise ValueError(answer["error"])
        return answer["result"]

    def accepted(self, since: int = 0) -> list[dict[str, Any]]:
        """Every part the network accepted: recipient, text, alphabet, reference, at, concat, report, pdu."""
        result: list[dict[str, Any]] = self.do("accepted", since=since)
        return result

    def stats(self) -> dict[str, Any]:
        result: dict[str, Any] = self.do("stats")
        return result

    def set(self, **settings: object) -> None:
        """Fields of ``gsm.emulator.settings.Settings``."""
        self.do("set", **settings)

    def rule(self, on: str, moment: str, action: str, **values: object) -> None:
        """A scripted fault, see ``gsm.emulator.settings.Rule``."""
        self.do("rule", on=on, moment=moment, action=action, **values)

    def clear(self) -> None:
        self.do("clear")

    def fresh(self, **settings: object) -> None:
        """As if it had just started, with these settings on top of those it was started with."""
        self.do("fresh", **settings)

    def inbound(self, sender: str, text: str, **values: object) -> int:
        count: int = self.do("inbound", sender=sender, text=text, **values)
        return count

    def disconnect(self) -> None:
        self._file.close()
        self._socket.close()


class EmulatorProcess(EmulatorClient):
    """``with EmulatorProcess() as emulator: ModemTransport(emulator.address)``.

    ``command`` starts the emulator where ``python -m`` is not to be had (a frozen build).
    """

    def __init__(
        self,
        *,
        pty: bool = False,
        port: int = 0,
        latency_ms: int = 0,
        report_delay_ms: int = 0,
        persona: str = "plain",
        seed: int = 1,
        settings: dict[str, object] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="modem-") if pty else None
        where = ["--pty", "--link", str(Path(self._folder.name) / "modem")] if self._folder else ["--socket", str(port)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [
                *(command or (sys.executable, "-m", "gsm.emulator")),
                *where,
                *("--latency-ms", str(latency_ms), "--report-delay-ms", str(report_delay_ms)),
                *("--persona", persona, "--seed", str(seed), "--set", json.dumps(settings or {}), "--follow-stdin"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        ready = json.loads(self._first_line())
        self.address: str = ready["address"]
        self.control: str = ready["control"]
        super().__init__(self.control)

    def _first_line(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        heard: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=lambda: heard.put(stdout.readline()), daemon=True).start()
        try:
            line = heard.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = b""
        if not line:
            self._end()
            raise RuntimeError("the emulated modem did not start")
        return line

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """At once, as when the plug is pulled for good."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        self.disconnect()
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
