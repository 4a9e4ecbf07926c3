"""Asking one modem everything it tells of itself, without a line and without sending: for support and for set-up.

Nothing lasting is changed: no PIN is entered, nothing is deleted, and a port that somebody holds is left alone.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from console.core.i18n import T
from console.core.lines.diagnosis import Diagnosis, Health, Level, health_findings
from console.core.sending.causes import explain
from gsm.errors import LineFault
from gsm.messages import Balance, LineHealth, LineIdentity, SimState
from gsm.modem.at import Request, Unsolicited
from gsm.modem.engine import CommandTimeout, Engine
from gsm.modem.health import ask_health, ask_identity, ask_numbers, ask_subscriber
from gsm.modem.port import Port, open_port
from gsm.modem.quirks import quirks_of
from gsm.modem.ussd import ask_balance

ANSWER_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """``fault`` is a code as in gsm.errors, empty when the modem answered to the end."""

    address: str
    fault: str = ""
    identity: LineIdentity = field(default_factory=LineIdentity)
    health: Health = field(default_factory=Health)
    balance: Balance | None = None  # None: not asked for
    pin_stored: bool = False  # with the line: the sending enters it by itself

    @property
    def device(self) -> str:
        return " ".join(filter(None, (self.identity.manufacturer, self.identity.model)))

    @property
    def imei_tail(self) -> str:
        return self.identity.imei[-4:]

    @property
    def imsi_tail(self) -> str:
        return self.identity.imsi[-4:]

    def findings(self) -> list[Diagnosis]:
        """What a person has to see to, the first cause first."""
        return list(self._findings())

    def _findings(self) -> Iterator[Diagnosis]:
        if self.fault:
            cause = explain(self.fault)
            yield Diagnosis(level=Level.FAULT, text=cause.text, advice=cause.advice, code=self.fault)
            return
        if self.pin_stored and self.health.sim is SimState.PIN:
            yield Diagnosis(
                level=Level.STARTING,
                text=T("The SIM card asks for its PIN, which is stored with the line."),
                advice=T("The program enters it when the line is opened."),
            )
            return
        yield from health_findings(self.health)
        if self.health.sim is SimState.READY and not self.health.smsc:
            yield Diagnosis(
                level=Level.FAULT,
                text=T("The SIM card names no message centre."),
                advice=T("Ask the carrier for its number; without it nothing leaves."),
            )


def examine(address: str, *, balance_by: tuple[str, str] | None = None) -> Checkup:
    """Takes a few seconds; never raises for what is wrong with the modem.

    ``balance_by`` (code, pattern; empty for the operator's own) asks for the prepaid balance too, which may take half
    a minute more and is refused by some networks.
    """
    try:
        port = open_port(address)
    except LineFault as error:
        return Checkup(address=address, fault=error.code)
    said: queue.Queue[str] = queue.Queue()
    engine = quiet_engine(port, said.put)
    try:
        return _ask(engine, address, said, balance_by)
    except LineFault as error:
        return Checkup(address=address, fault=error.code)
    finally:
        engine.close()


def quiet_engine(port: Port, ussd: Callable[[str], None] = lambda _line: None) -> Engine:
    """For short talks: silence is told soon. ``ussd`` hears what the network answers to codes."""

    def heard(event: Unsolicited) -> None:
        if event.text.startswith("+CUSD:"):
            ussd(event.text)

    return Engine(port, heard, lambda _error: None, command_seconds=ANSWER_SECONDS, probe_seconds=ANSWER_SECONDS / 2)


def _ask(engine: Engine, address: str, said: queue.Queue[str], balance_by: tuple[str, str] | None) -> Checkup:
    with suppress(CommandTimeout):  # it may have been busy starting; waking it asks again
        engine.ask(Request("AT"))
    engine.wake()
    engine.attempt("AT+CMEE=1")
    bare = ask_identity(engine)
    health = ask_health(engine, bare, datetime.now(UTC))
    identity, balance = bare, None
    if health.sim is SimState.READY:
        imsi, iccid = ask_subscriber(engine)
        identity = replace(bare, imsi=imsi, iccid=iccid)
        health = replace(health, numbers=tuple(ask_numbers(engine)))
        if balance_by is not None:
            code, pattern = balance_by
            packed = quirks_of(bare).packed_ussd
            balance = ask_balance(engine, said, imsi, code=code, pattern=pattern, packed=packed)
    return Checkup(address=address, identity=identity, health=_told(health), balance=balance)


def _told(health: LineHealth) -> Health:
    return Health(
        at=health.at,
        bars=health.bars if health.signal_dbm is not None else None,
        signal_dbm=health.signal_dbm,
        operator=health.operator,
        technology=health.technology,
        registration=health.registration,
        sim=health.sim,
        smsc=health.smsc,
        store_used=health.store_used,
        store_total=health.store_total,
        numbers=health.numbers,
    )
