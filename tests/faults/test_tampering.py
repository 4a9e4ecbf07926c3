"""Rows that are changed in the database while the real dispatcher sends: nothing wrong reaches the network."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from db.models import AuditEntry, Batch, BatchState, Discrepancy, DiscrepancyKind, Message, MessageState


def test_what_is_changed_while_it_is_sent(either_branch: Any, until: Any) -> None:
    """The line of one batch, a message of another that was sent already, and a batch that nobody approved."""
    branch = either_branch
    branch.modem(latency_ms=20)
    rerouted, repeated = branch.batch(40), branch.batch(4)
    forged = branch.batch(3, state=BatchState.PENDING)
    dispatcher = branch.start()
    until(lambda: len(branch.ledger()) >= 4)
    branch.change(Batch, rerouted, sealed=False, priority=9)
    branch.change(Batch, forged, sealed=False, state=BatchState.OPEN)
    until(lambda: branch.all(Batch)[0].state is BatchState.PAUSED)
    left = {row.id for row in _of(branch, rerouted) if row.state not in (MessageState.WAITING, MessageState.CLAIMED)}
    until(lambda: branch.states(repeated) == {"delivered": 4})
    with branch.database.begin() as session:
        again = (Message.batch_id == repeated) & (Message.state == MessageState.DELIVERED)
        session.execute(update(Message).where(again).values(state=MessageState.WAITING, line_id=None, attempts=0))
        session.execute(
            update(Batch).where(Batch.id == repeated).values(state=BatchState.OPEN, seal=_open(branch, repeated))
        )
    until(lambda: {each.kind for each in branch.all(Discrepancy)} >= {DiscrepancyKind.BATCH, DiscrepancyKind.HISTORY})
    until(lambda: [row.state for row in branch.all(Batch)] == [BatchState.PAUSED] * 3)
    until(lambda: not {"claimed", "sending", "accepted"} & branch.states().keys())
    assert dispatcher.stop() == 0
    assert {row.id for row in _of(branch, rerouted) if row.state is MessageState.DELIVERED} == left
    numbers = [entry["recipient"][-11:] for entry in branch.ledger()]
    assert len(numbers) == len(set(numbers)) == len(left) + 4
    assert not {row.phone for row in _of(branch, forged)} & set(numbers)
    assert {entry.action for entry in branch.all(AuditEntry)} >= {"outbox.tampered"}


def _of(branch: Any, batch_id: int) -> list[Message]:
    return [row for row in branch.all(Message) if row.batch_id == batch_id]


def _open(branch: Any, batch_id: int) -> str:
    """The seal that the batch had while it was open: somebody may have kept a copy of it."""
    from console.core.sending.integrity import SECRET_NAME
    from console.core.sending.seals import batch_seal
    from db.outbox_seals import SEALED, values_of

    with branch.database.read() as session:
        values = list(values_of(session.get_one(Batch, batch_id)))
    values[SEALED.index("state")] = BatchState.OPEN
    return batch_seal(branch.database.secret(SECRET_NAME), values)
