from __future__ import annotations

from console.core.segments.conditions import Condition, Group, Logic, Related
from console.core.segments.fields import FIELDS, Scope, own_field
from console.core.segments.operators import OPERATORS, Operator
from console.core.segments.sentence import Line, lines, operator_title, sentence, words

EAST = Condition("customer.region", Operator.ONE_OF, ("城东",))
LATE = Condition("loan.overdue", Operator.BETWEEN, ("8", "30"))
OWED = Condition("loan.amount_due", Operator.AT_LEAST, ("1000",))
ROOT = Group(
    (
        EAST,
        Group((Condition("customer.rating", Operator.ONE_OF, ("A", "B")), EAST), Logic.ANY),
        Related(Scope.LOAN, (LATE, OWED)),
        Group((EAST,), Logic.NONE),
        Related(Scope.MESSAGE, (Condition("message.sent", Operator.LAST_DAYS, ("7",)),), present=False),
        Related(Scope.REPLY, (), present=False),
    )
)


def test_one_sentence_with_brackets() -> None:
    assert sentence(ROOT) == (
        "Region is 城东 and (Rating is one of A, B or Region is 城东) and has a loan (8 to 30 days overdue and "
        "Amount due at least 1,000.00 yuan) and (none of these: Region is 城东) and "
        "was not sent a message (Time of sending in the last 7 days) and did not reply"
    )


def test_lines_show_the_brackets_by_their_depth() -> None:
    assert lines(ROOT)[:7] == [
        Line(0, "Region is 城东"),
        Line(0, "and any of these holds:"),
        Line(1, "Rating is one of A, B"),
        Line(1, "or Region is 城东"),
        Line(0, "and has a loan, and of it:"),
        Line(1, "8 to 30 days overdue"),
        Line(1, "and Amount due at least 1,000.00 yuan"),
    ]
    assert lines(Group((EAST, EAST), Logic.NONE)) == [
        Line(0, "none of these holds:"),
        Line(1, "Region is 城东"),
        Line(1, "or Region is 城东"),
    ]


def test_an_own_field_is_called_by_its_title() -> None:
    own = own_field("number", "score", "积分")
    condition = Condition(own.key, Operator.BETWEEN, ("1", "5"))
    assert words(condition, {own.key: "积分"}) == "积分 between 1 and 5"
    assert words(condition) == "score between 1 and 5"


def test_numbers_of_days() -> None:
    birthday = "customer.birthday"
    assert words(Condition(birthday, Operator.NEXT_DAYS, ("0",))) == "Birthday is today"
    assert words(Condition(birthday, Operator.NEXT_DAYS, ("1",))) == "Birthday within the next 1 day"
    assert words(Condition("loan.due_on", Operator.IN_WORKDAYS, ("3", "3"))) == "Due date in 3 working days"
    assert words(Condition("loan.due_on", Operator.PERIOD, ("this_week",))) == "Due date: this week"


def test_no_two_questions_of_a_field_are_called_the_same() -> None:
    for field in FIELDS.values():
        titles = [operator_title(field, operator) for operator in OPERATORS[field.kind]]
        assert len(set(titles)) == len(titles), field.key
