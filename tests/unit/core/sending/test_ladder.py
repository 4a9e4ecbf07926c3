from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.sending.causes import explain
from console.core.sending.ladder import (
    WELL_AFTER,
    WELL_WITH,
    Fault,
    Kind,
    Ladder,
    Plan,
    Step,
    climb,
    kind_of,
)
from gsm.transport import RecoveryStep

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 14:00 in China
CODES = [
    "at.timeout",
    "at.silent",
    "at.error",
    "port.gone",
    "port.busy",
    "port.denied",
    "port.stuck",
    "line.silent",
    "line.failing",
    "line.crashed",
    "line.settings",
    "line.lost",
    "sim.absent",
    "sim.pin",
    "sim.puk",
    "sim.failed",
    "network.none",
    "network.denied",
    "cms.38",
    "cms.322",
    "modem.restarted",
    "never.heard.of",
]


def climbed(code: str, times: int) -> list[Plan]:
    """The plans for one fault that comes back after each step."""
    ladder, now, plans = Ladder(), NOW, []
    for _ in range(times):
        ladder, plan = climb(ladder, Fault(code=code), now)
        plans.append(plan)
        now = plan.at + timedelta(seconds=9)
    return plans


@pytest.mark.parametrize(
    ("code", "steps"),
    [
        ("at.silent", "soft_reset radio_reset radio_reset reopen look_elsewhere quarantine"),
        ("line.silent", "radio_reset reopen quarantine"),
        ("port.gone", "look_elsewhere " * 8 + "quarantine"),
        ("port.busy", "reopen reopen reopen reopen quarantine"),
        ("network.none", "again again soft_reset radio_reset reopen quarantine"),
        ("line.failing", "again again soft_reset radio_reset reopen quarantine"),
        ("line.crashed", "reopen reopen reopen quarantine"),
        ("sim.puk", "person person person person"),
        ("network.denied", "person person"),
        ("line.lost", "again again again again"),
    ],
)
def test_each_kind_of_fault_has_its_ladder(code: str, steps: str) -> None:
    assert [plan.step.value for plan in climbed(code, len(steps.split()))] == steps.split()


def test_nothing_restarts_a_modem_that_waits_for_a_person() -> None:
    assert {plan.recovery for plan in climbed("sim.pin", 20)} == {RecoveryStep.REOPEN}


def test_a_missing_card_is_looked_for_with_a_restart_now_and_then() -> None:
    """Many modems notice a card that was put in only when they start."""
    recoveries = [plan.recovery for plan in climbed("sim.absent", 6)]
    assert recoveries[:3] == [RecoveryStep.REOPEN, RecoveryStep.REOPEN, RecoveryStep.RADIO_RESET]
    assert recoveries.count(RecoveryStep.RADIO_RESET) == 2


def test_a_hint_of_the_network_is_kept() -> None:
    _, plan = climb(Ladder(), Fault(code="line.failing", retry_after=45), NOW)
    assert plan.wait == timedelta(seconds=45)
    _, plan = climb(Ladder(), Fault(code="line.failing", retry_after=1e9), NOW)
    assert plan.wait == timedelta(minutes=15)


def test_a_line_that_worked_for_a_while_begins_at_the_bottom() -> None:
    ladder, _ = climb(Ladder(), Fault(code="at.silent"), NOW)
    ladder, plan = climb(ladder.works(NOW), Fault(code="at.silent", parts=WELL_WITH - 1), NOW + WELL_AFTER / 2)
    assert (plan.step, plan.first) == (Step.RADIO_RESET, False)
    _, later = climb(ladder.works(NOW), Fault(code="at.silent"), NOW + WELL_AFTER)
    assert (later.step, later.first) == (Step.SOFT_RESET, True)
    _, busy = climb(ladder.works(NOW), Fault(code="at.silent", parts=WELL_WITH), NOW)
    assert (busy.step, busy.first) == (Step.SOFT_RESET, True)


def test_time_spent_ill_is_not_time_spent_well() -> None:
    ladder, _ = climb(Ladder(), Fault(code="at.silent"), NOW)
    assert not ladder.is_over(NOW + WELL_AFTER * 9, 0)
    assert not Ladder().works(NOW).is_over(NOW + WELL_AFTER * 9, WELL_WITH)  # it never was ill


def test_a_port_that_goes_while_the_modem_restarts_is_no_new_story() -> None:
    ladder, _ = climb(Ladder(), Fault(code="at.silent"), NOW)
    ladder, restart = climb(ladder, Fault(code="at.silent"), NOW)
    ladder, gone = climb(ladder, Fault(code="port.gone"), NOW)
    _, again = climb(ladder, Fault(code="at.silent"), NOW)
    assert (restart.step, gone.step, again.step) == (Step.RADIO_RESET, Step.LOOK_ELSEWHERE, Step.RADIO_RESET)
    assert again.attempt == 2


def test_what_is_told() -> None:
    plans = climbed("at.silent", 3)
    assert str(plans[1].told()).startswith("Restarting the modem (attempt 1); next look at 14:00.")
    assert str(plans[2].told()) == ("Restarting the modem (attempt 2); next look at 14:00. Queued messages are safe.")
    assert "Somebody has to help" in str(climbed("sim.puk", 1)[0].told())


@given(st.lists(st.tuples(st.sampled_from(CODES), st.integers(0, 40), st.integers(0, 600)), max_size=40))
def test_whatever_happens_there_is_a_next_step_in_reasonable_time(faults: list[tuple[str, int, int]]) -> None:
    ladder, now = Ladder(), NOW
    for code, parts, seconds in faults:
        was_over = ladder.is_over(now, parts)
        ladder, plan = climb(ladder, Fault(code=code, parts=parts), now)
        assert timedelta(0) < plan.wait <= timedelta(minutes=15)
        assert plan.at == now + plan.wait
        assert plan.attempt >= 1
        assert str(plan.told())
        assert plan.first == (was_over or ladder.since == now)
        assert (plan.step is Step.PERSON) == (kind_of(code) is Kind.PERSON)
        assert plan.keeps_port == (plan.recovery is not RecoveryStep.REOPEN) or plan.step in (
            Step.QUARANTINE,
            Step.PERSON,
        )
        now = plan.at + timedelta(seconds=seconds)
        ladder = ladder.works(now)


@given(st.sampled_from(CODES))
def test_rests_grow_and_end_in_a_long_one(code: str) -> None:
    plans = climbed(code, 15)
    rests = [plan.wait for plan in plans if plan.step in (Step.QUARANTINE, Step.PERSON)]
    assert rests == sorted(rests)
    if kind_of(code) is not Kind.LOST:
        assert rests[-1] == timedelta(minutes=15)


@pytest.mark.parametrize("code", CODES)
def test_every_fault_has_words(code: str) -> None:
    assert str(explain(code).text)
