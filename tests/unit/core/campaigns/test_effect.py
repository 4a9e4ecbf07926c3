"""What a campaign did, told by those who were held out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from console.core.campaigns.effect import FEW, Effect, effect
from console.core.campaigns.holdout import RULE
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.reports import campaign as report
from console.core.reports.details import phones
from db.models import Exclusion, InboundMessage, Instalment, Loan, Message, MessageState


def pay(ctx: Context, customers: Sequence[int], after: timedelta = timedelta(hours=1)) -> None:
    with ctx.database.begin() as session:
        loans = session.execute(select(Loan.id).where(Loan.customer_id.in_(customers))).scalars().all()
        rows = [
            {"loan_id": loan, "sequence": 1, "due_on": date(2026, 11, 28), "principal": Decimal(1),
             "interest": Decimal(0), "penalty": Decimal(0), "paid": Decimal(1), "paid_at": ctx.clock.now() + after}
            for loan in loans
        ]  # fmt: skip
        session.execute(insert(Instalment), rows)


def reply(ctx: Context, world: Any, customers: Sequence[int]) -> None:
    line = world.line()
    with ctx.database.begin() as session:
        session.add_all(
            InboundMessage(line_id=line, sender="1", body="好", raw="", customer_id=each, received_at=ctx.clock.now())
            for each in customers
        )


def groups(ctx: Context, batch_id: int) -> tuple[list[int], list[int]]:
    with ctx.database.read() as session:
        sent = select(Message.customer_id).distinct().where(Message.batch_id == batch_id).order_by(Message.customer_id)
        held = select(Exclusion.customer_id).distinct().where(Exclusion.batch_id == batch_id, Exclusion.rule == RULE)
        return list(session.scalars(sent)), sorted(session.scalars(held))


def told(ctx: Context, batch_id: int, days: int = 7) -> Effect:
    with ctx.database.read() as session:
        found = effect(session, batch_id, ctx.clock.now(), days)
    assert found is not None
    return found


def started(ctx: Context, world: Any, number: int, percent: int) -> tuple[int, list[int], list[int]]:
    world.customers(number, loans=2)
    frozen = world.submitted(hold_out=percent)
    sent, held = groups(ctx, frozen.batch_id)
    world.set_messages(frozen.batch_id, MessageState.ACCEPTED, 10, sending_at=ctx.clock.now())
    return frozen.batch_id, sent, held


def test_people_and_not_loans_are_counted_and_only_what_came_afterwards(
    ctx: Context, world: Any, clock: FixedClock
) -> None:
    batch_id, sent, held = started(ctx, world, 160, 50)
    pay(ctx, sent[:40])
    pay(ctx, sent[40:45], after=timedelta(hours=-1))
    pay(ctx, sent[45:50], after=timedelta(days=8))
    pay(ctx, held[:5])
    reply(ctx, world, [sent[0], sent[0], held[0]])
    clock.advance(timedelta(days=3))
    found = told(ctx, batch_id)
    assert (found.sent, found.held, found.over) == (len(sent), len(held), False)
    paid, replied = found.measures
    assert (str(paid.title), paid.sent.part, paid.held.part) == ("Paid an instalment", 40, 5)
    assert (replied.sent.part, replied.held.part) == (1, 1)
    assert paid.difference is not None
    assert paid.difference.low > 0
    assert paid.words.startswith("More among those who were written to")
    assert replied.words.startswith("Can not be told from chance")
    clock.advance(timedelta(days=6))
    assert told(ctx, batch_id).over
    assert told(ctx, batch_id, 14).measures[0].sent.part == 45


def test_before_anything_left_there_is_nothing_to_tell(ctx: Context, world: Any) -> None:
    world.customers(30)
    frozen = world.submitted(hold_out=20)
    found = told(ctx, frozen.batch_id)
    assert (found.starts_at, found.measures) == (None, ())


def test_small_groups_are_called_small(ctx: Context, world: Any, clock: FixedClock) -> None:
    batch_id, _sent, held = started(ctx, world, 40, 50)
    assert len(held) < FEW
    pay(ctx, held)
    clock.advance(timedelta(days=1))
    words = told(ctx, batch_id).measures[0].words
    assert words.startswith("Fewer among those who were written to")
    assert words.endswith("The groups are small.")


def test_without_a_held_out_group_there_is_no_effect_and_no_sheet(ctx: Context, world: Any) -> None:
    world.customers(5)
    frozen = world.submitted()
    with ctx.database.read() as session:
        assert effect(session, frozen.batch_id, ctx.clock.now()) is None
        made = report.sheets(session, frozen.campaign_id, ctx.clock, phones(False))
        assert "Effect" not in [str(sheet.name) for sheet in made]


def test_the_report_has_a_sheet_of_it(ctx: Context, world: Any, clock: FixedClock) -> None:
    batch_id, sent, _held = started(ctx, world, 60, 30)
    pay(ctx, sent[:10])
    clock.advance(timedelta(days=1))
    with ctx.database.read() as session:
        campaign_id = world.batch(batch_id).campaign_id
        made = {str(sheet.name): sheet for sheet in report.sheets(session, campaign_id, ctx.clock, phones(False))}
        rows = list(made["Effect"].rows)
    assert [(row[0], row[1]) for row in rows[:2]] == [(7, "Paid an instalment"), (7, "Replied")]
    assert rows[0][2:4] == (len(sent), 10)
    assert len(rows) == 6
