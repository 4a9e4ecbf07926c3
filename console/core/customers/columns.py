"""The fields that a file may fill, and how a cell becomes a value of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from console.core.customers import fields as own
from console.core.customers.amounts import fen, rate
from console.core.customers.dates import day, moment
from console.core.customers.identity import identity
from console.core.customers.normalise import (
    Refused,
    account,
    hours,
    limited,
    name,
    number,
    phone,
    tags,
    text,
    whole_number,
)
from console.core.i18n import T, Text
from db.models import LoanState

Clean = Callable[[object], object]  # a value, or Refused


class Group(StrEnum):
    CUSTOMER = "customer"
    LOAN = "loan"
    INSTALMENT = "instalment"


@dataclass(frozen=True, kw_only=True)
class Field:
    key: str
    title: Text
    group: Group
    clean: Clean
    hint: Text
    required: bool


def _choice(choices: Mapping[str, object]) -> Clean:
    spelled = {word: value for words, value in choices.items() for word in words.split()}

    def clean(cell: object) -> object:
        word = text(cell).casefold()
        if not word:
            return None
        if word in spelled:
            return spelled[word]
        return Refused(T("“{value}” is not understood here", value=word[:40]))

    return clean


def _limited(limit: int) -> Clean:
    return lambda cell: limited(cell, limit)


def _whole(low: int, high: int) -> Clean:
    return lambda cell: whole_number(cell, low, high)


_TITLE = _choice({
    "男 男性 先生 m male mr mr. 1": "先生",
    "女 女性 女士 小姐 太太 f female ms ms. mrs mrs. miss 2": "女士",
    "未知 不详 0 9": None,
})  # fmt: skip
_CONSENT = _choice({
    "是 同意 y yes 1 true √ ✓ ✔ 有 已授权 已同意 已签 已签署 授权 接受 o": True,
    "否 不同意 n no 0 false × x ✗ ✕ 无 未授权 未同意 未签 未签署 拒绝 不接受 拒收 退订": False,
})  # fmt: skip
_STATE = _choice({
    "正常 还款中 active normal current 未结清 已放款 使用中 存续 生效": LoanState.ACTIVE,
    "逾期 overdue pastdue 已逾期 欠款 拖欠 不良 呆滞 呆账": LoanState.OVERDUE,
    "结清 已结清 settled closed paid 还清 已还清 核销 已核销 销户": LoanState.SETTLED,
    "申请中 申请 审批中 待审批 待放款 applying pending 受理中 已受理 待签约": LoanState.APPLYING,
})  # fmt: skip


_CHANNEL = _choice({
    "短信 手机短信 sms message": "sms",
    "电话 手机 语音 phone call telephone": "phone",
    "邮件 电子邮件 邮箱 email e-mail mail": "email",
    "微信 公众号 wechat": "wechat",
    "信函 信件 挂号信 纸质 letter post": "letter",
    "不限 无 无偏好 any none": None,
})  # fmt: skip


def _fields(group: Group, *rows: tuple[str, Text, Clean, Text]) -> dict[str, Field]:
    return {
        key: Field(key=key, title=title, group=group, clean=clean, hint=hint, required=key in REQUIRED)
        for key, title, clean, hint in rows
    }


REQUIRED = ("name", "phone")
FIELDS: Mapping[str, Field] = {
    **_fields(
        Group.CUSTOMER,
        ("number", T("Customer number"), number, T("Finds the customer again; without it, phone and name do")),
        ("name", T("Name"), name, T("The person as they are addressed")),
        ("phone", T("Mobile number"), phone, T("Eleven digits, mainland China")),
        ("phone_2", T("Second number"), phone, T("A further mobile number of the same person")),
        ("phone_3", T("Third number"), phone, T("A further mobile number of the same person")),
        ("title", T("Sex or form of address"), _TITLE, T("男/女, 先生/女士, M/F")),
        (
            "id_number",
            T("Identity number"),
            identity,
            T("Checked, gives birthday and form of address, and is stored encrypted"),
        ),
        ("birthday", T("Birthday"), day, T("A date")),
        ("region", T("Region"), _limited(60), T("Up to 60 characters")),
        ("branch", T("Branch"), _limited(60), T("Up to 60 characters")),
        ("manager", T("Customer manager"), _limited(60), T("Up to 60 characters")),
        ("rating", T("Rating"), _limited(10), T("Up to 10 characters")),
        ("segment", T("Segment"), _limited(40), T("Up to 40 characters")),
        ("tags", T("Tags"), tags, T("Words between commas")),
        ("channel", T("Preferred channel"), _CHANNEL, T("短信, 电话, 邮件, 微信, 信函")),
        ("hours", T("Preferred hours"), hours, T("9:00-18:00, 上午, 下午")),
        ("consent", T("Consent to marketing"), _CONSENT, T("是/否, Y/N; a refusal stays a refusal")),
    ),
    **_fields(
        Group.LOAN,
        ("loan_number", T("Loan number"), number, T("Finds the loan again; needed for every other loan column")),
        ("product", T("Product"), _limited(40), T("Up to 40 characters")),
        ("kind", T("Kind of loan"), _limited(40), T("Up to 40 characters")),
        ("principal", T("Loan amount"), fen, T("Yuan: 1,234.56 or 12万")),
        ("rate", T("Yearly rate"), rate, T("3.05 or 3.05%")),
        ("method", T("Repayment method"), _limited(40), T("Up to 40 characters")),
        ("start_on", T("Start of the loan"), day, T("A date")),
        ("term_months", T("Term"), _whole(1, 600), T("Months, 1 to 600")),
        ("due_day", T("Due day"), _whole(1, 31), T("Day of the month")),
        ("state", T("State of the loan"), _STATE, T("正常, 逾期, 结清, 申请中")),
        ("account", T("Repayment account"), account, T("In full, stored encrypted; or its last four digits")),
        ("amount_due", T("Amount due"), fen, T("Yuan, this instalment")),
        ("due_on", T("Due date"), day, T("A date, of this instalment")),
        ("penalty", T("Penalty interest"), fen, T("Yuan")),
        ("overdue_days", T("Days overdue"), _whole(0, 9999), T("Gives the due date where the file has none")),
    ),
    **_fields(
        Group.INSTALMENT,
        ("sequence", T("Instalment number"), _whole(1, 600), T("1, 2, 3 …; with it, each row is an instalment")),
        ("inst_due_on", T("Instalment: due date"), day, T("A date")),
        ("inst_principal", T("Instalment: principal"), fen, T("Yuan")),
        ("inst_interest", T("Instalment: interest"), fen, T("Yuan")),
        ("inst_penalty", T("Instalment: penalty interest"), fen, T("Yuan")),
        ("inst_paid", T("Instalment: paid"), fen, T("Yuan, paid so far")),
        ("inst_paid_at", T("Instalment: paid on"), moment, T("A date, with or without a time")),
    ),
}
INSTALMENT_NEEDS = ("loan_number", "sequence", "inst_due_on")
EXTRA = "extra:"  # before the key of a field that the administrator made up


def own_fields(declared: Iterable[own.Field]) -> dict[str, Field]:
    """The administrator's fields, as a file may fill them."""
    return {
        EXTRA + each.key: Field(
            key=EXTRA + each.key,
            title=Text("{title}", {"title": each.title}),
            group=Group.CUSTOMER,
            clean=partial(own.clean, each),
            hint=own.KIND_TITLES[each.kind],
            required=False,
        )
        for each in declared
    }


def group_of(key: str) -> Group:
    return Group.CUSTOMER if key.startswith(EXTRA) else FIELDS[key].group


def plan_only(keys: Collection[str]) -> bool:
    """Whether these columns are instalments of loans that are known, and say nothing of customers."""
    return "sequence" in keys and not any(group_of(key) is Group.CUSTOMER for key in keys if key)
