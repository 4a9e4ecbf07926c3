"""A dispatcher that runs takes up the rules that have come into force."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from console.core.clock import FixedClock
from console.core.compliance.drafts import approve_rules, change_rule, start_draft, submit_draft
from console.core.compliance.overview import overview
from console.core.compliance.policy import load_policy
from console.core.context import Context
from console.core.sending.dispatcher import Dispatcher
from db.models import RulePack
from gsm.memory import MemoryTransport


def approved(admin: Context, supervisor: Context, limit: int) -> None:
    pack_id = start_draft(admin)
    change_rule(admin, pack_id, "cap.marketing.month", {"limit": limit}, "s")
    submit_draft(admin, pack_id, "why", admin.clock.now() + timedelta(hours=1))
    draft = overview(supervisor).draft
    assert draft is not None
    approve_rules(supervisor, pack_id, draft.digest)


@pytest.mark.expects_log("the rules in force can not be read")
def test_it_takes_up_what_comes_into_force_and_nothing_else(
    admin_ctx: Context, supervisor_ctx: Context, clock: FixedClock
) -> None:
    running = Dispatcher(admin_ctx.database, clock, pid=1, open_transport=lambda _line: MemoryTransport())
    fixed = Dispatcher(
        admin_ctx.database, clock, pid=1, open_transport=lambda _line: MemoryTransport(), policy=load_policy()
    )
    approved(admin_ctx, supervisor_ctx, 9)
    running.follow_rules()
    assert running.policy.version == 1  # an hour from now
    clock.advance(timedelta(hours=1))
    running.follow_rules()
    fixed.follow_rules()
    assert (running.policy.version, fixed.policy.version) == (2, 1)
    with admin_ctx.database.begin() as session:
        session.execute(update(RulePack).values(digest="0" * 64))
    running.follow_rules()
    assert running.policy.version == 2
