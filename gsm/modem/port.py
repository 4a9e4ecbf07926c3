"""The byte stream below the line protocol: a serial device through pyserial, or a TCP socket.

pyserial's own ``socket://`` reads byte by byte and has no TCP_NODELAY, so a socket is opened here.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import sys
import time
from typing import Protocol
from urllib.parse import urlsplit

import serial

from gsm.errors import LineUnavailable

READ_SLICE = 0.5  # seconds that one read may block


class Port(Protocol):
    def read(self) -> bytes:
        """What is there, waiting up to READ_SLICE; empty when nothing came. Raises LineUnavailable once gone."""

    def write(self, data: bytes, timeout: float) -> None:
        """All of ``data``. Raises LineUnavailable."""

    def cancel(self) -> None:
        """End a ``read`` that another thread waits in."""

    def close(self) -> None: ...


def open_port(address: str, *, baudrate: int = 115200, flow_control: bool = False) -> Port:
    """``/dev/ttyUSB0``, ``COM5`` or ``socket://host:port``, held exclusively.

    Raises LineUnavailable: ``port.missing``, ``port.busy`` (somebody else has it), ``port.denied`` (this user may not).
    """
    if address.startswith("socket://"):
        return SocketPort(address)
    return SerialPort(address, baudrate=baudrate, flow_control=flow_control)


_MISSING = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO})


def why_not_opened(error: Exception, *, windows: bool = sys.platform == "win32") -> str:
    """The code behind what pyserial says, which is an errno on POSIX and Windows' own error in words.

    Windows refuses access to a port that somebody else has; on POSIX that is a matter of rights.
    """
    number, words = getattr(error, "errno", None), str(error).lower()
    if number in _MISSING or "filenotfounderror" in words or "no such" in words:
        return "port.missing"
    if number == errno.EACCES or "permissionerror" in words or "denied" in words:
        return "port.busy" if windows else "port.denied"
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in words or "busy" in words:
        return "port.busy"
    return "port.missing"


class SerialPort:
    def __init__(self, address: str, *, baudrate: int, flow_control: bool) -> None:
        try:
            self._serial = serial.serial_for_url(
                address,
                baudrate=baudrate,
                rtscts=flow_control,
                timeout=READ_SLICE,
                write_timeout=5,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise LineUnavailable(why_not_opened(error), str(error)) from error

    def read(self) -> bytes:
        try:
            first: bytes = self._serial.read(1)
            waiting = self._serial.in_waiting if first else 0
            return first + self._serial.read(waiting) if waiting else first
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: closed meanwhile
            raise LineUnavailable("port.gone", str(error)) from error

    def write(self, data: bytes, timeout: float) -> None:
        try:
            if self._serial.write_timeout != timeout:
                self._serial.write_timeout = timeout
            self._serial.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            stuck = isinstance(error, serial.SerialTimeoutException)
            raise LineUnavailable("port.stuck" if stuck else "port.gone", str(error)) from error

    def cancel(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            self._serial.cancel_read()

    def close(self) -> None:
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()


class SocketPort:
    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        try:
            self._socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError) as error:
            raise LineUnavailable("port.missing", str(error)) from error
        self._socket.setblocking(False)
        self._closed = False

    def read(self) -> bytes:
        try:
            readable, _, _ = select.select([self._socket], [], [], READ_SLICE)
            if not readable:
                return b""
            data = self._socket.recv(65536)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise LineUnavailable("port.gone", str(error)) from error
        if not data:
            raise LineUnavailable("port.gone", "closed by the other side")
        return data

    def write(self, data: bytes, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        rest = memoryview(data)
        try:
            while rest:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[self._socket.send(rest) :]
                    continue
                _, writable, _ = select.select([], [self._socket], [], max(0.0, deadline - time.monotonic()))
                if not writable:
                    raise LineUnavailable("port.stuck", "the device takes no more bytes")
        except (OSError, ValueError) as error:
            raise LineUnavailable("port.gone", str(error)) from error

    def cancel(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cancel()
        self._socket.close()
