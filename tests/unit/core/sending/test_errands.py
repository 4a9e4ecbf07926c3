from __future__ import annotations

from typing import Any

from console.core.lines.balance import ERRAND, load
from db.models import AuditEntry, Line
from gsm.memory import MemoryTransport
from gsm.messages import Balance, LineIdentity


def test_the_balance_is_asked_when_nothing_waits(house: Any, office: Any, until: Any) -> None:
    line = house.line(options={"balance_code": "*130#"}, errand=ERRAND)
    house.batch(3)
    asked: list[tuple[str, int]] = []

    def prepare(transport: MemoryTransport) -> None:
        def balance(code: str = "", pattern: str = "") -> Balance:
            asked.append((code, len(transport.ledger)))
            return Balance(text="12 yuan", code=code)

        transport.balance = balance  # type: ignore[method-assign]

    office.prepare = prepare
    office.start()
    until(lambda: house.all(Line)[0].balance is not None)
    row = house.all(Line)[0]
    told = load(row.balance)
    assert told is not None
    assert (row.id, row.errand, told.balance) == (line, None, Balance(text="12 yuan", code="*130#"))
    assert asked in ([("*130#", 0)], [("*130#", 3)])  # never between two messages


def test_modems_plugged_in_the_other_way_round_change_places(house: Any, office: Any, until: Any) -> None:
    """Each line knows its modem; what answers at a port tells which line the port belongs to."""
    house.line("A", identity={"imei": "1" * 15})
    house.line("B", identity={"imei": "2" * 15})
    at = {"memory://A": "2" * 15, "memory://B": "1" * 15}

    def opens(transport: MemoryTransport) -> None:
        really = transport.open

        def opened() -> LineIdentity:
            really()
            return LineIdentity(imei=at[transport.address], imsi=at[transport.address])

        transport.open = opened  # type: ignore[method-assign]

    office.prepare = opens
    office.start()
    until(lambda: [line.address for line in house.all(Line)] == ["memory://B", "memory://A"])
    until(lambda: {line.state.value for line in house.all(Line)} == {"ready"})
    house.batch(4)
    until(lambda: house.states() == {"delivered": 4})
    until(lambda: [line.identity["imei"] for line in house.all(Line)] == ["1" * 15, "2" * 15])
    assert {entry.subject for entry in house.all(AuditEntry) if entry.action == "line.moved"} == {"line:1", "line:2"}
