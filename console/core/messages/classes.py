"""Message classes: what may be said, on which ground, and what such a text has to contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.core.compliance.purpose import Purpose
from console.core.i18n import T, Text
from db.models import LoanState

OPT_OUT = "拒收请回复R"  # how every marketing text ends

_APPLYING = frozenset({LoanState.APPLYING})
_RUNNING = frozenset({LoanState.ACTIVE, LoanState.OVERDUE})
_PAYING = frozenset({LoanState.ACTIVE})


@dataclass(frozen=True, kw_only=True)
class MessageClass:
    key: str  # stored; never changed once shipped
    title: Text
    purpose: Purpose
    per_loan: bool = False  # one message a loan; else one a customer
    required: tuple[str, ...] = ()  # variables without which the text says too little
    required_any: tuple[str, ...] = ()  # at least one of these
    ending: str = ""  # literal end of the body
    loan_states: frozenset[LoanState] = frozenset()  # empty: any; only looked at when per_loan
    overdue_days: tuple[int, int | None] | None = None  # (first, last) day late that the wording fits; None: any
    ends_when_paid: bool = False  # never sent once the instalment is paid
    priority: int = 5  # of its batches; 0 leaves first

    @property
    def marketing(self) -> bool:
        return self.purpose is Purpose.MARKETING

    @property
    def collection(self) -> bool:
        return self.purpose is Purpose.COLLECTION


def _overdue(key: str, title: Text, days: tuple[int, int | None]) -> MessageClass:
    return MessageClass(
        key=key,
        title=title,
        purpose=Purpose.COLLECTION,
        per_loan=True,
        required=("name", "prod", "tel"),
        loan_states=_RUNNING,  # an active loan is late once its due date has passed
        overdue_days=days,
        ends_when_paid=True,
        priority=3,
    )


_ALL = (
    MessageClass(
        key="progress",
        title=T("Application progress"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "prod", "tel"),
        loan_states=_APPLYING,
    ),
    MessageClass(
        key="result",
        title=T("Approval result"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "prod", "tel"),
        loan_states=_APPLYING | _PAYING,
        priority=4,
    ),
    MessageClass(
        key="signing",
        title=T("Contract signing"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "prod", "tel"),
        loan_states=_APPLYING | _PAYING,
        priority=4,
    ),
    MessageClass(
        key="disburse",
        title=T("Disbursement"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "prod", "tel"),
        loan_states=_APPLYING | _RUNNING,
        priority=3,
    ),
    MessageClass(
        key="remind",
        title=T("Repayment reminder"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "prod", "amt", "tel"),
        loan_states=_PAYING,
        ends_when_paid=True,
        overdue_days=(-366, 0),
        priority=3,
    ),
    MessageClass(
        key="due_change",
        title=T("Due date change"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "prod", "eff", "tel"),
        loan_states=_RUNNING,
    ),
    _overdue("overdue_1_7", T("Overdue 1 to 7 days"), (1, 7)),
    _overdue("overdue_8_30", T("Overdue 8 to 30 days"), (8, 30)),
    _overdue("overdue_30p", T("Overdue more than 30 days"), (31, None)),
    MessageClass(
        key="risk",
        title=T("Risk alert"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "tel"),
        loan_states=_RUNNING,
        priority=2,
    ),
    MessageClass(
        key="policy",
        title=T("Policy or rate change"),
        purpose=Purpose.CONTRACT,
        per_loan=True,
        required=("name", "prod", "tel"),
        required_any=("eff", "date"),
        loan_states=_RUNNING,
    ),
    MessageClass(
        key="account",
        title=T("Account movement"),
        purpose=Purpose.CONTRACT,
        required=("name", "tel"),
        priority=2,
    ),
    MessageClass(
        key="market",
        title=T("Marketing"),
        purpose=Purpose.MARKETING,
        required=("name", "tel"),
        ending=OPT_OUT,
        priority=8,
    ),
    MessageClass(
        key="renewal",
        title=T("Renewal offer"),
        purpose=Purpose.MARKETING,
        per_loan=True,
        required=("name", "prod", "tel"),
        ending=OPT_OUT,
        loan_states=_PAYING | {LoanState.SETTLED},
        priority=8,
    ),
    MessageClass(
        key="service",
        title=T("Customer service"),
        purpose=Purpose.SERVICE,
        required=("tel",),
        priority=4,
    ),
    MessageClass(
        key="visit",
        title=T("Visit notice"),
        purpose=Purpose.SERVICE,
        required=("name", "time"),
        priority=2,
    ),
    MessageClass(
        key="fraud",
        title=T("Fraud warning"),
        purpose=Purpose.SERVICE,
        required=("tel",),
        priority=4,
    ),
    MessageClass(
        key="care",
        title=T("Birthday or festival greeting"),
        purpose=Purpose.CARE,
        required=("name",),
        priority=7,
    ),
    MessageClass(
        key="survey",
        title=T("Satisfaction survey"),
        purpose=Purpose.CARE,
        required=("name",),
        priority=7,
    ),
)

CLASSES: Mapping[str, MessageClass] = {class_.key: class_ for class_ in _ALL}
