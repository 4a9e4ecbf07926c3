"""How far, how fast, and what went wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from console.core.campaigns.browse import CampaignFilter, campaign_detail, campaign_ids, campaign_rows
from console.core.campaigns.lifecycle import approve, cancel, pause, return_, submit
from console.core.campaigns.messages import (
    LONGEST,
    RANDOM,
    MessageFilter,
    exclusion_ids,
    exclusion_rows,
    message_ids,
    message_rows,
    rule_numbers,
)
from console.core.campaigns.progress import progress
from console.core.campaigns.timeline import timeline
from console.core.campaigns.views import BADGES, OUTCOME_TITLES, STANDING_TITLES, Outcome, Standing, outcome
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.i18n import T
from console.core.listing import Sort
from db.models import BatchState, MessageState


@pytest.fixture
def running(supervisor_ctx: Context, world: Any) -> Any:
    world.customers(20)
    world.set_customers([20], phone="02155550100")
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    return frozen


def look(ctx: Context, campaign_id: int) -> Any:
    with ctx.database.read() as session:
        return progress(session, campaign_id, ctx.clock.now())


def test_the_states_add_up_to_what_was_approved(ctx: Context, world: Any, running: Any) -> None:
    for state, number in (
        (MessageState.DELIVERED, 5),
        (MessageState.ACCEPTED, 2),
        (MessageState.CLAIMED, 1),
        (MessageState.SENDING, 1),
        (MessageState.UNKNOWN, 1),
    ):
        world.set_messages(running.batch_id, state, number)
    world.set_messages(running.batch_id, MessageState.UNDELIVERED, 2, reason="tp.46")
    world.set_messages(running.batch_id, MessageState.REFUSED, 1, reason="cms.1")
    held = T("Paid meanwhile.")
    world.set_messages(running.batch_id, MessageState.SUPPRESSED, 1, reason="loan.paid", reason_text=held.dump())
    found = look(ctx, running.campaign_id)
    assert {each: number for each, number in found.counts.items() if number} == {
        Outcome.WAITING: 6,  # the claimed one waits like the others
        Outcome.SENDING: 1,
        Outcome.ACCEPTED: 2,
        Outcome.DELIVERED: 5,
        Outcome.FAILED: 3,
        Outcome.UNKNOWN: 1,
        Outcome.SUPPRESSED: 1,
    }
    assert found.total == 19
    assert found.adds_up
    assert found.left == 2 + 5 + 3 + 1
    causes = {(failure.code, failure.outcome): failure for failure in found.failures}
    assert causes["tp.46", Outcome.FAILED].count == 2
    assert str(causes["loan.paid", Outcome.SUPPRESSED].text) == "Paid meanwhile."
    assert all(str(failure.text) and str(failure.group) for failure in found.failures)
    assert found.failures[0].count == 2


def test_rate_and_forecast_follow_the_last_acceptances(ctx: Context, world: Any, running: Any) -> None:
    now = ctx.clock.now()
    assert look(ctx, running.campaign_id).per_minute is None
    for ago in (120, 90, 60, 30):
        world.set_messages(running.batch_id, MessageState.ACCEPTED, 1, accepted_at=now - timedelta(seconds=ago))
    found = look(ctx, running.campaign_id)
    assert found.per_minute == pytest.approx(2.0)
    assert found.finish_at == now + timedelta(minutes=15 / 2)


def test_a_paused_campaign_has_no_forecast(ctx: Context, world: Any, running: Any) -> None:
    world.line()
    assert look(ctx, running.campaign_id).finish_at is not None
    pause(ctx, running.campaign_id)
    assert look(ctx, running.campaign_id).finish_at is None


def test_what_waits_in_a_cancelled_campaign_is_cancelled_at_once(ctx: Context, world: Any, running: Any) -> None:
    world.set_messages(running.batch_id, MessageState.DELIVERED, 4)
    cancel(ctx, running.campaign_id)
    found = look(ctx, running.campaign_id)
    assert (found.counts[Outcome.CANCELLED], found.counts[Outcome.WAITING]) == (15, 0)
    with ctx.database.read() as session:
        wanted = MessageFilter(outcome=Outcome.CANCELLED)
        assert len(message_ids(session, running.batch_id, wanted, Sort(""))) == 15


def test_every_stored_state_has_one_outcome_and_every_outcome_a_title() -> None:
    for state in MessageState:
        for batch in BatchState:
            assert str(OUTCOME_TITLES[outcome(state, batch)])
    assert set(BADGES) == set(STANDING_TITLES) == set(Standing)


def test_the_list_filters_by_what_it_shows(
    ctx: Context, supervisor_ctx: Context, world: Any, running: Any, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=1))
    world.saved(name="草稿")
    later = world.submitted(name="排期", not_before=ctx.clock.now() + timedelta(days=1))
    approve(supervisor_ctx, later.campaign_id, later.digest)
    world.submitted(name="待批")
    returned = world.submitted(name="退回")
    return_(supervisor_ctx, returned.campaign_id, returned.digest, "不行")
    paused = world.submitted(name="暂停")
    approve(supervisor_ctx, paused.campaign_id, paused.digest)
    pause(ctx, paused.campaign_id)
    now = ctx.clock.now()
    with ctx.database.read() as session:
        everything = campaign_rows(session, campaign_ids(session, CampaignFilter(), Sort(""), now), now)
        for standing in Standing:
            ids = campaign_ids(session, CampaignFilter(standing=standing), Sort(""), now)
            assert sorted(ids) == sorted(row.id for row in everything if row.standing is standing), standing
        assert len(campaign_ids(session, CampaignFilter(text="排"), Sort(""), now)) == 1
        assert campaign_ids(session, CampaignFilter(class_key="market"), Sort(""), now) == []
        for key in ("name", "class", "standing", "progress", "updated"):
            up = campaign_ids(session, CampaignFilter(), Sort(key), now)
            assert up == campaign_ids(session, CampaignFilter(), Sort(key, descending=True), now)[::-1]
    assert {row.standing for row in everything} == set(Standing) - {
        Standing.PREPARING,
        Standing.CANCELLED,
        Standing.FINISHED,
        Standing.PATTERN,
    }
    sending = next(row for row in everything if row.standing is Standing.SENDING)
    assert (sending.total, sending.done, sending.maker) == (19, 0, "王敏")


def test_details_and_the_time_line_tell_the_story(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    campaign_id = world.saved(line_id=world.line())
    first = submit(ctx, campaign_id)
    return_(supervisor_ctx, campaign_id, first.digest, "请写明日期")
    with ctx.database.read() as session:
        told = campaign_detail(session, campaign_id, ctx.clock.now())
        events = timeline(session, campaign_id)
    assert (told.comment, told.maker, told.line, told.standing) == ("请写明日期", "王敏", "一号线", Standing.RETURNED)
    assert str(told.audience) == "All customers"
    assert [str(event.title) for event in events] == ["Returned", "Submitted: 3 messages, 0 left out", "Created"]
    assert (events[0].actor, events[0].comment) == ("陈立", "请写明日期")


def test_messages_are_found_by_name_number_and_text(ctx: Context, world: Any, running: Any) -> None:
    with ctx.database.read() as session:

        def found(text: str) -> list[Any]:
            return message_rows(session, message_ids(session, running.batch_id, MessageFilter(text=text), Sort("")))

        assert [row.phone for row in found("0007")] == ["138****0007"]
        assert {row.name for row in found("王伟")} == {"王伟"}
        assert found("没有这个") == []
        assert len(found("应还")) == 19


def test_random_and_longest_orders_hold_every_message(ctx: Context, world: Any, running: Any) -> None:
    with ctx.database.read() as session:
        as_frozen = message_ids(session, running.batch_id, MessageFilter(), Sort(""))
        mixed = message_ids(session, running.batch_id, MessageFilter(), RANDOM)
        longest = message_rows(session, message_ids(session, running.batch_id, MessageFilter(), LONGEST))
        for key in ("name", "phone", "parts", "outcome", "accepted", "done"):
            assert sorted(message_ids(session, running.batch_id, MessageFilter(), Sort(key))) == as_frozen
    assert sorted(mixed) == as_frozen != mixed
    assert [len(row.body) for row in longest] == sorted((len(row.body) for row in longest), reverse=True)


def test_those_left_out_are_listed_with_reason(ctx: Context, running: Any) -> None:
    with ctx.database.read() as session:
        numbers = rule_numbers(session, running.batch_id)
        rows = exclusion_rows(session, exclusion_ids(session, running.batch_id, "number.mobile"))
        assert exclusion_ids(session, running.batch_id, "suppressed") == []
    assert [(each.rule, each.count) for each in numbers] == [("number.mobile", 1)]
    assert str(numbers[0].title) == "Not a mobile number"
    assert (rows[0].customer_id, str(rows[0].reason)) == (20, "This is not a mobile number.")
