"""The modems on this computer, one entry a modem, for whoever attaches or looks for one."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from console.core.context import Context
from console.core.i18n import T, Text
from console.core.lines.checkup import Checkup, examine
from console.core.lines.editing import ports
from console.core.lines.lease import is_held
from console.core.security.permissions import Permission
from db.models import Line
from gsm.messages import LineIdentity
from gsm.modem.discovery import Candidate, candidates, look_at, twins

# Which reason of several ports tells most about their device.
_TELLING = ("port.busy", "port.denied", "port.stuck", "port.gone", "at.silent", "at.no_modem", "port.missing")
Report = Callable[[int, int, str], None]  # done, of how many, where it looks now


@dataclass(frozen=True, kw_only=True)
class Device:
    """A USB device of a modem's maker: what answered, or why nothing did."""

    checkup: Checkup
    others: tuple[str, ...] = ()  # further ports of the same device
    reasons: Mapping[str, str] = field(default_factory=dict)  # by port that was asked: why no modem answered there
    held: bool = False  # somebody uses it, so it was not asked


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An entry of the list to choose a port from."""

    address: str
    device: str = ""  # maker and model; the system's words for a port that was not asked
    imei_tail: str = ""
    operator: str = ""
    note: Text = field(default_factory=lambda: Text(""))
    attached: bool = False  # a line uses this port
    answered: bool = False  # a modem is there for certain


def same_port(first: str, second: str) -> bool:
    """Whether two addresses name one port; ``/dev/serial/by-id`` holds links."""
    if first.startswith("/dev/") and second.startswith("/dev/"):
        return os.path.realpath(first) == os.path.realpath(second)
    return first.casefold() == second.casefold()


def among(address: str, addresses: Iterable[str]) -> bool:
    return any(same_port(address, other) for other in addresses)


def devices(held: Collection[str] = (), report: Report | None = None, *, balance: bool = False) -> list[Device]:
    """Ask each modem once. A device with a port among ``held`` is left alone, and so is one that is in use.

    ``report`` is told each port before it is asked, which takes a second or so, and may raise to end the search.
    """
    known = candidates()
    total = sum(len(candidate.addresses) for candidate in known)
    found: list[Device] = []
    before = 0
    for candidate in known:
        steps = _Steps(report, before, total, balance)
        found.append(_device(candidate, held, steps))
        before += len(candidate.addresses)
    return found


@dataclass(frozen=True)
class _Steps:
    report: Report | None
    before: int
    total: int
    balance: bool  # the operator's own way of asking for it

    def at(self, place: int, address: str) -> None:
        if self.report is not None:
            self.report(self.before + place, self.total, address)


def _device(candidate: Candidate, held: Collection[str], steps: _Steps) -> Device:
    """Of several ports the first that answers with an IMEI."""
    taken = next((address for address in candidate.addresses if among(address, held)), None)
    if taken is not None:
        return Device(checkup=Checkup(address=taken), others=_without(candidate, taken), held=True)
    reasons: dict[str, str] = {}
    for place, address in enumerate(candidate.addresses):
        steps.at(place, address)
        reason = look_at(address).reason
        if not reason:
            checkup = examine(address, balance_by=("", "") if steps.balance else None)
            return Device(checkup=checkup, others=_without(candidate, address), reasons=reasons)
        reasons[address] = reason
        if reason == "port.busy":
            return Device(
                checkup=Checkup(address=address, fault=reason), others=_without(candidate, address), held=True
            )
    first = candidate.addresses[0]
    fault = min(reasons.values(), key=_TELLING.index)
    return Device(checkup=Checkup(address=first, fault=fault), others=_without(candidate, first), reasons=reasons)


def _without(candidate: Candidate, address: str) -> tuple[str, ...]:
    return tuple(other for other in candidate.addresses if other != address)


def search(ctx: Context, report: Report) -> list[Offer]:
    """What a line can be attached to: modems that answered first, other ports last. Raises NotPermitted."""
    ctx.require(Permission.LINES_EDIT)
    with ctx.database.read() as session:
        lines = session.scalars(select(Line)).all()
        held = [line.address for line in lines if is_held(line, ctx.clock.now())]
        attached = {line.address: line.name for line in lines}
        known = {line.name: _identity_of(line.identity) for line in lines}
    found = devices(held, report)
    warnings = _warnings(found, known, attached)
    offers = [_offer(device, attached, warnings) for device in found]
    seen = {address for device in found for address in (device.checkup.address, *device.others)}
    rest = [
        Offer(address=address, device=words, note=T("not asked: it may be another device"))
        for address, words in ports()
        if address not in seen
    ]
    return sorted(offers, key=lambda offer: (not offer.answered, offer.attached, offer.address)) + rest


def _identity_of(stored: Mapping[str, object]) -> LineIdentity:
    return LineIdentity(imei=str(stored.get("imei") or ""), imsi=str(stored.get("imsi") or ""))


def _warnings(
    found: list[Device], known: Mapping[str, LineIdentity], attached: Mapping[str, str]
) -> Mapping[str, Text]:
    """By address: what else has this modem's IMEI or SIM card."""
    named = {f"line {name}": identity for name, identity in known.items()}
    asked = {device.checkup.address: device.checkup.identity for device in found}
    own = {
        address: f"line {name}" for address in asked for place, name in attached.items() if same_port(address, place)
    }
    told: dict[str, Text] = {}
    for what, first, second in twins({**named, **asked}):
        for address, other in ((first, second), (second, first)):
            if address in asked and own.get(address) != other:
                told[address] = _warning(what, other.removeprefix("line "), line=other in named)
    return told


def _warning(what: str, other: str, *, line: bool) -> Text:
    if line:
        if what == "imei":
            return T("This is the modem of the line {name}, at another port.", name=other)
        return T("The line {name} already uses this SIM card.", name=other)
    if what == "imei":
        return T("The modem at {address} has the same IMEI: one of them is a copy.", address=other)
    return T("The modem at {address} has the same SIM card number: one of them is a copy.", address=other)


def _offer(device: Device, attached: Mapping[str, str], warnings: Mapping[str, Text]) -> Offer:
    checkup = device.checkup
    line = next((name for place, name in attached.items() if same_port(place, checkup.address)), "")
    findings = checkup.findings() if not device.held else []
    note = findings[0].text if findings else Text("")
    if device.held:
        note = T("in use")
    if line:
        note = T("attached as {name}", name=line)
    return Offer(
        address=checkup.address,
        device=checkup.device,
        imei_tail=checkup.imei_tail,
        operator=checkup.health.operator,
        note=warnings.get(checkup.address, note),
        attached=bool(line),
        answered=bool(checkup.identity.imei),
    )
