"""Made-up customers with everything that hangs on them, and a second, plain reading of what conditions mean.

``Evaluator`` walks over records in memory: it shares nothing with the SQL but the declared fields.
Loaded with ``runpy`` by those who need it.
"""

from __future__ import annotations

import random
from calendar import isleap
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from console.core.compliance.history import MAY_HAVE_LEFT
from console.core.context import Context
from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.days import Today
from console.core.segments.fields import Scope, field_of
from console.core.segments.operators import Kind, Operator, Period
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Circumstance,
    CircumstanceKind,
    Consent,
    Contact,
    ContactKind,
    Customer,
    CustomerPhone,
    InboundMessage,
    Instalment,
    Line,
    Loan,
    LoanState,
    Message,
    MessageState,
    Suppression,
)

TEXTS = ("", "A", "a", "城东", "城西", "王%", "a_b", "O'Neil", "浦东新区", "A A")
TAGS = ("vip", "老人", "a", "A", "x y")
PURPOSES = ("marketing", "care", "contract")
CLASSES = ("remind", "market", "overdue_8_30")
AMOUNTS = (None, Decimal("0.00"), Decimal("0.01"), Decimal("100.00"), Decimal("99999.99"))


class People:
    """``records``: one dict a customer, with lists of dicts under the name of each scope."""

    def __init__(self, ctx: Context, number: int, seed: int) -> None:
        self.ctx = ctx
        self.now = ctx.clock.now()
        self.today = Today.of(self.now.astimezone().date())
        self.dice = random.Random(seed)
        self.records: list[dict[str, Any]] = []
        with ctx.database.begin() as session:
            self.session = session
            self._stage()
            for _ in range(number):
                self.records.append(self._customer())

    def _insert(self, model: Any, **values: Any) -> dict[str, Any]:
        values["id"] = self.session.scalar(insert(model).values(**values).returning(model.id))
        return values

    def _stage(self) -> None:
        line = Line(name="一号线", address="socket://127.0.0.1:1", created_at=self.now)
        self.session.add(line)
        self.session.flush()
        self.line_id = line.id
        kinds = [(key, BatchKind.CAMPAIGN) for key in CLASSES] + [("remind", BatchKind.TEST)]
        self.batches = [
            self._insert(
                Batch,
                kind=kind,
                class_key=key,
                state=BatchState.OPEN,
                created_by=self.ctx.actor.user_id,
                created_at=self.now,
            )
            for key, kind in kinds
        ]

    def _day(self, reach: int = 40) -> date:
        return self.today.day + timedelta(days=self.dice.randint(-reach, reach))

    def _moment(self, reach: int = 40) -> datetime:
        """Often right at a local midnight, where a day ends."""
        midnight = self.today.midnight(self._day(reach))
        return midnight + self.dice.choice((timedelta(0), timedelta(microseconds=-1), timedelta(hours=13)))

    def _birthday(self) -> date | None:
        near = self._day(10)
        years = self.dice.randint(18, 90)
        leap = date(self.dice.choice((1960, 1984, 2000)), 2, 29)
        return self.dice.choice((None, leap, date(near.year - years, near.month, min(near.day, 28)), date(2030, 1, 1)))

    def _customer(self) -> dict[str, Any]:
        pick, place = self.dice.choice, len(self.records) + 1
        record = self._insert(
            Customer,
            number=f"C{place:03d}",
            name=pick(("李强", "王芳", "O'Neil", "a_b")),
            pinyin="p",
            initials="p",
            title=pick(("", "先生", "女士")),
            phone=f"138{place:08d}",
            phone_tail=f"{place:04d}",
            **{name: pick(TEXTS) for name in ("region", "branch", "manager", "segment")},
            rating=pick(("", "A", "B", "C")),
            birthday=self._birthday(),
            tags=self.dice.sample(TAGS, self.dice.randint(0, 3)),
            channel=pick(("", "sms")),
            id_digest=pick((None, f"d{place}")),
            extra=self._extra(),
            active=self.dice.random() < 0.9,
            created_at=self._moment(),
            updated_at=self._moment(),
        )
        record["second"] = self.dice.random() < 0.3
        if record["second"]:
            phone = f"139{place:08d}"
            self._insert(CustomerPhone, customer_id=record["id"], phone=phone, label="", created_at=self.now)
        record["loan"] = [self._loan(record, place) for place in range(self.dice.randint(0, 3))]
        record["instalment"] = [each for loan in record["loan"] for each in loan["instalment"]]
        record["message"] = [self._message(record) for _ in range(self.dice.randint(0, 4))]
        for loan in record["loan"]:
            loan["message"] = [each for each in record["message"] if each["loan_id"] == loan["id"]]
        record["reply"] = [self._reply(record) for _ in range(self.dice.randint(0, 2))]
        record["contact"] = [self._contact(record) for _ in range(self.dice.randint(0, 2))]
        record["consent"] = [self._consent(record) for _ in range(self.dice.randint(0, 4))]
        scopes = self.dice.sample(("all", *PURPOSES), self.dice.randint(0, 2))
        record["suppression"] = [self._suppression(record, scope) for scope in scopes]
        record["circumstance"] = [self._circumstance(record) for _ in range(self.dice.randint(0, 2))]
        return record

    def _extra(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "t": self.dice.choice(TEXTS),
            "n": self.dice.choice((1, 2.5, -3, "2.5", "nothing", None)),
            "d": self._day().isoformat(),
            "c": self.dice.choice(("甲", "乙")),
            "f": self.dice.choice((True, False)),
        }
        return {key: value for key, value in values.items() if self.dice.random() < 0.7}

    def _loan(self, owner: dict[str, Any], place: int) -> dict[str, Any]:
        pick = self.dice.choice
        loan = self._insert(
            Loan,
            customer_id=owner["id"],
            number=f"{owner['number']}-{place}",
            product=pick(("房贷", "消费贷", "a")),
            kind=pick(("", "mortgage")),
            method=pick(("", "等额本息")),
            principal=pick(AMOUNTS),
            rate=pick((None, Decimal("3.05"), Decimal("10.5"), Decimal("9"))),
            start_on=pick((None, self._day(400))),
            term_months=pick((None, 12, 240)),
            due_day=pick((None, 5, 28)),
            state=pick(list(LoanState)),
            account_tail=pick(("", "1234")),
            amount_due=pick(AMOUNTS),
            due_on=pick((None, self._day(15), self._day(15), self.today.day)),
            penalty=pick(AMOUNTS),
            updated_at=self.now,
        )
        loan["instalment"] = [
            self._insert(
                Instalment,
                loan_id=loan["id"],
                sequence=number + 1,
                due_on=self._day(15),
                principal=pick((Decimal("10.10"), Decimal("0.00"))),
                interest=pick((Decimal("1.01"), Decimal("0.00"))),
                penalty=Decimal("0.00"),
                paid=pick((Decimal("0.00"), Decimal("11.11"))),
                paid_at=pick((None, self._moment())),
            )
            for number in range(self.dice.randint(0, 2))
        ]
        return loan

    def _message(self, owner: dict[str, Any]) -> dict[str, Any]:
        state, batch = self.dice.choice(list(MessageState)), self.dice.choice(self.batches)
        record = self._insert(
            Message,
            batch_id=batch["id"],
            customer_id=owner["id"],
            loan_id=self.dice.choice((None, *(loan["id"] for loan in owner["loan"]))),
            phone=owner["phone"],
            recipient=f"{owner['phone']}:{self.dice.random()}",
            body=self.dice.choice(("【示例银行】您好", "【示例银行】还款日")),
            parts=self.dice.choice((1, 2)),
            digest="",
            state=state,
            created_at=self.now,
            sending_at=self.dice.choice((None, self._moment(), self._moment())),
        )
        return record | {"batch": batch}

    def _reply(self, owner: dict[str, Any]) -> dict[str, Any]:
        return self._insert(
            InboundMessage,
            line_id=self.line_id,
            sender=owner["phone"],
            body=self.dice.choice(("R", "已还", "谢谢")),
            raw="",
            customer_id=owner["id"],
            received_at=self._moment(120),
        )

    def _contact(self, owner: dict[str, Any]) -> dict[str, Any]:
        return self._insert(
            Contact,
            customer_id=owner["id"],
            kind=self.dice.choice(list(ContactKind)),
            at=self._moment(120),
            connected=self.dice.choice((None, True, False)),
            body=self.dice.choice(("未接", "答应明日还款")),
            created_by=self.ctx.actor.user_id,
            created_at=self.now,
        )

    def _consent(self, owner: dict[str, Any]) -> dict[str, Any]:
        return self._insert(
            Consent,
            customer_id=owner["id"],
            purpose=self.dice.choice(PURPOSES),
            granted=self.dice.random() < 0.5,
            source=self.dice.choice(("import", "reply")),
            at=self.dice.choice((self.now, self._moment())),
        )

    def _suppression(self, owner: dict[str, Any], scope: str) -> dict[str, Any]:
        return self._insert(
            Suppression,
            phone=owner["phone"],
            scope=scope,
            issuer=self.dice.choice(("branch", "regulator")),
            reason="拒收",
            until=self.dice.choice((None, self._moment())),
            source="reply",
            created_at=self._moment(),
        )

    def _circumstance(self, owner: dict[str, Any]) -> dict[str, Any]:
        return self._insert(
            Circumstance,
            customer_id=owner["id"],
            kind=self.dice.choice(list(CircumstanceKind)),
            until=self.dice.choice((None, self._moment())),
            note=self.dice.choice(("", "住院")),
            created_by=self.ctx.actor.user_id,
            created_at=self._moment(),
            ended_at=self.dice.choice((None, None, self.now)),
        )


