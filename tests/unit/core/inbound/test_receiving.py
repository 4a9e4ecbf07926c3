from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from console.core.inbound import receiving
from console.core.inbound.optout import is_refusal
from console.core.inbound.remarks import shown
from db.models import AuditEntry, Consent, Customer, InboundMessage, Suppression
from gsm.messages import Content, Inbound, Undecodable, Waiting, WaitingKind


@pytest.mark.parametrize(
    "body", ["R", "r", "Ｒ", " r ", "T", "td", "ＴＤ", "N", "n.", "退订", "退 订", "退訂", "拒收", "“拒收”！", "R\n"]
)
def test_words_that_refuse(body: str) -> None:
    assert is_refusal(body)


@pytest.mark.parametrize("body", ["", "Right", "TN", "请不要拒收", "好的", "5", "RR", "我要退订房贷短信吗"])
def test_words_that_do_not(body: str) -> None:
    assert not is_refusal(body)


@pytest.fixture
def customers(house: Any) -> list[int]:
    rows = [
        Customer(number=f"C{n}", name="李强", pinyin="liqiang", initials="lq", phone="13800138000", phone_tail="8000")
        for n in range(2)
    ]
    for row in rows:
        row.created_at = row.updated_at = house.now
    with house.database.begin() as session:
        session.add_all(rows)
    return [row.id for row in rows]


def write(house: Any, body: str, sender: str = "+8613800138000", **values: Any) -> int:
    line = house.all(_line())[0].id if house.all(_line()) else house.line()
    message = Inbound(
        token="1",
        raw="0791",
        sender=sender,
        body=body,
        sender_identity="46000",
        sent_at=house.now - timedelta(seconds=3),
        received_at=house.now,
        **values,
    )
    with house.database.begin() as session:
        return receiving.store(session, [(line, message)])[0]


def _line() -> Any:
    from db.models import Line

    return Line


def test_a_reply_is_kept_as_it_came_with_its_customer(house: Any, customers: list[int]) -> None:
    write(house, "好的，谢谢")
    row = house.all(InboundMessage)[0]
    assert (row.sender, row.body, row.raw, row.customer_id) == ("13800138000", "好的，谢谢", "0791", customers[0])
    assert house.all(Suppression) == []


def test_a_refusal_suppresses_marketing_and_withdraws_consent_with_an_audit_entry(
    house: Any, customers: list[int]
) -> None:
    inbound = write(house, "Ｒ")
    suppression = house.all(Suppression)[0]
    assert (suppression.phone, suppression.scope, suppression.source) == ("13800138000", "marketing", "reply")
    assert [(row.customer_id, row.purpose, row.granted) for row in house.all(Consent)] == [
        (customer, "marketing", False) for customer in customers
    ]
    entry = house.all(AuditEntry)[0]
    assert (entry.action, entry.subject, entry.actor) == ("consent.refused", f"inbound:{inbound}", "system")
    assert "13800138000" not in entry.detail


def test_refusing_again_changes_no_more_than_the_record(house: Any, customers: list[int]) -> None:
    write(house, "TD")
    write(house, "退订")
    assert len(house.all(Suppression)) == 1
    assert len(house.all(InboundMessage)) == 2


def test_a_stranger_may_refuse_too(house: Any) -> None:
    write(house, "R", sender="+8613999999999")
    assert house.all(Suppression)[0].phone == "13999999999"
    assert house.all(Consent) == []


def test_what_nobody_can_read_is_kept(house: Any) -> None:
    line = house.line()
    with house.database.begin() as session:
        receiving.store(session, [(line, Undecodable(token="1", raw="FFFF", reason="odd", received_at=house.now))])
    row = house.all(InboundMessage)[0]
    assert (row.undecodable, row.raw, row.body, row.sender) == (True, "FFFF", "", "")
    assert shown(row.remarks) == "It could not be read (odd); its bytes are kept."


def test_what_a_modem_hands_on_again_is_kept_once(house: Any) -> None:
    """It could not forget the message before the program ended."""
    assert write(house, "R") == write(house, "R")
    assert len(house.all(InboundMessage)) == 1
    line = house.all(_line())[0].id
    damaged = Undecodable(token="1", raw="FFFF", reason="odd", received_at=house.now)
    with house.database.begin() as session:
        first, second = receiving.store(session, [(line, damaged), (line, damaged)])
    assert first == second


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ""),
        ({"parts": 3, "missing": (2,)}, "Part 2 of 3 is missing."),
        ({"parts": 4, "missing": (1, 3)}, "Parts 1, 3 of 4 are missing."),
        ({"flash": True}, "It was sent to be shown at once (flash message)."),
        ({"content": Content.DATA}, "It is data for a program, not a text."),
        ({"content": Content.COMPRESSED}, "The text is compressed; only its bytes can be shown."),
        (
            {"waiting": (Waiting(kind=WaitingKind.VOICE, active=True, count=3),)},
            "Voice messages wait in the mailbox of this SIM card. How many: 3.",
        ),
        ({"waiting": (Waiting(kind=WaitingKind.FAX, active=False),)}, "No faxes wait any more."),
    ],
)
def test_what_the_body_does_not_tell(house: Any, values: dict[str, Any], told: str) -> None:
    write(house, "body", **values)
    row = house.all(InboundMessage)[0]
    assert shown(row.remarks) == told
    assert (row.complete, row.flash) == ("missing" not in values, "flash" in values)


@pytest.mark.parametrize(
    ("number", "stored"),
    [
        ("+8613800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("10086", "10086"),
        ("+4915112345", "+4915112345"),
    ],
)
def test_numbers_are_stored_as_customers_have_them(number: str, stored: str) -> None:
    assert receiving.domestic(number) == stored
