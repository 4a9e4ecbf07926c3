"""The commands that the emulated device understands (ITU-T V.250; 3GPP TS 27.005, 27.007)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from gsm.emulator.device import Device
from gsm.emulator.state import CommandError, Rebooted

_BASIC = re.compile(r"(S\d+|&?[A-Z])(=?\d*|\?)", re.IGNORECASE)
_NAME = re.compile(r"[+^*$%#][A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Command:
    name: str  # upper case, without "AT" and "+": CMGS, E, Z
    form: str  # exec, read, test, set
    arguments: tuple[str, ...] = ()
    plain: str = ""

    def number(self, position: int, default: int = 0) -> int:
        value = self.arguments[position] if position < len(self.arguments) else ""
        if value and not value.isdigit():
            raise CommandError("cme", 50)
        return int(value) if value else default


def parse(body: str) -> Iterator[Command]:
    """The commands of one line; quotes protect a semicolon. Raises CommandError on what is no command."""
    rest = body
    while rest:
        if rest[0] in "+^*$%#":
            text, rest = _cut(rest)
            yield _extended(text)
        elif rest[0] in "; ":
            rest = rest[1:]
        else:
            match = _BASIC.match(rest)
            if match is None or match[1].upper() == "D":
                raise CommandError
            yield Command(match[1].upper(), "set", (match[2].lstrip("="),))
            rest = rest[match.end() :]


def _cut(text: str) -> tuple[str, str]:
    quoted = False
    for position, char in enumerate(text):
        quoted ^= char == '"'
        if char == ";" and not quoted:
            return text[:position], text[position + 1 :]
    return text, ""


def _extended(text: str) -> Command:
    match = _NAME.match(text)
    if match is None:
        raise CommandError
    name, tail = match[0].lstrip("+").upper(), text[match.end() :]
    if tail == "=?":
        return Command(name, "test")
    if tail == "?":
        return Command(name, "read")
    if tail.startswith("="):
        values = re.findall(r'\s*("[^"]*"|[^,]*)\s*(?:,|$)', tail[1:])
        return Command(name, "set", tuple(value.strip().strip('"') for value in values[:-1] or values), tail[1:])
    if tail:
        raise CommandError
    return Command(name, "exec")


Handler = Callable[[Device, Command], Awaitable[list[str]]]
HANDLERS: dict[str, Handler] = {}
Answering = Callable[[Device, Command], list[str]]


def command(*names: str) -> Callable[[Answering], Answering]:
    """Register a handler that never waits."""

    def register(function: Answering) -> Answering:
        async def handler(device: Device, command: Command) -> list[str]:
            return function(device, command)

        for name in names:
            HANDLERS[name] = handler
        return function

    return register


def waiting_command(name: str) -> Callable[[Handler], Handler]:
    def register(function: Handler) -> Handler:
        HANDLERS[name] = function
        return function

    return register


async def run(device: Device, command: Command) -> list[str]:
    handler = HANDLERS.get(command.name)
    if handler is None:
        raise CommandError
    return await handler(device, command)


# V.250


@command("E", "V", "Q")
def _switches(device: Device, command: Command) -> list[str]:
    on = command.number(0) == 1
    if command.name == "E":
        device.state.echo = on
    elif command.name == "V":
        device.state.verbose = on
    else:
        device.state.quiet = on
    return []


@command("Z", "&F")
def _defaults(device: Device, command: Command) -> list[str]:
    device.state.echo = True
    device.state.error_form = 0
    device.state.routing = [0, 0, 0, 0, 0]
    return []


@command("&D", "&C", "&W", "&K", "&S", "S0", "S3", "S4", "S7", "X", "H", "L", "M")
def _ignored(device: Device, command: Command) -> list[str]:
    return []


@command("I")
def _information(device: Device, command: Command) -> list[str]:
    return [device.persona.manufacturer, device.persona.model, f"Revision: {device.settings.firmware}"]


# 27.007: identity, SIM, network


def _identity(device: Device, name: str, value: str) -> list[str]:
    return [f"+{name}: {value}" if device.persona.identity_prefix else value]


@command("CGMI", "GMI")
def _manufacturer(device: Device, command: Command) -> list[str]:
    return _identity(device, command.name, device.persona.manufacturer)


@command("CGMM", "GMM")
def _model(device: Device, command: Command) -> list[str]:
    return _identity(device, command.name, device.persona.model)


@command("CGMR", "GMR")
def _firmware(device: Device, command: Command) -> list[str]:
    return _identity(device, command.name, device.settings.firmware)


@command("CGSN", "GSN")
def _imei(device: Device, command: Command) -> list[str]:
    return [] if command.form == "test" else _identity(device, command.name, device.settings.imei)


_SIM_ERRORS = {"ABSENT": 10, "SIM PIN": 11, "SIM PUK": 12, "FAILURE": 13, "BUSY": 14}


def sim_state(device: Device) -> str:
    sim = device.settings.sim
    return "READY" if sim == "SIM PIN" and device.state.pin_entered else sim


def need_sim(device: Device, family: str = "cme") -> None:
    state = sim_state(device)
    if state != "READY":
        code = _SIM_ERRORS.get(state, 13)
        raise CommandError(family, {10: 310, 11: 311, 12: 316, 13: 313, 14: 314}[code] if family == "cms" else code)


@command("CPIN")
def _pin(device: Device, command: Command) -> list[str]:
    state = sim_state(device)
    if command.form == "read":
        if state in ("ABSENT", "FAILURE", "BUSY"):
            need_sim(device)
        return [f"+CPIN: {state}"]
    if state != "SIM PIN" or command.arguments[:1] != (device.settings.pin,):
        device.settings.pin_tries = max(0, device.settings.pin_tries - 1)
        if device.settings.pin_tries == 0:
            device.settings.sim = "SIM PUK"
        raise CommandError("cme", 16)
    device.settings.pin_tries = 3
    device.state.pin_entered = True
    return []


@command("CPINR")
def _pin_tries(device: Device, command: Command) -> list[str]:
    if not device.persona.counts_pins:
        raise CommandError
    return [f"+CPINR: SIM PIN,{device.settings.pin_tries},3", "+CPINR: SIM PUK,10,10"]


@command("CIMI")
def _imsi(device: Device, command: Command) -> list[str]:
    need_sim(device)
    return [device.settings.imsi]


@command("CCID", "ICCID", "^ICCID", "QCCID", "ZGETICCID")
def _iccid(device: Device, command: Command) -> list[str]:
    need_sim(device)
    name = command.name if command.name.startswith("^") else f"+{command.name}"
    if device.persona.iccid_command != name:
        raise CommandError
    return [f"{name}: {device.settings.iccid}"]


@command("CREG", "CGREG", "CEREG")
def _registration(device: Device, command: Command) -> list[str]:
    forms = device.state.registration_form
    if command.form == "set":
        forms[command.name] = command.number(0)
        return []
    if command.form == "test":
        return [f"+{command.name}: (0-2)"]
    form, settings = forms.get(command.name, 0), device.settings
    place = f',"1A2B","00C3",{settings.technology}' if form == 2 else ""
    return [f"+{command.name}: {form},{settings.registration}{place}"]


@command("CSQ")
def _signal(device: Device, command: Command) -> list[str]:
    return [f"+CSQ: {device.settings.csq},99"]


@command("COPS")
def _operator(device: Device, command: Command) -> list[str]:
    if command.form == "set":
        device.state.operator_form = command.number(1, device.state.operator_form)
        return []
    if device.settings.registration not in (1, 5):
        return ["+COPS: 0"]
    name = device.settings.operator if device.state.operator_form == 0 else device.settings.imsi[:5]
    return [f'+COPS: 0,{device.state.operator_form},"{name}",{device.settings.technology}']


@command("CSCA")
def _centre(device: Device, command: Command) -> list[str]:
    need_sim(device, "cms")
    if command.form == "set":
        device.settings.centre = command.arguments[0]
        return []
    return [f'+CSCA: "{device.settings.centre}",145']


@command("CMEE")
def _error_form(device: Device, command: Command) -> list[str]:
    return number_setting(device, command, "error_form", "(0-2)")


@command("CSCS")
def _charset(device: Device, command: Command) -> list[str]:
    if command.form == "set":
        device.state.charset = command.arguments[0]
        return []
    return ['+CSCS: ("GSM","IRA","UCS2")' if command.form == "test" else f'+CSCS: "{device.state.charset}"']


@command("CFUN")
def _function(device: Device, command: Command) -> list[str]:
    if command.form == "set" and command.number(1) == 1:
        device.answer([], "OK")
        raise Rebooted
    return number_setting(device, command, "function", "(0,1,4),(0,1)")


@command("CNUM")
def _own_number(device: Device, command: Command) -> list[str]:
    need_sim(device)
    return ['+CNUM: "","+8613900001111",145']


@command("CUSD")
def _ussd(device: Device, command: Command) -> list[str]:
    if command.form == "set" and len(command.arguments) > 1:
        device.later(50, lambda: device.say(device.settings.ussd))
    return []


@command("CPAS", "CBC", "GCAP", "CLIP", "CLCK", "CGATT", "CTZU", "CTZR")
def _harmless(device: Device, command: Command) -> list[str]:
    answers = {"CPAS": "+CPAS: 0", "CBC": "+CBC: 0,100", "GCAP": "+GCAP: +CGSM", "CGATT": "+CGATT: 1"}
    return [answers[command.name]] if command.name in answers and command.form != "set" else []


def number_setting(device: Device, command: Command, attribute: str, values: str) -> list[str]:
    if command.form == "test":
        return [f"+{command.name}: {values}"]
    if command.form == "set":
        setattr(device.state, attribute, command.number(0))
        return []
    return [f"+{command.name}: {getattr(device.state, attribute)}"]
