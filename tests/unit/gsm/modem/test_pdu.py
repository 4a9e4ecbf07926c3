"""PDUs against other people's vectors, an independent decoder, and round trips.

``corpus/*.json`` takes any PDU with the fields it must have: adding an entry is adding a test.
"""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smspdudecoder.easy import read_incoming_sms
from smspdudecoder.fields import SMSSubmit

from gsm.emulator.pdus import decode_submit, encode_deliver, encode_report, tpdu_length
from gsm.encoding import GSM7_BASIC, GSM7_EXTENSION, split
from gsm.messages import Alphabet, DeliveryOutcome, Part, Submit
from gsm.modem.fields import Charset
from gsm.modem.pdu import Deliver, PduError, StatusReport, StoredSubmit, decode, encode_submit, outcome_of

VECTORS: list[dict[str, Any]] = [
    entry
    for file in sorted((Path(__file__).parent / "corpus").glob("*.json"))
    for entry in json.loads(file.read_text(encoding="utf-8"))
]
GSM_TEXT = st.text(alphabet=[c for c in GSM7_BASIC if c != "\x1b"] + list(GSM7_EXTENSION.values()), max_size=320)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)
NUMBERS = st.from_regex(r"\+[1-9][0-9]{6,14}|[0-9*#]{3,12}", fullmatch=True)
WHEN = datetime(2026, 11, 21, 10, 30, 15, tzinfo=timezone(timedelta(hours=8)))
CENTRE = "+8613800100500"


def submit_of(text: str, recipient: str = "+46708251358", **values: Any) -> Submit:
    values.setdefault("status_report", False)
    return Submit(recipient=recipient, part=split(text)[0], key="k", **values)


def shown(decoded: Any, name: str) -> object:
    """A field as the corpus writes it."""
    found: Any = decoded.coding.message_class if name == "message_class" else getattr(decoded, name)
    if name == "concatenation":
        return [found.reference, found.total, found.sequence]
    if name == "waiting":
        return [[waiting.kind, waiting.active, waiting.count] for waiting in found]
    if name == "data":
        return found.hex()
    return found.isoformat() if name.endswith("_at") else found


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"])
def test_corpus(vector: dict[str, Any]) -> None:
    decoded = decode(vector["pdu"])
    expected = {name: value for name, value in vector.items() if name not in ("source", "pdu", "differs")}
    assert {name: shown(decoded, name) for name in expected} == expected


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"])
def test_corpus_with_an_independent_decoder(vector: dict[str, Any]) -> None:
    """It knows no century before 2000; each further difference is explained in the corpus."""
    decoded = decode(vector["pdu"])
    if not isinstance(decoded, Deliver):
        return
    other = read_incoming_sms(vector["pdu"])
    assert decoded.sender == other["sender"]
    assert decoded.sent_at is not None
    assert decoded.sent_at.timetuple()[1:6] == other["date"].timetuple()[1:6]
    same = other["content"] in (decoded.text, decoded.data)
    assert same == ("differs" not in vector)


@pytest.mark.parametrize(
    ("submit", "hex_", "length"),
    [
        (submit_of("hellohello"), "0001000B916407281553F800000AE8329BFD4697D9EC37", 22),
        (
            submit_of("hellohello", validity=timedelta(days=4)),
            "0011000B916407281553F80000AA0AE8329BFD4697D9EC37",
            23,
        ),
        (
            submit_of("Şebeke", "+905550000001", validity=timedelta(days=4)),
            "0011000C910955050000100008AA0C015E006500620065006B0065",
            26,
        ),
        (submit_of("R", "10086", status_report=True), "00210005810180F600000152", 11),
        (submit_of("R", "*100#", message_class=0), "00010005811A00FB00100152", 11),
    ],
)
def test_submit_vectors(submit: Submit, hex_: str, length: int) -> None:
    pdu = encode_submit(submit)
    assert pdu.hex == hex_
    assert pdu.length == length


