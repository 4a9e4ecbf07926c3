from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from console.core.clock import Clock
from console.core.messages.classes import CLASSES
from console.core.messages.shipped import shipped_texts
from console.core.messages.template import compose, parse
from console.core.messages.values import campaign_variables, load_values, office_values
from console.core.messages.variables import SAMPLES, VARIABLES, Source
from console.core.settings import Settings
from db.engine import Database
from db.models import Customer, Loan, LoanState

TODAY = date(2026, 12, 1)
OFFICE = {"tel": "021-55550100", "branch": "城东支行"}
CAMPAIGN = {
    "date": "2026-11-28", "until": "2026-12-20", "end": "2026-12-31", "eff": "2026-12-01", "dev": "15日", "days": "3",
    "docs": "收入证明", "old": "3.30", "new": "3.05", "apr": "3.6%", "emp": "A1027", "time": "14:00-15:00",
    "code": "4827", "id": "V2031", "fest": "中秋节",
}  # fmt: skip


@pytest.fixture
def add(database: Database, clock: Clock) -> Callable[..., tuple[int, int | None]]:
    """Store a customer and, unless ``loan=None``, a loan; both are like the samples where nothing else is said."""
    count = iter(range(1, 1000))

    def store(*, loan: dict[str, Any] | None = {}, **customer: Any) -> tuple[int, int | None]:  # noqa: B006
        n = next(count)
        person = {
            "number": f"C{n}", "name": "李娜", "title": "女士", "pinyin": "lina", "initials": "ln",
            "phone": "13800138000", "phone_tail": "8000", "branch": "", "manager": "张伟", "tags": [],
            "created_at": clock.now(), "updated_at": clock.now(),
        } | customer  # fmt: skip
        with database.begin() as session:
            customer_id = session.scalars(insert(Customer).values(**person).returning(Customer.id)).one()
            if loan is None:
                return customer_id, None
            facts = {
                "number": f"62000{n:03}8021", "customer_id": customer_id, "product": "房贷",
                "principal": Decimal("500000"), "rate": Decimal("3.05"), "method": "等额本息",
                "start_on": date(2025, 11, 28), "term_months": 240, "state": LoanState.OVERDUE,
                "account_tail": "3366", "amount_due": Decimal("3256.80"), "due_on": date(2026, 11, 28),
                "penalty": Decimal("44.35"), "updated_at": clock.now(),
            } | loan  # fmt: skip
            return customer_id, session.scalars(insert(Loan).values(**facts).returning(Loan.id)).one()

    return store


def one(database: Database, pair: tuple[int, int | None], variables: list[str], **campaign: str) -> Any:
    with database.read() as session:
        return load_values(session, [pair], variables, today=TODAY, campaign=campaign, office=OFFICE)[0]


def test_every_variable_of_a_full_record_is_as_in_its_sample(database: Database, add: Callable[..., Any]) -> None:
    pair = add()
    found = one(database, pair, list(VARIABLES), **CAMPAIGN)
    assert found.missing == frozenset()
    assert (found.customer_id, found.loan_id, found.phone) == (*pair, "13800138000")
    differs = {key: value for key, value in found.values.items() if value != SAMPLES[key]}
    # of the same loan: paid out on the 28th a year ago, the instalment of this month is the one that is due
    assert differs == {"start": "2025年11月28日", "first": "11月28日", "matures": "2045年11月28日"}


def test_each_shipped_text_renders_from_the_database(database: Database, add: Callable[..., Any]) -> None:
    pair = add()
    for text in shipped_texts():
        parsed = parse(text.body)
        found = one(database, pair, list(parsed.variables), **CAMPAIGN)
        assert found.missing == frozenset(), text.key
        assert "${" not in compose("示例银行", parsed.render(found.values))


