"""Long messages of others, put together again (3GPP TS 23.040 9.2.3.24.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gsm.messages import Content
from gsm.modem.fields import mend_surrogates, readable
from gsm.modem.pdu import Deliver

MISSING = "…"
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Piece(Generic[P]):
    deliver: Deliver
    raw: str
    place: P  # where it lies: whoever frees the whole message frees every place


@dataclass(frozen=True, slots=True)
class Whole(Generic[P]):
    pieces: tuple[Piece[P], ...]  # in order, repetitions last
    body: str
    total: int = 1
    missing: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing


@dataclass(slots=True)
class _Partial(Generic[P]):
    total: int
    since: float
    by_sequence: dict[int, Piece[P]] = field(default_factory=dict)
    repeated: list[Piece[P]] = field(default_factory=list)

    def whole(self) -> Whole[P]:
        sequences = range(1, self.total + 1)
        ordered = [self.by_sequence[sequence] for sequence in sequences if sequence in self.by_sequence]
        missing = tuple(sequence for sequence in sequences if sequence not in self.by_sequence)
        delivers = [
            piece.deliver if (piece := self.by_sequence.get(sequence)) is not None else None for sequence in sequences
        ]
        return Whole((*ordered, *self.repeated), body_of(delivers), self.total, missing)


def body_of(delivers: Sequence[Deliver | None]) -> str:
    """The text of a message, part after part; None stands for a part that is missing."""
    first = next(deliver for deliver in delivers if deliver is not None)
    if first.content is Content.COMPRESSED:
        return " ".join(deliver.data.hex(" ").upper() if deliver else MISSING for deliver in delivers)
    if first.content is Content.DATA:
        if None not in delivers:
            return readable(b"".join(deliver.data for deliver in delivers if deliver))
        return "".join(readable(deliver.data) if deliver else MISSING for deliver in delivers)
    return mend_surrogates("".join(deliver.text if deliver else MISSING for deliver in delivers))


class Reassembly(Generic[P]):
    """``monotonic`` gives seconds; a message that stays incomplete for ``patience`` seconds is given up."""

    def __init__(self, patience: float, monotonic: Callable[[], float]) -> None:
        self._patience = patience
        self._monotonic = monotonic
        self._partials: dict[tuple[str, int, int], _Partial[P]] = {}

    def add(self, piece: Piece[P]) -> list[Whole[P]]:
        """Messages that became whole; an older one whose reference is used anew comes out incomplete."""
        part = piece.deliver.concatenation
        if part is None or part.total == 1:
            return [Whole((piece,), body_of([piece.deliver]))]
        key = (piece.deliver.sender, part.reference, part.total)
        partial = self._partials.setdefault(key, _Partial(part.total, self._monotonic()))
        done: list[Whole[P]] = []
        known = partial.by_sequence.get(part.sequence)
        if known is not None and (known.deliver.text, known.deliver.data) == (piece.deliver.text, piece.deliver.data):
            partial.repeated.append(piece)
            return done
        if known is not None:
            done.append(partial.whole())
            partial = self._partials[key] = _Partial(part.total, self._monotonic())
        partial.by_sequence[part.sequence] = piece
        if len(partial.by_sequence) == partial.total:
            done.append(partial.whole())
            del self._partials[key]
        return done

    def expired(self) -> list[Whole[P]]:
        now = self._monotonic()
        late = [key for key, partial in self._partials.items() if now - partial.since >= self._patience]
        return [self._partials.pop(key).whole() for key in late]

    def forget(self, is_gone: Callable[[P], bool]) -> None:
        """Drop the parts whose place means nothing any more; they will be read again."""
        for key, partial in list(self._partials.items()):
            kept = {seq: piece for seq, piece in partial.by_sequence.items() if not is_gone(piece.place)}
            if kept:
                partial.by_sequence = kept
                partial.repeated = [piece for piece in partial.repeated if not is_gone(piece.place)]
            else:
                del self._partials[key]
