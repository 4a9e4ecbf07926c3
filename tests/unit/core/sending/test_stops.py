"""The emergency stop of one kind of message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.core.errors import NotPermitted, UserError
from console.core.lines.editing import stop_line
from console.core.sending.control import resume_all, resume_class, stop_all, stop_class
from console.core.sending.stops import stop_of, stoppable, stops
from db.models import AuditEntry, Control, Line
from db.outbox import ClaimAsk, claim, waiting
from db.outbox_sending import Cleared, Hindrance, SendingAsk, mark_sending


def told(ctx: Any) -> list[tuple[str, str, str]]:
    with ctx.database.read() as session:
        return [(each.class_key, each.reason, each.by) for each in stops(session)]


def test_a_stop_has_its_name_its_reason_and_its_entry(house: Any, ctx: Any, supervisor_ctx: Any) -> None:
    stop_class(ctx, "market", " 文案有误 ")
    stop_class(supervisor_ctx, "market", "再停一次")  # the first one stands
    stop_class(supervisor_ctx, "fraud", "演练")
    assert told(ctx) == [("market", "文案有误", "王敏"), ("fraud", "演练", "陈立")]
    stop_all(supervisor_ctx, "线路被盗用")
    assert told(ctx)[0] == ("", "线路被盗用", "陈立")
    with ctx.database.read() as session:
        assert stop_of(session, "remind") == stops(session)[0]
    resume_all(supervisor_ctx)
    resume_class(supervisor_ctx, "market")
    resume_class(supervisor_ctx, "market")
    assert told(ctx) == [("fraud", "演练", "陈立")]
    with ctx.database.read() as session:
        assert (stop_of(session, "fraud"), stop_of(session, "market")) == (stops(session)[0], None)
    entries = [(entry.action, json.loads(entry.detail)) for entry in house.all(AuditEntry)]
    assert [action for action, _ in entries] == [
        "sending.stop_class", "sending.stop_class", "sending.stop", "sending.resume", "sending.resume_class",
    ]  # fmt: skip
    assert entries[0][1] == {"class_key": "market", "reason": "文案有误"}


def test_whoever_may_stop_everything_stops_a_class_and_whoever_may_lift_that_lifts_it(
    house: Any, ctx: Any, admin_ctx: Any
) -> None:
    stop_class(ctx, "market", "文案有误")
    with pytest.raises(NotPermitted):
        resume_class(ctx, "market")
    resume_class(admin_ctx, "market")
    assert told(ctx) == []


def test_a_reason_and_a_class_that_exists_are_needed(house: Any, ctx: Any) -> None:
    for class_key, reason in (("market", "  "), ("nonsense", "文案有误")):
        with pytest.raises(UserError):
            stop_class(ctx, class_key, reason)
    assert house.all(Control)[0].classes == {}


def test_the_claim_passes_over_a_stopped_class(house: Any, ctx: Any, supervisor_ctx: Any, held_line: Any) -> None:
    line = held_line()
    stopped, other = house.batch(3, class_key="market", priority=0), house.batch(2, class_key="remind")
    stop_class(ctx, "market", "文案有误")
    ask = ClaimAsk(run="run-1", line_id=line, limit=10, lease_until=house.lease())
    with house.database.begin() as session:
        assert waiting(session, house.now) == 2
        assert {row.batch_id for row in claim(session, [ask], house.now)[0]} == {other}
    resume_class(supervisor_ctx, "market")
    with house.database.begin() as session:
        assert {row.batch_id for row in claim(session, [ask], house.now)[0]} == {stopped}


def test_the_last_gate_sends_a_claimed_message_of_it_back(house: Any, ctx: Any, held_line: Any) -> None:
    line = held_line()
    stopped, other = house.batch(1, class_key="market"), house.batch(1, class_key="remind")
    ask = ClaimAsk(run="run-1", line_id=line, limit=10, lease_until=house.lease())
    with house.database.begin() as session:
        claimed = claim(session, [ask], house.now)[0]
    stop_class(ctx, "market", "文案有误")
    asks = [
        SendingAsk(run="run-1", line_id=line, sender_identity="", message=message, sequence=1) for message in claimed
    ]
    with house.database.begin() as session:
        answers = mark_sending(session, asks, house.now, lambda row: True)
    by_batch = {message.batch_id: answer for message, answer in zip(claimed, answers, strict=True)}
    assert by_batch[stopped] is Hindrance.CLASS_STOPPED
    assert isinstance(by_batch[other], Cleared)
    assert (house.states(stopped), house.states(other)) == ({"waiting": 1}, {"sending": 1})
    assert house.parts()[0].message_id == claimed[[m.batch_id for m in claimed].index(other)].message_id


def test_a_line_is_stopped_by_whoever_may_stop_sending(house: Any, ctx: Any) -> None:
    line = house.line("一号线")
    with ctx.database.read() as session:
        assert stoppable(session).lines == ((line, "一号线"),)
    stop_line(ctx, line, "号码被投诉")
    assert not house.all(Line)[0].enabled
    entry = house.all(AuditEntry)[-1]
    assert (entry.action, json.loads(entry.detail)["reason"]) == ("line.off", "号码被投诉")
