"""The network's side of the PDUs: it reads SMS-SUBMIT and writes SMS-DELIVER and SMS-STATUS-REPORT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from gsm.encoding import encode_gsm7, encode_ucs2
from gsm.messages import Alphabet, Part
from gsm.modem.fields import (
    Concatenation,
    Octets,
    PduError,
    decode_address,
    decode_centre,
    decode_coding,
    decode_validity,
    encode_address,
    encode_alphanumeric,
    encode_centre,
    encode_time,
    pack_septets,
)
from gsm.modem.pdu import read_user_data


@dataclass(frozen=True, kw_only=True)
class Submitted:
    recipient: str
    text: str
    alphabet: str
    concatenation: Concatenation | None
    report: bool
    validity: timedelta | None
    message_class: int | None


def decode_submit(raw: str, length: int) -> Submitted:
    """Raises PduError, also when ``length`` (AT+CMGS=length) is not the TPDU's."""
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", raw):
        raise PduError("not hexadecimal", raw)
    octets = Octets(bytes.fromhex(raw))
    decode_centre(octets)
    if len(octets) != length:
        raise PduError(f"{len(octets)} octets instead of {length}", raw)
    first = octets.octet("first octet")
    if first & 0x03 != 0x01:
        raise PduError("not SMS-SUBMIT", raw)
    octets.octet("reference")
    recipient = decode_address(octets)
    octets.octet("protocol identifier")
    coding = decode_coding(octets.octet("data coding scheme"))
    validity = _validity(octets, first >> 3 & 3)
    units = octets.octet("user data length")
    text, data, header = read_user_data(octets.rest(), units, coding, has_header=bool(first & 0x40))
    return Submitted(
        recipient=recipient,
        text=text or data.hex(),
        alphabet=coding.charset.value,
        concatenation=header.concatenation,
        report=bool(first & 0x20),
        validity=validity,
        message_class=coding.message_class,
    )


def _validity(octets: Octets, kind: int) -> timedelta | None:
    if kind == 0:
        return None
    if kind == 2:
        return decode_validity(octets.octet("validity"))
    octets.take(7, "validity")
    return None


def encode_deliver(sender: str, part: Part, at: datetime, *, centre: str, message_class: int | None = None) -> str:
    header = b""
    if part.total > 1:
        reference = part.concat_reference or 0
        header = Concatenation(reference, part.total, part.sequence, part.wide_reference).encode()
    coding = (0x08 if part.alphabet is Alphabet.UCS2 else 0x00) | (0 if message_class is None else 0x10 | message_class)
    if part.alphabet is Alphabet.UCS2:
        data = header + encode_ucs2(part.text)
        units = len(data)
    else:
        septets = encode_gsm7(part.text)
        data = header + pack_septets(septets, header_octets=len(header))
        units = -(-len(header) * 8 // 7) + len(septets)
    first = 0x04 | (0x40 if header else 0)
    tpdu = bytes([first]) + _address(sender) + bytes([0, coding]) + encode_time(at) + bytes([units]) + data
    return (encode_centre(centre) + tpdu).hex().upper()


def encode_report(
    reference: int, recipient: str, status: int, sent_at: datetime, done_at: datetime, *, centre: str
) -> str:
    tpdu = bytes([0x06, reference]) + _address(recipient) + encode_time(sent_at) + encode_time(done_at)
    return (encode_centre(centre) + tpdu + bytes([status])).hex().upper()


def tpdu_length(raw: str) -> int:
    return len(raw) // 2 - 1 - int(raw[:2], 16)


def _address(name: str) -> bytes:
    try:
        return encode_address(name)
    except ValueError:
        return encode_alphanumeric(name)
