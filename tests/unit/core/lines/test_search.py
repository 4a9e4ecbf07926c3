from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.lines.editing import LineDraft, add_line
from console.core.lines.search import Offer, devices, search
from db.models import Line
from gsm.emulator.client import EmulatorProcess

Plugged = Callable[..., None]


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as modem:
        yield modem


def nothing(_done: int, _total: int, _text: str) -> None:
    pass


def found(ctx: Context) -> list[Offer]:
    return search(ctx, nothing)


def test_a_modem_is_offered_with_its_words(admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged) -> None:
    plugged(emulator.address)
    (offer,) = found(admin_ctx)
    assert (offer.address, offer.device, offer.imei_tail) == (emulator.address, "Emulated EM-1", "7518")
    assert (offer.operator, offer.answered, offer.attached) == ("CHINA MOBILE", True, False)


def test_only_who_may_attach_searches(ctx: Context) -> None:
    with pytest.raises(NotPermitted):
        search(ctx, nothing)


def test_several_ports_of_a_stick_are_one(admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged) -> None:
    plugged(("/dev/no-such-port", "1-1:1.0"), (emulator.address, "1-1:1.3"))
    (offer,) = found(admin_ctx)
    assert offer.address == emulator.address


def test_strangers_are_listed_but_never_asked(admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged) -> None:
    plugged(emulator.address, vendor=0x0403)
    (offer,) = found(admin_ctx)
    assert (offer.answered, str(offer.note)) == (False, "not asked: it may be another device")
    assert emulator.stats()["heard"] == []


def test_two_with_one_sim_card_are_told(admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged) -> None:
    with EmulatorProcess(settings={"imei": "490154203237526"}) as twin:
        plugged((emulator.address, "1-1:1.2"), (twin.address, "1-2:1.2"))
        notes = [str(offer.note) for offer in found(admin_ctx)]
    assert len(notes) == 2
    assert all("one of them is a copy" in note for note in notes)


def test_a_line_that_has_this_sim_card_is_named(
    admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged
) -> None:
    line = add_line(admin_ctx, LineDraft(name="柜台一号", address="COM5"))
    with admin_ctx.database.begin() as session:
        session.get_one(Line, line).identity = {"imei": "1" * 15, "imsi": "460001234567890"}
    plugged(emulator.address)
    (offer,) = found(admin_ctx)
    assert str(offer.note) == "The line 柜台一号 already uses this SIM card."


def test_the_lines_own_port_is_no_twin(admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged) -> None:
    line = add_line(admin_ctx, LineDraft(name="A", address=emulator.address))
    with admin_ctx.database.begin() as session:
        session.get_one(Line, line).identity = {"imei": "490154203237518", "imsi": "460001234567890"}
    plugged(emulator.address)
    (offer,) = found(admin_ctx)
    assert (str(offer.note), offer.attached) == ("attached as A", True)


def test_a_held_port_is_left_alone(admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged) -> None:
    line = add_line(admin_ctx, LineDraft(name="A", address=emulator.address))
    with admin_ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.owner, row.lease_until = "run", admin_ctx.clock.now() + timedelta(minutes=1)
    plugged(("/dev/no-such-port", "1-1:1.0"), (emulator.address, "1-1:1.3"))
    (offer,) = found(admin_ctx)
    assert str(offer.note) == "attached as A"
    (device,) = devices([emulator.address])
    assert (device.held, device.others) == (True, ("/dev/no-such-port",))
    assert emulator.stats()["heard"] == []


def test_each_port_is_told_before_it_is_asked_and_the_search_can_be_ended(
    admin_ctx: Context, emulator: EmulatorProcess, plugged: Plugged
) -> None:
    plugged(("/dev/no-such-port", "1-1:1.2"), (emulator.address, "1-1:1.3"), ("/dev/nor-this", "1-2:1.2"))
    told: list[tuple[int, int, str]] = []
    search(admin_ctx, lambda done, total, text: told.append((done, total, text)))
    assert told == [(0, 3, "/dev/no-such-port"), (1, 3, emulator.address), (2, 3, "/dev/nor-this")]

    def enough(_done: int, _total: int, _text: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        search(admin_ctx, enough)


def test_why_each_port_of_a_device_was_not_the_one(emulator: EmulatorProcess, plugged: Plugged) -> None:
    plugged(("/dev/no-such-port", "1-1:1.2"), (emulator.address, "1-1:1.3"), ("/dev/nor-this", "1-2:1.2"))
    first, second = devices()
    assert (first.checkup.fault, first.reasons) == ("", {"/dev/no-such-port": "port.missing"})
    assert (second.checkup.fault, second.reasons) == ("port.missing", {"/dev/nor-this": "port.missing"})
