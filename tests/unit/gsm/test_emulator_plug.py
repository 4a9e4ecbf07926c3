from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from gsm.emulator.client import EmulatorProcess


def is_there(address: str) -> bool:
    place = urlsplit(address)
    try:
        socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=2).close()
    except OSError:
        return False
    return True


def becomes(wanted: bool, address: str) -> bool:
    """Whether the modem's port opens or closes within ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if is_there(address) is wanted:
            return True
    return False


def test_a_plugged_modem_is_not_plugged_twice_and_comes_back_at_its_address() -> None:
    with EmulatorProcess() as modem:
        modem.do("plug")
        modem.do("unplug", ms=0)
        assert becomes(False, modem.address)
        modem.do("plug")
        assert becomes(True, modem.address)
