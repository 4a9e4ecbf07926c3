"""The emulated device without its command line: input, output, stores, faults, what the network brings."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from gsm.emulator.network import Delivery, Network
from gsm.emulator.pdus import tpdu_length
from gsm.emulator.personas import PERSONAS, Persona
from gsm.emulator.settings import Rule, Rules, Settings
from gsm.emulator.state import CommandError, Rebooted, Silence, State
from gsm.emulator.stores import Store
from gsm.emulator.wire import Wire
from gsm.modem.causes import CME_NAMES, CMS_NAMES

_NUMERIC = {"OK": "0", "ERROR": "4"}


class Device:
    def __init__(self, settings: Settings, network: Network, *, seed: int = 1) -> None:
        self.settings = settings
        self.network = network
        self.rules = Rules(seed)
        self.wire = Wire(settings)
        self.state = State()
        self.stores = self.empty_stores()
        self.next_reference = 0
        self.unplug: Callable[[int], None] = lambda ms: None
        self.heard: deque[str] = deque(maxlen=2_000)  # commands, for tests that ask what a driver says
        self.input = bytearray()
        self._more = asyncio.Event()
        self.confirmed = asyncio.Event()
        self.up = asyncio.Event()  # what is typed while it starts is lost
        self.up.set()
        self._awaits_confirmation = False

    def empty_stores(self) -> dict[str, Store]:
        places = {"SM": self.settings.message_places, "ME": self.settings.message_places}
        return {name: Store(count) for name, count in {**places, "SR": self.settings.report_places}.items()}

    @property
    def persona(self) -> Persona:
        return PERSONAS[self.settings.persona]

    # Input

    def feed(self, data: bytes) -> None:
        if not self.settings.hang:
            self.input += data
            self._more.set()

    async def until(self, stops: bytes) -> tuple[bytes, int]:
        """Bytes before the first of ``stops``, and which one it was."""
        while True:
            found = [at for at in (self.input.find(stop) for stop in stops) if at >= 0]
            if found:
                end = min(found)
                data, stop = bytes(self.input[:end]), self.input[end]
                del self.input[: end + 1]
                return data, stop
            self._more.clear()
            await self._more.wait()

    async def read_body(self) -> str | None:
        """What was typed at the prompt, or None after ESC."""
        data, stop = await self.until(b"\x1a\x1b")
        if self.state.echo and self.settings.echo_body:
            self.wire.write(data + bytes([stop]))
        return None if stop == 0x1B else data.decode("latin-1").strip()

    def error_line(self, error: CommandError) -> str:
        if error.text:
            return error.text
        if not error.family or (self.state.error_form == 0 and error.family == "cme"):
            return "ERROR"
        family = error.family.upper()
        if self.state.error_form == 2:
            return f"+{family} ERROR: {error_name(error.family, error.code)}"
        return f"+{family} ERROR: {error.code}"

    # Output

    def answer(self, lines: list[str], result: str) -> None:
        if self.state.quiet:
            return
        for noise in self.settings.noise:
            self.say(noise)
        text = "".join(f"\r\n{line}\r\n" for line in lines)
        text += f"\r\n{result}\r\n" if self.state.verbose else f"{_NUMERIC.get(result, result)}\r"
        self.wire.write(text.encode("latin-1", "replace"))

    def say(self, line: str) -> None:
        self.wire.write(f"\r\n{line}\r\n".encode("latin-1", "replace"))

    def prompt(self) -> None:
        for noise in self.settings.noise:
            self.say(noise)
        self.wire.write(b"\r\n> ")

    # Faults

    async def moment(self, on: str, moment: str) -> None:
        for rule in self.rules.due(on, moment):
            await self._misbehave(rule)

    async def _misbehave(self, rule: Rule) -> None:
        action: Callable[[Rule], Awaitable[None]] = getattr(self, f"_do_{rule.action}")
        await action(rule)

    async def _do_silence(self, rule: Rule) -> None:
        raise Silence

    async def _do_error(self, rule: Rule) -> None:
        raise CommandError(text=rule.text or "ERROR")

    async def _do_delay(self, rule: Rule) -> None:
        await asyncio.sleep(rule.ms / 1000)

    async def _do_late(self, rule: Rule) -> None:
        line = f"+CMGS: {self.state.last_reference}"
        self.later(rule.ms, lambda: self.answer([line], "OK"))
        raise Silence

    async def _do_unplug(self, rule: Rule) -> None:
        self.unplug(rule.ms)
        self.input.clear()
        raise Rebooted

    async def _do_reset(self, rule: Rule) -> None:
        raise Rebooted

    async def _do_garbage(self, rule: Rule) -> None:
        self.wire.write(bytes.fromhex(rule.text or "fffe80ff0dc3280d0a00"))

    async def _do_say(self, rule: Rule) -> None:
        for line in rule.text.split("\n"):
            self.say(line)

    async def _do_hang(self, rule: Rule) -> None:
        self.settings.hang = True
        raise Silence

    def later(self, ms: int, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(ms / 1000, action)

    # From the network

    async def take(self, delivery: Delivery) -> bool:
        if self.settings.hang or self.settings.registration not in (1, 5) or self.state.function == 0:
            return False
        route = self.state.routing[3 if delivery.report else 1]
        if delivery.report:
            return await self._take_report(delivery, route)
        return await self._take_message(delivery, route)

    async def _take_report(self, delivery: Delivery, route: int) -> bool:
        if route == 1:
            return await self._direct("+CDS:", delivery)
        if route == 2:
            return self._store("SR", "+CDSI:", delivery)
        return False  # not set up (again) yet

    async def _take_message(self, delivery: Delivery, route: int) -> bool:
        if route in (2, 3):
            return await self._direct("+CMT: ,", delivery)
        index = self.stores[self.state.memories[2]].add(delivery.pdu)
        if index is None:
            return False
        if route == 1:
            self.say(f'+CMTI: "{self.state.memories[2]}",{index}')
        return True

    def _store(self, name: str, indication: str, delivery: Delivery) -> bool:
        index = self.stores[name].add(delivery.pdu)
        if index is None:
            self.network.lose(delivery)
        else:
            self.say(f'{indication} "{name}",{index}')
        return True

    async def _direct(self, indication: str, delivery: Delivery) -> bool:
        if not self.wire.attached:
            return False
        space = "" if indication.endswith(",") else " "
        self.confirmed.clear()
        self._awaits_confirmation = self.state.service == 1
        self.say(f"{indication}{space}{tpdu_length(delivery.pdu)}\r\n{delivery.pdu}")
        return not self._awaits_confirmation or await self._await_confirmation()

    async def _await_confirmation(self) -> bool:
        """Without AT+CNMA in time the device stops routing (27.005 3.4.1) and the network tries again later."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.confirmed.wait(), self.settings.ack_ms / 1000)
        confirmed, self._awaits_confirmation = not self._awaits_confirmation, False
        if not confirmed:
            self.state.routing[1] = self.state.routing[3] = 0
        return confirmed

    def confirm(self) -> bool:
        """AT+CNMA: whether it was expected."""
        expected, self._awaits_confirmation = self._awaits_confirmation, False
        self.confirmed.set()
        return expected


def error_name(family: str, code: int) -> str:
    return (CMS_NAMES if family == "cms" else CME_NAMES).get(code, "unknown")
