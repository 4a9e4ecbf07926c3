from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from console.core.context import Context
from console.core.errors import EnvironmentTrouble, NotPermitted
from console.core.lines.editing import LineDraft, add_line
from console.core.lines.lease import LineTaken
from console.core.lines.terminal import Kind, Terminal, hidden, open_terminal
from db.models import AuditEntry, Line
from db.outbox_lines import acquire_line
from gsm.emulator.client import EmulatorProcess


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as modem:
        yield modem


@pytest.fixture
def line(admin_ctx: Context, emulator: EmulatorProcess) -> int:
    return add_line(admin_ctx, LineDraft(name="A", address=emulator.address))


Opens = Callable[[Context, int], Terminal]


@pytest.fixture
def opened() -> Iterator[Opens]:
    terminals: list[Terminal] = []

    def make(ctx: Context, line_id: int) -> Terminal:
        terminals.append(open_terminal(ctx, line_id))
        return terminals[-1]

    yield make
    for terminal in terminals:
        terminal.close()


def test_questions_answers_and_what_came_by_itself(
    admin_ctx: Context, line: int, emulator: EmulatorProcess, tmp_path: Path, opened: Opens
) -> None:
    terminal = opened(admin_ctx, line)
    for command in ("AT+CSQ", "AT+CIMI", "AT+CGSN", "AT+CSCA?", "AT+NONSENSE?"):
        terminal.ask(command)
    told = [(entry.kind, entry.text) for entry in terminal.news()]
    assert told[:3] == [(Kind.SENT, "AT+CSQ"), (Kind.HEARD, "+CSQ: 20,99"), (Kind.HEARD, "OK")]
    assert (Kind.HEARD, "***7890") in told
    assert (Kind.HEARD, "***7518") in told
    assert told[-1] == (Kind.HEARD, "ERROR")
    assert terminal.news() == []
    emulator.do("say", text="RING")
    terminal.ask("AT+CSQ")
    assert "RING" in [entry.text for entry in terminal.news()]
    terminal.save(tmp_path / "t.txt")
    terminal.close()
    terminal.close()
    saved = (tmp_path / "t.txt").read_text("utf-8")
    assert "> AT+CSQ\n" in saved
    for secret in ("460001234567890", "490154203237518", "13800100500"):
        assert secret not in saved
    with admin_ctx.database.read() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["line.add", "line.terminal.open", "line.terminal.close"]


def test_nothing_dangerous_reaches_the_modem(
    admin_ctx: Context, line: int, emulator: EmulatorProcess, opened: Opens
) -> None:
    terminal = opened(admin_ctx, line)
    heard = list(emulator.stats()["heard"])
    for command in ("AT+CMGS=23", "ATD10086;", "AT+CFUN=0", 'AT+CPIN="1234"', "AT&F"):
        terminal.ask(command)
    assert [entry.kind for entry in terminal.news()] == [Kind.SENT, Kind.NOTE] * 5
    assert emulator.stats()["heard"] == heard
    assert emulator.accepted() == []
    terminal.close()


def test_customers_messages_are_not_shown(
    admin_ctx: Context, line: int, emulator: EmulatorProcess, opened: Opens
) -> None:
    emulator.inbound("+8613800138000", "我想还款，请联系我")
    terminal = opened(admin_ctx, line)
    terminal.ask("AT+CMGL=4")
    words = "\n".join(entry.text for entry in terminal.news())
    assert "octets]" in words
    assert "31083108" not in words
    terminal.close()


def test_a_modem_in_use_is_left_alone(admin_ctx: Context, line: int, emulator: EmulatorProcess) -> None:
    with admin_ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.owner, row.lease_until = "run", admin_ctx.clock.now() + timedelta(minutes=1)
    with pytest.raises(LineTaken) as refused:
        open_terminal(admin_ctx, line)
    assert "Switch the line off" in str(refused.value.hint)
    assert emulator.stats()["heard"] == []


def test_a_terminal_keeps_others_from_the_modem(admin_ctx: Context, line: int, opened: Opens) -> None:
    """A dispatcher that starts meanwhile does not get it, nor does a second terminal; afterwards it is free."""
    terminal = opened(admin_ctx, line)
    now = admin_ctx.clock.now()
    with admin_ctx.database.begin() as session:
        assert not acquire_line(session, line, "run", now, now + timedelta(minutes=1))
    with pytest.raises(LineTaken) as refused:
        open_terminal(admin_ctx, line)
    assert "already" in str(refused.value.message)
    terminal.close()
    with admin_ctx.database.begin() as session:
        assert acquire_line(session, line, "run", now, now + timedelta(minutes=1))


def test_a_modem_that_is_not_there_leaves_no_lease(admin_ctx: Context) -> None:
    line = add_line(admin_ctx, LineDraft(name="B", address="/dev/no-such-port"))
    with pytest.raises(EnvironmentTrouble):
        open_terminal(admin_ctx, line)
    with admin_ctx.database.read() as session:
        assert session.get_one(Line, line).owner == ""


def test_only_who_may(ctx: Context, line: int) -> None:
    with pytest.raises(NotPermitted):
        open_terminal(ctx, line)


def test_a_modem_that_is_not_there_is_told(admin_ctx: Context) -> None:
    line = add_line(admin_ctx, LineDraft(name="B", address="socket://127.0.0.1:1"))
    with pytest.raises(EnvironmentTrouble) as told:
        open_terminal(admin_ctx, line)
    assert "no modem at this port" in str(told.value.message)


def test_a_modem_that_is_pulled_out_is_noted(
    admin_ctx: Context, line: int, emulator: EmulatorProcess, opened: Opens
) -> None:
    terminal = opened(admin_ctx, line)
    emulator.do("unplug")
    terminal.ask("AT+CSQ")
    assert any(entry.kind is Kind.NOTE for entry in terminal.news())
    terminal.close()


@pytest.mark.parametrize("secret", ["+8613800138000", "490154203237518", "89860012345678901234", "55550100"])
def test_hidden(secret: str) -> None:
    assert hidden(f'+X: "{secret}",145').endswith(f'***{secret[-4:]}",145')
    assert secret not in hidden(secret)
