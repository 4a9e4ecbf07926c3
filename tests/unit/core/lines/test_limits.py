from __future__ import annotations

from datetime import time

import pytest

from console.core.context import Context
from console.core.lines.browse import line_cards
from console.core.lines.editing import InvalidLine, LineDraft, add_line, edit_line
from console.core.lines.limits import Limits
from console.core.messages.classes import CLASSES
from db.models import AuditEntry, Line, LineState

FULL = Limits(
    hourly_quota=50,
    daily_quota=200,
    monthly_quota=4_000,
    opens_at=time(22),
    closes_at=time(6),
    classes=(next(iter(CLASSES)),),
    priority=0,
    follow=False,
    balance_code="*100#",
)


def test_kept_shown_and_written_down(admin_ctx: Context) -> None:
    line = add_line(admin_ctx, LineDraft(name="A", address="COM5"))
    assert line_cards(admin_ctx)[0].limits == Limits()
    edit_line(admin_ctx, line, LineDraft(name="A", address="COM5", limits=FULL))
    (card,) = line_cards(admin_ctx)
    assert card.limits == FULL
    assert card.limits.words()[:3] == ["at most 50 an hour", "at most 4,000 a month", "22:00–06:00"]
    assert card.limits.words()[-1] == "priority 0"
    with admin_ctx.database.read() as session:
        entry = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
    assert entry is not None
    assert '"hours":"22:00' in entry.detail.replace(" ", "")
    edit_line(admin_ctx, line, LineDraft(name="A", address="COM5"))
    assert line_cards(admin_ctx)[0].limits == Limits()


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(opens_at=time(8)), "hours"),
        (Limits(opens_at=time(8), closes_at=time(8)), "hours"),
        (Limits(hourly_quota=10, daily_quota=5), "hourly"),
        (Limits(daily_quota=10, monthly_quota=5), "monthly"),
        (Limits(classes=("no such class",)), "classes"),
        (Limits(priority=10), "priority"),
        (Limits(balance_code="100"), "balance"),
    ],
)
def test_what_cannot_be_meant(admin_ctx: Context, limits: Limits, field: str) -> None:
    with pytest.raises(InvalidLine) as error:
        add_line(admin_ctx, LineDraft(name="A", address="COM5", limits=limits))
    assert error.value.field == field


def test_twins_among_the_lines_are_told(admin_ctx: Context) -> None:
    first = add_line(admin_ctx, LineDraft(name="A", address="COM5"))
    second = add_line(admin_ctx, LineDraft(name="B", address="COM6"))
    with admin_ctx.database.begin() as session:
        for line in (first, second):
            row = session.get_one(Line, line)
            row.identity, row.state = {"imei": "490154203237518", "imsi": ""}, LineState.READY
    told = [[str(found.text) for found in card.findings] for card in line_cards(admin_ctx)]
    assert told == [
        ["The line B has the same modem or SIM card."],
        ["The line A has the same modem or SIM card."],
    ]
