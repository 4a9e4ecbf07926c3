"""What the demo's customers bring along."""

from __future__ import annotations

from sqlalchemy import func, select

from console.core.context import Context
from console.core.customers.detail import customer_detail
from console.core.customers.timeline import Kind, page
from console.demo_files import SCHEDULES, add_files
from console.demo_people import add_people
from db.models import Circumstance, Consent, Contact, Instalment, Suppression


def test_the_demo_shows_every_part_of_the_file(ctx: Context) -> None:
    with ctx.database.begin() as session:
        add_people(session, ctx.clock.now())
        before = session.scalar(select(func.count()).select_from(Consent)) or 0
        add_files(session, ctx.clock.now(), ctx.actor.user_id)
    with ctx.database.read() as session:
        assert session.scalar(select(func.count(Instalment.loan_id.distinct()))) == SCHEDULES
        assert session.scalar(select(func.count()).select_from(Consent)) == before + 2
        assert session.scalars(select(Suppression.issuer)).all() == ["head_office"]
        told = session.scalars(select(Circumstance).order_by(Circumstance.id)).all()
        assert len({row.kind for row in told}) == len(told) == 3
        assert (session.scalar(select(func.count()).select_from(Contact)) or 0) > 10
    detail = customer_detail(ctx, told[0].customer_id)
    assert detail.circumstances[0].by == ctx.actor.name
    assert {entry.kind for entry in page(ctx, told[0].customer_id)} >= {Kind.CONTACT, Kind.CIRCUMSTANCE, Kind.CONSENT}
    for loan in detail.loans:
        if loan.standing is not None:
            assert loan.standing.amount_due == loan.amount_due
