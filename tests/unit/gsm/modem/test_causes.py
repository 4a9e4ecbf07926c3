"""Codes into classes, classes into what is proved."""

from __future__ import annotations

import pytest

from gsm.errors import (
    GsmError,
    LineFault,
    NotRegistered,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Refused,
    SimFault,
    StoreFull,
)
from gsm.modem.at import Final, parse_final
from gsm.modem.causes import (
    CME_NAMES,
    CMS_CAUSES,
    CMS_NAMES,
    Cause,
    cause_of,
    code_of,
    error_after_body,
    error_before_body,
)

CODES = {
    Refused: [1, 10, 21, 27, 30, 95, 99, 111, 128, 130, 143, 145, 159, 161, 175, 176, 195, 196, 198, 199, 304, 305],
    LineFault: [8, 28, 29, 50, 69, 193, 209, 302, 303, 330],
    SimFault: [310, 311, 312, 313, 315, 316, 317, 318],
    NotSent: [41, 38, 17, 42, 47, 127, 192, 194, 212, 301, 314, 514, 515, 22],
    NotRegistered: [331],
    StoreFull: [208, 211, 320, 322],
    OutcomeUnknown: [81, 197, 255, 300, 332, 500, 512, 513, 999],
}


@pytest.mark.parametrize(("error", "code"), [(error, code) for error, codes in CODES.items() for code in codes])
def test_cms_codes_after_the_body(error: type[GsmError], code: int) -> None:
    raised = error_after_body(Final(False, "cms", code, str(code)))
    assert type(raised) is error
    assert raised.code == f"cms.{code}"


@pytest.mark.parametrize("code", sorted({code for codes in CODES.values() for code in codes}))
def test_before_the_body_nothing_has_left(code: int) -> None:
    raised = error_before_body(Final(False, "cms", code, str(code)))
    assert raised.outcome in (Outcome.NOT_SENT, Outcome.REFUSED)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("+CMS ERROR: 38", 38),
        ("+CMS ERROR: network timeout", 332),
        ("+CMS ERROR: Network Timeout", 332),
        ("+CMS ERROR: SIM not inserted", 310),
        ("+CME ERROR: SIM not inserted", 10),
        ("+CME ERROR: SIM PIN required", 11),
        ("+CMS ERROR: something of its own", None),
        ("ERROR", None),
    ],
)
def test_numbers_and_words(line: str, code: int | None) -> None:
    final = parse_final(line)
    assert final is not None
    assert code_of(final) == code


def test_bare_error_proves_nothing_after_the_body() -> None:
    raised = error_after_body(Final(False, text="ERROR"))
    assert (type(raised), raised.code) == (OutcomeUnknown, "at.error")
    assert error_before_body(Final(False, text="ERROR")).outcome is Outcome.NOT_SENT


def test_retry_hints() -> None:
    def after(code: int) -> float | None:
        return error_after_body(Final(False, "cms", code, "")).retry_after

    soon, later, long = after(41), after(42), after(38)
    assert soon is not None
    assert later is not None
    assert long is not None
    assert soon < later < long
    assert after(21) is None
    assert after(500) is None


def test_every_class_has_names() -> None:
    assert set(CMS_CAUSES) - set(CMS_NAMES) == set()
    assert len(set(CME_NAMES.values())) == len(CME_NAMES)


def test_sim_errors_of_the_device() -> None:
    assert cause_of(Final(False, "cme", 10, "10")) is Cause.SIM
    assert cause_of(Final(False, "cme", 30, "30")) is Cause.NETWORK
    assert cause_of(Final(False, "cme", 100, "100")) is Cause.UNKNOWN
