"""SMS-SUBMIT out, SMS-DELIVER and SMS-STATUS-REPORT in (3GPP TS 23.040 9.2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from gsm.encoding import encode_gsm7, encode_ucs2
from gsm.messages import Alphabet, Content, DeliveryOutcome, Part, Submit, Waiting
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
    decode_ucs2,
    encode_address,
    encode_centre,
    encode_validity,
    pack_septets,
    unpack_septets,
)

__all__ = [
    "Deliver",
    "EncodedPdu",
    "PduError",
    "StatusReport",
    "StoredSubmit",
    "decode",
    "encode_submit",
    "outcome_of",
]

_STATUS_REPORT, _VALIDITY, _HEADER = 0x20, 0x10, 0x40
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class EncodedPdu:
    hex: str  # service centre address included
    length: int  # octets of the TPDU alone: what AT+CMGS is told


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliver:
    centre: str
    sender: str
    sent_at: datetime | None  # UTC
    coding: Coding
    text: str  # empty for octets; half a surrogate pair at an end belongs to the next part
    data: bytes = b""  # user data without its header, for octets and compressed text only
    concatenation: Concatenation | None = None
    destination_port: int | None = None
    waiting: tuple[Waiting, ...] = ()

    @property
    def content(self) -> Content:
        if self.coding.compressed:
            return Content.COMPRESSED
        return Content.DATA if self.coding.charset is Charset.OCTETS else Content.TEXT


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    centre: str
    reference: int
    recipient: str
    sent_at: datetime | None
    done_at: datetime | None
    status: int

    @property
    def outcome(self) -> DeliveryOutcome:
        return outcome_of(self.status)


@dataclass(frozen=True, slots=True)
class StoredSubmit:
    """A message of our own that lies in a store; it is not for us to read."""


def outcome_of(status: int) -> DeliveryOutcome:
    """TP-Status (9.2.3.15). Reserved values are treated as 0x63, as the clause says: it stopped trying."""
    if status in (0x00, 0x02) or 0x10 <= status <= 0x1F:
        return DeliveryOutcome.DELIVERED
    if status == 0x01:
        return DeliveryOutcome.FORWARDED
    if 0x20 <= status <= 0x25 or 0x30 <= status <= 0x3F:
        return DeliveryOutcome.TRYING
    if status == 0x46:
        return DeliveryOutcome.EXPIRED
    return DeliveryOutcome.FAILED


def encode_submit(submit: Submit, *, reference: int = 0, centre: str = "") -> EncodedPdu:
    """One part as SMS-SUBMIT; ``reference`` is a wish, most modems put their own.

    Raises ValueError for a number that cannot be dialled, a part that does not fit, or a part of a long message
    without a concatenation reference.
    """
    part = submit.part
    header = _header(part)
    first = 0x01 | (_HEADER if header else 0) | (_STATUS_REPORT if submit.status_report else 0)
    validity = b""
    if submit.validity is not None:
        first |= _VALIDITY
        validity = bytes([encode_validity(submit.validity)])
    tpdu = (
        bytes([first, reference])
        + encode_address(submit.recipient)
        + bytes([0x00, _coding(part.alphabet, submit.message_class)])
        + validity
        + _user_data(part, header)
    )
    return EncodedPdu((encode_centre(centre) + tpdu).hex().upper(), len(tpdu))


def _header(part: Part) -> bytes:
    if part.total == 1:
        return b""
    if part.concat_reference is None:
        raise ValueError("a part of a long message needs a concatenation reference")
    return Concatenation(part.concat_reference, part.total, part.sequence, part.wide_reference).encode()


def _coding(alphabet: Alphabet, message_class: int | None) -> int:
    base = 0x08 if alphabet is Alphabet.UCS2 else 0x00
    return base if message_class is None else base | 0x10 | message_class


def _user_data(part: Part, header: bytes) -> bytes:
    if part.alphabet is Alphabet.UCS2:
        octets = header + encode_ucs2(part.text)
        length = len(octets)
    else:
        septets = encode_gsm7(part.text)
        octets = header + pack_septets(septets, header_octets=len(header))
        length = -(-len(header) * 8 // 7) + len(septets)
    if len(octets) > 140:
        raise ValueError(f"{len(octets)} octets of user data do not fit into 140")
    return bytes([length]) + octets


def decode(raw: str, *, length: int | None = None) -> Deliver | StatusReport | StoredSubmit:
    """What a modem handed over as hex. ``length`` is the TPDU length it announced.

    A PDU whose announced length is all of it comes without a service centre address, as some old modems write it.
    Raises PduError, never anything else.
    """
    text = raw.strip()
    if not _HEX.fullmatch(text):
        raise PduError("not hexadecimal", text)
    data = bytes.fromhex(text)
    try:
        octets = Octets(data)
        centre = "" if length == len(data) else decode_centre(octets)
        first = octets.octet("first octet")
        kind = first & 0x03
        if kind == 0x02:
            return _status_report(octets, centre)
        if kind == 0x01:
            return StoredSubmit()
        return _deliver(octets, centre, has_header=bool(first & _HEADER))
    except PduError as error:
        raise PduError(error.reason, text) from None


def _status_report(octets: Octets, centre: str) -> StatusReport:
    return StatusReport(
        centre=centre,
        reference=octets.octet("message reference"),
        recipient=decode_address(octets),
        sent_at=decode_time(octets.take(7, "time stamp")),
        done_at=decode_time(octets.take(7, "discharge time")),
        status=octets.octet("status"),
    )


def _deliver(octets: Octets, centre: str, *, has_header: bool) -> Deliver:
    sender = decode_address(octets)
    octets.octet("protocol identifier")
    coding = decode_coding(octets.octet("data coding scheme"))
    sent_at = decode_time(octets.take(7, "time stamp"))
    length = octets.octet("user data length")
    text, data, header = read_user_data(octets.rest(), length, coding, has_header=has_header)
    return Deliver(
        centre=centre,
        sender=sender,
        sent_at=sent_at,
        coding=coding,
        text=text,
        data=data,
        concatenation=header.concatenation,
        destination_port=header.destination_port,
        waiting=header.waiting or ((coding.waiting,) if coding.waiting is not None else ()),
    )


def read_user_data(data: bytes, length: int, coding: Coding, *, has_header: bool) -> tuple[str, bytes, Header]:
    """Text, octets and header of TP-UD; ``length`` is TP-UDL (septets or octets). Raises PduError."""
    header = decode_header(data) if has_header else Header()
    if coding.compressed:
        return "", _body(data, length, header), header  # octets, whatever the alphabet (9.2.3.16)
    if coding.charset is Charset.GSM7:
        if len(data) * 8 // 7 < length:
            raise PduError("ends inside user data")
        fill = -(-header.size * 8 // 7)
        septets = unpack_septets(data, length - fill, skip_bits=fill * 7)
        return decode_septets(septets, locking=header.locking, single=header.single), b"", header
    body = _body(data, length, header)
    return ("", body, header) if coding.charset is Charset.OCTETS else (decode_ucs2(body), b"", header)


def _body(data: bytes, length: int, header: Header) -> bytes:
    if len(data) < length:
        raise PduError("ends inside user data")
    return data[header.size : length]
