from __future__ import annotations

import pytest

from console.core.lines.commands import refusal


@pytest.mark.parametrize(
    "command",
    ["AT", "at+csq", "ATI", "AT+CPIN?", "AT+CMGS=?", "AT+COPS=?", "AT+CMGL=4", "AT+CFUN=1,1", "AT+CSQ;+CREG?",
     "AT^SYSINFO", 'AT+CPMS="SM","SM","SM"', "AT + CSQ", "AT+CFUN?"],
)  # fmt: skip
def test_reading_is_free(command: str) -> None:
    assert refusal(command) is None


@pytest.mark.parametrize(
    "command",
    ["AT+CMGS=23", "at + cmgs = 23", "AT+CMGW=23", "AT+CMSS=1", "AT+CMGC=3", "AT+CSQ;+CMGS=23", "AT#CMGS=3",
     "AT+QCMGS=1", "ATD10086;", "ATE0D10086;", "ATX4DT1", "ATA", "A/", "AT+CFUN=0", "AT+CFUN=4",
     'AT+CLCK="SC",1,"1234"',
     'AT+CPWD="SC","1","2"', 'AT+CPIN="1234"', "AT&F", "ATZ", "AT&W", 'AT+EGMR=1,7,"490154203237518"',
     "AT+CUSD=1,\"*100#\"", "AT+CMGD=1,4", "AT+CNMA", "AT+CMGF=1", "AT+IPR=9600", "AT+CSQ\r+CMGS=1", "AT+CMGS=1\x1a",
     "AT+CSCA=\"1;+CMGS=1", "AT+CSIM=10,\"00\"", "AT+FROBNICATE=1", "ATE1", "ATV0", "AT+CSQ+CMGS=1", "hello", "",
     "AT+CMGS", "ATI0D1", "AT+CGDATA"],
)  # fmt: skip
def test_what_is_not_known_to_be_harmless_is_refused(command: str) -> None:
    reason = refusal(command)
    assert reason is not None
    assert str(reason).endswith(".")


def test_the_reason_is_the_right_one() -> None:
    assert "outbox" in str(refusal("AT+CMGS=1"))
    assert "call" in str(refusal("ATD1;"))
    assert "lock" in str(refusal('AT+CPIN="1234"'))
    assert "identity" in str(refusal('AT+EGMR=1,7,"1"'))
    assert "no longer answer" in str(refusal("AT+CFUN=0"))
