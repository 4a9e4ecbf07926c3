"""What customers agreed to and refused."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.compliance.purpose import Purpose
from console.core.context import Context
from console.core.customers.consents import ConsentRefused, Source, Standing, record, standings
from console.core.errors import NotPermitted
from db.models import AuditEntry, Consent, Suppression

ZHANG = "13800138000"


def _stands(ctx: Context, customer_id: int, purpose: Purpose = Purpose.MARKETING) -> Standing:
    with ctx.database.read() as session:
        found = standings(ctx, session, customer_id, ZHANG)
    assert [each.purpose for each in found] == list(Purpose)
    return next(each for each in found if each.purpose is purpose)


def test_the_newest_word_counts_and_all_are_kept(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    before = _stands(ctx, village["张三"])
    assert (before.granted, before.allowed, before.barred) == (False, False, True)
    record(ctx, village["张三"], Purpose.MARKETING, granted=True, source=Source.FORM, evidence="表单 17")
    after = _stands(ctx, village["张三"])
    assert (after.granted, after.allowed) == (True, True)
    assert [word.granted for word in after.history] == [True, False]
    assert (after.history[0].source, after.history[0].evidence, after.history[0].at) == ("form", "表单 17", clock.now())
    record(ctx, village["张三"], Purpose.MARKETING, granted=False, source=Source.PHONE, evidence="录音 5")
    assert _stands(ctx, village["张三"]).granted is False  # at the same moment: the later row
    with ctx.database.read() as session:
        assert len(session.scalars(select(Consent)).all()) == 3
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["consent.give", "consent.withdraw"]


def test_purposes_that_nobody_was_asked_about(ctx: Context, village: dict[str, int]) -> None:
    assert _stands(ctx, village["李四"]).granted is None
    assert not _stands(ctx, village["李四"]).allowed
    assert _stands(ctx, village["李四"], Purpose.CONTRACT).allowed
    assert _stands(ctx, village["李四"], Purpose.CARE).allowed


def test_a_consent_takes_the_number_off_the_branchs_own_list_when_asked(
    ctx: Context, village: dict[str, int], clock: FixedClock
) -> None:
    zhang = village["张三"]
    with ctx.database.begin() as session:
        for scope, issuer in (("all", "branch"), ("marketing", "regulator")):
            more = {"reason": "x", "source": "manual", "created_at": clock.now()}
            session.add(Suppression(phone=ZHANG, scope=scope, issuer=issuer, **more))
    record(ctx, zhang, Purpose.MARKETING, granted=True, source=Source.FORM, evidence="表单", lift=True)
    with ctx.database.read() as session:
        ended = {(row.scope, row.issuer): row.until for row in session.scalars(select(Suppression))}
    assert ended == {
        ("marketing", "branch"): clock.now(), ("all", "branch"): None, ("marketing", "regulator"): None,
    }  # fmt: skip


def test_no_word_without_proof_or_right(ctx: Context, supervisor_ctx: Context, village: dict[str, int]) -> None:
    for evidence in (" ", "x" * 256):
        with pytest.raises(ConsentRefused):
            record(ctx, village["张三"], Purpose.CARE, granted=True, source=Source.FORM, evidence=evidence)
    with pytest.raises(NotPermitted):
        record(supervisor_ctx, village["张三"], Purpose.CARE, granted=True, source=Source.FORM, evidence="x")
