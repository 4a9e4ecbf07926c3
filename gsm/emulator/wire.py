"""What lies between the device and its user: output in pieces, glued, slow, or to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gsm.emulator.settings import Settings


class Wire:
    """``send`` is set while somebody is attached; what is said to nobody is lost, as on a real line."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.send: Callable[[bytes], None] | None = None
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self._shaping = False

    @property
    def attached(self) -> bool:
        return self.send is not None

    def write(self, data: bytes) -> None:
        settings = self._settings
        if settings.hang:
            return
        shaped = settings.chunk or settings.glue_ms or settings.baud or self._shaping
        if shaped:
            self._shaping = True
            self._out.put_nowait(data)
        elif self.send is not None:
            self.send(data)

    async def shape(self) -> None:
        """Serves what ``write`` has queued; runs for ever."""
        while True:
            if self._out.empty():
                self._shaping = False
            data = await self._out.get()
            if self._settings.glue_ms:
                await asyncio.sleep(self._settings.glue_ms / 1000)
                while not self._out.empty():
                    data += self._out.get_nowait()
            await self._pieces(data)

    async def _pieces(self, data: bytes) -> None:
        size = self._settings.chunk or len(data)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            if self.send is not None:
                self.send(piece)
            pause = self._settings.chunk_ms / 1000 if self._settings.chunk else 0.0
            pause += len(piece) * 10 / self._settings.baud if self._settings.baud else 0.0
            if pause:
                await asyncio.sleep(pause)
