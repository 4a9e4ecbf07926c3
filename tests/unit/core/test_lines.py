from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.lines.browse import line_cards
from console.core.lines.editing import (
    InvalidLine,
    LineDraft,
    LineInUse,
    add_line,
    edit_line,
    remove_line,
    set_enabled,
    wrong_address,
)
from console.core.lines.limits import Limits
from console.core.lines.pins import opened
from console.core.lines.testing import send_line_test
from db.models import AuditEntry, Batch, BatchKind, BatchState, Dispatcher, Line, LineState, Message

DRAFT = LineDraft(name="柜台一号", address="COM5", limits=Limits(daily_quota=200))


def test_add_and_show(admin_ctx: Context) -> None:
    add_line(admin_ctx, DRAFT)
    (card,) = line_cards(admin_ctx)
    assert (card.name, card.address, card.enabled, card.daily_quota) == ("柜台一号", "COM5", True, 200)
    assert str(card.diagnosis.text) == "Sending is not running, so the modem is not being watched."


def test_only_who_may(ctx: Context) -> None:
    with pytest.raises(NotPermitted):
        add_line(ctx, DRAFT)


@pytest.mark.parametrize(
    "address", ["COM5", "com12", "/dev/ttyUSB0", "/dev/serial/by-id/usb-x", "socket://127.0.0.1:5000", r"\\.\COM12"]
)
def test_addresses_of_modems(address: str) -> None:
    assert wrong_address(address) is None


@pytest.mark.parametrize("address", ["", "COM", "http://x", "socket://127.0.0.1", "socket://h:99999", "ttyUSB0"])
def test_other_words_are_no_address(address: str) -> None:
    found = wrong_address(address)
    assert found is not None
    assert found.field == "address"


def test_names_and_addresses_are_unique(admin_ctx: Context) -> None:
    add_line(admin_ctx, DRAFT)
    with pytest.raises(InvalidLine) as same_name:
        add_line(admin_ctx, LineDraft(name="柜台一号", address="COM6"))
    with pytest.raises(InvalidLine) as same_address:
        add_line(admin_ctx, LineDraft(name="二号", address="COM5"))
    assert (same_name.value.field, same_address.value.field) == ("name", "address")


def test_edit_keeps_the_pin_unless_told(admin_ctx: Context) -> None:
    line = add_line(admin_ctx, LineDraft(name="A", address="COM5", pin="1234"))
    edit_line(admin_ctx, line, LineDraft(name="B", address="COM6", pace_per_minute=10))
    with admin_ctx.database.read() as session:
        row = session.get_one(Line, line)
        assert row.name == "B"
        assert "1234" not in str(row.options)
        assert opened(admin_ctx.database, row.options) == {"pin": "1234"}
    assert opened(admin_ctx.database, {"pin": "1234", "baudrate": 9600}) == {"pin": "1234", "baudrate": 9600}
    with pytest.raises(ValueError, match="PIN"):
        opened(admin_ctx.database, {"pin": "sealed:AAAA"})
    edit_line(admin_ctx, line, LineDraft(name="B", address="COM6", pin=""))
    with admin_ctx.database.read() as session:
        assert session.get_one(Line, line).options == {}
        details = session.scalars(select(AuditEntry.detail).order_by(AuditEntry.id)).all()
    assert not any("1234" in detail for detail in details)
    assert len(details) == 3


def test_switching_is_audited_and_shown(admin_ctx: Context) -> None:
    line = add_line(admin_ctx, DRAFT)
    set_enabled(admin_ctx, line, False)
    set_enabled(admin_ctx, line, False)
    (card,) = line_cards(admin_ctx)
    assert str(card.diagnosis.text) == "This line is switched off."
    with admin_ctx.database.read() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all() == ["line.add", "line.off"]


def test_the_card_reads_what_the_modem_said(admin_ctx: Context, clock: FixedClock) -> None:
    line = add_line(admin_ctx, DRAFT)
    now = clock.now()
    with admin_ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.state, row.health_at = LineState.READY, now
        row.identity = {"manufacturer": "Huawei", "model": "E173", "imsi": "460001234567890"}
        row.health = {
            "signal_dbm": -71,
            "bars": 5,
            "operator": "中国移动",
            "technology": "LTE",
            "registration": "home",
            "sim": "ready",
        }
        session.add(Dispatcher(run="r", host="h", pid=1, started_at=now, heartbeat_at=now))
    (card,) = line_cards(admin_ctx)
    assert (card.device, card.number_tail, card.health.operator, card.health.bars) == (
        "Huawei E173",
        "7890",
        "中国移动",
        5,
    )
    assert str(card.diagnosis.text) == "The line is ready to send."
    clock.advance(timedelta(minutes=6))
    (card,) = line_cards(admin_ctx)
    assert card.diagnosis.level == "off" or "told anything" in str(card.diagnosis.text)


def test_a_fault_says_what_to_do(admin_ctx: Context) -> None:
    line = add_line(admin_ctx, DRAFT)
    with admin_ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.state, row.fault, row.fault_text = LineState.STOPPED, "cme.11", ""
    (card,) = line_cards(admin_ctx)
    assert card.diagnosis.level == "stopped"
    assert str(card.diagnosis.text)
    assert str(card.diagnosis.advice)
    assert card.diagnosis.code == "cme.11"


def test_a_test_message_goes_the_common_way(admin_ctx: Context, ctx: Context) -> None:
    line = add_line(admin_ctx, DRAFT)
    sent = send_line_test(ctx, line, "138 0013 8000")
    with ctx.database.read() as session:
        batch = session.get_one(Batch, sent.batch_id)
        message = session.get_one(Message, sent.message_id)
        assert (batch.kind, batch.state, batch.line_id) == (BatchKind.TEST, BatchState.OPEN, line)
        assert message.phone == "13800138000"
        assert message.body.startswith("【示例银行】[Test]")
    with pytest.raises(NotPermitted):
        send_line_test(admin_ctx, line, "13800138000")


def test_a_used_line_stays(admin_ctx: Context, ctx: Context) -> None:
    used, unused = add_line(admin_ctx, DRAFT), add_line(admin_ctx, LineDraft(name="二号", address="COM6"))
    send_line_test(ctx, used, "13800138000")
    with pytest.raises(LineInUse):
        remove_line(admin_ctx, used)
    remove_line(admin_ctx, unused)
    assert [card.id for card in line_cards(admin_ctx)] == [used]
