"""Our driver against a bare serial loop, on emulated modems with 50 ms of radio latency and status reports on.

    python tests/bench/bench_modem.py [--messages 500] [--latency-ms 0 50] [--modems 8] [--reports auto]

The bare loop writes AT+CMGS, waits for the prompt, writes the PDU, waits for OK: nothing can be faster on one modem.
"""

from __future__ import annotations

import argparse
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


def several(count: int, messages: int, latency_ms: int, options: dict[str, object]) -> list[Result]:
    """``count`` modems at once; the seconds are those until the last of them is done."""
    emulators = [EmulatorProcess(latency_ms=latency_ms, report_delay_ms=200) for _ in range(count)]
    try:
        with ThreadPoolExecutor(count) as pool:
            jobs = [
                pool.submit(ours, emulator.address, submits(messages, line), options)
                for line, emulator in enumerate(emulators)
            ]
            return [job.result() for job in jobs]
    finally:
        for emulator in emulators:
            emulator.close()


def compare(latency_ms: int, arguments: argparse.Namespace) -> None:
    messages = submits(arguments.messages)
    options: dict[str, object] = {"reports": arguments.reports}
    emulated = {"latency_ms": latency_ms, "report_delay_ms": 200, "persona": arguments.persona}
    target = "target 0.95" if latency_ms >= 50 else "no target: the radio costs nothing here"
    print(f"-- {latency_ms} ms of radio latency, {len(messages)} messages a modem")
    with EmulatorProcess(**emulated) as emulator:
        bare = bare_loop(emulator.address, messages)
    print(f"bare loop  {len(messages) / bare:7.1f} msg/s")
    with EmulatorProcess(**emulated) as emulator:
        result = ours(emulator.address, messages, options)
        ledger = emulator.accepted()
    print(f"ours       {len(messages) / result.seconds:7.1f} msg/s   ratio {bare / result.seconds:.3f} ({target})")
    print(f"           {result.verdict()}; accepted by the network {len(ledger)}")
    if arguments.modems > 1:
        one = len(messages) / result.seconds
        found = several(arguments.modems, arguments.messages, latency_ms, options)
        many = arguments.modems * len(messages) / max(each.seconds for each in found)
        target = (
            f"target {7.5 * arguments.modems / 8:.2f}" if latency_ms >= 50 else "no target: the cores are the limit"
        )
        print(f"{arguments.modems} modems   {many:7.1f} msg/s   {many / one:.2f}x one ({target})")
        print(f"           {together(found).verdict()}")


def together(results: list[Result]) -> Result:
    reported: Counter[tuple[str, str]] = Counter()
    for each in results:
        reported.update(each.reported)
    return Result(max(each.seconds for each in results), reported, [key for each in results for key in each.sent])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--latency-ms", type=int, nargs="+", default=[0, 50])
    parser.add_argument("--modems", type=int, default=8)
    parser.add_argument("--reports", default="auto")
    parser.add_argument("--persona", default="plain")
    arguments = parser.parse_args()
    for latency_ms in arguments.latency_ms:
        compare(latency_ms, arguments)


if __name__ == "__main__":
    main()
