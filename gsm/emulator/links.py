"""How one attaches to the emulated device: a TCP socket anywhere, a pseudo terminal on POSIX."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Protocol

from gsm.emulator.device import Device

if sys.platform == "win32":

    def _open_terminal() -> tuple[int, int, str]:
        raise RuntimeError("no pseudo terminals here; use --socket")

else:
    import pty
    import tty

    def _open_terminal() -> tuple[int, int, str]:
        """Master, slave and the slave's name. The slave stays open, or the master would fail without a user."""
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        return master, slave, os.ttyname(slave)


class Link(Protocol):
    address: str

    async def plug(self) -> None: ...

    def unplug(self) -> None: ...


class SocketLink:
    """One user at a time, as with an exclusively opened port; a second one is turned away."""

    def __init__(self, device: Device, port: int) -> None:
        self._device = device
        self._port = port
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.address = ""

    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._attach, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.address = f"socket://127.0.0.1:{self._port}"

    async def _attach(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            writer.transport.abort()
            return
        self._writer = writer
        self._device.wire.send = writer.write
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while data := await reader.read(4096):
                self._device.feed(data)
        if self._writer is writer:
            self._detach()
        writer.close()

    def _detach(self) -> None:
        self._writer = None
        self._device.wire.send = None

    def unplug(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._writer is not None:
            self._writer.transport.abort()
        self._detach()


class TerminalLink:
    """A pseudo terminal behind a symbolic link, so that its address stays when it is plugged again."""

    def __init__(self, device: Device, link: str) -> None:
        self._device = device
        self._link = Path(link) if link else None
        self._master = -1
        self._slave = -1
        self.address = ""

    async def plug(self) -> None:
        self._master, self._slave, name = _open_terminal()
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(name)
        self.address = str(self._link or name)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._device.wire.send = self._send

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except BlockingIOError:
            return
        except OSError:
            self.unplug()
            return
        self._device.feed(data)

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody reads and the buffer is full: lost, as on a real line
            os.write(self._master, data)

    def unplug(self) -> None:
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        self._device.wire.send = None
        if self._link is not None:
            self._link.unlink(missing_ok=True)


class Plug:
    """Unplugs a link, which is plugged now, and plugs it again after a while."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._is_in = True
        self._tasks: set[asyncio.Task[None]] = set()

    def pull(self, ms: int) -> None:
        """``ms`` until it is plugged again; 0: somebody calls ``push``."""
        self._is_in = False
        self._link.unplug()
        if ms:
            asyncio.get_running_loop().call_later(ms / 1000, self.push)

    def push(self) -> None:
        if self._is_in:
            return
        self._is_in = True
        task = asyncio.get_running_loop().create_task(self._link.plug())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
