"""Two windows on one database, each with its own connections: what one does, the other hears of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from console.core.audit.words import ACTIONS
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import bulk
from console.core.customers.bulk import BulkField, Edit
from console.core.events import Topic
from console.core.pulse import AREAS, LOOK_AGAIN, Pulse, pulse
from console.core.settings import save
from db.engine import Database
from db.models import Control, Customer, Line, LineState

Told = Callable[[], frozenset[Topic]]


@pytest.fixture
def elsewhere(ctx: Context) -> Iterator[Context]:
    """The same person at another window."""
    with Database.open(ctx.database.url, key=ctx.database.key) as database:
        yield replace(ctx, database=database)


@pytest.fixture
def told(elsewhere: Context) -> Told:
    """What that window hears of at its next look."""
    last = [pulse(elsewhere)]

    def look() -> frozenset[Topic]:
        now = pulse(elsewhere, last[0])
        topics = now.topics_since(last[0])
        last[0] = now
        return topics

    return look


def decide(ctx: Context, action: str) -> None:
    with ctx.database.begin() as session:
        ctx.audit(session, action, "customer:1")


def test_nothing_happens(told: Told) -> None:
    assert told() == frozenset()
    assert told() == frozenset()


DECISIONS: dict[str, set[Topic]] = {
    "customer.import": {Topic.CUSTOMERS},
    "customer.edit": {Topic.CUSTOMERS},
    "loan.edit": {Topic.CUSTOMERS},
    "consent.withdraw": {Topic.CUSTOMERS},
    "template.save": {Topic.TEMPLATES},
    "campaign.create": {Topic.CAMPAIGNS},
    "line.edit": {Topic.LINES},
    "settings.change": {Topic.SETTINGS},
    "user.roles": {Topic.USERS},
    "customer.reveal_phone": set(),
    "customer.export": set(),
}


def test_every_decision_is_told(ctx: Context, told: Told) -> None:
    for action, topics in DECISIONS.items():
        decide(ctx, action)
        assert told() == topics | {Topic.AUDIT}, action
        assert told() == frozenset()


def test_several_at_once(ctx: Context, told: Told) -> None:
    decide(ctx, "customer.edit")
    decide(ctx, "template.save")
    decide(ctx, "line.edit")
    assert told() == {Topic.CUSTOMERS, Topic.TEMPLATES, Topic.LINES, Topic.AUDIT}


def test_a_setting_and_the_stop(ctx: Context, admin_ctx: Context, told: Told) -> None:
    save(admin_ctx, {"bank.signature": "城东支行"})
    assert Topic.SETTINGS in told()
    with ctx.database.begin() as session:
        session.execute(update(Control).values(stopped=True))
    assert told() == {Topic.OUTBOX, Topic.LINES}


def test_a_line_that_fails(ctx: Context, told: Told, clock: FixedClock) -> None:
    with ctx.database.begin() as session:
        session.add(Line(id=1, name="模块一", address="COM1", created_at=clock.now()))
    told()
    with ctx.database.begin() as session:
        session.get_one(Line, 1).state = LineState.FAULT
    assert Topic.LINES in told()


def test_a_change_of_many_is_told_when_it_begins_and_when_it_ends(ctx: Context, told: Told, clock: FixedClock) -> None:
    with ctx.database.begin() as session:
        session.execute(
            insert(Customer),
            [
                {
                    "number": "C1", "name": "张三", "pinyin": "zhangsan", "initials": "zs", "phone": "13800138000",
                    "phone_tail": "8000", "created_at": clock.now(), "updated_at": clock.now(),
                }
            ],
        )  # fmt: skip
        ids = list(session.scalars(select(Customer.id)))
    told()
    heard: list[frozenset[Topic]] = []
    bulk.apply(ctx, ids, Edit(BulkField.RATING, "B"), lambda done, total: heard.append(told()))
    assert heard[0] == {Topic.CUSTOMERS, Topic.AUDIT}
    assert Topic.CUSTOMERS in heard[-1]


def test_while_nobody_writes_nothing_is_read(
    ctx: Context, elsewhere: Context, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pulse(elsewhere)
    settled = pulse(elsewhere, first)
    with monkeypatch.context() as patched:
        patched.setattr(Database, "read", None)
        assert pulse(elsewhere, settled) is settled
    clock.advance(LOOK_AGAIN)
    again = pulse(elsewhere, settled)
    assert again is not settled  # time passes, too
    assert again.topics_since(settled) == frozenset()
    decide(ctx, "customer.edit")
    assert Topic.CUSTOMERS in pulse(elsewhere, again).topics_since(again)


def test_compared_with_an_older_look_everything_is_told(ctx: Context, elsewhere: Context) -> None:
    old: Pulse = pulse(elsewhere)
    decide(ctx, "customer.edit")
    new = pulse(elsewhere)
    assert Topic.CUSTOMERS in new.topics_since(old)


def test_a_whole_look_sees_its_own_movement(ctx: Context) -> None:
    before = ctx.database.movement()
    assert ctx.database.movement() == before
    decide(ctx, "customer.edit")
    assert ctx.database.movement() != before


def test_what_stands_in_the_trail_has_an_area() -> None:
    quiet = {"login", "database", "audit", "report", "look", "dispatcher", "full_export"}
    assert {action.partition(".")[0] for action in ACTIONS} - AREAS.keys() <= quiet
