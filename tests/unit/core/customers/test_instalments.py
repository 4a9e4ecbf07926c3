"""Schedules against worked examples, and what stands on a day.

The examples for 4.9 % over 30 years are printed by mortgage guides: 630,000 yuan in equal instalments is 3,343.58 a
month; in equal principal 4,322.50 at first, 7.15 less each month, 464,336.25 of interest in all (vdgb.cn/wenda/220578);
300,000 yuan is 1,592.18 a month and 273,184.86 of interest (13l.net, "若贷款本金:30万,期限:30年"). Those totals
come from unrounded months; ours are rounded to the fen each month.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.customers.instalments import (
    METHOD_NAMES,
    Instalment,
    Method,
    Planned,
    current,
    method_of,
    schedule,
    standing,
)

D = Decimal


def _plan(principal: str, rate: str, months: int, method: Method, **more: object) -> list[Planned]:
    terms = {"start_on": date(2026, 1, 15), "due_day": None, **more}
    return schedule(principal=D(principal), rate=D(rate), months=months, method=method, **terms)  # type: ignore[arg-type]


def _payments(plan: list[Planned]) -> list[Decimal]:
    return [each.principal + each.interest for each in plan]


def _interest(plan: list[Planned]) -> Decimal:
    return sum((each.interest for each in plan), D(0))


def test_equal_instalments_as_printed() -> None:
    plan = _plan("630000", "4.9", 360, Method.EQUAL_INSTALMENT)
    assert set(_payments(plan)[:-1]) == {D("3343.58")}
    assert abs(_payments(plan)[-1] - D("3343.58")) < 4  # what rounding left
    plan = _plan("300000", "4.9", 360, Method.EQUAL_INSTALMENT)
    assert _payments(plan)[0] == D("1592.18")
    assert abs(_interest(plan) - D("273184.86")) < 2


def test_equal_principal_as_printed() -> None:
    payments = _payments(plan := _plan("630000", "4.9", 360, Method.EQUAL_PRINCIPAL))
    assert payments[0] == D("4322.50")
    assert {before - after for before, after in pairwise(payments[:-1])} <= {
        D("7.14"), D("7.15"),
    }  # fmt: skip
    assert abs(_interest(plan) - D("464336.25")) < 1


def test_interest_first_and_all_at_the_end() -> None:
    """100,000 at 6 % over a year: 500.00 a month and the principal at the end; or 106,000.00 at once."""
    plan = _plan("100000", "6", 12, Method.INTEREST_FIRST)
    assert _payments(plan) == [D("500.00")] * 11 + [D("100500.00")]
    (only,) = _plan("100000", "6", 12, Method.BULLET)
    assert (only.principal, only.interest, only.due_on) == (D(100000), D("6000.00"), date(2027, 1, 15))


def test_without_interest() -> None:
    assert _payments(_plan("1000", "0", 3, Method.EQUAL_INSTALMENT)) == [D("333.33"), D("333.33"), D("333.34")]


def test_short_months_and_the_due_day() -> None:
    plan = _plan("1200", "5", 4, Method.EQUAL_PRINCIPAL, start_on=date(2027, 10, 31))
    assert [each.due_on for each in plan] == [
        date(2027, 11, 30), date(2027, 12, 31), date(2028, 1, 31), date(2028, 2, 29),
    ]  # fmt: skip
    plan = _plan("1200", "5", 2, Method.EQUAL_PRINCIPAL, due_day=5)
    assert [each.due_on for each in plan] == [date(2026, 2, 5), date(2026, 3, 5)]


@given(
    principal=st.decimals(min_value=100, max_value=20_000_000, places=2),
    rate=st.decimals(min_value=0, max_value=36, places=4),
    months=st.integers(1, 360),
    method=st.sampled_from(Method),
)
def test_what_is_lent_comes_back_to_the_fen(principal: Decimal, rate: Decimal, months: int, method: Method) -> None:
    plan = schedule(principal=principal, rate=rate, months=months, method=method, start_on=date(2026, 1, 31))
    assert sum((each.principal for each in plan), D(0)) == principal
    assert all(each.principal >= 0 and each.interest >= 0 for each in plan)
    assert [each.sequence for each in plan] == list(range(1, len(plan) + 1))
    assert len({each.due_on for each in plan}) == len(plan)
    assert all(amount == amount.quantize(D("0.01")) for each in plan for amount in (each.principal, each.interest))


@pytest.mark.parametrize("wrong", [{"months": 0}, {"principal": D(0)}, {"rate": D(-1)}, {"due_day": 32}])
def test_terms_that_are_no_loan(wrong: dict[str, object]) -> None:
    terms: dict[str, object] = {
        "principal": D(1000), "rate": D(5), "months": 12, "method": Method.BULLET, "start_on": date(2026, 1, 1),
    }  # fmt: skip
    with pytest.raises(ValueError, match="neither"):
        schedule(**{**terms, **wrong})  # type: ignore[arg-type]


def test_methods_as_banks_write_them() -> None:
    assert method_of("等额本息") is Method.EQUAL_INSTALMENT
    assert method_of("按月付息 到期还本") is Method.INTEREST_FIRST
    assert method_of("其他") is None
    assert all(method_of(name) is method for method, names in METHOD_NAMES.items() for name in names)


def _instalment(sequence: int, due_on: date, paid: str = "0", penalty: str = "0") -> Instalment:
    amounts = {"principal": D(900), "interest": D(100), "penalty": D(penalty), "paid": D(paid)}
    return Instalment(id=sequence, sequence=sequence, due_on=due_on, **amounts)


def test_what_stands_on_a_day() -> None:
    plan = [
        _instalment(1, date(2026, 9, 10), paid="1000"),
        _instalment(2, date(2026, 10, 10), paid="300", penalty="5"),
        _instalment(3, date(2026, 11, 10)),
        _instalment(4, date(2026, 12, 10)),
    ]
    stands = standing(plan, date(2026, 11, 21))
    assert stands is not None
    assert (stands.amount_due, stands.due_on, stands.next_due_on) == (
        D(1705), date(2026, 10, 10), date(2026, 12, 10),
    )  # fmt: skip
    assert (stands.days_overdue, stands.late, stands.settled, stands.count) == (42, 2, 1, 4)
    assert (stands.paid, stands.remaining) == (D(1300), D(2505))
    asked = current(plan, date(2026, 11, 21))
    assert asked is not None
    assert asked.sequence == 2


def test_the_day_itself_is_not_late() -> None:
    plan = [_instalment(1, date(2026, 11, 21))]
    stands = standing(plan, date(2026, 11, 21))
    assert stands is not None
    assert (stands.days_overdue, stands.amount_due) == (0, D(1000))


def test_paid_in_advance_speaks_of_the_day_that_was_paid() -> None:
    plan = [_instalment(1, date(2026, 11, 25), paid="1000"), _instalment(2, date(2026, 12, 25))]
    asked, stands = current(plan, date(2026, 11, 21)), standing(plan, date(2026, 11, 21))
    assert asked is not None
    assert stands is not None
    assert (asked.due_on, asked.outstanding) == (date(2026, 11, 25), D(0))
    assert (stands.due_on, stands.next_due_on) == (date(2026, 12, 25), date(2026, 11, 25))


def test_all_paid_and_none_at_all() -> None:
    stands = standing([_instalment(1, date(2026, 10, 10), paid="1000")], date(2026, 11, 21))
    assert stands is not None
    assert (stands.amount_due, stands.due_on, stands.next_due_on, stands.remaining) == (D(0), None, None, D(0))
    assert standing([], date(2026, 11, 21)) is None
    assert current([], date(2026, 11, 21)) is None
