"""Long messages of others, put together again (3GPP TS 23.040 9.2.3.24.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

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
    complete: bool


@dataclass(slots=True)
class _Partial(Generic[P]):
    total: int
    since: float
    by_sequence: dict[int, Piece[P]] = field(default_factory=dict)
    repeated: list[Piece[P]] = field(default_factory=list)

    def whole(self) -> Whole[P]:
        ordered = [self.by_sequence[sequence] for sequence in sorted(self.by_sequence)]
        texts = [
            self.by_sequence[sequence].deliver.text if sequence in self.by_sequence else MISSING
            for sequence in range(1, self.total + 1)
        ]
        return Whole((*ordered, *self.repeated), "".join(texts), len(self.by_sequence) == self.total)


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
            return [Whole((piece,), piece.deliver.text, True)]
        key = (piece.deliver.sender, part.reference, part.total)
        partial = self._partials.setdefault(key, _Partial(part.total, self._monotonic()))
        done: list[Whole[P]] = []
        known = partial.by_sequence.get(part.sequence)
        if known is not None and known.deliver.text == piece.deliver.text:
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

    def clear(self) -> None:
        self._partials.clear()