@pytest.mark.parametrize("recipient", ["", "+", "Bank", "+86138x", "1" * 21, "１３８"])
def test_numbers_that_cannot_be_dialled(recipient: str) -> None:
    with pytest.raises(ValueError, match="dialled"):
        encode_submit(submit_of("x", recipient))


def test_a_part_without_its_reference_never_leaves() -> None:
    part = split("款" * 80)[0]
    with pytest.raises(ValueError, match="reference"):
        encode_submit(Submit(recipient="10086", part=part, key="k"))


def test_a_part_that_is_too_long_never_leaves() -> None:
    part = Part(text="款" * 71, alphabet=Alphabet.UCS2)
    with pytest.raises(ValueError, match="142 octets"):
        encode_submit(Submit(recipient="10086", part=part, key="k"))


@given(GSM_TEXT | ANY_TEXT, NUMBERS, st.booleans(), st.booleans())
def test_submit_round_trip(text: str, recipient: str, wide: bool, report: bool) -> None:
    read = []
    for part in split(text, concat_reference=200, wide_reference=wide):
        pdu = encode_submit(Submit(recipient=recipient, part=part, key="k", status_report=report))
        submitted = decode_submit(pdu.hex, pdu.length)
        assert (submitted.recipient, submitted.report) == (recipient, report)
        if part.total > 1:
            assert submitted.concatenation is not None
            assert submitted.concatenation.sequence == part.sequence
            assert submitted.concatenation.wide == wide
        read.append(submitted.text)
    assert "".join(read) == text


@given(GSM_TEXT | ANY_TEXT)
def test_submit_is_understood_by_an_independent_decoder(text: str) -> None:
    """The one difference: it reads seven spare bits at the end as one more "@"."""
    for part in split(text, concat_reference=9):
        pdu = encode_submit(Submit(recipient="+8613800138000", part=part, key="k"))
        other = SMSSubmit.decode(StringIO(pdu.hex))
        assert other["user_data"]["data"] in (part.text, part.text + "@")


@given(GSM_TEXT | ANY_TEXT, st.sampled_from(["+8613900001111", "10086", "ICBC"]))
def test_deliver_round_trip(text: str, sender: str) -> None:
    parts = split(text, concat_reference=9)
    decoded = [decode(encode_deliver(sender, part, WHEN, centre=CENTRE)) for part in parts]
    assert all(isinstance(deliver, Deliver) for deliver in decoded)
    assert "".join(deliver.text for deliver in decoded if isinstance(deliver, Deliver)) == text
    for deliver in decoded:
        assert isinstance(deliver, Deliver)
        assert (deliver.sender, deliver.sent_at, deliver.centre) == (sender, WHEN.astimezone(UTC), CENTRE)


def test_status_report_octet_by_octet() -> None:
    """9.2.2.3, written by hand: MTI 2 and no more messages, reference 39, +31628870634, both times, 48."""
    raw = "07911326040000F0" + "06" + "27" + "0B911326880736F4" + "62111101031580" + "62111101035580" + "30"
    report = decode(raw)
    assert report == StatusReport(
        centre="+31624000000",
        reference=39,
        recipient="+31628870634",
        sent_at=datetime(2026, 11, 11, 8, 30, 51, tzinfo=UTC),
        done_at=datetime(2026, 11, 11, 8, 30, 55, tzinfo=UTC),
        status=0x30,
    )
    assert report.outcome is DeliveryOutcome.TRYING


def test_report_with_zero_times_is_a_report() -> None:
    raw = "00" + "06" + "05" + "05810180F6" + "00" * 7 + "00" * 7 + "00"
    report = decode(raw)
    assert isinstance(report, StatusReport)
    assert (report.reference, report.sent_at, report.done_at, report.recipient) == (5, None, None, "10086")


