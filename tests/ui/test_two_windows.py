"""A window beside another process that writes: what is changed there shows here without anybody asking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.context import Context
from console.core.segments.conditions import Condition, Group, dump
from console.core.segments.operators import Operator
from console.screens.customers.screen import CustomersPage
from console.screens.segments.screen import SegmentsPage
from console.shell.page import Page
from console.shell.poller import Poller
from console.shell.services import Services
from db.engine import Database
from db.models import Customer

PATIENCE = 60_000  # milliseconds; how long it takes is the benchmark's question
OTHER = """
import json, sys
from console.core.clock import SystemClock
from console.core.context import Actor, Context
from console.core.customers import bulk, editing
from console.core.customers.bulk import BulkField, Edit
from console.core.customers.detail import customer_detail
from console.core.security.permissions import Role
from console.core.segments import store
from console.core.segments.conditions import load
from console.core.settings import Settings
from db.engine import Database

given = json.loads(sys.stdin.readline())
key = bytes.fromhex(given["key"]) if given["key"] else None
with Database.open(given["url"], key=key) as database:
    actor = Actor.of(given["user"], "officer", "officer", frozenset({Role.OFFICER}))
    ctx = Context(database=database, clock=SystemClock(), actor=actor, settings=Settings())
    for line in sys.stdin:
        what = json.loads(line)
        if what["do"] == "edit":
            seen = customer_detail(ctx, what["id"]).updated_at
            editing.edit_customer(ctx, what["id"], {"name": what["name"]}, seen)
        elif what["do"] == "enter":
            editing.create_customer(ctx, what["entered"])
        elif what["do"] == "rate":
            bulk.apply(ctx, what["ids"], Edit(BulkField.RATING, what["rating"]), lambda done, total: None)
        elif what["do"] == "segment":
            store.save_segment(ctx, name=what["name"], root=load(what["root"]))
        print("done", flush=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{'sqlite' if request.param == 'sqlite' else 'postgres'}_database")
    return found


@pytest.fixture
def people(ctx: Context) -> list[int]:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        for place, name in enumerate(("张三", "李四", "王五"), 1):
            row = Customer(
                number=f"C{place}", name=name, pinyin=f"{place}", initials="", phone=f"1380013800{place}",
                phone_tail=f"800{place}", rating="A", created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(row)
        session.flush()
        return list(session.scalars(select(Customer.id).order_by(Customer.id)))


@contextmanager
def other(ctx: Context) -> Iterator[Callable[..., None]]:
    """``do("edit", id=3, ...)``: done by another process, committed when it returns."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    key = ctx.database.key.hex() if ctx.database.key else ""
    process.stdin.write(json.dumps({"url": ctx.database.url, "key": key, "user": ctx.actor.user_id}) + "\n")

    def do(what: str, **details: object) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"do": what, **details}) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"

    try:
        yield do
    finally:
        process.stdin.close()
        process.stdout.close()
        assert process.wait(timeout=PATIENCE / 1000) == 0


@contextmanager
def watching(services: Services, page: Page, qtbot: QtBot) -> Iterator[None]:
    """The page as it stands in the window: it hears of changes from the poller alone."""

    def told(change: object) -> None:
        page.refresh(change)  # type: ignore[arg-type]

    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    page.arrive()
    services.changed.connect(told)
    poller = Poller(services)
    poller.start()
    qtbot.waitUntil(lambda: poller.last is not None and services.tasks.idle, timeout=PATIENCE)
    yield
    poller.stop()
    services.changed.disconnect(told)
    qtbot.waitUntil(lambda: services.tasks.idle, timeout=PATIENCE)


def test_customers_changed_elsewhere_show_in_the_list(
    services: Services, ctx: Context, people: list[int], qtbot: QtBot
) -> None:
    page = CustomersPage(services)
    records = page.table.records

    def rows() -> list[tuple[str, str]]:
        found = [records.record(place) for place in range(len(records.ids))]
        return [(row.name, row.rating) for row in found if row is not None]

    with watching(services, page, qtbot), other(ctx) as do:
        qtbot.waitUntil(lambda: rows() == [("张三", "A"), ("李四", "A"), ("王五", "A")], timeout=PATIENCE)
        page.table.selectRow(1)
        do("edit", id=people[0], name="张三丰")
        qtbot.waitUntil(lambda: ("张三丰", "A") in rows(), timeout=PATIENCE)
        do("rate", ids=people, rating="C")
        qtbot.waitUntil(lambda: [rating for _name, rating in rows()] == ["C"] * 3, timeout=PATIENCE)
        do("enter", entered={"number": "C9", "name": "赵六", "phone": "13900139000"})
        qtbot.waitUntil(lambda: "赵六" in [name for name, _rating in rows()], timeout=PATIENCE)
        assert page.table.selected_ids() == [people[1]]  # what a person has chosen stays


def test_a_segment_made_elsewhere_shows_in_the_list(
    services: Services, ctx: Context, people: list[int], qtbot: QtBot
) -> None:
    page = SegmentsPage(services)
    root = Group((Condition("customer.rating", Operator.ONE_OF, ("A",)),))
    with watching(services, page, qtbot), other(ctx) as do:
        do("segment", name="评级 A", root=dump(root))
        qtbot.waitUntil(lambda: len(page.table) == 1, timeout=PATIENCE)