def test_what_is_absent_or_unfit_is_missing(database: Database, add: Callable[..., Any]) -> None:
    pair = add(
        name="www.evil.cn", title="", manager="",
        loan={
            "amount_due": None, "penalty": None, "due_on": None, "rate": None, "start_on": None, "account_tail": "33",
            "number": "8021", "principal": None, "product": " ", "method": "一" * 36,
        },
    )  # fmt: skip
    found = one(database, pair, [key for key, v in VARIABLES.items() if v.source is not Source.CAMPAIGN])
    assert found.values == {"tel": "021-55550100", "branch": "城东支行"}
    assert "name" in found.missing
    assert "mgr" in found.missing
    assert found.missing == {k for k, v in VARIABLES.items() if v.source is Source.LOAN} | {"name", "mgr"}


def test_nothing_owed_is_not_an_amount(database: Database, add: Callable[..., Any]) -> None:
    pair = add(loan={"amount_due": Decimal("0"), "penalty": Decimal("0"), "due_on": TODAY})
    found = one(database, pair, ["amt", "total", "fee", "overdue"])
    assert found.missing == {"amt", "total", "overdue"}
    assert found.values == {"fee": "0.00"}


def test_another_customers_loan_is_never_used(database: Database, add: Callable[..., Any]) -> None:
    first, second = add(), add()
    found = one(database, (first[0], second[1]), ["name", "amt"])
    assert found.missing == {"amt"}
    assert found.values == {"name": "李女士"}


def test_campaign_values_stand_in_only_where_there_is_no_loan(database: Database, add: Callable[..., Any]) -> None:
    without = add(loan=None)
    found = one(database, without, ["name", "prod"], prod="消费贷")
    assert found.values == {"name": "李女士", "prod": "消费贷"}
    empty = add(loan={"product": ""})
    assert one(database, empty, ["prod"], prod="消费贷").missing == {"prod"}


def test_campaign_values_that_do_not_fit_are_missing(database: Database, add: Callable[..., Any]) -> None:
    found = one(database, add(), ["date", "eff", "fest"], date="soon", eff="2026-12-01", fest="http://x.cn")
    assert found.missing == {"date", "fest"}
    assert found.values == {"eff": "2026-12-01"}


def test_a_customer_who_is_gone_has_no_number(database: Database) -> None:
    found = one(database, (4711, 12), ["name", "amt", "tel"])
    assert (found.phone, found.missing) == ("", {"name", "amt"})


def test_hostile_names_stay_literal(database: Database, add: Callable[..., Any]) -> None:
    pair = add(name="${amt}【银行】\n强", title="")
    found = one(database, pair, ["name", "amt"])
    assert parse("${name}您好,${amt}元").render(found.values) == "${amt}银行 强您好,3,256.80元"


def test_instalment_numbers(database: Database, add: Callable[..., Any]) -> None:
    def number(start: date | None, due: date, term: int | None = 12) -> str:
        pair = add(loan={"start_on": start, "due_on": due, "term_months": term})
        return one(database, pair, ["seq"]).values.get("seq", "-")

    assert number(date(2026, 10, 31), date(2026, 11, 30)) == "1"
    assert number(date(2026, 10, 31), date(2026, 10, 31)) == "-"
    assert number(date(2025, 11, 1), date(2026, 11, 20)) == "12"
    assert number(date(2025, 10, 1), date(2026, 11, 20)) == "-"
    assert number(None, date(2026, 11, 20)) == "-"


def test_a_handful_of_queries_whatever_the_number(database: Database, add: Callable[..., Any]) -> None:
    pairs = [add() for _ in range(30)]
    statements: list[str] = []
    with database.read() as session:
        _count(session, statements)
        found = load_values(session, pairs * 50, ["name", "amt"], today=TODAY, campaign={}, office=OFFICE)
    assert [(v.customer_id, v.loan_id) for v in found] == pairs * 50
    assert len(statements) == 4


def _count(session: Session, statements: list[str]) -> None:
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))


def test_office_values_come_from_the_settings() -> None:
    assert office_values(Settings()) == OFFICE


def test_what_the_maker_of_a_campaign_is_asked_for() -> None:
    keys = ["name", "prod", "date", "tel"]
    assert [v.key for v in campaign_variables(keys, CLASSES["remind"])] == ["date"]
    assert [v.key for v in campaign_variables(keys, CLASSES["market"])] == ["prod", "date"]
