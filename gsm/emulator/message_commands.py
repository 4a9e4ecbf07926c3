"""The message commands of the emulated device (3GPP TS 27.005 3)."""

from __future__ import annotations

import asyncio

from gsm.emulator.commands import Command, command, need_sim, number_setting, waiting_command
from gsm.emulator.device import Device
from gsm.emulator.pdus import Submitted, decode_submit, tpdu_length
from gsm.emulator.state import CommandError
from gsm.emulator.stores import READ, UNREAD, Entry, Store
from gsm.modem.pdu import PduError


@command("CMGF")
def _format(device: Device, command: Command) -> list[str]:
    return number_setting(device, command, "text_mode", "(0,1)")


@command("CMMS")
def _link(device: Device, command: Command) -> list[str]:
    return number_setting(device, command, "link", "(0-2)")


@command("CSMP", "CSDH", "CSAS")
def _text_parameters(device: Device, command: Command) -> list[str]:
    return ["+CSMP: 17,167,0,0"] if command.name == "CSMP" and command.form == "read" else []


@command("CSMS")
def _service(device: Device, command: Command) -> list[str]:
    if command.form == "test":
        return ["+CSMS: (0,1)" if device.persona.phase_2_plus else "+CSMS: (0)"]
    if command.form == "set":
        if command.number(0) > int(device.persona.phase_2_plus):
            raise CommandError("cms", 303)
        device.state.service = command.number(0)
        return ["+CSMS: 1,1,1"]
    return [f"+CSMS: {device.state.service},1,1,1"]


@command("CNMI")
def _routing(device: Device, command: Command) -> list[str]:
    routes = device.persona.report_routes
    if command.form == "test":
        return [f"+CNMI: (0-2),(0-3),(0,2),({','.join(map(str, routes))}),(0,1)"]
    if command.form == "read":
        return [f"+CNMI: {','.join(map(str, device.state.routing))}"]
    values = [command.number(position) for position in range(5)]
    if values[0] > 2 or values[1] > 3 or values[2] not in (0, 2) or values[3] not in routes:
        raise CommandError("cms", 303)
    device.state.routing = values
    return []


@command("CPMS")
def _memories(device: Device, command: Command) -> list[str]:
    names = device.persona.stores
    if command.form == "test":
        main = ",".join(f'"{name}"' for name in names)
        receiving = ",".join(f'"{name}"' for name in names if name != "SR")
        return [f"+CPMS: ({main}),({receiving}),({receiving})"]
    need_sim(device, "cms")
    memories = device.state.memories
    if command.form == "set":
        for position, name in enumerate(command.arguments[:3]):
            if name not in names:
                raise CommandError("cms", 302)
            memories[position] = name
    fills = [_fill(device.stores[name]) for name in memories]
    if command.form == "set":
        return ["+CPMS: " + ",".join(fills)]
    return ["+CPMS: " + ",".join(f'"{name}",{fill}' for name, fill in zip(memories, fills, strict=True))]


def _fill(store: Store) -> str:
    return f"{len(store.entries)},{store.places}"


@command("CMGR")
def _read(device: Device, command: Command) -> list[str]:
    need_sim(device, "cms")
    store = device.stores[device.state.memories[0]]
    index = command.number(0)
    if not 1 <= index <= store.places:
        raise CommandError("cms", 321)
    entry = store.entries.get(index)
    if entry is None:
        raise CommandError("cms", 321)
    lines = [_stored(entry, "+CMGR: ")]
    entry.state = READ if entry.state == UNREAD else entry.state
    return lines


@command("CMGL")
def _list(device: Device, command: Command) -> list[str]:
    if command.form == "test":
        return ["+CMGL: (0-4)"]
    need_sim(device, "cms")
    wanted = command.number(0)
    lines = []
    for index, entry in sorted(device.stores[device.state.memories[0]].entries.items()):
        if wanted in (4, entry.state):
            lines.append(_stored(entry, f"+CMGL: {index},"))
            entry.state = READ if entry.state == UNREAD else entry.state
    return lines


def _stored(entry: Entry, head: str) -> str:
    return f"{head}{entry.state},,{tpdu_length(entry.pdu)}\r\n{entry.pdu}"


@command("CMGD")
def _delete(device: Device, command: Command) -> list[str]:
    if command.form == "test":
        return ["+CMGD: (1-40),(0-4)"]
    need_sim(device, "cms")
    store = device.stores[device.state.memories[0]]
    if command.number(1) == 4:
        store.entries.clear()
    elif not 1 <= command.number(0) <= store.places:
        raise CommandError("cms", 321)
    else:
        store.entries.pop(command.number(0), None)
    return []


@command("CNMA")
def _confirm(device: Device, command: Command) -> list[str]:
    if device.state.service == 0 or not device.confirm():
        raise CommandError("cms", 340)
    return []


@waiting_command("CMGS")
async def _send(device: Device, command: Command) -> list[str]:
    need_sim(device, "cms")
    if not command.arguments or (device.state.text_mode == 0 and not command.arguments[0].isdigit()):
        raise CommandError("cms", 304)
    device.prompt()
    await device.moment("CMGS", "prompt")
    body = await device.read_body()
    if body is None:
        if device.persona.error_on_escape:
            raise CommandError
        return []
    await device.moment("CMGS", "body")
    submitted = _read_submit(device, command, body)
    _need_network(device)
    await asyncio.sleep(device.settings.latency_ms / 1000)
    _need_network(device)
    reference = _accept(device, submitted, body)
    if device.settings.reports == "early":
        await asyncio.sleep(0.005)
    await device.moment("CMGS", "accepted")
    return [f"+CMGS: {reference}"]


def _read_submit(device: Device, command: Command, body: str) -> Submitted:
    if device.state.text_mode:
        return Submitted(
            recipient=command.arguments[0],
            text=body,
            alphabet="gsm7",
            concatenation=None,
            report=False,
            validity=None,
            message_class=None,
        )
    try:
        return decode_submit(body, command.number(0))
    except PduError as error:
        raise CommandError("cms", 304) from error


def _need_network(device: Device) -> None:
    if device.settings.registration not in (1, 5):
        raise CommandError("cms", 331)


def _accept(device: Device, submitted: Submitted, body: str) -> int:
    reference = device.next_reference
    device.next_reference = (reference + 1) % 256
    device.state.last_reference = reference
    device.network.accept(submitted, reference, body)
    return reference
