"""Alphabets, counting and cutting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smspdudecoder.codecs import GSM, UCS2

from gsm.encoding import (
    GSM7_BASIC,
    GSM7_EXTENSION,
    MAX_PARTS,
    Measure,
    alphabet_of,
    encode_gsm7,
    encode_ucs2,
    measure,
    part_capacity,
    split,
    units_of,
)
from gsm.messages import Alphabet

GSM_TEXT = st.text(alphabet=[c for c in GSM7_BASIC if c != "\x1b"] + list(GSM7_EXTENSION.values()), max_size=700)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Measure(Alphabet.GSM7, 0, 1)),
        ("a" * 160, Measure(Alphabet.GSM7, 160, 1)),
        ("a" * 161, Measure(Alphabet.GSM7, 161, 2)),
        ("a" * 306, Measure(Alphabet.GSM7, 306, 2)),
        ("a" * 307, Measure(Alphabet.GSM7, 307, 3)),
        ("a" * 158 + "€", Measure(Alphabet.GSM7, 160, 1)),
        ("a" * 159 + "€", Measure(Alphabet.GSM7, 161, 2)),
        ("a" * 152 + "€" + "b" * 152, Measure(Alphabet.GSM7, 306, 3)),  # the pair would be cut at 153
        ("款" * 70, Measure(Alphabet.UCS2, 70, 1)),
        ("款" * 71, Measure(Alphabet.UCS2, 71, 2)),
        ("款" * 134, Measure(Alphabet.UCS2, 134, 2)),
        ("款" * 135, Measure(Alphabet.UCS2, 135, 3)),
        ("款" * 69 + "😀", Measure(Alphabet.UCS2, 71, 2)),
        ("款" * 66 + "😀" + "款" * 66, Measure(Alphabet.UCS2, 134, 3)),  # the pair would be cut at 67
    ],
)
def test_counts_as_the_network_does(text: str, expected: Measure) -> None:
    assert measure(text) == expected


def test_section_sign_is_gsm_and_backtick_is_not() -> None:
    assert encode_gsm7("§") == b"\x5f"
    assert alphabet_of("`") is Alphabet.UCS2
    assert alphabet_of("ÿ") is Alphabet.UCS2
    assert alphabet_of("\x1b") is Alphabet.UCS2


def test_tables_agree_with_an_independent_decoder() -> None:
    chars = GSM7_BASIC.replace("\x1b", "") + "".join(GSM7_EXTENSION.values())
    packed = sum(septet << 7 * index for index, septet in enumerate(encode_gsm7(chars)))
    size = len(encode_gsm7(chars)) * 7 + 7 >> 3
    assert GSM.decode(packed.to_bytes(size, "little").hex())[: len(chars)] == chars


def test_refuses_what_the_alphabet_lacks() -> None:
    with pytest.raises(ValueError, match="款"):
        encode_gsm7("贷款"[1:])


@pytest.mark.parametrize(
    ("alphabet", "wide", "capacity"),
    [
        (Alphabet.GSM7, False, 153),
        (Alphabet.GSM7, True, 152),
        (Alphabet.UCS2, False, 67),
        (Alphabet.UCS2, True, 66),
    ],
)
def test_capacity_of_a_part(alphabet: Alphabet, wide: bool, capacity: int) -> None:
    assert part_capacity(alphabet, wide_reference=wide) == capacity


@given(GSM_TEXT | ANY_TEXT, st.booleans())
def test_parts_join_to_the_text_and_fit(text: str, wide: bool) -> None:
    parts = split(text, concat_reference=7, wide_reference=wide)
    assert "".join(part.text for part in parts) == text
    assert [part.sequence for part in parts] == list(range(1, len(parts) + 1))
    assert {part.total for part in parts} == {len(parts)}
    for part in parts:
        limit = part_capacity(part.alphabet, wide_reference=wide) if part.total > 1 else 160
        assert units_of(part.text, part.alphabet) <= limit
        if part.alphabet is Alphabet.UCS2:
            assert UCS2.decode(encode_ucs2(part.text).hex()) == part.text
    if not wide:
        assert measure(text).parts == len(parts)


def test_reference_is_kept_and_checked() -> None:
    assert {part.concat_reference for part in split("款" * 100, concat_reference=255)} == {255}
    assert split("款", concat_reference=9)[0].concat_reference is None
    with pytest.raises(ValueError, match="256"):
        split("款" * 100, concat_reference=256)
    assert split("款" * 100, concat_reference=256, wide_reference=True)[1].concat_reference == 256


def test_no_more_than_255_parts() -> None:
    assert len(split("款" * 67 * MAX_PARTS)) == MAX_PARTS
    with pytest.raises(ValueError, match="256 parts"):
        split("款" * (67 * MAX_PARTS + 1))


def test_half_a_surrogate_pair_never_raises() -> None:
    assert measure("\ud83d款").units == 2
    assert encode_ucs2("\ud83d") == b"\xd8\x3d"
