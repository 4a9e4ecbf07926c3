"""Finding modems among the serial ports, and knowing one again whatever port it is plugged into."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from serial.tools import list_ports

from gsm.errors import LineFault
from gsm.messages import LineIdentity
from gsm.modem.at import Request
from gsm.modem.engine import CommandTimeout, Engine
from gsm.modem.health import ask_identity, ask_subscriber
from gsm.modem.port import open_port
from gsm.modem.quirks import Quirks, quirks_of_usb

_INTERFACE = re.compile(r":\w+\.(\d+)$")
_PROBE_SECONDS = 1.0


class PortInfo(Protocol):
    """What pyserial tells of a port."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None
    location: str | None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The ports of one USB device of a family we know, the likeliest for AT commands first."""

    family: str
    addresses: tuple[str, ...]
    usb: str  # vendor:product, and where it is plugged in


@dataclass(frozen=True, kw_only=True)
class FoundModem:
    address: str
    family: str
    identity: LineIdentity
    other_addresses: tuple[str, ...] = ()


def candidates(ports: Iterable[PortInfo] | None = None) -> list[Candidate]:
    """Devices worth a probe. Asks the system only.

    Ports of makers we do not know are left out: they may be a scale or a till.
    """
    known: list[tuple[str, int, str, Quirks]] = []
    for port in list_ports.comports() if ports is None else ports:
        quirks = quirks_of_usb(port.vid)
        if quirks is not None:
            place = _INTERFACE.sub("", port.location or "") or port.serial_number or port.device
            usb = f"{port.vid or 0:04x}:{port.pid or 0:04x} {place}"
            known.append((usb, _rank(port, quirks), port.device, quirks))
    known.sort(key=lambda entry: entry[:3])
    return [
        Candidate(usb=usb, family=entries[0][3].family, addresses=tuple(entry[2] for entry in entries))
        for usb, group in groupby(known, key=lambda entry: entry[0])
        if (entries := list(group))
    ]


def _rank(port: PortInfo, quirks: Quirks) -> int:
    """Interfaces known to take AT commands first, in the order of the quirk table, then the rest by number."""
    found = _INTERFACE.search(port.location or "")
    interface = int(found[1]) if found else 99
    preferred = quirks.interfaces.get(port.pid or 0, ())
    return preferred.index(interface) if interface in preferred else 10 + interface


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one port gave: a modem, or why there is none."""

    address: str
    identity: LineIdentity | None = None
    reason: str = ""  # port.missing, port.busy, port.denied, at.silent, at.no_modem; empty for a modem


def look_at(address: str) -> Look:
    """Who answers there. The first thing said is a bare ``AT``; nothing else is, unless it is answered OK."""
    try:
        port = open_port(address)
    except LineFault as error:
        return Look(address=address, reason=error.code)
    heard = threading.Event()  # of something that says anything at all, such as the position port of a stick
    engine = Engine(port, lambda _event: heard.set(), lambda _error: None, command_seconds=_PROBE_SECONDS)
    try:
        if not engine.ask(Request("AT")).final.ok:
            return Look(address=address, reason="at.no_modem")
        engine.wake()
        identity = ask_identity(engine)
        if not identity.imei:
            return Look(address=address, reason="at.no_modem")
        imsi, iccid = ask_subscriber(engine)
        return Look(address=address, identity=replace(identity, imsi=imsi, iccid=iccid))
    except CommandTimeout:
        return Look(address=address, reason="at.no_modem" if heard.is_set() else "at.silent")
    except LineFault as error:
        return Look(address=address, reason=error.code)
    finally:
        engine.close()


def probe(address: str) -> LineIdentity | None:
    """The modem at this port, or None."""
    return look_at(address).identity


def discover(
    ports: Iterable[PortInfo] | None = None, *, ask: Callable[[str], LineIdentity | None] = probe
) -> list[FoundModem]:
    """One entry a modem: of several ports of a stick the first that answers with an IMEI.

    Takes a second or so for each port that does not answer.
    """
    found: list[FoundModem] = []
    for candidate in candidates(ports):
        for address in candidate.addresses:
            identity = ask(address)
            if identity is not None and identity.imei:
                others = tuple(other for other in candidate.addresses if other != address)
                modem = FoundModem(address=address, family=candidate.family, identity=identity, other_addresses=others)
                found.append(modem)
                break
    return found


def locate(identity: LineIdentity, modems: Iterable[FoundModem]) -> FoundModem | None:
    """The same line on whatever port: the same device, else the same SIM in another device."""
    modems = list(modems)
    for key in ("imei", "imsi", "iccid"):
        value = getattr(identity, key)
        match = [modem for modem in modems if value and getattr(modem.identity, key) == value]
        if len(match) == 1:
            return match[0]
    return None


def twins(identities: Mapping[str, LineIdentity]) -> list[tuple[str, str, str]]:
    """Pairs of lines that claim one IMEI or one IMSI, as (what, line, line): cloned sticks, or a line set up twice."""
    pairs: list[tuple[str, str, str]] = []
    names = sorted(identities)
    for position, first in enumerate(names):
        for second in names[position + 1 :]:
            for key in ("imei", "imsi"):
                value = getattr(identities[first], key)
                if value and value == getattr(identities[second], key):
                    pairs.append((key, first, second))
    return pairs
