"""National language tables by identifier (3GPP TS 23.038 Annex A); they matter when a message is read.

The Indic tables follow one plan, the order of the Unicode block: what the plan gives is filled in from the block,
the few places of their own are listed. A place without a letter shows a space.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from gsm.encoding import GSM7_BASIC, GSM7_EXTENSION

TURKISH, SPANISH, PORTUGUESE, BENGALI, GUJARATI, HINDI, KANNADA = range(1, 8)
MALAYALAM, ORIYA, PUNJABI, TAMIL, TELUGU, URDU = range(8, 14)


def _changed(base: str, changes: Mapping[int, str]) -> str:
    chars = list(base)
    for place, char in changes.items():
        chars[place] = char
    return "".join(chars)


_TURKISH = {0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç"}
_PORTUGUESE = (
    "@£$¥êéúíóç\nÔô\rÁá" + 'Δ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ !"#º' + GSM7_BASIC[0x25:0x40] + "Í" + GSM7_BASIC[0x41:0x5B] + "ÃÕÚÜ§~"
) + (GSM7_BASIC[0x61:0x7B] + "ãõ`üà")

# Indic locking tables: U+xx01.. in the order of the Devanagari block; letters are offsets into the block
_PLAN = (
    *(0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, "\n", 0x0C, 0x0D, "\r", 0x0E, 0x0F),
    *(*range(0x10, 0x1B), "\x1b", *range(0x1B, 0x1F)),
    *(" ", "!", *range(0x1F, 0x25), ")", "(", 0x25, 0x26, ",", 0x27, ".", 0x28),
    *("0123456789:;"),
    *(0x29, 0x2A, 0x2B, "?"),
    *(*range(0x2C, 0x3A), 0x3C, 0x3D),
    *(range(0x3E, 0x4E)),
)
_BLOCKS = {  # where the block begins, the letter at 0x60, the five after "z"
    BENGALI: (0x0980, 0x09CE, (0x09D7, 0x09DC, 0x09DD, 0x09F0, 0x09F1)),
    GUJARATI: (0x0A80, 0x0AD0, (0x0AE0, 0x0AE1, 0x0AE2, 0x0AE3, 0x0AF1)),
    HINDI: (0x0900, 0x0950, (0x0972, 0x097B, 0x097C, 0x097E, 0x097F)),
    KANNADA: (0x0C80, 0x0CD5, (0x0CD6, 0x0CE0, 0x0CE1, 0x0CE2, 0x0CE3)),
    MALAYALAM: (0x0D00, 0x0D57, (0x0D60, 0x0D61, 0x0D62, 0x0D63, 0x0D79)),
    ORIYA: (0x0B00, 0x0B56, (0x0B57, 0x0B60, 0x0B61, 0x0B62, 0x0B63)),
    PUNJABI: (0x0A00, 0x0A51, (0x0A70, 0x0A71, 0x0A72, 0x0A73, 0x0A74)),
    TAMIL: (0x0B80, 0x0BD0, (0x0BD7, 0x0BF0, 0x0BF1, 0x0BF2, 0x0BF9)),
    TELUGU: (0x0C00, 0x0C55, (0x0C56, 0x0C60, 0x0C61, 0x0C62, 0x0C63)),
}
_URDU = (
    "اآبٻڀپڦتۂٿ\nٹٽ\rٺټ"
    "ثجځڄڃڅچڇحخد\x1bڌڈډڊ"
    " !ڏڍذرڑړ)(ڙز,ږ.ژ"
    "0123456789:;ښسش?"
    "صضطظعفقکڪګگڳڱلمن"
    "ںڻڼوۄەہھءیېے\u064d\u0650\u064f\u0657"
    "\u0654abcdefghijklmnopqrstuvwxyz\u0655\u0651\u0653\u0656\u0670"
)


def _letter(block: int, place: int | str) -> str:
    if isinstance(place, str):
        return place
    char = chr(block + place)
    return " " if unicodedata.category(char) == "Cn" else char


def _indic(block: int, first: int, last: tuple[int, ...]) -> str:
    plan = "".join(_letter(block, place) for place in _PLAN)
    return plan + chr(first) + "abcdefghijklmnopqrstuvwxyz" + "".join(map(chr, last))


LOCKING: Mapping[int, str] = {
    TURKISH: _changed(GSM7_BASIC, _TURKISH),
    PORTUGUESE: _PORTUGUESE,
    **{language: _indic(*where) for language, where in _BLOCKS.items()},
    URDU: _URDU,
}

# Single shift tables
_INDIC_SINGLE = (
    dict(enumerate("@£$¥¿\"¤%&'\f*+\r-/<=>¡^¡_#*"))
    | {0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x65: "€"}
    | dict(enumerate("|ABCDEFGHIJKLMNOPQRSTUVWXYZ", start=0x40))
)
_OWN_PLACES = (0x26, 0x27, *range(0x2A, 0x2F), *range(0x30, 0x3C), 0x3F)
_DIGIT_PLACES = (*range(0x1C, 0x20), *range(0x20, 0x26))


def _single(zero: int, own: str, dandas: str = "।॥") -> Mapping[int, str]:
    digits = {place: chr(zero + digit) for digit, place in enumerate(_DIGIT_PLACES)}
    return (
        _INDIC_SINGLE
        | dict(zip((0x19, 0x1A), dandas, strict=False))
        | digits
        | dict(zip(_OWN_PLACES, own, strict=False))
    )


def _hex(codes: str) -> str:
    return "".join(chr(int(code, 16)) for code in codes.split())


SINGLE: Mapping[int, Mapping[int, str]] = {
    TURKISH: {**GSM7_EXTENSION, 0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    SPANISH: {
        **GSM7_EXTENSION,
        0x09: "ç",
        0x41: "Á",
        0x49: "Í",
        0x4F: "Ó",
        0x55: "Ú",
        0x61: "á",
        0x69: "í",
        0x6F: "ó",
        0x75: "ú",
    },
    PORTUGUESE: {
        **GSM7_EXTENSION,
        0x05: "ê",
        0x09: "ç",
        0x0B: "Ô",
        0x0C: "ô",
        0x0E: "Á",
        0x0F: "á",
        0x12: "Φ",
        0x13: "Γ",
        0x15: "Ω",
        0x16: "Π",
        0x17: "Ψ",
        0x18: "Σ",
        0x19: "Θ",
        0x1F: "Ê",
        0x41: "À",
        0x49: "Í",
        0x4F: "Ó",
        0x55: "Ú",
        0x5B: "Ã",
        0x5C: "Õ",
        0x61: "Â",
        0x69: "í",
        0x6F: "ó",
        0x75: "ú",
        0x7B: "ã",
        0x7C: "õ",
        0x7F: "â",
    },
    GUJARATI: _single(0x0AE6, ""),
    HINDI: _single(0x0966, _hex("951 952 953 954 958 959 95A 95B 95C 95D 95E 95F 960 961 962 963 970 971")),
    KANNADA: _single(0x0CE6, _hex("CDE CF1 CF2")),
    MALAYALAM: _single(0x0D66, _hex("D70 D71 D72 D73 D74 D75 D7A D7B D7C D7D D7E D7F")),
    ORIYA: _single(0x0B66, _hex("B5C B5D B5F B70 B71")),
    PUNJABI: _single(0x0A66, _hex("A59 A5A A5B A5C A5E A75")),
    TAMIL: _single(0x0BE6, _hex("BF3 BF4 BF5 BF6 BF7 BF8 BFA")),
    TELUGU: _single(0x0C66, _hex("C58 C59 C78 C79 C7A C7B C7C C7D C7E C7F"), dandas=""),
    URDU: _single(
        0x06F0,
        _hex("60C 60D 60E 60F 610 611 612 613 614 61B 61F 640 652 658 66B 66C 672 673 6CD 6D4"),
        dandas="\u0600\u0601",
    ),
    BENGALI: _INDIC_SINGLE
    | dict(
        zip(
            (0x19, 0x1A, *range(0x1C, 0x28), *range(0x2A, 0x2F), *range(0x30, 0x35)),
            _hex("9E6 9E7 9E8 9E9 9EA 9EB 9EC 9ED 9EE 9EF 9DF 9E0 9E1 9E2 9E3 9F2 9F3 9F4 9F5 9F6 9F7 9F8 9F9 9FA"),
            strict=True,
        )
    ),
}
