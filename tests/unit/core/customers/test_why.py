"""Why somebody got a message, or not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers.timeline import Kind
from console.core.customers.why import Step, chain
from console.core.errors import NotPermitted
from console.core.i18n import T, Text
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Customer,
    Decision,
    Exclusion,
    Line,
    Message,
    MessagePart,
    MessageState,
    PartState,
)


class Told:
    """A campaign that the officer submitted and the supervisor decided on an hour later."""

    def __init__(self, ctx: Context, checker: Context, clock: FixedClock, customer_id: int) -> None:
        self.ctx, self.checker, self.clock, self.customer_id = ctx, checker, clock, customer_id
        now = clock.now()
        with ctx.database.begin() as session:
            line = Line(name="一号线", address="memory://A", created_at=now)
            campaign = Campaign(
                name="十一月还款", class_key="remind", audience={}, state=CampaignState.APPROVED,
                created_by=ctx.actor.user_id, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add_all([line, campaign])
            session.flush()
            batch = Batch(
                kind=BatchKind.CAMPAIGN, campaign_id=campaign.id, class_key="remind", state=BatchState.PENDING,
                created_by=ctx.actor.user_id, created_at=now, excluded=7,
            )  # fmt: skip
            session.add(batch)
            session.flush()
            self.line, self.campaign, self.batch = line.id, campaign.id, batch.id

    def decide(self, *, approved: bool = True, comment: str = "", **batch: object) -> None:
        self.clock.advance(timedelta(hours=1))
        with self.ctx.database.begin() as session:
            session.add(
                Decision(
                    campaign_id=self.campaign, batch_id=self.batch, approved=approved, digest="0", comment=comment,
                    decided_by=self.checker.actor.user_id, decided_at=self.clock.now(),
                )
            )  # fmt: skip
            row = session.get_one(Batch, self.batch)
            row.state = BatchState.OPEN if approved else BatchState.VOID
            for name, value in batch.items():
                setattr(row, name, value)
        self.clock.advance(timedelta(hours=1))

    def message(self, state: MessageState = MessageState.WAITING, reason: Text | None = None, **values: object) -> int:
        told = reason.dump() if reason else ""
        with self.ctx.database.begin() as session:
            phone = session.get_one(Customer, self.customer_id).phone
            batch = session.get_one(Batch, self.batch)
            shown = {"parts": 1, "created_at": batch.created_at, **values}
            row = Message(
                batch_id=self.batch, customer_id=self.customer_id, phone=phone, recipient=phone, body="您好",
                digest="0", state=state, reason_text=told, **shown,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    def part(self, message_id: int, state: PartState, sequence: int = 1, attempt: int = 1, **values: object) -> None:
        now = self.clock.now()
        with self.ctx.database.begin() as session:
            session.add(
                MessagePart(
                    message_id=message_id, sequence=sequence, attempt=attempt, line_id=self.line, state=state,
                    phone="13800138000", sending_at=now, **values,
                )
            )  # fmt: skip

    def chain(self, message_id: int) -> list[Step]:
        return chain(self.ctx, Kind.MESSAGE, message_id)

    def words(self, message_id: int) -> list[str]:
        return [step.title for step in self.chain(message_id)]


@pytest.fixture
def told(ctx: Context, supervisor_ctx: Context, clock: FixedClock, village: dict[str, int]) -> Told:
    return Told(ctx, supervisor_ctx, clock, village["张三"])


CHOSEN = "Chosen for “十一月还款”"
AGAIN = "Looked at again right before sending: nothing stood against it"


def test_a_long_message_that_arrived(told: Told) -> None:
    told.decide(comment="同意")
    now = told.clock.now()
    message = told.message(MessageState.DELIVERED, parts=2, sending_at=now, done_at=now + timedelta(seconds=9))
    for part in (1, 2):
        told.part(message, PartState.DELIVERED, part, accepted_at=now, done_at=now + timedelta(seconds=8 + part))
    steps = told.chain(message)
    assert [(step.state, step.title, step.by) for step in steps] == [
        ("good", CHOSEN, "王敏"),
        ("approved", "Approved", "陈立"),
        ("good", AGAIN, ""),
        ("delivered", "Part 1 of 2: delivered, says the receipt", ""),
        ("delivered", "Part 2 of 2: delivered, says the receipt", ""),
    ]
    assert steps[1].detail == "同意"
    assert steps[3].detail == "Sent over 一号线 at 2026-11-23 12:00:00."
    assert [step.at for step in steps] == sorted(step.at for step in steps if step.at)


def test_one_that_waits_for_approval(told: Told) -> None:
    assert told.words(told.message()) == [CHOSEN, "Waits for approval"]


def test_one_that_was_put_off_at_sending(told: Told) -> None:
    told.decide()
    until = told.clock.now() + timedelta(days=1)
    message = told.message(reason=T("The limit of {limit} a day to one person is reached.", limit=1), not_before=until)
    last = told.chain(message)[-1]
    assert last.title == "Looked at again before sending: put off until 2026-11-24 12:00"
    assert last.detail == "The limit of 1 a day to one person is reached."
    told.clock.advance(timedelta(days=1))
    assert told.words(message)[-1] == "Waits for its turn on a line"


def test_one_whose_time_has_not_come(told: Told) -> None:
    told.decide(not_before=told.clock.now() + timedelta(days=2))
    assert told.words(told.message())[1:] == [
        "Approved, not to leave before 2026-11-25 10:00", "Waits for its time, 2026-11-25 10:00",
    ]  # fmt: skip


def test_one_that_was_held_back_at_sending(told: Told) -> None:
    told.decide()
    message = told.message(MessageState.SUPPRESSED, T("Paid meanwhile."), done_at=told.clock.now())
    last = told.chain(message)[-1]
    assert (last.state, last.title) == ("suppressed", "Looked at again right before sending: held back")
    assert last.detail == "Paid meanwhile."


def test_one_that_failed_over_two_attempts(told: Told) -> None:
    told.decide()
    message = told.message(MessageState.UNDELIVERED, done_at=told.clock.now() + timedelta(minutes=2), reason=None)
    told.part(message, PartState.REFUSED, error="cms.38")
    told.clock.advance(timedelta(minutes=1))
    told.part(message, PartState.FAILED, attempt=2, status="43", done_at=told.clock.now())
    titles = told.words(message)
    assert titles[2:] == [
        AGAIN,
        "The message: refused when it was sent",
        "The message, attempt 2: not delivered, says the receipt",
        "Did not arrive",
    ]
    assert "Sent over 一号线" in told.chain(message)[-2].detail


def test_one_that_nobody_knows_of_until_a_person_decides(told: Told) -> None:
    told.decide()
    message = told.message(MessageState.UNKNOWN)
    told.part(message, PartState.UNKNOWN)
    assert [(step.state, step.at) for step in told.chain(message)][-1] == ("unknown", None)
    with told.ctx.database.begin() as session:
        told.ctx.audit(session, "outbox.resolve", f"message:{message}", decision="cancelled", comment="客户未收到")
        row = session.get_one(Message, message)
        row.state, row.done_at = MessageState.CANCELLED, told.clock.now()
    decided, last = told.chain(message)[-2:]
    assert (decided.title, decided.by) == ("Unknown outcome decided", "王敏")
    assert "客户未收到" in decided.detail
    assert last.title == "Never left"


@pytest.mark.parametrize(
    ("state", "action", "last"),
    [
        (BatchState.CANCELLED, "campaign.cancel", "Campaign cancelled"),
        (BatchState.PAUSED, "campaign.pause", "Campaign paused"),
    ],
)
def test_one_whose_campaign_was_stopped(told: Told, state: BatchState, action: str, last: str) -> None:
    told.decide()
    message = told.message()
    with told.ctx.database.begin() as session:
        told.checker.audit(session, action, f"campaign:{told.campaign}")
        session.get_one(Batch, told.batch).state = state
    steps = told.chain(message)
    assert any(step.title == last and step.by == "陈立" for step in steps)
    assert ("Never left" in [step.title for step in steps]) == (state is BatchState.CANCELLED)


def test_one_that_was_never_written(told: Told) -> None:
    with told.ctx.database.begin() as session:
        row = Exclusion(
            batch_id=told.batch, customer_id=told.customer_id, rule="consent.refused",
            reason=T("The customer refused messages of this kind.").dump(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        left_out = row.id
    assert [step.title for step in chain(told.ctx, Kind.LEFT_OUT, left_out)][-1] == "Waits for approval"
    told.decide()
    steps = chain(told.ctx, Kind.LEFT_OUT, left_out)
    assert [(step.state, step.title, step.by) for step in steps] == [
        ("info", "Belonged to those whom “十一月还款” is for", "王敏"),
        ("left_out", "Left out: Consent refused", ""),
        ("approved", "Approved, with 7 people left out", "陈立"),
    ]
    assert steps[1].detail.startswith("The customer refused messages of this kind.")


def test_a_test_message_and_an_answer(told: Told) -> None:
    message = told.message(MessageState.WAITING)
    for kind, title in ((BatchKind.TEST, "Written as a test message"), (BatchKind.REPLY, "Written as an answer")):
        with told.ctx.database.begin() as session:
            batch = session.get_one(Batch, told.batch)
            batch.kind, batch.state = kind, BatchState.OPEN
        assert told.words(message) == [title, "Waits for its turn on a line"]


def test_nothing_behind_what_is_gone_and_nothing_for_everybody(told: Told, admin_ctx: Context) -> None:
    assert told.chain(999_999) == []
    assert chain(told.ctx, Kind.LEFT_OUT, 999_999) == []
    assert chain(told.ctx, Kind.REPLY, 1) == []
    with pytest.raises(NotPermitted):
        chain(admin_ctx, Kind.MESSAGE, 1)
