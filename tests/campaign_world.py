"""Customers, loans, templates and drafts for the tests of campaigns; loaded with ``runpy`` by those who need it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select, update

from console.core.campaigns.audience import Audience
from console.core.campaigns.draft import Draft
from console.core.campaigns.freeze import Frozen
from console.core.campaigns.lifecycle import save_draft, submit
from console.core.context import Context
from db.engine import Database
from db.models import (
    Batch,
    Customer,
    Line,
    LineState,
    Loan,
    LoanState,
    Message,
    MessageState,
    Template,
    TemplateVersion,
    VersionState,
)

REMIND = "${name}您好,您的${prod}(尾号${no})本期应还${amt}元,还款日${due},请提前存入尾号${card4}账户。咨询${tel}。"
FRAUD = "防骗提示:我行放款前不收保证金,不要求屏幕共享,否则即为诈骗,可拨96110或${tel}核实。"
MARKET = "${name}您好,我行贷款年化利率${apr}起(单利),以审批为准,活动至${end}。咨询${tel}。拒收请回复R"

SURNAMES = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳敏静丽强磊洋艳勇军杰娟涛明超秀兰霞平"


class World:
    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.database: Database = ctx.database
        self.today: date = ctx.clock.now().astimezone().date()
        self._keys = count(1)

    def customers(self, number: int, *, first: int = 1, loans: int = 1, **changes: Any) -> list[int]:
        """Ids of new customers, each with loans that are due in five days; ``changes`` go into the customers."""
        ids = range(first, first + number)
        rows = [_customer(each, self.ctx.clock.now()) | changes for each in ids]
        loan_rows = [_loan(each, place, self.today) for each in ids for place in range(loans)]
        with self.database.begin() as session:
            for start in range(0, number, 10_000):
                session.execute(insert(Customer.__table__), rows[start : start + 10_000])
            for start in range(0, len(loan_rows), 10_000):
                session.execute(insert(Loan.__table__), loan_rows[start : start + 10_000])
        return list(ids)

    def template(self, body: str = REMIND, class_key: str = "remind", name: str = "还款提醒") -> int:
        """Id of the version."""
        now = self.ctx.clock.now()
        with self.database.begin() as session:
            template = Template(key=f"own-{next(self._keys)}", name=name, class_key=class_key, updated_at=now)
            session.add(template)
            session.flush()
            version = TemplateVersion(
                template_id=template.id, number=1, body=body, state=VersionState.APPROVED, created_at=now
            )
            session.add(version)
            session.flush()
            return version.id

    def line(self, name: str = "一号线", pace: int | None = None) -> int:
        with self.database.begin() as session:
            line = Line(
                name=name,
                address="socket://127.0.0.1:1",
                pace_per_minute=pace,
                state=LineState.READY,
                created_at=self.ctx.clock.now(),
            )
            session.add(line)
            session.flush()
            return line.id

    def draft(self, version_id: int | None = None, **changes: Any) -> Draft:
        values = {
            "name": "房贷11月还款提醒",
            "template_version_id": version_id or self.template(),
            "audience": Audience(),
        }
        return Draft(**(values | changes))

    def saved(self, **changes: Any) -> int:
        return save_draft(self.ctx, self.draft(**changes)).campaign_id

    def submitted(self, **changes: Any) -> Frozen:
        return submit(self.ctx, self.saved(**changes))

    def bodies(self, batch_id: int) -> dict[str, str]:
        with self.database.read() as session:
            query = select(Message.recipient, Message.body).where(Message.batch_id == batch_id)
            return dict(session.execute(query).all())

    def messages(self, batch_id: int) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).where(Message.batch_id == batch_id)) or 0

    def batch(self, batch_id: int) -> Batch:
        with self.database.read() as session:
            return session.get_one(Batch, batch_id)

    def set_messages(self, batch_id: int, state: MessageState, limit: int, **values: Any) -> list[int]:
        """Put the first waiting messages of a batch into a state, as a dispatcher would; their ids."""
        with self.database.begin() as session:
            waiting = select(Message.id).where(Message.batch_id == batch_id, Message.state == MessageState.WAITING)
            ids = list(session.scalars(waiting.order_by(Message.id).limit(limit)))
            session.execute(update(Message).where(Message.id.in_(ids)).values(state=state, **values))
        return ids

    def set_customers(self, ids: Sequence[int], **values: Any) -> None:
        with self.database.begin() as session:
            session.execute(update(Customer).where(Customer.id.in_(ids)).values(**values))

    def set_loans(self, customer_ids: Sequence[int], **values: Any) -> None:
        with self.database.begin() as session:
            session.execute(update(Loan).where(Loan.customer_id.in_(customer_ids)).values(**values))


def _customer(number: int, now: datetime) -> dict[str, Any]:
    name = SURNAMES[number % len(SURNAMES)] + GIVEN[number // len(SURNAMES) % len(GIVEN)]
    phone = f"138{number:08d}"
    return {
        "id": number,
        "number": f"C{number:07d}",
        "name": name,
        "pinyin": f"p{number:07d}",
        "initials": "p",
        "title": "女士" if number % 2 else "先生",
        "phone": phone,
        "phone_tail": phone[-4:],
        "region": "城东" if number % 3 else "城西",
        "branch": "城东支行",
        "manager": "张伟",
        "rating": "A",
        "segment": "",
        "tags": [],
        "active": True,
        "created_at": now,
        "updated_at": now,
    }


def _loan(customer_id: int, place: int, today: date) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "number": f"L{customer_id:07d}{place}",
        "product": "房贷" if place == 0 else "消费贷",
        "principal": Decimal("500000.00"),
        "rate": "3.05",
        "method": "等额本息",
        "start_on": today.replace(day=1) - timedelta(days=400),
        "term_months": 240,
        "due_day": 28,
        "state": LoanState.ACTIVE,
        "account_tail": f"{customer_id % 10_000:04d}",
        "amount_due": Decimal("3256.80") + customer_id % 100,
        "due_on": today + timedelta(days=5),
        "penalty": Decimal(0),
        "updated_at": datetime.now(UTC),
    }