def test_report_without_a_service_centre() -> None:
    raw = encode_report(7, "+8613800138000", 0, WHEN, WHEN, centre="")[2:]
    report = decode(raw, length=len(raw) // 2)
    assert isinstance(report, StatusReport)
    assert (report.reference, report.recipient) == (7, "+8613800138000")


@given(st.integers(0, 255), NUMBERS, st.integers(0, 255))
def test_report_round_trip(reference: int, recipient: str, status: int) -> None:
    raw = encode_report(reference, recipient, status, WHEN, WHEN, centre=CENTRE)
    report = decode(raw, length=tpdu_length(raw))
    assert isinstance(report, StatusReport)
    assert (report.reference, report.recipient, report.status) == (reference, recipient, status)
    assert report.sent_at == WHEN


@pytest.mark.parametrize(
    ("outcome", "codes"),
    [
        (DeliveryOutcome.DELIVERED, [0x00, 0x02, *range(0x10, 0x20)]),
        (DeliveryOutcome.FORWARDED, [0x01]),
        (DeliveryOutcome.TRYING, [*range(0x20, 0x26), *range(0x30, 0x40)]),
        (DeliveryOutcome.EXPIRED, [0x46]),
        (DeliveryOutcome.FAILED, [0x40, 0x45, 0x47, 0x4F, 0x50, 0x60, 0x65, 0x70, 0x80, 0xFF, 0x03, 0x0F, 0x26, 0x2F]),
    ],
)
def test_tp_status(outcome: DeliveryOutcome, codes: list[int]) -> None:
    assert {outcome_of(code) for code in codes} == {outcome}


def test_trailing_at_is_text_and_alphanumeric_senders_are_names() -> None:
    deliver = decode(encode_deliver("Design@Home", split("1234567@")[0], WHEN, centre=""))
    assert isinstance(deliver, Deliver)
    assert (deliver.sender, deliver.text) == ("Design@Home", "1234567@")


def test_flash() -> None:
    deliver = decode(encode_deliver("10086", split("now")[0], WHEN, centre="", message_class=0))
    assert isinstance(deliver, Deliver)
    assert deliver.coding.message_class == 0


def test_eight_bit_data_keeps_its_octets() -> None:
    raw = "00" + "40" + "05810180F6" + "00F5" + "00" * 7 + "0A" + "0605040B8423F0" + "010203"
    deliver = decode(raw)
    assert isinstance(deliver, Deliver)
    assert (deliver.coding.charset, deliver.data, deliver.destination_port) == (Charset.OCTETS, b"\1\2\3", 2948)


def test_a_stored_message_of_our_own_is_left_alone() -> None:
    assert decode(encode_submit(submit_of("draft")).hex) == StoredSubmit()


def test_national_tables_are_read() -> None:
    """Turkish by single shift (A.2.1): ESC 0x53 is Ş."""
    fill = 3  # bits after a header of four octets
    bits = (0x1B | 0x53 << 7) << fill
    data = bytes([3, 0x24, 1, 1]) + bits.to_bytes(3, "little")
    raw = "00" + "40" + "05810180F6" + "0000" + "00" * 7 + f"{5 + 2:02X}" + data.hex()
    deliver = decode(raw)
    assert isinstance(deliver, Deliver)
    assert deliver.text == "Ş"


@pytest.mark.parametrize(
    "raw", ["", "zz", "0", "07", "FF00", "00" + "04" + "0B9168", "00" * 3, "hello", "00" + "20" * 40]
)
def test_damaged_pdus_say_so_and_keep_their_bytes(raw: str) -> None:
    with pytest.raises(PduError) as error:
        decode(raw)
    assert error.value.raw == raw
    assert error.value.reason


def test_every_truncation_is_an_error_or_a_record() -> None:
    whole = encode_deliver("+8613900001111", split("款" * 70)[0], WHEN, centre=CENTRE)
    for end in range(0, len(whole), 2):
        with pytest.raises(PduError):
            decode(whole[:end])


@given(st.binary(max_size=180))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(PduError):
        assert decode(data.hex()) is not None
