from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update

from console.core.campaigns.views import Outcome
from console.core.errors import UserError
from console.core.reports import figures
from console.core.reports.figures import Counts
from console.core.reports.period import Period, last_days, last_month, this_month, today, yesterday
from db.models import Batch, BatchState, Message, MessagePart, MessageState, PartState

if TYPE_CHECKING:
    from console.core.clock import FixedClock

    from .conftest import Office

MONDAY = date(2026, 11, 23)
WEEK = Period(MONDAY - timedelta(days=6), MONDAY)


def test_a_message_belongs_to_the_local_day_it_left_on(office: Office) -> None:
    with office.ctx.database.read() as session:
        by_day = figures.summed(figures.left(session, WEEK), lambda key: key.day)
    assert set(by_day) == {date(2026, 11, 22), MONDAY}
    assert by_day[date(2026, 11, 22)] == Counts(handed=1, delivered=1, parts=1)
    assert by_day[MONDAY] == Counts(handed=7, delivered=3, failed=2, unknown=1, awaiting=1, parts=5)


def test_every_cut_has_the_same_total_and_adds_up(office: Office) -> None:
    with office.ctx.database.read() as session:
        counts = figures.left(session, WEEK)
    whole = figures.total(counts.values())
    assert (whole.handed, whole.difference) == (8, 0)
    for cut in (lambda key: key.day, lambda key: key.line_id, lambda key: key.class_key):
        assert figures.total(figures.summed(counts, cut).values()) == whole


def test_what_did_not_leave_is_not_counted(office: Office) -> None:
    with office.ctx.database.read() as session:
        assert figures.left(session, Period(MONDAY + timedelta(days=1), MONDAY + timedelta(days=9))) == {}


def test_an_outcome_without_anything_given_to_a_line_shows_as_a_difference(office: Office) -> None:
    with office.ctx.database.begin() as session:
        delivered = session.query(Message.id).filter(Message.state == MessageState.DELIVERED).limit(1).scalar()
        session.execute(delete(MessagePart).where(MessagePart.message_id == delivered))
    with office.ctx.database.read() as session:
        assert figures.total(figures.left(session, WEEK).values()).difference == -1


def test_campaigns_account_for_every_approved_message(office: Office) -> None:
    with office.ctx.database.read() as session:
        found = figures.campaigns(session, WEEK)
    campaign, test = found
    assert (campaign.name, campaign.approved, campaign.excluded, campaign.difference) == (
        "房贷11月还款提醒 (1/2)", 10, 1, 0,
    )  # fmt: skip
    assert campaign.counts[Outcome.DELIVERED] == 3
    assert campaign.counts[Outcome.FAILED] == 2
    assert (test.campaign_id, test.approved, test.difference) == (None, 1, 0)


def test_a_lost_row_shows_as_a_difference(office: Office) -> None:
    with office.ctx.database.begin() as session:
        session.execute(update(Batch).where(Batch.id == office.batch_id).values(messages=11))
    with office.ctx.database.read() as session:
        assert figures.campaigns(session, WEEK)[0].difference == 1


@pytest.mark.parametrize(("closed_days_ago", "found"), [(0, 2), (3, 2), (8, 1)])
def test_campaigns_in_force_at_some_time_of_the_period(
    office: Office, clock: FixedClock, closed_days_ago: int, found: int
) -> None:
    closed = clock.now() - timedelta(days=closed_days_ago)
    with office.ctx.database.begin() as session:
        session.execute(
            update(Batch).where(Batch.id == office.batch_id).values(
                state=BatchState.FINISHED, opened_at=closed - timedelta(days=9), closed_at=closed
            )
        )  # fmt: skip
    with office.ctx.database.read() as session:
        assert len(figures.campaigns(session, WEEK)) == found


def test_periods(clock: FixedClock) -> None:
    now = clock.now()
    assert today(now) == Period(MONDAY, MONDAY)
    assert yesterday(now) == Period(date(2026, 11, 22), date(2026, 11, 22))
    assert last_days(now, 7) == WEEK
    assert this_month(now) == Period(date(2026, 11, 1), MONDAY)
    assert last_month(now) == Period(date(2026, 10, 1), date(2026, 10, 31))
    assert str(WEEK) == "2026-11-17 – 2026-11-23"
    assert WEEK.end - WEEK.start == timedelta(days=7)


def test_impossible_periods() -> None:
    with pytest.raises(UserError, match="before"):
        Period(MONDAY, MONDAY - timedelta(days=1))
    with pytest.raises(UserError, match="366"):
        Period(MONDAY, MONDAY + timedelta(days=366))


def _all(office: Office) -> Counts:
    with office.ctx.database.read() as session:
        return figures.total(figures.left(session, WEEK).values())


def _change(office: Office, state: MessageState, part: PartState | None = None, **values: object) -> None:
    """The first message that was delivered, and its part, as another hand would leave them."""
    with office.ctx.database.begin() as session:
        first = select(Message.id).where(Message.state == MessageState.DELIVERED).order_by(Message.id).limit(1)
        message = session.get_one(Message, session.scalars(first).one())
        message.state = state
        for name, value in values.items():
            setattr(message, name, value)
        if part is not None:
            session.execute(update(MessagePart).where(MessagePart.message_id == message.id).values(state=part))


def test_the_difference_shows_a_message_that_was_put_back_by_hand(office: Office) -> None:
    before = _all(office)
    assert before.difference == 0
    _change(office, MessageState.WAITING, sending_at=None, line_id=None)
    after = _all(office)
    assert (after.handed, after.delivered, after.difference) == (before.handed, before.delivered - 1, 1)


def test_what_was_given_up_or_dropped_makes_no_difference(office: Office) -> None:
    before = _all(office)
    _change(office, MessageState.REFUSED, PartState.NOT_SENT)  # tried, never taken, given up
    assert (_all(office).handed, _all(office).difference) == (before.handed - 1, 0)
    _change(office, MessageState.CANCELLED, PartState.UNKNOWN, reason="person.cancelled")
    assert (_all(office).unknown, _all(office).difference) == (before.unknown + 1, 0)
