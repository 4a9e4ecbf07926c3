from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from serial.tools import list_ports

QUECTEL = 0x2C7C


@dataclass
class UsbPort:
    """What pyserial tells of a USB modem's port."""

    device: str
    location: str = "1-1:1.2"
    vid: int | None = QUECTEL
    pid: int | None = 0x0125
    serial_number: str | None = None
    description: str | None = "EC25"

    def __lt__(self, other: UsbPort) -> bool:
        return self.device < other.device


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``plugged("/dev/x", ("/dev/y", "1-2:1.2"))``: the ports that the system lists from now on."""

    def make(*ports: str | tuple[str, str], vendor: int | None = QUECTEL) -> None:
        placed = [(port, "1-1:1.2") if isinstance(port, str) else port for port in ports]
        listed = [UsbPort(device, location, vendor) for device, location in placed]
        monkeypatch.setattr(list_ports, "comports", lambda: listed)

    return make
