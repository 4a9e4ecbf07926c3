"""What devices say about themselves, in the forms they say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gsm.emulator.client import EmulatorProcess
from gsm.messages import Registration, SimState
from gsm.modem.at import Answer, Final, Info
from gsm.modem.driver import ModemTransport
from gsm.modem.health import bars_of, dbm_of, fields, parse_iccid, parse_registration, parse_sim


@pytest.mark.parametrize(
    ("rssi", "dbm", "bars"),
    [
        (0, -113, 0),
        (2, -109, 1),
        (10, -93, 3),
        (20, -73, 5),
        (31, -51, 5),
        (99, None, 0),
        (100, -116, 0),
        (199, None, 0),
    ],
)
def test_signal(rssi: int, dbm: int | None, bars: int) -> None:
    assert dbm_of(rssi) == dbm
    assert bars_of(dbm) == bars


@pytest.mark.parametrize(
    ("line", "state", "technology"),
    [
        ("+CREG: 0,1", Registration.HOME, ""),
        ('+CREG: 2,5,"1A2B","00C3",7', Registration.ROAMING, "LTE"),
        ("+CEREG: 2,1,1A2B,00C3,7", Registration.HOME, "LTE"),
        ("+CGREG:0,2", Registration.SEARCHING, ""),
        ("+CREG: 0,3", Registration.DENIED, ""),
        ("+CREG: 5", Registration.ROAMING, ""),
        ('+CREG: 1,"1A2B","00C3",2', Registration.HOME, "UMTS"),
        ("garbage", Registration.UNKNOWN, ""),
    ],
)
def test_registration(line: str, state: Registration, technology: str) -> None:
    assert parse_registration(line) == (state, technology)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(Final(True), (Info("+CPIN: READY"),)), SimState.READY),
        (Answer(Final(True), (Info("+CPIN: SIM PIN"),)), SimState.PIN),
        (Answer(Final(True), (Info("+CPIN: SIM PUK"),)), SimState.PUK),
        (Answer(Final(True), (Info("+CPIN: PH-NET PIN"),)), SimState.UNKNOWN),
        (Answer(Final(False, "cme", 10, "10")), SimState.ABSENT),
        (Answer(Final(False, "cme", None, "SIM failure")), SimState.FAILED),
        (Answer(Final(False, "cms", 310, "310")), SimState.ABSENT),
        (Answer(Final(False, text="ERROR")), SimState.UNKNOWN),
    ],
)
def test_sim(answer: Answer, state: SimState) -> None:
    assert parse_sim(answer) is state


@pytest.mark.parametrize(
    ("line", "iccid"),
    [
        ("+CCID: 89860012345678901234", "89860012345678901234"),
        ('+CCID: "8986001234567890123F"', "8986001234567890123"),
        ("^ICCID: 98680021436587092143", "89860012345678901234"),
        ("no digits", ""),
    ],
)
def test_iccid(line: str, iccid: str) -> None:
    assert parse_iccid(line) == iccid


def test_fields_keep_quoted_commas() -> None:
    assert fields('+COPS: 0,0,"CHINA, MOBILE",7') == ["0", "0", "CHINA, MOBILE", "7"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"signal_dbm": -73, "bars": 5, "operator": "CHINA MOBILE", "smsc": "+8613800100500", "store_total": 40}),
        ({"csq": 99}, {"signal_dbm": None, "bars": 0}),
        ({"technology": 7}, {"technology": "LTE"}),
        ({"operator": "4E2D56FD79FB52A8"}, {"operator": "中国移动"}),
        ({"registration": 2}, {"registration": Registration.SEARCHING, "operator": ""}),
        ({"sim": "ABSENT"}, {"sim": SimState.ABSENT, "smsc": "", "store_total": None}),
    ],
    ids=str,
)
def test_health_of_a_device(
    emulator: EmulatorProcess,
    modem: Callable[..., ModemTransport],
    settings: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    transport = modem(emulator)
    emulator.set(**settings)
    health = transport.health()
    assert {name: getattr(health, name) for name in expected} == expected
