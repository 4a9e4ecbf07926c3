"""USSD answers in all their forms, and the balance in them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from gsm.emulator.client import EmulatorProcess
from gsm.encoding import encode_gsm7
from gsm.messages import Balance
from gsm.modem.driver import ModemTransport
from gsm.modem.fields import pack_septets
from gsm.modem.ussd import UssdReply, UssdState, parse_balance, parse_reply

PACKED = pack_septets(encode_gsm7("Balance: 9.87 yuan")).hex().upper()


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ('+CUSD: 0,"Balance: 12.34 yuan",15', UssdReply(UssdState.DONE, "Balance: 12.34 yuan")),
        ('+CUSD: 1,"1. Balance\n2. Offers",15', UssdReply(UssdState.ASKS, "1. Balance\n2. Offers")),
        ('+CUSD: 0,"4F59989D00310032002E00335143",72', UssdReply(UssdState.DONE, "余额12.3元")),
        (f'+CUSD: 0,"{PACKED}",15', UssdReply(UssdState.DONE, "Balance: 9.87 yuan")),
        ('+CUSD: 0,"no coding"', UssdReply(UssdState.DONE, "no coding")),
        ('+CUSD: 0,"13800138000",15', UssdReply(UssdState.DONE, "13800138000")),
        ("+CUSD: 4", UssdReply(UssdState.UNSUPPORTED)),
        ("+CUSD:2", UssdReply(UssdState.ENDED)),
        ("+CUSD: 9", UssdReply(UssdState.ENDED)),
    ],
)
def test_replies(line: str, reply: UssdReply) -> None:
    assert parse_reply(line) == reply


def test_other_lines_are_none() -> None:
    assert parse_reply("+CSQ: 1,99") is None


@pytest.mark.parametrize(
    ("text", "pattern", "amount"),
    [
        ("您的余额为12.34元。", "", "12.34"),
        ("Balance: 5 yuan", "", "5"),
        ("当前可用余额：-3.20", "", "-3.20"),
        ("Credit 7,50 left 8.25 EUR", r"left ([\d.]+)", "8.25"),
        ("本月已消费30.00元，可用余额为人民币1,234.50元", "", "1234.50"),
        ("Saldo 7,50 EUR", r"Saldo ([\d.,]+)", "7.50"),
        ("话费 ￥5.5", "", "5.5"),
        ("balance: unknown", "", None),
        ("no figures", "", None),
    ],
)
def test_balances(text: str, pattern: str, amount: str | None) -> None:
    assert parse_balance(text, pattern) == (Decimal(amount) if amount else None)


def test_asks_the_network(emulator: EmulatorProcess, modem: Callable[..., ModemTransport]) -> None:
    transport = modem(emulator)
    assert transport.ussd("*100#") == UssdReply(UssdState.DONE, "Balance: 12.34 yuan")
    assert transport.balance() == Balance(amount=Decimal("12.34"), text="Balance: 12.34 yuan", code="*100#")
    assert transport.health().numbers == ("+8613900001111",)
    assert transport.numbers() == ["+8613900001111"]


def test_packed_for_those_who_need_it(emulator: EmulatorProcess, modem: Callable[..., ModemTransport]) -> None:
    emulator.fresh(persona="huawei", ussd=f'+CUSD: 0,"{PACKED}",15')
    transport = modem(emulator)
    assert transport.balance("*100#").amount == Decimal("9.87")
    assert 'AT+CUSD=1,"AA180C3602",15' in emulator.stats()["heard"]


def test_no_answer_is_a_state(emulator: EmulatorProcess, modem: Callable[..., ModemTransport]) -> None:
    emulator.set(ussd="RING")
    assert modem(emulator).ussd("*100#", seconds=0.1).state is UssdState.TIMEOUT


def test_why_there_is_no_balance(emulator: EmulatorProcess, modem: Callable[..., ModemTransport]) -> None:
    emulator.set(imsi="999990000000001", ussd="+CUSD: 4")
    transport = modem(emulator)
    assert transport.balance() == Balance(fault="ussd.no_code")
    assert transport.balance("*1#") == Balance(code="*1#", fault="ussd.unsupported")
    emulator.rule("CUSD", "command", "error", text="+CME ERROR: 30")
    assert transport.balance("*1#") == Balance(code="*1#", fault="cme.30")


def test_a_menu_is_left_again(emulator: EmulatorProcess, modem: Callable[..., ModemTransport]) -> None:
    emulator.set(ussd='+CUSD: 1,"1 Balance\r\n2 Offers",15')
    balance = modem(emulator).balance()
    assert (balance.amount, balance.text) == (None, "1 Balance\n2 Offers")
    assert "AT+CUSD=2" in emulator.stats()["heard"]


def test_terminal_shows_answers_and_refuses_what_would_send(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport]
) -> None:
    transport = modem(emulator)
    assert transport.command("AT+CSQ") == ["+CSQ: 20,99", "OK"]
    assert transport.command("AT+NOSUCH") == ["ERROR"]
    assert any("+CSQ: 20,99" in said.text for said in transport.transcript())
    for command in ("AT+CMGS=20", "ATD112;", "at+cpin=0000", "AT+CSQ;+CMGS=2", "hello"):
        with pytest.raises(ValueError, match=r".+"):
            transport.command(command)
