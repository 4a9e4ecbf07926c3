"""Our driver against a bare serial loop, on emulated modems with 50 ms of radio latency and status reports on.

    python tests/bench/bench_modem.py [--messages 500] [--latency-ms 50] [--modems 1] [--reports auto]

The bare loop writes AT+CMGS, waits for the prompt, writes the PDU, waits for OK: nothing can be faster on one modem.
"""

from __future__ import annotations

import argparse
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from gsm.emulator.client import EmulatorProcess
from gsm.encoding import split
from gsm.messages import DeliveryReport, Submit
from gsm.modem.driver import ModemTransport
from gsm.modem.pdu import encode_submit

TEXT = "【示例银行】尊敬的客户，您尾号{:04}的贷款将于11月28日到期，应还3,256.80元，请确保账户余额充足。"


def submits(count: int, line: int = 0) -> list[Submit]:
    return [
        Submit(
            recipient=f"+8613{line % 10}{index:08}", part=split(TEXT.format(index % 10_000))[0], key=f"{line}.{index}"
        )
        for index in range(count)
    ]


def bare_loop(address: str, messages: list[Submit]) -> float:
    """Seconds for all messages, reports ignored."""
    host, port = address.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port))) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heard = b""

        def say(data: bytes, until: Callable[[bytes], bool]) -> None:
            nonlocal heard
            heard = b""
            line.sendall(data)
            while not until(heard):
                heard += line.recv(4096)

        for command in (b"ATE0\r", b"AT+CMGF=0\r", b"AT+CNMI=2,1,0,1,0\r"):
            say(command, lambda data: data.endswith(b"OK\r\n"))
        started = time.perf_counter()
        for message in messages:
            pdu = encode_submit(message)
            say(b"AT+CMGS=%d\r" % pdu.length, lambda data: b"> " in data)
            say(pdu.hex.encode() + b"\x1a", lambda data: b"+CMGS:" in data and b"\r\nOK\r\n" in data)
        return time.perf_counter() - started


@dataclass
class Result:
    seconds: float
    reported: Counter[tuple[str, str]]
    sent: list[tuple[str, str]]

    def verdict(self) -> str:
        matched = sum(1 for key in self.sent if self.reported[key] == 1)
        lost = sum(1 for key in self.sent if self.reported[key] == 0)
        twice = sum(1 for key in self.sent if self.reported[key] > 1)
        return f"reports matched {matched}/{len(self.sent)}, lost {lost}, twice {twice}"


def ours(address: str, messages: list[Submit], options: dict[str, object]) -> Result:
    transport = ModemTransport(address, options)
    transport.open()
    reported: Counter[tuple[str, str]] = Counter()
    complete = threading.Event()

    def collect() -> None:
        while len(reported) < len(messages):
            received = transport.receive(5)
            if received is None:
                break
            if isinstance(received, DeliveryReport):
                reported[received.reference, received.recipient] += 1
            transport.acknowledge(received)
        complete.set()

    threading.Thread(target=collect, daemon=True).start()
    sent = []
    started = time.perf_counter()
    for message in messages:
        accepted = transport.submit(message, clear_to_send=lambda: None)
        sent.append((accepted.reference, message.recipient))
    seconds = time.perf_counter() - started
    complete.wait(30)
    transport.close()
    return Result(seconds, reported, sent)


def several(count: int, messages: int, latency_ms: int, options: dict[str, object]) -> float:
    """Messages a second over ``count`` modems at once."""
    emulators = [EmulatorProcess(latency_ms=latency_ms, report_delay_ms=200) for _ in range(count)]
    transports = [ModemTransport(emulator.address, options) for emulator in emulators]
    try:
        for transport in transports:
            transport.open()
        threads = []
        for line, transport in enumerate(transports):
            threads.append(threading.Thread(target=_send_all, args=(transport, submits(messages, line))))
            threads.append(threading.Thread(target=_drain, args=(transport,)))
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads[::2]:
            thread.join()
        return count * messages / (time.perf_counter() - started)
    finally:
        for transport, emulator in zip(transports, emulators, strict=True):
            transport.close()
            emulator.close()


def _send_all(transport: ModemTransport, messages: list[Submit]) -> None:
    for message in messages:
        transport.submit(message, clear_to_send=lambda: None)


def _drain(transport: ModemTransport) -> None:
    while (received := transport.receive(5)) is not None:
        transport.acknowledge(received)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--modems", type=int, default=1)
    parser.add_argument("--reports", default="auto")
    parser.add_argument("--persona", default="plain")
    arguments = parser.parse_args()
    messages = submits(arguments.messages)
    options: dict[str, object] = {"reports": arguments.reports}
    emulated = {"latency_ms": arguments.latency_ms, "report_delay_ms": 200, "persona": arguments.persona}
    with EmulatorProcess(**emulated) as emulator:
        bare = bare_loop(emulator.address, messages)
    print(f"bare loop  {len(messages) / bare:7.1f} msg/s")
    with EmulatorProcess(**emulated) as emulator:
        result = ours(emulator.address, messages, options)
        ledger = emulator.accepted()
        print(
            f"ours       {len(messages) / result.seconds:7.1f} msg/s   ratio {bare / result.seconds:.3f} (target 0.95)"
        )
        print(f"           {result.verdict()}; accepted by the network {len(ledger)}")
    if arguments.modems > 1:
        one = len(messages) / result.seconds
        many = several(arguments.modems, arguments.messages, arguments.latency_ms, options)
        target = 7.5 * arguments.modems / 8
        print(f"{arguments.modems} modems   {many:7.1f} msg/s   {many / one:.2f}x one (target {target:.2f})")


if __name__ == "__main__":
    main()
