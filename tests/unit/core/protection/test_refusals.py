"""Somebody was erased, had refused, and comes back with the next file: they are still not written to."""

from __future__ import annotations

from sqlalchemy import select

from console.core.compliance.facts import gather
from console.core.compliance.history import Recipient
from console.core.compliance.policy import load_policy
from console.core.compliance.recheck import ToCheck, recheck
from console.core.compliance.rules import evaluate
from console.core.context import Context
from console.core.messages.classes import CLASSES
from console.core.protection.erasure import erase
from db.models import Consent, Customer
from tests.protection_world import PHONE, SECOND, Planted

BASIS = "asked in writing"


def _again(ctx: Context, phone: str) -> int:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        person = Customer(number=f"N{phone}", name="新客户", pinyin="", initials="", phone=phone, phone_tail=phone[-4:])
        person.created_at = person.updated_at = now
        session.add(person)
        session.flush()
        session.add(Consent(customer_id=person.id, purpose="marketing", granted=True, source="import", at=now))
        return person.id


def _rule(ctx: Context, customer: int, phone: str, class_key: str) -> str:
    class_, policy, now = CLASSES[class_key], load_policy(), ctx.clock.now()
    with ctx.database.read() as session:
        (facts,) = gather(session, [Recipient(phone=phone, customer_id=customer, loan_id=None)], class_, policy, now)
    verdict = evaluate(facts, class_, policy, now)
    return "" if verdict.allowed else verdict.rule


def test_before_the_message_and_at_its_last_moment(supervisor_ctx: Context, planted: Planted) -> None:
    erase(supervisor_ctx, planted.id, BASIS)
    ctx = supervisor_ctx
    first, second, third = (_again(ctx, phone) for phone in (PHONE, SECOND, "13800009999"))
    assert _rule(ctx, first, PHONE, "market") == "suppressed.purpose"  # refused marketing only
    assert _rule(ctx, first, PHONE, "disburse") != "suppressed.purpose"
    assert _rule(ctx, second, SECOND, "disburse") == "suppressed"  # refused everything
    assert "suppressed" not in _rule(ctx, third, "13800009999", "market")
    items = [
        ToCheck(
            message_id=customer, batch_id=planted.batch, phone=phone, customer_id=customer, loan_id=None,
            class_key="market",
        )
        for customer, phone in ((first, PHONE), (second, SECOND), (third, "13800009999"))
    ]  # fmt: skip
    with ctx.database.read() as session:
        found = recheck(session, items, load_policy(), ctx.clock.now())
        assert session.scalars(select(Customer.name)).all().count("新客户") == 3
    assert [found[item.message_id].rule for item in items[:2]] == ["suppressed.purpose", "suppressed"]
    assert "suppressed" not in found[third].rule
