"""The fields that TPDUs are made of (3GPP TS 23.040 9.1.2, 9.2.3; TS 23.038 4)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its sources carry invalid escapes
    from gsmmodem.pdu import encodeSemiOctets, packSeptets

from gsm.encoding import ESCAPE, GSM7_BASIC, GSM7_EXTENSION, encode_gsm7
from gsm.messages import Waiting, WaitingKind
from gsm.modem.shift_tables import LOCKING, SINGLE

_DIGITS = "0123456789*#abc"
_NUMBER = re.compile(r"\+?[0-9*#]{1,20}")
_INTERNATIONAL, _ALPHANUMERIC = 0x10, 0x50


class PduError(ValueError):
    """A PDU that no clause of the standard explains; ``raw`` keeps its bytes as hex."""

    def __init__(self, reason: str, raw: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw = raw


class Octets:
    """A reader that says what was missing instead of raising IndexError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int, what: str) -> bytes:
        if self._at + count > len(self._data):
            raise PduError(f"ends inside {what}")
        start, self._at = self._at, self._at + count
        return self._data[start : self._at]

    def octet(self, what: str) -> int:
        return self.take(1, what)[0]

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at, "rest")

    def __len__(self) -> int:
        return len(self._data) - self._at


# Septets


def pack_septets(septets: bytes, *, header_octets: int = 0) -> bytes:
    """Packed octets; ``header_octets`` (UDHL included) decides the fill bits before the first septet."""
    packed = packSeptets(bytearray(septets), padBits=header_octets * 8 % 7)
    return bytes(packed)


def unpack_septets(octets: bytes, count: int, *, skip_bits: int = 0) -> bytes:
    """The first ``count`` septets after ``skip_bits``; fewer when the octets end early."""
    bits = int.from_bytes(octets, "little") >> skip_bits
    available = (len(octets) * 8 - skip_bits) // 7
    return bytes(bits >> 7 * index & 0x7F for index in range(min(count, available)))


