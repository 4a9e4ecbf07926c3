from __future__ import annotations

import pytest

from console.core.sending.folding import Fold, fold, moves
from db.models import MessageState as M
from db.models import PartState as P
from db.outbox_results import PartRow


def rows(*states: P, attempt: int = 1) -> list[PartRow]:
    return [
        PartRow(part_id=n, message_id=1, sequence=n, attempt=attempt, state=state, error=f"e{n}" * (state is P.FAILED))
        for n, state in enumerate(states, start=1)
    ]


@pytest.mark.parametrize(
    ("states", "folded"),
    [
        ([P.DELIVERED, P.DELIVERED], M.DELIVERED),
        ([P.DELIVERED, P.ACCEPTED], M.ACCEPTED),
        ([P.DELIVERED, P.FORWARDED], M.ACCEPTED),
        ([P.DELIVERED, P.FAILED], M.UNDELIVERED),
        ([P.FAILED, P.EXPIRED], M.UNDELIVERED),
        ([P.EXPIRED, P.ACCEPTED], M.EXPIRED),
        ([P.DELIVERED, P.REFUSED], M.REFUSED),
        ([P.DELIVERED, P.UNKNOWN], M.UNKNOWN),
        ([P.ACCEPTED, P.NOT_SENT], M.UNKNOWN),
        ([P.ACCEPTED, P.SENDING], M.SENDING),
    ],
    ids=str,
)
def test_the_worst_part_decides(states: list[P], folded: M) -> None:
    assert fold(rows(*states), 2).state is folded


def test_the_failed_part_gives_the_reason() -> None:
    assert fold(rows(P.DELIVERED, P.FAILED), 2) == Fold(M.UNDELIVERED, "e2")


def test_a_message_of_which_a_part_never_left_is_not_accepted() -> None:
    assert fold(rows(P.DELIVERED), 2) == Fold(M.UNKNOWN, "parts.left")


def test_only_the_latest_attempt_of_a_part_counts() -> None:
    assert fold([*rows(P.UNKNOWN), *rows(P.DELIVERED, attempt=2)], 1).state is M.DELIVERED


@pytest.mark.parametrize(
    ("present", "folded", "may"),
    [
        (M.ACCEPTED, M.DELIVERED, True),
        (M.ACCEPTED, M.UNKNOWN, False),
        (M.UNKNOWN, M.ACCEPTED, True),
        (M.UNKNOWN, M.DELIVERED, True),
        (M.SENDING, M.DELIVERED, False),
        (M.CLAIMED, M.DELIVERED, True),
        (M.CLAIMED, M.UNDELIVERED, False),
        (M.WAITING, M.DELIVERED, True),
        (M.WAITING, M.UNDELIVERED, False),
        (M.CANCELLED, M.DELIVERED, True),
        (M.CANCELLED, M.ACCEPTED, False),
        (M.DELIVERED, M.UNDELIVERED, False),
        (M.REFUSED, M.DELIVERED, False),
    ],
)
def test_what_a_report_may_change(present: M, folded: M, may: bool) -> None:
    assert moves(present, folded) is may
