"""The fields of TPDUs, each against the clause that defines it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from gsmmodem.pdu import packSeptets
from hypothesis import given
from hypothesis import strategies as st

from gsm.messages import Waiting, WaitingKind
from gsm.modem.fields import (
    Charset,
    Coding,
    Concatenation,
    Header,
    Octets,
    PduError,
    decode_address,
    decode_centre,
    decode_coding,
    decode_header,
    decode_septets,
    decode_time,
    decode_validity,
    encode_address,
    encode_alphanumeric,
    encode_centre,
    encode_time,
    encode_validity,
    pack_septets,
    readable,
    unpack_septets,
)


@given(st.binary(max_size=160).map(lambda data: bytes(byte & 0x7F for byte in data)), st.sampled_from([0, 6, 7, 4, 12]))
def test_septets_round_trip(septets: bytes, header: int) -> None:
    fill = -header * 8 % 7
    packed = pack_septets(septets, header_octets=header)
    assert len(packed) == -(-(len(septets) * 7 + fill) // 8)
    assert unpack_septets(packed, len(septets), skip_bits=fill) == septets
    assert packed == bytes(packSeptets(bytearray(septets), padBits=header * 8 % 7))


def test_escapes() -> None:
    assert decode_septets(b"\x1b\x65\x1b\x3c") == "€["
    assert decode_septets(b"\x1b\x1b") == " "
    assert decode_septets(b"\x1bA") == "A"  # not in the extension table
    assert decode_septets(b"\x1b") == ""


@pytest.mark.parametrize(
    ("number", "octets"),
    [
        ("+8613800138000", "0D91683108108300F0"),
        ("10086", "05810180F6"),
        ("*100#", "05811A00FB"),
        ("+86 138-0013-8000", "0D91683108108300F0"),
    ],
)
def test_addresses(number: str, octets: str) -> None:
    encoded = encode_address(number)
    assert encoded.hex().upper() == octets
    assert decode_address(Octets(encoded)) == number.replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    ("octets", "name"), [("0BD0CDE6DB5DCE03", "MMoney"), ("14D0C4F23C7D760390EF7619", "Design@Home")]
)
def test_names_as_senders(octets: str, name: str) -> None:
    assert decode_address(Octets(bytes.fromhex(octets))) == name
    assert encode_alphanumeric(name).hex().upper() == octets


@pytest.mark.parametrize("number", ["", "+8613800100500", "+31624000000"])
def test_service_centres(number: str) -> None:
    assert decode_centre(Octets(encode_centre(number))) == number


@pytest.mark.parametrize(
    ("octets", "moment"),
    [
        ("70402132522400", datetime(2007, 4, 12, 23, 25, 42, tzinfo=UTC)),
        ("70402132522423", datetime(2007, 4, 12, 15, 25, 42, tzinfo=UTC)),
        ("3130523210658A", datetime(2013, 3, 26, 6, 1, 56, tzinfo=UTC)),  # 7 hours behind
        ("99309251619580", datetime(1999, 3, 29, 13, 16, 59, tzinfo=UTC)),
        ("00000000000000", None),
        ("FFFFFFFFFFFFFF", None),
        ("62130132522400", None),  # month 31
    ],
)
def test_time_stamps(octets: str, moment: datetime | None) -> None:
    assert decode_time(bytes.fromhex(octets)) == moment


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2089, 12, 30)),  # noqa: DTZ001
    st.integers(-48, 56),
)
def test_time_round_trip(moment: datetime, quarters: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    assert decode_time(encode_time(aware)) == aware


@pytest.mark.parametrize(
    ("validity", "octet"),
    [
        (timedelta(seconds=1), 0),
        (timedelta(minutes=5), 0),
        (timedelta(minutes=6), 1),
        (timedelta(hours=12), 143),
        (timedelta(hours=12, minutes=1), 144),
        (timedelta(hours=24), 167),
        (timedelta(hours=25), 168),
        (timedelta(days=4), 0xAA),
        (timedelta(days=30), 196),
        (timedelta(days=31), 197),
        (timedelta(weeks=63), 255),
        (timedelta(weeks=90), 255),
    ],
)
def test_validity(validity: timedelta, octet: int) -> None:
    assert encode_validity(validity) == octet


@given(st.integers(0, 255))
def test_validity_round_trip(octet: int) -> None:
    assert encode_validity(decode_validity(octet)) == octet


def waiting(kind: str, active: bool) -> Waiting:
    return Waiting(kind=WaitingKind(kind), active=active)


@pytest.mark.parametrize(
    ("scheme", "coding"),
    [
        (0x00, Coding(Charset.GSM7)),
        (0x04, Coding(Charset.OCTETS)),
        (0x08, Coding(Charset.UCS2)),
        (0x0C, Coding(Charset.GSM7)),
        (0x10, Coding(Charset.GSM7, message_class=0)),
        (0x19, Coding(Charset.UCS2, message_class=1)),
        (0x20, Coding(Charset.GSM7, compressed=True)),
        (0x48, Coding(Charset.UCS2)),  # marked for automatic deletion
        (0x84, Coding(Charset.GSM7)),  # reserved
        (0x2C, Coding(Charset.GSM7, compressed=True)),  # reserved alphabet
        (0x7B, Coding(Charset.UCS2, message_class=3, compressed=True)),
        (0xC0, Coding(Charset.GSM7, waiting=waiting("voice", False), discard=True)),
        (0xC9, Coding(Charset.GSM7, waiting=waiting("fax", True), discard=True)),
        (0xD2, Coding(Charset.GSM7, waiting=waiting("email", False))),
        (0xD8, Coding(Charset.GSM7, waiting=waiting("voice", True))),
        (0xE0, Coding(Charset.UCS2, waiting=waiting("voice", False))),
        (0xEB, Coding(Charset.UCS2, waiting=waiting("other", True))),
        (0xF0, Coding(Charset.GSM7, message_class=0)),
        (0xF5, Coding(Charset.OCTETS, message_class=1)),
    ],
)
def test_data_coding(scheme: int, coding: Coding) -> None:
    assert decode_coding(scheme) == coding


def test_every_data_coding_has_a_group() -> None:
    """All 256 values against the bits of TS 23.038 4, read a second time."""
    for scheme in range(256):
        group, low = scheme >> 4, scheme & 0x0F
        found = decode_coding(scheme)
        assert found.compressed == (group < 8 and bool(group & 2))
        assert (found.message_class is None) == (group in {0, 2, 4, 6, *range(8, 15)})
        assert found.message_class in (None, scheme & 3)
        assert (found.waiting is not None) == (group in (12, 13, 14))
        assert found.discard == (group == 12)
        alphabet = low >> 2 if group < 8 else {14: 2, 15: low >> 2 & 1}.get(group, 0)
        assert found.charset is (Charset.GSM7, Charset.OCTETS, Charset.UCS2, Charset.GSM7)[alphabet]


def test_indications_in_the_header() -> None:
    """TS 23.040 9.2.3.24.2; one element for each kind of message that waits."""
    header = decode_header(bytes.fromhex("08" + "01028003" + "01020200"))
    assert header.waiting == (
        Waiting(kind=WaitingKind.VOICE, active=True, count=3),
        Waiting(kind=WaitingKind.EMAIL, active=False, count=0),
    )


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"", ""),
        (b"PING 1\r\n", "PING 1\r\n"),
        ("余额".encode(), "余额"),
        (b"\x01\x02\xff", "01 02 FF"),
        (b"a\0b", "61 00 62"),
    ],
)
def test_octets_for_a_person(octets: bytes, shown: str) -> None:
    assert readable(octets) == shown


def test_headers() -> None:
    assert decode_header(bytes.fromhex("0500037A0201")) == Header(6, Concatenation(122, 2, 1))
    assert decode_header(bytes.fromhex("0608041234FF01")) == Header(7, Concatenation(0x1234, 255, 1, wide=True))
    assert decode_header(bytes.fromhex("0B00030702010504C3500000")).destination_port == 0xC350
    assert decode_header(bytes.fromhex("06240101250102")) == Header(7, single=1, locking=2)


@pytest.mark.parametrize("element", ["0500037A0200", "0500037A0203", "0500037A0001", "04000201FF"])
def test_impossible_concatenation_is_ignored(element: str) -> None:
    assert decode_header(bytes.fromhex(element)).concatenation is None


@pytest.mark.parametrize("data", ["", "05", "050003", "0500097A0201"])
def test_damaged_headers(data: str) -> None:
    with pytest.raises(PduError):
        decode_header(bytes.fromhex(data))