def decode_septets(septets: bytes, *, locking: int = 0, single: int = 0) -> str:
    """Text of unpacked septets; ``locking`` and ``single`` are national language identifiers (TS 23.038 6.2.1.2.4).

    An escape without a meaning shows the default character (TS 23.038 6.2.1.1), a double one a space.
    """
    base = LOCKING.get(locking, GSM7_BASIC)
    extension: Mapping[int, str] = SINGLE.get(single, GSM7_EXTENSION)
    text: list[str] = []
    escaped = False
    for septet in septets:
        if escaped:
            text.append(" " if septet == ESCAPE else extension.get(septet, base[septet]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            text.append(base[septet])
    return "".join(text)


def decode_ucs2(octets: bytes) -> str:
    """UTF-16 big endian; half a surrogate pair stays as it is, for its other half may stand in the next part."""
    whole = len(octets) // 2 * 2
    return octets[:whole].decode("utf-16-be", "surrogatepass") + ("\ufffd" if len(octets) % 2 else "")


def mend_surrogates(text: str) -> str:
    """Halves that found each other become one character, a half without its other one a replacement character."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def readable(octets: bytes) -> str:
    """Octets for a person: as text when every character can be shown, else as hex in pairs."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    plain = all(char.isprintable() or char in "\t\r\n" for char in text)
    return text if plain else octets.hex(" ").upper()


# Addresses


def encode_address(number: str) -> bytes:
    """Destination address: ``+`` and digits (international) or a short code with digits, ``*`` and ``#``.

    Raises ValueError for anything else.
    """
    bare = re.sub(r"[ \-()]", "", number)
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"not a number that can be dialled: {len(number)} characters")
    digits = bare.removeprefix("+")
    kind = 0x91 if bare.startswith("+") else 0x81
    return bytes([len(digits), kind]) + bytes(encodeSemiOctets(digits.replace("*", "A").replace("#", "B")))


def encode_alphanumeric(name: str) -> bytes:
    """Originating address that is a name, as centres write it (TS 23.040 9.1.2.5)."""
    septets = encode_gsm7(name)
    return bytes([-(-len(septets) * 7 // 4), 0xD0]) + pack_septets(septets)


def decode_address(octets: Octets) -> str:
    length = octets.octet("address length")
    kind = octets.octet("type of address")
    value = octets.take((length + 1) // 2, "address")
    if kind & 0x70 == _ALPHANUMERIC:
        return decode_septets(unpack_septets(value, length * 4 // 7))
    return _plus(kind) + semi_octets(value)[:length]


def decode_centre(octets: Octets) -> str:
    """Service centre address before a TPDU: its length counts octets, not digits; empty when absent."""
    length = octets.octet("service centre length")
    if length == 0:
        return ""
    kind = octets.octet("service centre type")
    return _plus(kind) + semi_octets(octets.take(length - 1, "service centre"))


def encode_centre(number: str) -> bytes:
    if not number:
        return b"\x00"
    address = encode_address(number)
    return bytes([len(address) - 1]) + address[1:]


def _plus(kind: int) -> str:
    return "+" if kind & 0x70 == _INTERNATIONAL else ""


def semi_octets(octets: bytes) -> str:
    nibbles = (nibble for octet in octets for nibble in (octet & 0x0F, octet >> 4))
    return "".join(_DIGITS[nibble] for nibble in nibbles if nibble != 0x0F)


# Times


def decode_time(octets: bytes) -> datetime | None:
    """A service centre time stamp in UTC (9.2.3.11); None for zeroes and other impossible dates."""
    values = [(octet & 0x0F) * 10 + (octet >> 4) for octet in octets[:6]]
    zone = octets[6]
    quarters = (zone & 0x07) * 10 + (zone >> 4)
    if max(octet & 0x0F for octet in octets[:6]) > 9 or quarters > 14 * 4:
        return None
    offset = timedelta(minutes=15 * quarters) * (-1 if zone & 0x08 else 1)
    year = values[0] + (1900 if values[0] >= 90 else 2000)
    try:
        return datetime(year, *values[1:6], tzinfo=timezone(offset)).astimezone(UTC)  # type: ignore[misc,arg-type]
    except (ValueError, OverflowError):
        return None


def encode_time(moment: datetime) -> bytes:
    offset = moment.utcoffset() or timedelta()
    quarters = abs(offset) // timedelta(minutes=15)
    digits = moment.strftime("%y%m%d%H%M%S") + f"{quarters:02}"
    stamp = bytearray(encodeSemiOctets(digits))
    if offset < timedelta():
        stamp[6] |= 0x08
    return bytes(stamp)


def encode_validity(validity: timedelta) -> int:
    """Relative validity period, rounded up, 5 minutes to 63 weeks (9.2.3.12.1)."""
    minutes = max(5, -(-int(validity.total_seconds()) // 60))
    if minutes <= 720:
        return -(-minutes // 5) - 1
    if minutes <= 1440:
        return 143 + -(-(minutes - 720) // 30)
    if minutes <= 30 * 1440:
        return 166 + -(-minutes // 1440)
    return min(255, 192 + max(5, -(-minutes // (7 * 1440))))


def decode_validity(octet: int) -> timedelta:
    if octet <= 143:
        return timedelta(minutes=5 * (octet + 1))
    if octet <= 167:
        return timedelta(hours=12, minutes=30 * (octet - 143))
    if octet <= 196:
        return timedelta(days=octet - 166)
    return timedelta(weeks=octet - 192)


# Data coding scheme


class Charset(StrEnum):
    GSM7 = "gsm7"
    OCTETS = "octets"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Coding:
    charset: Charset
    message_class: int | None = None  # 0 = flash
    compressed: bool = False
    waiting: Waiting | None = None
    discard: bool = False  # the text may be thrown away once the indication has been shown


_GENERAL = (Charset.GSM7, Charset.OCTETS, Charset.UCS2, Charset.GSM7)
_WAITING = tuple(WaitingKind)


def decode_coding(scheme: int) -> Coding:
    """Every group of TP-DCS (TS 23.038 4); reserved values mean the default alphabet."""
    group = scheme >> 4
    if group < 8:
        return Coding(
            _GENERAL[scheme >> 2 & 3],
            message_class=scheme & 3 if scheme & 0x10 else None,
            compressed=bool(scheme & 0x20),
        )
    if group == 0xF:
        return Coding(Charset.OCTETS if scheme & 4 else Charset.GSM7, message_class=scheme & 3)
    if group < 0xC:
        return Coding(Charset.GSM7)
    return Coding(
        Charset.UCS2 if group == 0xE else Charset.GSM7,
        waiting=Waiting(kind=_WAITING[scheme & 3], active=bool(scheme & 8)),
        discard=group == 0xC,
    )


# User data header

_SPECIAL_INDICATION = 0x01


@dataclass(frozen=True, slots=True)
class Concatenation:
    reference: int
    total: int
    sequence: int
    wide: bool = False

    def encode(self) -> bytes:
        """The whole user data header with its length octet (9.2.3.24.1, 9.2.3.24.8)."""
        if self.wide:
            return bytes([6, 8, 4, self.reference >> 8, self.reference & 0xFF, self.total, self.sequence])
        return bytes([5, 0, 3, self.reference, self.total, self.sequence])


@dataclass(frozen=True, slots=True)
class Header:
    size: int = 0  # octets, length octet included
    concatenation: Concatenation | None = None
    locking: int = 0
    single: int = 0
    destination_port: int | None = None
    waiting: tuple[Waiting, ...] = ()


def decode_header(data: bytes) -> Header:
    octets = Octets(data)
    length = octets.octet("header length")
    body = Octets(octets.take(length, "user data header"))
    elements: dict[int, bytes] = {}
    waiting: list[Waiting] = []
    while len(body):
        identifier = body.octet("element")
        elements[identifier] = body.take(body.octet("element length"), "element")
        if identifier == _SPECIAL_INDICATION and len(elements[identifier]) == 2:
            waiting.append(_indication(*elements[identifier]))
    return Header(
        size=length + 1,
        concatenation=_concatenation(elements),
        single=_first(elements.get(0x24, b"")),
        locking=_first(elements.get(0x25, b"")),
        destination_port=_port(elements),
        waiting=tuple(waiting),
    )


def _indication(kind: int, count: int) -> Waiting:
    """Special SMS message indication (9.2.3.24.2); there is one element for each kind."""
    return Waiting(kind=_WAITING[min(kind & 0x7F, 3)], active=count > 0, count=count)


def _first(data: bytes) -> int:
    return data[0] if data else 0


def _port(elements: Mapping[int, bytes]) -> int | None:
    data = elements.get(5, elements.get(4, b""))
    return int.from_bytes(data[: len(data) // 2], "big") if data else None


def _concatenation(elements: Mapping[int, bytes]) -> Concatenation | None:
    """None as well for an element that the standard tells receivers to ignore."""
    for identifier, size in ((8, 4), (0, 3)):
        data = elements.get(identifier, b"")
        if len(data) != size:
            continue
        total, sequence = data[-2:]
        if 1 <= sequence <= total:
            return Concatenation(int.from_bytes(data[:-2], "big"), total, sequence, wide=identifier == 8)
    return None
