"""Parts of long messages, in any order, repeated, missing, with references used anew."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gsm.modem.fields import Charset, Coding, Concatenation
from gsm.modem.pdu import Deliver
from gsm.modem.reassembly import MISSING, Piece, Reassembly


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def piece(
    sequence: int, total: int, text: str = "", reference: int = 7, sender: str = "+86139", place: int = 0
) -> Piece[int]:
    deliver = Deliver(
        centre="",
        sender=sender,
        sent_at=None,
        coding=Coding(Charset.UCS2),
        text=text or f"<{sequence}>",
        concatenation=Concatenation(reference, total, sequence) if total > 1 else None,
    )
    return Piece(deliver, "00", place or sequence)


@given(st.permutations(range(1, 8)))
def test_any_order(order: list[int]) -> None:
    parts: Reassembly[int] = Reassembly(60, Clock())
    done = [whole for sequence in order for whole in parts.add(piece(sequence, 7))]
    (whole,) = done
    assert (whole.body, whole.complete) == ("<1><2><3><4><5><6><7>", True)
    assert sorted(entry.place for entry in whole.pieces) == list(range(1, 8))


def test_single_messages_pass() -> None:
    (whole,) = Reassembly[int](60, Clock()).add(piece(1, 1, "R"))
    assert (whole.body, whole.complete) == ("R", True)


def test_senders_and_references_do_not_mix() -> None:
    parts: Reassembly[int] = Reassembly(60, Clock())
    assert parts.add(piece(1, 2, sender="a")) == []
    assert parts.add(piece(2, 2, sender="b")) == []
    assert parts.add(piece(2, 2, sender="a", reference=8)) == []
    assert parts.add(piece(2, 3, sender="a")) == []


def test_a_repeated_part_is_freed_with_the_rest() -> None:
    parts: Reassembly[int] = Reassembly(60, Clock())
    parts.add(piece(1, 2, place=1))
    parts.add(piece(1, 2, place=5))
    (whole,) = parts.add(piece(2, 2, place=2))
    assert whole.body == "<1><2>"
    assert sorted(entry.place for entry in whole.pieces) == [1, 2, 5]


def test_a_reference_used_anew() -> None:
    parts: Reassembly[int] = Reassembly(60, Clock())
    parts.add(piece(1, 2, "old"))
    (old,) = parts.add(piece(1, 2, "new"))
    assert (old.body, old.complete) == ("old" + MISSING, False)
    (new,) = parts.add(piece(2, 2, "er"))
    assert (new.body, new.complete) == ("newer", True)


def test_incomplete_after_a_time() -> None:
    clock = Clock()
    parts: Reassembly[int] = Reassembly(60, clock)
    parts.add(piece(3, 4))
    parts.add(piece(1, 4))
    assert parts.expired() == []
    clock.now = 60
    (whole,) = parts.expired()
    assert (whole.body, whole.complete) == (f"<1>{MISSING}<3>{MISSING}", False)
    assert parts.expired() == []


def test_which_parts_are_missing() -> None:
    clock = Clock()
    parts: Reassembly[int] = Reassembly(60, clock)
    parts.add(piece(2, 4))
    clock.now = 60
    (whole,) = parts.expired()
    assert (whole.total, whole.missing) == (4, (1, 3, 4))


def test_a_character_cut_in_two_by_its_sender() -> None:
    """Some phones cut an emoji between its two units."""
    high, low = "\ud83d", "\ude00"
    parts: Reassembly[int] = Reassembly(60, Clock())
    parts.add(piece(1, 2, f"a{high}"))
    (whole,) = parts.add(piece(2, 2, f"{low}b"))
    assert whole.body == "a😀b"
    (alone,) = parts.add(piece(1, 1, f"a{high}"))
    assert alone.body == "a\ufffd"


def test_octets_are_joined_before_they_are_shown() -> None:
    data = "余额 100".encode()
    parts: Reassembly[int] = Reassembly(60, Clock())
    first, second = piece(1, 2), piece(2, 2)
    cut = [
        replace(entry, deliver=replace(entry.deliver, text="", data=octets, coding=Coding(Charset.OCTETS)))
        for entry, octets in ((first, data[:4]), (second, data[4:]))
    ]
    parts.add(cut[0])
    (whole,) = parts.add(cut[1])
    assert whole.body == "余额 100"


def test_only_parts_whose_place_is_gone_are_forgotten() -> None:
    parts: Reassembly[int] = Reassembly(60, Clock())
    parts.add(piece(1, 2, place=1))
    parts.add(piece(1, 2, place=2, sender="b"))
    parts.forget(lambda place: place == 1)
    assert parts.add(piece(2, 2)) == []
    (whole,) = parts.add(piece(2, 2, sender="b"))
    assert whole.complete
