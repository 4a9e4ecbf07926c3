"""What is from before there were seals, and what the seals are over."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from console.core.sending.alarms import Alarm, raise_alarm
from console.core.sending.seals import adopt, is_sealed
from db import outbox_seals
from db.models import Batch, BatchKind, BatchState, Campaign, Decision, Discrepancy, DiscrepancyKind, PartState
from db.outbox_seals import Past


def test_what_is_old_is_sealed_once_where_the_trail_bears_it_out(house: Any, ctx: Any) -> None:
    with house.database.begin() as session:
        for number, (state, on_record) in enumerate([(BatchState.OPEN, True), (BatchState.OPEN, False)], 1):
            campaign = Campaign(
                name="旧", class_key="remind", audience={}, created_by=house.maker, created_at=house.now,
                updated_at=house.now,
            )  # fmt: skip
            session.add(campaign)
            session.flush()
            batch = Batch(
                kind=BatchKind.CAMPAIGN, campaign_id=campaign.id, class_key="remind", state=state, digest=str(number),
                created_by=house.maker, created_at=house.now, opened_at=house.now,
            )  # fmt: skip
            session.add(batch)
            session.flush()
            session.add(
                Decision(
                    campaign_id=campaign.id, batch_id=batch.id, approved=True, digest=batch.digest,
                    decided_by=house.maker, decided_at=house.now,
                )
            )  # fmt: skip
            if on_record:
                ctx.audit(session, "campaign.approve", f"campaign:{campaign.id}", batch=batch.id, digest=batch.digest)
    assert adopt(house.database, house.secret) == 1
    assert [is_sealed(house.secret, batch) for batch in house.all(Batch)] == [True, False]
    house.change(Batch, 1, sealed=False, seal="")
    assert adopt(house.database, house.secret) == 0  # once only: from here on nothing is without its seal
    assert not is_sealed(house.secret, house.all(Batch)[0])


@pytest.mark.parametrize(
    "name", sorted(set(outbox_seals.SEALED) - {"id", "kind", "campaign_id", "created_by", "opened_by", "line_id"})
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_field_counts(house: Any, name: str) -> None:
    house.batch(1)
    before = getattr(house.all(Batch)[0], name)
    changed: dict[str, Any] = {"class_key": "fraud", "state": BatchState.PAUSED, "digest": "1", "schedule": {"pace": 1}}
    value = changed.get(name, 7 if isinstance(before, int) else house.now.replace(year=2030))
    with house.database.begin() as session:
        session.execute(update(Batch).values({name: value}))
    assert not is_sealed(house.secret, house.all(Batch)[0])


@pytest.mark.parametrize(
    ("attempts", "parts", "decided", "plausible"),
    [
        (0, [], 0, True),
        (3, [], 0, False),
        (1, [(1, 1, PartState.NOT_SENT, True)], 0, True),
        (0, [(1, 1, PartState.NOT_SENT, True)], 0, False),  # reset by hand
        (0, [(1, 1, PartState.NOT_SENT, False)], 0, True),  # the line was to blame
        (0, [(1, 1, PartState.NOT_SENT, None)], 0, True),  # from before it was written down
        (0, [(1, 1, PartState.UNKNOWN, True)], 0, False),
        (0, [(1, 1, PartState.UNKNOWN, True)], 1, True),  # a person let it go again
        (1, [(1, 1, PartState.UNKNOWN, True), (1, 2, PartState.NOT_SENT, True)], 1, True),
        (0, [(1, 1, PartState.UNKNOWN, True), (1, 2, PartState.ACCEPTED, True)], 1, False),
    ],
)
def test_the_past_of_a_message_that_waits(attempts: int, parts: list[Any], decided: int, plausible: bool) -> None:
    assert Past(attempts=attempts, parts=parts).plausible(decided) is plausible


def test_many_alarms_about_one_batch_are_one_discrepancy(house: Any) -> None:
    batch = house.batch(3)
    for message in house.messages():
        with house.database.begin() as session:
            alarm = Alarm(kind=DiscrepancyKind.MESSAGE, batch_id=batch, message_id=message.id)
            raise_alarm(session, house.secret, alarm, house.now)
    (found,) = house.all(Discrepancy)
    assert found.messages == [message.id for message in house.messages()]
    paused = house.all(Batch)[0]
    assert (paused.state, is_sealed(house.secret, paused)) == (BatchState.PAUSED, True)  # a person may let it go on
