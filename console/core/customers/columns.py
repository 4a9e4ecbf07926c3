"""The fields that a file may fill, and how a cell becomes a value of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.core.customers.amounts import fen, rate
from console.core.customers.dates import day
from console.core.customers.identity import identity
from console.core.customers.normalise import Refused, limited, name, number, phone, tags, tail, text, whole_number
from console.core.i18n import T, Text
from db.models import LoanState

Clean = Callable[[object], object]  # a value, or Refused


class Group(StrEnum):
    CUSTOMER = "customer"
    LOAN = "loan"


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
        ("title", T("Sex or form of address"), _TITLE, T("男/女, 先生/女士, M/F")),
        (
            "id_number",
            T("Identity number"),
            identity,
            T("Checked, gives birthday and form of address, and is not stored"),
        ),
        ("birthday", T("Birthday"), day, T("A date")),
        ("region", T("Region"), _limited(60), T("Up to 60 characters")),
        ("branch", T("Branch"), _limited(60), T("Up to 60 characters")),
        ("manager", T("Customer manager"), _limited(60), T("Up to 60 characters")),
        ("rating", T("Rating"), _limited(10), T("Up to 10 characters")),
        ("segment", T("Segment"), _limited(40), T("Up to 40 characters")),
        ("tags", T("Tags"), tags, T("Words between commas")),
        ("consent", T("Consent to marketing"), _CONSENT, T("是/否, Y/N; a refusal stays a refusal")),
    ),
    **_fields(
        Group.LOAN,
        ("loan_number", T("Loan number"), number, T("Finds the loan again; needed for every other loan column")),
        ("product", T("Product"), _limited(40), T("Up to 40 characters")),
        ("principal", T("Loan amount"), fen, T("Yuan: 1,234.56 or 12万")),
        ("rate", T("Yearly rate"), rate, T("3.05 or 3.05%")),
        ("method", T("Repayment method"), _limited(40), T("Up to 40 characters")),
        ("start_on", T("Start of the loan"), day, T("A date")),
        ("term_months", T("Term"), _whole(1, 600), T("Months, 1 to 600")),
        ("due_day", T("Due day"), _whole(1, 31), T("Day of the month")),
        ("state", T("State of the loan"), _STATE, T("正常, 逾期, 结清, 申请中")),
        ("account_tail", T("Repayment account"), tail, T("Only the last four are kept")),
        ("amount_due", T("Amount due"), fen, T("Yuan, this instalment")),
        ("due_on", T("Due date"), day, T("A date, of this instalment")),
        ("penalty", T("Penalty interest"), fen, T("Yuan")),
        ("overdue_days", T("Days overdue"), _whole(0, 9999), T("Gives the due date where the file has none")),
    ),
}
