"""The command line of the emulated device."""

from __future__ import annotations

import asyncio
import re

from gsm.emulator import commands, message_commands  # noqa: F401 - registers its commands
from gsm.emulator.device import Device
from gsm.emulator.state import CommandError, Rebooted, Silence, State

_AT = re.compile(rb"AT(.*)", re.IGNORECASE)


class EmulatedModem(Device):
    async def live(self) -> None:
        """Runs for ever; ``restart`` interrupts whatever it does, as a brown-out would."""
        while True:
            self._running = asyncio.ensure_future(self._run())
            try:
                await self._running
            except asyncio.CancelledError:
                if not self._restarting:
                    raise
                self._restarting = False
                await self._boot()

    def restart(self) -> None:
        self._restarting = True
        if self._running is not None:
            self.up.clear()
            self._running.cancel()

    async def refresh(self) -> None:
        """As it left the factory; whoever is attached stays. Returns when it listens again."""
        self.rules.clear()
        self.network.forget()
        self.stores = self.empty_stores()
        self.heard.clear()
        self.next_reference = 0
        self.restart()
        await self.up.wait()

    async def _run(self) -> None:
        """One command after the other, in order, for ever; what is typed meanwhile waits."""
        while True:
            try:
                data, _ = await self.until(b"\r")
                if self.state.echo:
                    self.wire.write(data + b"\r")
                match = _AT.search(bytes(byte for byte in data if byte >= 0x20))
                if match:
                    await self._execute(match[1].decode("latin-1").strip())
            except Rebooted:
                await self._boot()

    async def _boot(self) -> None:
        self.state = State(text_mode=self.persona.text_mode)
        self.confirmed.set()
        await asyncio.sleep(self.settings.boot_ms / 1000)
        self.input.clear()
        for line in self.persona.boot_lines:
            self.say(line)
        self.up.set()

    _running: asyncio.Future[None] | None = None
    _restarting = False

    async def chatter(self) -> None:
        while True:
            await asyncio.sleep(1)
            for line in self.persona.chatter:
                self.say(line)

    async def _execute(self, body: str) -> None:
        self.heard.append(f"AT{body}")
        lines: list[str] = []
        name = ""
        try:
            for command in commands.parse(body):
                name = command.name
                await self.moment(name, "command")
                lines += await commands.run(self, command)
            await self.moment(name, "result")
            self.answer(lines, "OK")
            await self.moment(name, "done")
        except CommandError as error:
            self.answer(lines, self.error_line(error))
        except Silence:
            return
