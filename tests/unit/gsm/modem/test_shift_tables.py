"""National tables: shapes, and places copied by hand from TS 23.038 Annex A."""

from __future__ import annotations

import pytest

from gsm.modem.fields import decode_septets
from gsm.modem.shift_tables import LOCKING, PORTUGUESE, SINGLE, TURKISH, URDU


@pytest.mark.parametrize("language", sorted(LOCKING))
def test_locking_tables_have_128_places(language: int) -> None:
    table = LOCKING[language]
    assert len(table) == 128
    assert (table[0x0A], table[0x0D], table[0x1B], table[0x20]) == ("\n", "\r", "\x1b", " ")
    assert table[0x30:0x3A] == "0123456789"
    assert table[0x61:0x7B] == "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("language", sorted(SINGLE))
def test_single_tables_keep_the_common_places(language: int) -> None:
    table = SINGLE[language]
    common = {0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
    assert common.items() <= table.items()
    assert 0x1B not in table


@pytest.mark.parametrize(
    ("language", "septets", "text"),
    [
        (TURKISH, "0407 0B0C 1C1D 4060", "€ıĞğŞşİç"),
        (PORTUGUESE, "0405 0B12 1617 1A5B 5C60 7B7D", "êéÔª^\\|ÃÕ~ã`"),
        (6, "0001 0B10 1F22 4050 607B 7F", "\u0901\u0902\u090c\u0910\u091e\u091f\u092c\u093e\u0950\u0972\u097f"),
        (4, "0016 2240 607F", "\u0981\u0996\u099f\u09ac\u09ce\u09f1"),
        (8, "0240 5F7F", "\u0d03\u0d2c\u0d4d\u0d79"),
        (URDU, "0011 2240 5060 7B7F", "\u0627\u062c\u068f\u0635\u06ba\u0654\u0655\u0670"),
    ],
)
def test_locking_places(language: int, septets: str, text: str) -> None:
    assert decode_septets(bytes.fromhex(septets), locking=language) == text


@pytest.mark.parametrize(
    ("language", "places", "text"),
    [
        (1, "5347 6773", "ŞĞğş"),
        (2, "0941 556F", "çÁÚó"),
        (3, "0512 1F5B 7F", "êΦÊÃâ"),
        (4, "191A 1C23 2427 2A2E 3034", "\u09e6\u09e7\u09e8\u09ef\u09df\u09e2\u09e3\u09f5\u09f6\u09fa"),
        (5, "191C 25", "\u0964\u0ae6\u0aef"),
        (6, "1C26 2A2E 303A", "\u0966\u0951\u0953\u095a\u095b\u0971"),
        (8, "2627 2E34", "\u0d70\u0d71\u0d7a\u0d7f"),
        (12, "1C26 2A2E 3032", "\u0c66\u0c58\u0c78\u0c7c\u0c7d\u0c7f"),
        (13, "191C 262B 303B 3F", "\u0600\u06f0\u060c\u060f\u0613\u06cd\u06d4"),
    ],
)
def test_single_places(language: int, places: str, text: str) -> None:
    septets = b"".join(bytes([0x1B, place]) for place in bytes.fromhex(places))
    assert decode_septets(septets, single=language) == text
