from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from console.core.audit.checking import explained, last_check, verify_trail
from console.core.context import Context
from console.core.errors import NotPermitted
from db.models import AuditEntry, Batch, BatchKind, BatchState


@pytest.fixture
def trail(supervisor_ctx: Context) -> Context:
    with supervisor_ctx.database.begin() as session:
        for number in range(5):
            supervisor_ctx.audit(session, "campaign.approve", f"campaign:{number}")
    return supervisor_ctx


def test_a_whole_trail_and_its_record(trail: Context) -> None:
    assert last_check(trail) is None
    check = verify_trail(trail)
    assert (check.sound, check.entries) == (True, 5)
    assert last_check(trail) == check
    assert str(explained(check)) == "The trail is whole: 5 entries, none changed, removed or added."
    assert verify_trail(trail).entries == 6


def test_a_changed_entry_is_found_and_told(trail: Context) -> None:
    with trail.database.begin() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(subject="campaign:99"))
    check = verify_trail(trail)
    assert (check.sound, check.first_bad, check.reason) == (False, 3, "changed")
    assert str(explained(check)) == "Entry 3 was changed."
    assert last_check(trail) == check


def test_a_cut_tail_is_found_and_told(trail: Context) -> None:
    with trail.database.begin() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == 5))
    assert str(explained(verify_trail(trail))) == "The end of the trail is missing, from entry 5 on."


def test_only_who_may_see_the_trail(ctx: Context) -> None:
    with pytest.raises(NotPermitted):
        verify_trail(ctx)
    with pytest.raises(NotPermitted):
        last_check(ctx)


def test_records_that_do_not_agree_with_the_trail_are_told(supervisor_ctx: Context) -> None:
    with supervisor_ctx.database.begin() as session:
        session.add(
            Batch(
                kind=BatchKind.TEST, class_key="service", state=BatchState.OPEN,
                created_by=supervisor_ctx.actor.user_id, created_at=supervisor_ctx.clock.now(),
            )
        )  # fmt: skip
    check = verify_trail(supervisor_ctx)
    assert (check.sound, check.records, check.whole) == (True, 1, False)
    assert "in 1 places" in str(explained(check))
    assert last_check(supervisor_ctx) == check
