"""The line protocol: what answers a command, what came by itself, and where one may fall into the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsm.modem.at import OK, Answer, Dialog, Echo, Event, Final, Info, Prompt, Request, Stray, Unsolicited, parse_final

CSQ = Request("AT+CSQ", prefix="+CSQ:")
CMGS = Request("AT+CMGS=22", prefix="+CMGS:", prompt=True)
CMGR = Request("AT+CMGR=1", prefix="+CMGR:", pdu=True, required=False)
CGSN = Request("AT+CGSN", prefix="+CGSN:", bare=True, required=False)
CREG = Request("AT+CREG?", prefix="+CREG:")

# a status report of 25 octets with a service centre of 8
REPORT = "0891683108100005F006130D91683108108310F9621112328475006211123284750000"
REPORT_LINE = b"\r\n+CDS: 26\r\n" + REPORT.encode() + b"\r\n"
HEARD_REPORT = Unsolicited("+CDS: 26", REPORT)


def talk(request: Request | None, *chunks: bytes) -> list[Event]:
    dialog = Dialog()
    if request is not None:
        dialog.begin(request)
    return [event for chunk in chunks for event in dialog.feed(chunk)]


def at_the_prompt(*chunks: bytes, body: str = "0011") -> list[Event]:
    dialog = Dialog()
    dialog.begin(CMGS)
    assert dialog.feed(b"\r\n> ") == [Prompt()]
    dialog.body_written(body)
    return [event for chunk in chunks for event in dialog.feed(chunk)]


@pytest.mark.parametrize(
    ("line", "final"),
    [
        ("OK", OK),
        ("ERROR", Final(False, text="ERROR")),
        ("+CMS ERROR: 38", Final(False, "cms", 38, "38")),
        ("+CMS ERROR:500", Final(False, "cms", 500, "500")),
        ("+CME ERROR: SIM not inserted", Final(False, "cme", None, "SIM not inserted")),
        ("+CMS ERROR", Final(False, "cms", None, "")),
        ("COMMAND NOT SUPPORT", Final(False, text="COMMAND NOT SUPPORT")),
        ("OK, see you tomorrow", None),
        ("ERROR in your bill", None),
        ("OKAY", None),
        ("NO CARRIER", None),
    ],
)
def test_only_a_whole_line_is_final(line: str, final: Final | None) -> None:
    assert parse_final(line) == final


def test_plain_answer() -> None:
    assert talk(CSQ, b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n") == [Answer(OK, (Info("+CSQ: 20,99"),))]


def test_echo_is_no_answer() -> None:
    events = talk(CSQ, b"AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n")
    assert events == [Echo(), Answer(OK, (Info("+CSQ: 20,99"),))]


def test_split_anywhere() -> None:
    whole = b"AT+CSQ\r\r\n" + REPORT_LINE + b'\r\n+CSQ: 20,99\r\n\r\n+CMTI: "SM",3\r\nOK\r\n'
    expected = [Echo(), HEARD_REPORT, Unsolicited('+CMTI: "SM",3'), Answer(OK, (Info("+CSQ: 20,99"),))]
    for cut in range(len(whole)):
        assert talk(CSQ, whole[:cut], whole[cut:]) == expected


def test_byte_by_byte() -> None:
    whole = b"\r\n+CSQ: 20,99\r\n" + REPORT_LINE + b"\r\nOK\r\n"
    assert talk(CSQ, *(bytes([byte]) for byte in whole)) == [HEARD_REPORT, Answer(OK, (Info("+CSQ: 20,99"),))]


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\nRING\r\n",
        b"\r\n^RSSI:17\r\n^BOOT:20952548,0,0,0,72\r\n",
        b'\r\n+CUSD: 0,"OK\r\nERROR\r\nyour balance",15\r\n',
        b"\r\n+CREG: 1\r\n",
        b'\r\n+CREG: 2,"1A2B","00C3"\r\n',
        b'\r\n+ZPASR: "UMTS"\r\n',
        b"\r\nNO CARRIER\r\n",
        b"\r\n\xff\xfe\x80\x00\xc3\x28\r\n",
    ],
)
def test_noise_before_during_and_after(noise: bytes) -> None:
    events = talk(CSQ, noise, b"\r\n+CSQ: 20,99\r\n" + noise + b"\r\nOK\r\n" + noise)
    assert [event for event in events if not isinstance(event, Unsolicited)] == [Answer(OK, (Info("+CSQ: 20,99"),))]
    assert sum(isinstance(event, Unsolicited) for event in events) >= 3


def test_text_of_a_balance_is_no_result() -> None:
    events = talk(CSQ, b'\r\n+CUSD: 0,"12.34\r\nOK\r\n+CSQ: 1,1",15\r\n\r\n+CSQ: 9,99\r\nOK\r\n')
    assert events == [Unsolicited('+CUSD: 0,"12.34\nOK\n+CSQ: 1,1",15'), Answer(OK, (Info("+CSQ: 9,99"),))]


def test_a_quote_that_never_closes_does_not_swallow_the_line_for_ever() -> None:
    dialog = Dialog()
    dialog.begin(CSQ)
    assert dialog.feed(b'\r\n+CUSD: 1,"half\r\n') == []
    dialog.abandon()
    assert dialog.feed(b"") == [Unsolicited('+CUSD: 1,"half')]
    dialog.begin(CSQ)
    assert dialog.feed(b"+CSQ: 9,99\r\nOK\r\n") == [Answer(OK, (Info("+CSQ: 9,99"),))]


def test_prompt_split_and_glued() -> None:
    assert talk(CMGS, b"\r\n", b">", b" ") == [Prompt()]
    assert talk(CMGS, b"\r\n> " + REPORT_LINE) == [Prompt(), HEARD_REPORT]
    assert talk(CMGS, REPORT_LINE + b"\r\n>") == [HEARD_REPORT, Prompt()]


def test_prompt_is_only_seen_when_expected() -> None:
    assert talk(CSQ, b"\r\n> \r\n+CSQ: 1,99\r\nOK\r\n")[-1] == Answer(OK, (Info("+CSQ: 1,99"),))


def test_report_inside_a_prompt_and_before_the_result() -> None:
    events = at_the_prompt(REPORT_LINE, b"\r\n+CMGS: 37\r\n" + REPORT_LINE + b"\r\nOK\r\n")
    assert events == [HEARD_REPORT, HEARD_REPORT, Answer(OK, (Info("+CMGS: 37"),))]


@pytest.mark.parametrize("result", [b"+CMGS:37", b'+CMGS: 37,"26/11/21,10:00:00+32"', b"+CMGS: 37"])
def test_forms_of_the_reference(result: bytes) -> None:
    (answer,) = at_the_prompt(b"\r\n" + result + b"\r\n\r\nOK\r\n")
    assert answer == Answer(OK, (Info(result.decode()),))


def test_echoed_body_is_no_answer() -> None:
    events = at_the_prompt(b"0011000D91\x1a\r\n+CMGS: 1\r\nOK\r\n", body="0011000D91")
    assert events == [Answer(OK, (Info("+CMGS: 1"),))]


def test_late_result_of_the_message_before_comes_before_the_prompt() -> None:
    events = talk(CMGS, b"\r\n+CMGS: 36\r\n\r\nOK\r\n\r\n> ")
    assert events == [Stray("+CMGS: 36"), Stray("OK"), Prompt()]


def test_ok_without_the_information_is_somebody_elses() -> None:
    assert talk(CSQ, b"\r\nOK\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n") == [Stray("OK"), Answer(OK, (Info("+CSQ: 20,99"),))]


@pytest.mark.parametrize("request_", [Request("AT+CMGD=1"), Request('AT+CPMS="SM"', prefix="+CPMS:", required=False)])
def test_the_ok_of_a_late_message_is_not_that_of_the_command_after_it(request_: Request) -> None:
    """What is asked meanwhile must not seem to be done: it may be a deletion."""
    assert talk(request_, b"\r\n+CMGS: 76\r\n", b"\r\nOK\r\n") == [Stray("+CMGS: 76"), Stray("OK")]
    events = talk(request_, b"\r\n+CMGS: 76\r\n\r\nOK\r\n", b"\r\nOK\r\n")
    assert events == [Stray("+CMGS: 76"), Stray("OK"), Answer(OK)]


def test_after_abandon_everything_is_stray() -> None:
    dialog = Dialog()
    dialog.begin(CSQ)
    dialog.abandon()
    assert dialog.feed(b"\r\nOK\r\n") == [Stray("OK")]


def test_stored_message_with_an_unsolicited_one_between_its_lines() -> None:
    stored = REPORT.replace("9621112328475006", "9621112328475005")
    events = talk(CMGR, b"\r\n+CMGR: 1,,26\r\n" + REPORT_LINE + stored.encode() + b"\r\n\r\nOK\r\n")
    assert events == [HEARD_REPORT, Answer(OK, (Info("+CMGR: 1,,26", stored),))]


def test_lines_between_a_report_and_its_pdu() -> None:
    events = talk(CSQ, b"\r\n+CDS: 26\r\n^RSSI:17\r\n+CSQ: 1,99\r\nOK\r\n" + REPORT.encode() + b"\r\n")
    assert events == [Unsolicited("^RSSI:17"), Answer(OK, (Info("+CSQ: 1,99"),)), HEARD_REPORT]


def test_digits_that_answer_are_not_a_pdu() -> None:
    events = talk(CGSN, b"\r\n+CDS: 26\r\n49015420323751\r\n" + REPORT.encode() + b"\r\nOK\r\n")
    assert events == [HEARD_REPORT, Answer(OK, (Info("49015420323751"),))]


def test_a_report_without_its_pdu_is_told_of() -> None:
    events = talk(None, b"\r\n+CDS: 26\r\n" + REPORT_LINE)
    assert events == [Unsolicited("+CDS: 26"), HEARD_REPORT]


def test_own_registration_answer_and_a_change_of_it() -> None:
    events = talk(CREG, b"\r\n+CREG: 5\r\n\r\n+CREG: 0,1\r\n\r\nOK\r\n")
    assert events == [Unsolicited("+CREG: 5"), Answer(OK, (Info("+CREG: 0,1"),))]


def test_bare_value_among_vendor_noise() -> None:
    events = talk(CGSN, b"\r\n^RSSI:3\r\n490154203237518\r\nRING\r\nOK\r\n")
    assert events == [Unsolicited("^RSSI:3"), Unsolicited("RING"), Answer(OK, (Info("490154203237518"),))]


def test_a_restart_is_noticed() -> None:
    assert talk(None, b"\r\nRDY\r\n") == [Unsolicited("RDY", reboot=True)]
    assert talk(CMGS, b"\r\n^SYSSTART\r\n") == [Unsolicited("^SYSSTART", reboot=True)]


def test_a_flood_without_line_ends_is_bounded() -> None:
    dialog = Dialog()
    dialog.begin(CSQ)
    for _ in range(100):
        assert dialog.feed(b"\xaa" * 4096) == []
    assert dialog.feed(b"\r\n+CSQ: 1,99\r\nOK\r\n")[-1] == Answer(OK, (Info("+CSQ: 1,99"),))


@given(st.lists(st.binary(max_size=60), max_size=30), st.sampled_from([CSQ, CMGS, CMGR, CGSN, None]))
def test_no_input_raises_and_the_line_works_afterwards(chunks: list[bytes], request_: Request | None) -> None:
    dialog = Dialog()
    if request_ is not None:
        dialog.begin(request_)
    for chunk in chunks:
        dialog.feed(chunk)
    dialog.abandon()
    dialog.feed(b"\r\n")
    dialog.begin(CSQ)
    assert Answer(OK, (Info("+CSQ: 20,99"),)) in dialog.feed(b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n")