class Evaluator:
    def __init__(self, today: Today) -> None:
        self.today = today

    def members(self, root: Group, records: Sequence[dict[str, Any]]) -> list[int]:
        return [each["id"] for each in records if each["active"] and self.fits(root, each)]

    def pairs(self, root: Group, records: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
        return [
            (each["id"], loan["id"])
            for each in records
            if each["active"]
            for loan in each["loan"]
            if self.meant(root, each, loan)
        ]

    def fits(self, node: Node, row: dict[str, Any]) -> bool:
        if isinstance(node, Condition):
            return self.answer(node, row)
        if isinstance(node, Group):
            return self._joined(node.logic, [self.fits(part, row) for part in node.parts])
        found = [each for each in self._records(node.scope, row) if self._all_of(node, each)]
        return bool(found) is node.present

    def meant(self, node: Node, customer: dict[str, Any], loan: dict[str, Any]) -> bool:
        """The customer fits, and this loan is one by which."""
        if not self._about_loans(node):
            return self.fits(node, customer)
        if isinstance(node, Related):
            return self._all_of(node, loan)
        assert isinstance(node, Group)
        if node.logic is Logic.ANY:
            return any(self.meant(part, customer, loan) for part in node.parts)
        by_loan = [part for part in node.parts if self._about_loans(part)]
        return self.fits(node, customer) and any(self.meant(part, customer, loan) for part in by_loan)

    def _about_loans(self, node: Node) -> bool:
        if isinstance(node, Related):
            return node.scope is Scope.LOAN and node.present
        return isinstance(node, Group) and node.logic is not Logic.NONE and any(map(self._about_loans, node.parts))

    def _all_of(self, node: Related, record: dict[str, Any]) -> bool:
        return not node.parts or self._joined(node.logic, [self.fits(part, record) for part in node.parts])

    def _joined(self, logic: Logic, answers: list[bool]) -> bool:
        return {Logic.ALL: all(answers), Logic.ANY: any(answers), Logic.NONE: not any(answers)}[logic]

    def _records(self, scope: Scope, row: dict[str, Any]) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = row[scope.value]
        lasting = [each for each in records if each.get("until") is None or each["until"] > self.today.start]
        if scope is Scope.MESSAGE:
            return [
                each
                for each in records
                if each["state"] in MAY_HAVE_LEFT
                and each["sending_at"] is not None
                and each["batch"]["kind"] is not BatchKind.TEST
            ]
        if scope is Scope.CONSENT:
            newest: dict[str, dict[str, Any]] = {}
            for each in sorted(records, key=lambda each: (each["at"], each["id"])):
                newest[each["purpose"]] = each
            return list(newest.values())
        if scope is Scope.CIRCUMSTANCE:
            return [each for each in lasting if each["ended_at"] is None]
        return lasting if scope is Scope.SUPPRESSION else records

    # One condition

    def answer(self, node: Condition, row: dict[str, Any]) -> bool:  # noqa: C901 - a table
        field = field_of(node.field)
        value = row["extra"].get(field.own) if field.own else self._value(node.field, row)
        if field.kind in (Kind.TEXT, Kind.CHOICE):
            return self._text(node, value or "")
        if field.kind is Kind.TAGS:
            return self._tags(node, value)
        if field.kind is Kind.FLAG:
            return bool(value) is (node.operator is Operator.YES)
        if field.own and field.kind is Kind.NUMBER:
            value = None if value in (None, "nothing") else Decimal(str(value))
        if field.own and field.kind is Kind.DATE and value is not None:
            value = date.fromisoformat(value)
        if node.operator in (Operator.KNOWN, Operator.UNKNOWN):
            return (value is not None) is (node.operator is Operator.KNOWN)
        if value is None:
            return False
        if field.kind in (Kind.NUMBER, Kind.MONEY, Kind.AGE, Kind.DAYS):
            return self._number(node, Decimal(value))
        if field.kind is Kind.MOMENT:
            value = self.today.zone.local(value).date()
        if node.operator is Operator.NEXT_DAYS:
            return self._has_birthday(value, int(node.value[0]))
        if node.operator is Operator.MONTH:
            return bool(value.month == int(node.value[0])) and value.year <= self.today.day.year
        return self._date(node, value)

    def _value(self, key: str, row: dict[str, Any]) -> Any:  # noqa: C901 - a table
        match key:
            case "customer.id_known":
                return row["id_digest"] is not None
            case "customer.second_phone":
                return row["second"]
            case "customer.age":
                return self._age(row["birthday"])
            case "customer.created" | "suppression.since" | "circumstance.since":
                return row["created_at"]
            case "customer.updated":
                return row["updated_at"]
            case "loan.term":
                return row["term_months"]
            case "loan.overdue":
                running = row["state"] in (LoanState.ACTIVE, LoanState.OVERDUE)
                return self._late(row["due_on"]) if running and row["amount_due"] != 0 else None
            case "instalment.outstanding":
                return self._outstanding(row)
            case "instalment.open":
                return self._outstanding(row) > 0
            case "instalment.overdue":
                return self._late(row["due_on"]) if self._outstanding(row) > 0 else None
            case "message.sent":
                return row["sending_at"]
            case "message.class":
                return row["batch"]["class_key"]
            case "message.outcome":
                ends = {"delivered": "delivered", "undelivered": "failed", "expired": "failed", "unknown": "unknown"}
                return ends.get(row["state"].value, "open")
            case "reply.received":
                return row["received_at"]
        return row[key.partition(".")[2]]

    def _outstanding(self, row: dict[str, Any]) -> Decimal:
        left: Decimal = row["principal"] + row["interest"] + row["penalty"] - row["paid"]
        return left

    def _late(self, due: date | None) -> int | None:
        return (self.today.day - due).days if due is not None and due < self.today.day else None

    def _age(self, born: date | None) -> int | None:
        if born is None:
            return None
        day = self.today.day
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def _text(self, node: Condition, text: str) -> bool:
        first = node.value[0] if node.value else ""
        return {
            Operator.IS: text == first,
            Operator.IS_NOT: text != first,
            Operator.ONE_OF: text in node.value,
            Operator.NONE_OF: text not in node.value,
            Operator.CONTAINS: first in text,
            Operator.LACKS: first not in text,
            Operator.STARTS: text.startswith(first),
            Operator.KNOWN: text != "",
            Operator.UNKNOWN: text == "",
        }[node.operator]

    def _tags(self, node: Condition, tags: list[str]) -> bool:
        common = set(tags) & set(node.value)
        return {
            Operator.ONE_OF: bool(common),
            Operator.NONE_OF: not common,
            Operator.ALL_OF: common == set(node.value),
            Operator.KNOWN: bool(tags),
            Operator.UNKNOWN: not tags,
        }[node.operator]

    def _number(self, node: Condition, number: Decimal) -> bool:
        limits = [Decimal(each) for each in node.value]
        if node.operator is Operator.AT_LEAST:
            return number >= limits[0]
        return number <= limits[0] if node.operator is Operator.AT_MOST else limits[0] <= number <= limits[1]

    def _date(self, node: Condition, day: date) -> bool:  # noqa: C901 - a table
        away, given = (day - self.today.day).days, node.value
        match node.operator:
            case Operator.ON:
                return day.isoformat() == given[0]
            case Operator.FROM:
                return day.isoformat() >= given[0]
            case Operator.UNTIL:
                return day.isoformat() <= given[0]
            case Operator.BETWEEN_DAYS:
                return given[0] <= day.isoformat() <= given[1]
            case Operator.IN_DAYS:
                return int(given[0]) <= away <= int(given[1])
            case Operator.DAYS_AGO:
                return int(given[0]) <= -away <= int(given[1])
            case Operator.LAST_DAYS:
                return 0 <= -away <= int(given[0])
            case Operator.OLDER:
                return -away > int(given[0])
            case Operator.IN_WORKDAYS:
                return away >= 0 and int(given[0]) <= self._workdays_until(day) <= int(given[1])
            case Operator.PERIOD:
                return self._in_period(Period(given[0]), day)
        raise AssertionError(node)

    def _workdays_until(self, day: date) -> int:
        """Working days after today, up to and with ``day``."""
        ahead = (day - self.today.day).days
        return sum(self.today.calendar.is_workday(self.today.day + timedelta(days=n)) for n in range(1, ahead + 1))

    def _in_period(self, period: Period, day: date) -> bool:
        today = self.today.day
        name, _, unit = period.value.partition("_")
        step = {"last": -1, "this": 0, "next": 1}.get(name, 0)
        if unit == "week":
            return (day - timedelta(days=day.weekday()) - today + timedelta(days=today.weekday())).days == 7 * step
        if unit == "month":
            return day.year * 12 + day.month == today.year * 12 + today.month + step
        return (day - today).days == {"yesterday": -1, "today": 0, "tomorrow": 1}[name]

    def _has_birthday(self, born: date, within: int) -> bool:
        if born.year > self.today.day.year:
            return False
        days = (self.today.day + timedelta(days=ahead) for ahead in range(within + 1))
        return any(_falls_on(born, day) for day in days)


def _falls_on(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and not isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)
