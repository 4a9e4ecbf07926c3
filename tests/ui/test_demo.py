from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console.core import paths
from console.core.clock import SystemClock
from console.core.customers.pinyin import spelled
from console.core.security.login import authenticate
from console.demo import stage
from console.demo_people import add_people
from console.demo_users import OFFICER, SUPERVISOR
from console.shell.services import Demo
from db.engine import Database
from db.models import Consent, Customer, Line, Loan, LoanState, Template


def test_the_demo_makes_its_world_and_leaves_nothing_behind() -> None:
    before = os.environ.get(paths.HOME_VARIABLE)
    with stage() as made:
        folder = made.database.parent.parent
        assert not made.database.exists()
        made.prepare()
        modem: Demo = made.modem()
        for person in (OFFICER, SUPERVISOR):
            entered = authenticate(paths.sqlite_url(made.database), person.login, person.password, clock=SystemClock())
            assert entered.context.actor.roles == person.roles
            assert not entered.must_change_password
            with entered.context.database as database, database.read() as session:
                assert session.scalar(select(func.count()).select_from(Customer)) == 300
                assert session.scalar(select(func.count()).select_from(Template))
                assert session.scalars(select(Line.address)).all() == [made.world.modem.process.address]
        assert len(modem.faults()) >= 5
        for fault in modem.faults():
            assert str(fault.title)
            modem.fail(fault.key)
        modem.fail("")
    assert not folder.exists()
    assert os.environ.get(paths.HOME_VARIABLE) == before


@pytest.fixture
def people(database: Database) -> Database:
    with database.begin() as session:
        add_people(session, datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    return database


def test_the_people_are_made_up_but_likely(people: Database) -> None:
    today = datetime(2026, 11, 23, tzinfo=UTC).date()
    with people.read() as session:
        customers = session.scalars(select(Customer)).all()
        loans = session.scalars(select(Loan)).all()
        consents = session.scalars(select(Consent)).all()
    assert len({customer.phone for customer in customers}) == len(customers) == 300
    for customer in customers:
        assert customer.phone.startswith("1380000")
        assert spelled(customer.name) == (customer.pinyin, customer.initials)
    by_state = {state: [loan for loan in loans if loan.state is state] for state in LoanState}
    assert all(len(found) >= 10 for found in by_state.values())
    assert all(loan.due_on is not None and loan.due_on < today for loan in by_state[LoanState.OVERDUE])
    soon = [loan for loan in by_state[LoanState.ACTIVE] if loan.due_on and 0 <= (loan.due_on - today).days <= 5]
    assert len(soon) >= 20
    assert all(loan.principal and loan.rate and 2 < loan.rate < 7 for loan in loans)
    assert 150 < len({consent.customer_id for consent in consents}) < 250
    assert any(not consent.granted for consent in consents)


def test_the_same_seed_makes_the_same_people(people: Database, tmp_path: Path) -> None:
    with Database.open(paths.sqlite_url(tmp_path / "again.db"), key=bytes(32)) as again:
        again.create()
        with again.begin() as session:
            add_people(session, datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
        query = select(Customer.name, Customer.phone, Customer.birthday).order_by(Customer.id)
        with again.read() as one, people.read() as other:
            assert one.execute(query).all() == other.execute(query).all()
