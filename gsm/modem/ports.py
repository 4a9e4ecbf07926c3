"""The serial ports of this computer, named so that a person recognises the modem's."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports


@dataclass(frozen=True, kw_only=True)
class SerialPortInfo:
    device: str  # COM5, /dev/ttyUSB0: what ``open_port`` takes
    description: str  # as the system names it; may be empty
    usb: bool  # most modems are; built-in ports mostly are not


def serial_ports() -> list[SerialPortInfo]:
    """USB ports first. Asks the system only; no port is opened."""
    found = [
        SerialPortInfo(
            device=port.device,
            description="" if port.description in (None, "n/a", port.device) else port.description,
            usb=port.vid is not None,
        )
        for port in list_ports.comports()
    ]
    return sorted(found, key=lambda port: (not port.usb, port.device))
