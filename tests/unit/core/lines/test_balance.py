from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.lines.balance import ERRAND, Told, ask_for_balance, dump, load
from console.core.lines.browse import line_cards
from console.core.lines.editing import LineDraft, add_line
from console.core.lines.lease import Lease, LineTaken
from console.core.lines.limits import Limits
from db.models import Line
from gsm.emulator.client import EmulatorProcess
from gsm.messages import Balance


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(latency_ms=0) as modem:
        yield modem


def line_at(ctx: Context, address: str, code: str = "") -> int:
    return add_line(ctx, LineDraft(name="A", address=address, limits=Limits(balance_code=code)))


def test_asked_directly_while_nobody_has_the_modem(admin_ctx: Context, emulator: EmulatorProcess) -> None:
    line = line_at(admin_ctx, emulator.address)
    told = ask_for_balance(admin_ctx, line)
    assert told is not None
    assert told.balance == Balance(amount=Decimal("12.34"), text="Balance: 12.34 yuan", code="*100#")
    (card,) = line_cards(admin_ctx)
    assert card.balance == told
    assert told.words().startswith("12.34 (")
    assert not card.held


def test_the_line_s_own_code_is_dialled(admin_ctx: Context, emulator: EmulatorProcess) -> None:
    ask_for_balance(admin_ctx, line_at(admin_ctx, emulator.address, "*#130#"))
    assert 'AT+CUSD=1,"*#130#",15' in emulator.stats()["heard"]


def test_left_to_the_sending_while_it_has_the_modem(admin_ctx: Context, emulator: EmulatorProcess) -> None:
    line = line_at(admin_ctx, emulator.address)
    with admin_ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.owner, row.lease_until = "run", admin_ctx.clock.now() + timedelta(minutes=1)
    assert ask_for_balance(admin_ctx, line) is None
    assert emulator.stats()["heard"] == []
    with admin_ctx.database.read() as session:
        assert session.get_one(Line, line).errand == ERRAND
    (card,) = line_cards(admin_ctx)
    assert card.balance_wanted


def test_not_while_a_person_talks_to_the_modem(admin_ctx: Context, emulator: EmulatorProcess) -> None:
    line = line_at(admin_ctx, emulator.address)
    lease = Lease.take(admin_ctx, line)
    with pytest.raises(LineTaken):
        ask_for_balance(admin_ctx, line)
    lease.release()


def test_why_there_is_none(admin_ctx: Context, emulator: EmulatorProcess) -> None:
    emulator.set(imsi="999990000000001")
    told = ask_for_balance(admin_ctx, line_at(admin_ctx, emulator.address))
    assert told is not None
    assert "line's settings" in told.words()


def test_a_modem_that_is_gone(admin_ctx: Context) -> None:
    told = ask_for_balance(admin_ctx, line_at(admin_ctx, "/dev/no-such-port"))
    assert told is not None
    assert told.balance.fault == "port.missing"


def test_only_who_may(ctx: Context, admin_ctx: Context) -> None:
    line = line_at(admin_ctx, "COM5")
    with pytest.raises(NotPermitted):
        ask_for_balance(ctx, line)


@pytest.mark.parametrize(
    "balance",
    [
        Balance(amount=Decimal("-3.20"), text="余额 -3.20 元", code="*100#"),
        Balance(text="menu", code="*1#"),
        Balance(fault="ussd.timeout"),
    ],
)
def test_kept_and_read_again(admin_ctx: Context, balance: Balance) -> None:
    now = admin_ctx.clock.now()
    assert load(dump(balance, now)) == Told(at=now, balance=balance)


@pytest.mark.parametrize("stored", [None, {}, {"at": "yesterday"}, {"at": "2026-11-21T10:00:00+00:00", "amount": "x"}])
def test_odd_records_are_none(stored: dict[str, object] | None) -> None:
    assert load(stored) is None
