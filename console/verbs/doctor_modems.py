"""The modems in ``branch-sms doctor``: each asked what it tells of itself, then what to do about it, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from serial.tools import list_ports

from console.core.context import Context
from console.core.format import local_datetime, masked_phone
from console.core.i18n import listed, ntr, sentences, tr
from console.core.lines.balance import Told
from console.core.lines.browse import LineCard, line_cards
from console.core.lines.checkup import Checkup, examine
from console.core.lines.diagnosis import Diagnosis, Health, Level
from console.core.lines.search import Device, among, devices, same_port
from console.core.lines.words import centre_words, registration_words, signal_words, sim_words, store_words
from console.core.security.permissions import Permission
from console.core.sending.causes import explain

Finding = tuple[bool, str, str]  # in order?, what, how it stands


def modems(ctx: Context | None, *, balance: bool = False) -> Iterator[Finding]:
    """Every serial port of this computer, and every line when somebody is logged in. Raises NotPermitted.

    ``balance`` asks the network about each SIM card's account, which takes up to half a minute for each.
    """
    cards = _cards(ctx)
    held = [card.address for card in cards if card.held]
    found = devices(held, balance=balance)
    asked = {device.checkup.address: device for device in found}
    yield from _ports(found)
    for device in found:
        if not among(device.checkup.address, (card.address for card in cards)):
            yield from _device(device)
    for card in cards:
        known = next((asked[place] for place in asked if same_port(place, card.address)), None)
        yield from _line(card, known, balance=balance)


def modem_at(ctx: Context | None, address: str, *, balance: bool = False) -> Iterator[Finding]:
    """One address only. Raises NotPermitted."""
    card = next((card for card in _cards(ctx) if same_port(card.address, address)), None)
    if card is not None:
        yield from _line(card, None, balance=balance)
    else:
        yield from _told(examine(address, balance_by=("", "") if balance else None))


def _cards(ctx: Context | None) -> list[LineCard]:
    if ctx is None:
        return []
    ctx.require(Permission.LINES_VIEW)
    return line_cards(ctx)


def _ports(found: list[Device]) -> Iterator[Finding]:
    ports = sorted(list_ports.comports())
    if not ports:
        yield True, tr("Serial ports"), tr("none: no modem is plugged in")
    asked = {device.checkup.address for device in found}
    others = {other: device.checkup.address for device in found for other in device.others}
    for port in ports:
        words = port.description or "–"
        if port.device in others:
            words = tr("belongs to the modem at {address}", address=others[port.device])
            words = sentences(words, _why(others[port.device], port.device, found))
        elif port.device not in asked:
            words = tr("{words}; not asked: it may be another device", words=words)
        allowed = os.name != "posix" or os.access(port.device, os.R_OK | os.W_OK)
        yield allowed, tr("Port {name}", name=port.device), words


def _why(address: str, port: str, found: list[Device]) -> str:
    """Why this port of a device was not the one, in brackets; empty when it was not asked."""
    reason = next((device.reasons.get(port, "") for device in found if device.checkup.address == address), "")
    return f"({explain(reason).text} {reason})" if reason else ""


def _device(device: Device) -> Iterator[Finding]:
    if device.held:
        place = tr("Modem at {address}", address=device.checkup.address)
        yield True, place, tr("in use by another program, perhaps our own sending; it was not asked")
        return
    yield from _told(device.checkup)


def _told(checkup: Checkup, title: str = "") -> Iterator[Finding]:
    yield True, title or tr("Modem at {address}", address=checkup.address), checkup.device or "–"
    identity = checkup.identity
    tail = tr("ends in {tail}", tail=checkup.imei_tail) if checkup.imei_tail else ""
    yield from _rows(checkup.health, checkup.imsi_tail, identity.firmware, tail)
    if checkup.balance is not None:
        yield True, f"  {tr('Balance')}", Told(at=datetime.now(UTC), balance=checkup.balance).words()
    yield from _advice(checkup.findings())


def _rows(health: Health, imsi_tail: str, firmware: str, imei: str) -> Iterator[Finding]:
    network = (registration_words(health), health.technology, health.operator)
    rows = (
        (tr("Firmware"), firmware),
        (tr("IMEI"), imei),
        (tr("SIM card"), sim_words(health, imsi_tail)),
        (tr("Own number"), listed(map(masked_phone, health.numbers))),
        (tr("Network"), ", ".join(filter(None, network))),
        (tr("Signal"), signal_words(health)),
        (tr("Message centre"), centre_words(health)),
        (tr("Message store"), store_words(health)),
    )
    for what, stands in rows:
        if stands:
            yield True, f"  {what}", stands


def _advice(findings: list[Diagnosis]) -> Iterator[Finding]:
    for found in findings:
        code = f"({found.code})" if found.code else ""
        good = found.level in (Level.READY, Level.OFF, Level.STARTING)
        what = tr("What to do") if not good else tr("State")
        yield good, f"  {what}", sentences(found.text, found.doing, found.advice, code)


def _line(card: LineCard, known: Device | None, *, balance: bool = False) -> Iterator[Finding]:
    title = tr("Line {name} at {address}", name=card.name, address=card.address)
    if card.held or (known is not None and known.held):
        yield True, title, tr("held by the sending; this is what it heard last")
        tail = tr("ends in {tail}", tail=card.imei_tail) if card.imei_tail else ""
        yield True, f"  {tr('Modem')}", card.device or "–"
        yield from _rows(card.health, card.number_tail, card.firmware, tail)
        if card.balance is not None:
            yield True, f"  {tr('Balance')}", card.balance.words()
        yield from _advice(list(card.findings))
    else:
        by = (card.limits.balance_code, "") if balance else None
        checkup = known.checkup if known is not None else examine(card.address, balance_by=by)
        yield from _told(replace(checkup, address=card.address, pin_stored=card.has_pin), title)
        if not card.enabled:
            yield from _advice(list(card.findings))
    yield True, f"  {tr('Last hour')}", ntr("{n} message", "{n} messages", card.messages_hour)
    if card.last_error is not None:
        error = card.last_error
        yield True, f"  {tr('Last error')}", f"{local_datetime(error.at)}, {error.text} ({error.code})"
