from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from console.core.context import Context
from console.core.messages.classes import CLASSES
from console.core.messages.preview import SAMPLE, Candidate, candidates, longest, show
from console.core.messages.variables import VARIABLES
from db.engine import Database
from db.models import Customer, Loan, LoanState

REMIND = CLASSES["remind"]
BODY = "${name}您好,您的${prod}应还${amt}元,咨询${tel}。"


@pytest.fixture
def people(database: Database, ctx: Context) -> None:
    now = ctx.clock.now()
    today = now.astimezone().date()
    names = {1: "李强", 2: "王一", 3: "尼格买提·阿不都热合曼", 4: "已结清", 5: "停用"}
    with database.begin() as session:
        for id_, name in names.items():
            session.add(
                Customer(
                    id=id_, number=f"C{id_}", name=name, pinyin="x", initials="x", phone=f"1380013800{id_}",
                    phone_tail=f"800{id_}", active=id_ != 5, tags=[], created_at=now, updated_at=now,
                )
            )  # fmt: skip
            session.flush()
            session.add(
                Loan(
                    customer_id=id_, number=f"L000{id_}", product="房贷", account_tail="3366", updated_at=now,
                    state=LoanState.SETTLED if id_ == 4 else LoanState.ACTIVE,
                    amount_due=Decimal("100.00") if id_ != 2 else Decimal(0), due_on=today + timedelta(days=3),
                )
            )  # fmt: skip


def test_candidates_are_real_customers_whom_the_class_fits(people: None, ctx: Context) -> None:
    found = candidates(ctx, REMIND)
    assert [(person.name, person.product) for person in found] == [("尼格买提·阿不都热合曼", "房贷"), ("李强", "房贷")]
    assert found[1].values["amt"] == "100.00"
    assert found[1].values["date"] == VARIABLES["date"].sample
    assert [person.name for person in candidates(ctx, CLASSES["care"])] == [
        "已结清",
        "尼格买提·阿不都热合曼",
        "王一",
        "李强",
    ]
    assert candidates(ctx, CLASSES["overdue_1_7"]) == []


def test_an_empty_database_has_nobody(ctx: Context) -> None:
    for class_ in CLASSES.values():
        assert candidates(ctx, class_) == []


def test_the_message_is_shown_with_its_variables_marked() -> None:
    shown = show(BODY, REMIND, "示例银行", SAMPLE)
    assert shown.text == "【示例银行】李女士您好,您的房贷应还3,256.80元,咨询021-55550100。"
    assert [(shown.text[start:end], key) for start, end, key in shown.marks] == [
        ("李女士", "name"), ("房贷", "prod"), ("3,256.80", "amt"), ("021-55550100", "tel"),
    ]  # fmt: skip
    assert shown.measure.parts == 1
    assert shown.findings == ()
    assert shown.absent == ()


def test_what_a_customer_lacks_is_named() -> None:
    somebody = Candidate(customer_id=1, name="李强", product="", values={"name": "李强", "tel": "95588"})
    shown = show(BODY, REMIND, "示例银行", somebody)
    assert shown.absent == ("prod", "amt")
    assert "[Loan product]" in shown.text


def test_places_of_findings_are_those_of_the_template() -> None:
    body = "不还就坐牢${nmae}" + BODY
    shown = show(body, CLASSES["overdue_1_7"], "示例银行", SAMPLE)
    placed = {finding.rule: body[slice(*finding.where)] for finding in shown.findings if finding.where}
    assert placed == {"word.threat": "坐牢", "variable.unknown": "${nmae}"}


def test_a_value_that_makes_the_message_wrong_is_found_too() -> None:
    evil = Candidate(customer_id=1, name="x", product="", values=dict(SAMPLE.values) | {"name": "老赖"})
    shown = show(BODY, REMIND, "示例银行", evil)
    assert [(finding.rule, finding.where) for finding in shown.findings] == [("word.threat", None)]


def test_the_longest_is_by_this_text() -> None:
    def person(name: str, product: str) -> Candidate:
        return Candidate(customer_id=1, name=name, product=product, values={"name": name, "prod": product})

    people = [person("李强", "个人住房公积金贷款"), person("欧阳娜娜", "房贷")]
    assert longest("${name}", people) == 1
    assert longest("${name},${prod}", people) == 0
    assert longest("无", []) == 0
