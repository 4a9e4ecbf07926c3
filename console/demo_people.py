"""Made-up customers and loans for the demo, the same ones for the same seed. No name, number or amount is real."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from console.core.compliance.purpose import Purpose
from db.models import Consent, Customer, Loan, LoanState

CUSTOMERS = 300
SEED = 20261121
_SURNAMES = """
王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 周zhou 吴wu 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo 何he 林lin
高gao 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 韩han 冯feng 邓deng 曹cao 彭peng 曾zeng 肖xiao 田tian
"""
_MEN = """
伟wei 强qiang 磊lei 军jun 勇yong 杰jie 涛tao 超chao 明ming 刚gang 平ping 辉hui 鹏peng 建国jian-guo 志强zhi-qiang
海涛hai-tao 俊杰jun-jie 浩然hao-ran 子轩zi-xuan 文博wen-bo
"""
_WOMEN = """
芳fang 娜na 敏min 静jing 丽li 艳yan 娟juan 霞xia 玲ling 燕yan 雪xue 秀英xiu-ying 桂兰gui-lan 晓梅xiao-mei 雨婷yu-ting
欣怡xin-yi 梓涵zi-han 思琪si-qi 佳慧jia-hui 春燕chun-yan
"""
_REGIONS = ("浦东新区", "徐汇区", "静安区", "杨浦区", "闵行区")
_BRANCHES = ("城东支行", "城西支行", "滨江支行")
_MANAGERS = ("赵立新", "钱慧", "孙启明")
_RATINGS = ("A", "A", "A", "B", "B", "C", "D")
_SEGMENTS = ("个人", "个人", "个人", "个体工商户", "小微企业主")


@dataclass(frozen=True)
class _Product:
    name: str
    prefix: str
    principal: tuple[int, int]  # thousand yuan
    months: tuple[int, ...]
    rate: tuple[str, str]  # a year, as a fraction
    method: str


_PRODUCTS = (
    _Product("个人住房贷款", "FD", (600, 3000), (240, 300, 360), ("0.0310", "0.0395"), "等额本息"),
    _Product("个人消费贷款", "XF", (30, 300), (12, 24, 36), ("0.0365", "0.0588"), "等额本息"),
    _Product("个人经营贷款", "JY", (200, 2000), (12, 24, 36), ("0.0345", "0.0450"), "按月付息到期还本"),
    _Product("汽车消费贷款", "QC", (80, 350), (24, 36, 60), ("0.0299", "0.0480"), "等额本金"),
)


def add_people(session: Session, now: datetime, *, seed: int = SEED, number: int = CUSTOMERS) -> None:
    """Insert customers with one or two loans each; due dates lie around the local date of ``now``."""
    dice = random.Random(seed)  # noqa: S311 - made-up people, not secrets
    today = now.astimezone().date()
    customers = list(_customers(dice, now, number))
    session.execute(insert(Customer), customers)
    loans = [loan for customer in customers for loan in _loans(dice, customer, today, now)]
    session.execute(insert(Loan), loans)
    session.execute(insert(Consent), list(_consents(dice, customers, now)))


def _customers(dice: random.Random, now: datetime, number: int) -> Iterator[dict[str, object]]:
    surnames, men, women = _SURNAMES.split(), _MEN.split(), _WOMEN.split()
    tails = dice.sample(range(10_000), number)
    for index in range(number):
        woman = dice.random() < 0.48
        surname, given = _spelt(dice.choice(surnames)), _spelt(dice.choice(women if woman else men))
        phone = f"1380000{tails[index]:04d}"
        branch = dice.randrange(len(_BRANCHES))
        yield {
            "id": index + 1,
            "number": f"KH{2026000001 + index}",
            "name": surname[0] + given[0],
            "pinyin": "".join(surname[1] + given[1]),
            "initials": "".join(sound[0] for sound in surname[1] + given[1]),
            "title": "女士" if woman else "先生",
            "phone": phone,
            "phone_tail": phone[-4:],
            "region": dice.choice(_REGIONS),
            "branch": _BRANCHES[branch],
            "manager": _MANAGERS[branch],
            "rating": dice.choice(_RATINGS),
            "segment": dice.choice(_SEGMENTS),
            "birthday": date(dice.randint(1958, 2002), dice.randint(1, 12), dice.randint(1, 28)),
            "tags": [],
            "active": True,
            "created_at": now,
            "updated_at": now,
        }


def _loans(dice: random.Random, customer: dict[str, object], today: date, now: datetime) -> Iterator[dict[str, object]]:
    for place in range(2 if dice.random() < 0.18 else 1):
        product = dice.choice(_PRODUCTS)
        principal = Decimal(dice.randint(*product.principal) * 1000)
        rate = (Decimal(dice.randint(*(int(Decimal(edge) * 10_000) for edge in product.rate))) / 10_000).quantize(
            Decimal("0.000001")
        )
        months = dice.choice(product.months)
        start = today - timedelta(days=dice.randint(40, 25 * min(months, 48)))
        yield {
            "customer_id": customer["id"],
            "number": f"{product.prefix}2026{customer['id']:05d}{place + 1}",
            "product": product.name,
            "principal": principal,
            "rate": rate * 100,  # stored in per cent
            "method": product.method,
            "start_on": start,
            "term_months": months,
            "account_tail": f"{dice.randrange(10_000):04d}",
            "updated_at": now,
            **_standing(dice, today, _instalment(principal, rate, months, product.method)),
        }


def _standing(dice: random.Random, today: date, instalment: Decimal) -> dict[str, object]:
    """Where the loan stands: mostly due soon, some overdue, some paid, some still applied for."""
    draw = dice.random()
    if draw < 0.12:
        days = dice.choice((1, 2, 3, 5, 7, 9, 14, 21, 30, 45, 62, 90))
        penalty = (instalment * Decimal("0.0005") * days).quantize(Decimal("0.01"))
        due = today - timedelta(days=days)
        return _due(LoanState.OVERDUE, due, instalment, penalty)
    if draw < 0.20:
        return _due(LoanState.SETTLED, today - timedelta(days=dice.randint(1, 25)), Decimal("0.00"), None)
    if draw < 0.25:
        return {"state": LoanState.APPLYING, "due_day": None, "due_on": None, "amount_due": None, "penalty": None}
    if draw < 0.32:  # this instalment is paid already
        return _due(LoanState.ACTIVE, today + timedelta(days=dice.randint(0, 12)), Decimal("0.00"), None)
    return _due(LoanState.ACTIVE, today + timedelta(days=dice.randint(0, 28)), instalment, None)


def _due(state: LoanState, due: date, amount: Decimal, penalty: Decimal | None) -> dict[str, object]:
    return {"state": state, "due_day": due.day, "due_on": due, "amount_due": amount, "penalty": penalty}


def _instalment(principal: Decimal, rate: Decimal, months: int, method: str) -> Decimal:
    monthly = rate / 12
    if method == "等额本息":
        growth = (1 + monthly) ** months
        amount = principal * monthly * growth / (growth - 1)
    elif method == "等额本金":
        amount = principal / months + principal * monthly / 2
    else:
        amount = principal * monthly
    return amount.quantize(Decimal("0.01"))


def _consents(dice: random.Random, customers: list[dict[str, object]], now: datetime) -> Iterator[dict[str, object]]:
    """Two in three agreed to marketing at the counter; some of them took it back; the others were never asked."""
    for customer in customers:
        if dice.random() > 0.66:
            continue
        asked = now - timedelta(days=dice.randint(60, 900))
        yield _consent(customer, True, "counter", asked)
        if dice.random() < 0.06:
            yield _consent(customer, False, "reply", now - timedelta(days=dice.randint(1, 50)))


def _consent(customer: dict[str, object], granted: bool, source: str, at: datetime) -> dict[str, object]:
    return {
        "customer_id": customer["id"],
        "purpose": Purpose.MARKETING.value,
        "granted": granted,
        "source": source,
        "evidence": "",
        "at": at,
    }


def _spelt(entry: str) -> tuple[str, list[str]]:
    """``建国jian-guo`` apart: the characters, and how each of them sounds."""
    letters = next(place for place, char in enumerate(entry) if char.isascii())
    return entry[:letters], entry[letters:].split("-")
