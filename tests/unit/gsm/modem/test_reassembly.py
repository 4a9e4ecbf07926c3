"""Parts of long messages, in any order, repeated, missing, with references used anew."""

from __future__ import annotations

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
