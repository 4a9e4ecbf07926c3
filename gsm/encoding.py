"""Alphabets and the cutting of long texts (3GPP TS 23.038, TS 23.040 9.2.3.24.1).

A text is GSM 7-bit when every character is in the default alphabet or its extension table, UCS-2 otherwise.
Lengths are what the network counts: septets (an extension character is two) or UTF-16 units (an emoji is two).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from gsm.messages import Alphabet, Part

ESCAPE = 0x1B
GSM7_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

SEPTETS_OF: dict[str, bytes] = {char: bytes([code]) for code, char in enumerate(GSM7_BASIC) if code != ESCAPE} | {
    char: bytes([ESCAPE, code]) for code, char in GSM7_EXTENSION.items()
}

SINGLE = {Alphabet.GSM7: 160, Alphabet.UCS2: 70}
_OCTETS = 140
_HEADER = {False: 6, True: 7}  # UDHL and the concatenation element, 8 and 16 bit
MAX_PARTS = 255

_GSM7_TEXT = re.compile(f"[{re.escape(''.join(SEPTETS_OF))}]*")
_EXTENDED = re.compile(f"[{re.escape(''.join(GSM7_EXTENSION.values()))}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Measure:
    alphabet: Alphabet
    units: int  # septets or UTF-16 units of the whole text
    parts: int  # messages that the network bills; 1 for an empty text


def alphabet_of(text: str) -> Alphabet:
    return Alphabet.GSM7 if _GSM7_TEXT.fullmatch(text) else Alphabet.UCS2


def units_of(text: str, alphabet: Alphabet) -> int:
    """Septets or UTF-16 units of ``text``."""
    if alphabet is Alphabet.UCS2:
        return len(encode_ucs2(text)) // 2
    return len(text) + len(_EXTENDED.findall(text))


def part_capacity(alphabet: Alphabet, *, wide_reference: bool = False) -> int:
    """Units that one part of a long message holds: 153 or 152 septets, 67 or 66 UTF-16 units."""
    room = _OCTETS - _HEADER[wide_reference]
    return room * 8 // 7 if alphabet is Alphabet.GSM7 else room // 2


def measure(text: str) -> Measure:
    """What the network will count for ``text`` with 8-bit concatenation references."""
    alphabet = alphabet_of(text)
    units = units_of(text, alphabet)
    if units <= SINGLE[alphabet]:
        return Measure(alphabet, units, 1)
    capacity = part_capacity(alphabet)
    if units == len(text):
        return Measure(alphabet, units, -(-units // capacity))
    return Measure(alphabet, units, len(_cuts(text, alphabet, capacity)) - 1)


def split(text: str, *, concat_reference: int | None = None, wide_reference: bool = False) -> tuple[Part, ...]:
    """The parts of ``text`` in order; ``"".join(part.text for part in split(text)) == text``.

    ``concat_reference`` is put into every part of a long message and must be set before it can go on the air.
    Raises ValueError for a reference that does not fit its width and for more than 255 parts.
    """
    if concat_reference is not None and not 0 <= concat_reference <= (0xFFFF if wide_reference else 0xFF):
        raise ValueError(f"concatenation reference {concat_reference} does not fit")
    alphabet = alphabet_of(text)
    if units_of(text, alphabet) <= SINGLE[alphabet]:
        return (Part(text=text, alphabet=alphabet),)
    cuts = _cuts(text, alphabet, part_capacity(alphabet, wide_reference=wide_reference))
    total = len(cuts) - 1
    if total > MAX_PARTS:
        raise ValueError(f"{total} parts; a long message has at most {MAX_PARTS}")
    return tuple(
        Part(
            text=text[start:end],
            alphabet=alphabet,
            sequence=sequence,
            total=total,
            concat_reference=concat_reference,
            wide_reference=wide_reference,
        )
        for sequence, (start, end) in enumerate(pairwise(cuts), start=1)
    )


def encode_gsm7(text: str) -> bytes:
    """Septets, one a byte, not packed. Raises ValueError for a character outside the two tables."""
    try:
        return b"".join(SEPTETS_OF[char] for char in text)
    except KeyError as error:
        raise ValueError(f"not in the GSM alphabet: {error.args[0]!r}") from None


def encode_ucs2(text: str) -> bytes:
    """UTF-16 big endian; half a surrogate pair passes, so that no text can stop a line."""
    return text.encode("utf-16-be", "surrogatepass")


def _cuts(text: str, alphabet: Alphabet, capacity: int) -> list[int]:
    """Indexes where parts begin, and the end: no part above ``capacity`` units, no character cut in two."""
    wide = _EXTENDED if alphabet is Alphabet.GSM7 else _ASTRAL
    cuts, used = [0], 0
    for index, char in enumerate(text):
        width = 2 if wide.match(char) else 1
        if used + width > capacity:
            cuts.append(index)
            used = 0
        used += width
    cuts.append(len(text))
    return cuts
