"""Nothing leaves twice because an older copy of the database is put to work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from console.core.context import SYSTEM, Context
from console.core.sending.consistency import RESTORED
from console.core.sending.reconcile import run
from console.core.sending.restored import Witness, settle
from console.core.settings import Settings
from db import marks
from db.engine import Database
from db.models import (
    AuditEntry,
    Batch,
    BatchState,
    Campaign,
    CampaignState,
    Control,
    Dispatcher,
    Line,
    LineState,
    Message,
    MessageState,
)

OLDER = pytest.mark.expects_log("an older copy of the database")


def context(house: Any) -> Context:
    return Context(database=house.database, clock=house.clock, actor=SYSTEM, settings=Settings())


def marked(house: Any) -> None:
    with house.database.begin() as session:
        marks.put(session, marks.COPIED_AT, house.now - timedelta(hours=8))


@OLDER
def test_what_waited_in_the_copy_is_unknown_and_everything_is_stopped(house: Any) -> None:
    is_open, paused = house.batch(700), house.batch(2, state=BatchState.PAUSED)
    over = house.batch(3, state=BatchState.FINISHED)
    house.change(Message, house.messages(is_open)[0].id, state=MessageState.SENDING)
    house.change(Message, house.messages(is_open)[1].id, state=MessageState.DELIVERED)
    marked(house)
    assert settle(context(house), None) == 701
    assert house.states(is_open) == {"unknown": 699, "delivered": 1}
    assert (house.states(paused), house.states(over)) == ({"unknown": 2}, {"waiting": 3})
    assert {row.reason for row in house.messages(paused)} == {RESTORED}
    assert "2026" in house.all(Control)[0].reason
    assert house.all(Control)[0].stopped
    assert [entry.action for entry in house.all(AuditEntry)] == ["database.restored"]
    assert settle(context(house), None) is None


@OLDER
def test_what_was_given_up_is_no_discrepancy(house: Any) -> None:
    house.batch(5)
    before = run(context(house)).findings
    marked(house)
    settle(context(house), None)
    assert run(context(house)).findings == before


@OLDER
def test_what_waited_for_approval_goes_back_to_its_maker(house: Any) -> None:
    batch = house.batch(2, state=BatchState.PENDING)
    campaign = Campaign(
        name="还款提醒", class_key="remind", audience={}, state=CampaignState.PENDING, batch_id=batch,
        created_by=house.maker, created_at=house.now, updated_at=house.now,
    )  # fmt: skip
    with house.database.begin() as session:
        session.add(campaign)
    marked(house)
    assert settle(context(house), None) == 0
    assert house.all(Campaign)[0].state is CampaignState.RETURNED
    assert house.all(Batch)[0].state is BatchState.VOID


@OLDER
def test_a_crash_in_the_middle_is_gone_on_with(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house.batch(1_200)
    marked(house)
    with monkeypatch.context() as patch:
        patch.setattr("console.core.sending.restored._take_back", lambda session, now: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            settle(context(house), None)
    assert house.all(Control)[0].stopped
    house.batch(1)
    assert settle(context(house), None) == 1
    assert house.states() == {"unknown": 1_201}


@OLDER
def test_a_database_that_went_back_in_time_is_noticed(house: Any, tmp_path: Path) -> None:
    """A machine's snapshot, a server's dump, a file put back by hand: no mark is in it."""
    witness = Witness(tmp_path, house.database, "here")
    run = {"host": "h", "machine": "here", "pid": 1, "started_at": house.now}
    with house.database.begin() as session:
        session.add(Dispatcher(run="r", heartbeat_at=house.now, **run))
    assert settle(context(house), witness) is None  # never seen
    witness.write(house.now)
    house.batch(2)
    assert settle(context(house), witness) is None
    with house.database.begin() as session:
        session.execute(update(Dispatcher).values(heartbeat_at=house.now - timedelta(minutes=5)))
    assert settle(context(house), witness) == 2
    assert house.states() == {"unknown": 2}


def test_another_database_is_nobodys_past(house: Any, tmp_path: Path) -> None:
    run = {"host": "h", "machine": "here", "pid": 1, "started_at": house.now}
    with house.database.begin() as session:
        session.add(Dispatcher(run="r", heartbeat_at=house.now, **run))
    Witness(tmp_path, house.database, "here").write(house.now + timedelta(hours=1))
    other = Witness(tmp_path, house.database, "there")  # a clone of the installation has another name
    assert settle(context(house), other) is None


@OLDER
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_yesterdays_backup_is_put_back_after_a_campaign_has_left(
    house: Any, office: Any, until: Any, tmp_path: Path
) -> None:
    house.line("A")
    house.batch(40)
    house.database.backup(tmp_path / "copy.db", house.now)
    office.start()
    until(lambda: house.states() == {"delivered": 40})
    office.stop()
    before = office.sent()
    with Database.open(f"sqlite:///{tmp_path / 'copy.db'}", key=house.database.key) as copy:
        house.database = copy
        office.start()
        until(lambda: house.all(Line)[0].state is LineState.READY)
        assert house.states() == {"unknown": 40}
        office.stop()
    assert office.sent() == before
    assert len(before) == 40
