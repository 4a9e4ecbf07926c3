from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from console.core.audit.browse import AuditFilter, actors, audit_ids, audit_rows
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.listing import Sort

NEWEST = Sort("at", descending=True)


@pytest.fixture
def trail(context_of: Callable[[str], Context], clock: FixedClock) -> Context:
    """Three days of entries; the auditor's context."""
    officer, auditor = context_of("officer"), context_of("supervisor")
    with officer.database.begin() as session:
        officer.audit(session, "campaign.submit", "campaign:7", messages=812)
        officer.audit(session, "customer.reveal_phone", "customer:3", reason="回访")
    clock.advance(timedelta(days=1))
    with officer.database.begin() as session:
        auditor.audit(session, "campaign.approve", "campaign:7", digest="ab" * 32)
    clock.advance(timedelta(days=1))
    with officer.database.begin() as session:
        officer.audit(session, "login", "user:1")
    return auditor


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (AuditFilter(), [4, 3, 2, 1]),
        (AuditFilter(actor="officer"), [4, 2, 1]),
        (AuditFilter(area="campaign"), [3, 1]),
        (AuditFilter(area="login"), [4]),
        (AuditFilter(text="CAMPAIGN:7"), [3, 1]),
        (AuditFilter(text="回访"), [2]),
        (AuditFilter(text="revealed"), [2]),
        (AuditFilter(text="officer 812"), [1]),
        (AuditFilter(text="%"), []),
        (AuditFilter(since=date(2026, 11, 24)), [4, 3]),
        (AuditFilter(until=date(2026, 11, 24)), [3, 2, 1]),
        (AuditFilter(since=date(2026, 11, 24), until=date(2026, 11, 24)), [3]),
    ],
)
def test_filters(trail: Context, wanted: AuditFilter, ids: list[int]) -> None:
    assert audit_ids(trail, wanted, NEWEST) == ids


def test_oldest_first(trail: Context) -> None:
    assert audit_ids(trail, AuditFilter(), Sort("at")) == [1, 2, 3, 4]


def test_rows_come_in_the_order_asked_for(trail: Context) -> None:
    rows = audit_rows(trail, [1, 4, 99, 3])
    assert [row.id for row in rows] == [1, 4, 3]
    assert (rows[0].actor, rows[0].action, rows[0].subject) == ("officer", "campaign.submit", "campaign:7")
    assert rows[2].at - rows[0].at == timedelta(days=1)


def test_actors_are_offered(trail: Context) -> None:
    assert actors(trail) == ["officer", "supervisor"]


def test_only_who_may_see_the_trail(ctx: Context) -> None:
    for look in (lambda: audit_ids(ctx, AuditFilter(), NEWEST), lambda: audit_rows(ctx, [1]), lambda: actors(ctx)):
        with pytest.raises(NotPermitted):
            look()
