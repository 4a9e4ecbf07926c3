"""The air: modems and gateways behind one shape, ``Transport``.

transport = gsm.open_transport("modem", "/dev/ttyUSB0", {})
identity = transport.open()
accepted = transport.submit(submit, clear_to_send=make_sending_durable)
received = transport.receive(timeout=1.0)
transport.acknowledge(received)
transport.close()
"""

from __future__ import annotations

from collections.abc import Mapping

from gsm.memory import MemoryTransport
from gsm.modem.driver import ModemTransport
from gsm.transport import Transport

__all__ = ["Transport", "open_transport"]


def open_transport(kind: str, address: str, options: Mapping[str, object] | None = None) -> Transport:
    """The transport for a line, not opened yet. ``kind``: "modem" or "memory". Raises ValueError."""
    if kind == "modem":
        return ModemTransport(address, options)
    if kind == "memory":
        return MemoryTransport(address)
    raise ValueError(f"no transport of kind {kind!r}")
