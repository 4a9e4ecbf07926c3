"""Message classes: what may be said, on which ground, by whom, and what such a text has to contain.

The classes are data (``resources/policy/classes.json``), each with the source of its rule. What an office may change
of them (priority, validity, senders, size for a second approver) the rule pack in force lays over it:
``console.core.compliance.policy.Policy.class_of``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import resources
from console.core.compliance.purpose import Purpose
from console.core.i18n import T, Text
from console.core.messages.variables import VARIABLES
from console.core.security.permissions import Role
from db.models import LoanState

OPT_OUT = "拒收请回复R"  # how every marketing text ends
MARKS = ("V", "2", "U")
PRIORITIES = range(10)
VALIDITY = range(1, 721)  # hours


class BadClass(ValueError):
    """A class in the data file lacks something or contradicts itself; the text names the class and the field."""


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
    own_number_only: bool = False  # to the customer's own number, and to nobody who is no customer
    marketing_opt_out: bool = False  # who refused marketing does not get it either
    hold_out: bool = False  # some may be left without it, to measure what it does
    priority: int = 5  # of its batches; 0 leaves first
    urgent: int | None = None  # priority that a maker may ask for; None: none of its campaigns is urgent
    validity_hours: int = 72  # what has not left by then is stale
    senders: frozenset[Role] = frozenset({Role.OFFICER})  # who may submit it
    second_approver_above: int | None = None  # messages; None: one approver is enough at any size
    source: str = ""
    date: str = ""  # of the source, ISO
    mark: str = "U"  # V, 2 or U, as explained in the file

    @property
    def marketing(self) -> bool:
        return self.purpose is Purpose.MARKETING

    @property
    def collection(self) -> bool:
        return self.purpose is Purpose.COLLECTION

    def approvers(self, messages: int) -> int:
        """How many people have to approve a campaign of so many messages."""
        return 2 if self.second_approver_above is not None and messages > self.second_approver_above else 1


_TITLES: Mapping[str, Text] = {
    "progress": T("Application progress"),
    "result": T("Approval result"),
    "signing": T("Contract signing"),
    "disburse": T("Disbursement"),
    "remind": T("Repayment reminder"),
    "due_change": T("Due date change"),
    "overdue_1_7": T("Overdue 1 to 7 days"),
    "overdue_8_30": T("Overdue 8 to 30 days"),
    "overdue_30p": T("Overdue more than 30 days"),
    "risk": T("Risk alert"),
    "policy": T("Policy or rate change"),
    "account": T("Account movement"),
    "market": T("Marketing"),
    "renewal": T("Renewal offer"),
    "service": T("Customer service"),
    "visit": T("Visit notice"),
    "fraud": T("Fraud warning"),
    "care": T("Birthday or festival greeting"),
    "survey": T("Satisfaction survey"),
}
_FLAGS = ("per_loan", "ends_when_paid", "own_number_only", "marketing_opt_out", "hold_out")
_NEEDED = frozenset({"key", "purpose", "required", "priority", "validity_hours", "senders", "source", "date", "mark"})
_OPTIONAL = frozenset(
    {*_FLAGS, "required_any", "ending", "loan_states", "overdue_days", "second_approver_above", "urgent"}
)


def read_classes(record: Mapping[str, Any]) -> dict[str, MessageClass]:
    """The classes of a data file by key, in its order. Raises BadClass for the first fault."""
    found: dict[str, MessageClass] = {}
    for entry in record["classes"]:
        class_ = read_class(entry)
        if class_.key in found:
            raise BadClass(f"{class_.key}: stands twice")
        found[class_.key] = class_
    if missing := _TITLES.keys() - found.keys():
        raise BadClass(f"{min(missing)}: is missing")
    return found


def read_class(entry: Mapping[str, Any]) -> MessageClass:
    key = entry.get("key")
    if not isinstance(key, str) or key not in _TITLES:
        raise BadClass(f"{key}: no such class")
    if lacking := _NEEDED - entry.keys():
        raise BadClass(f"{key}: {min(lacking)} is missing")
    if unknown := entry.keys() - _NEEDED - _OPTIONAL:
        raise BadClass(f"{key}: {min(unknown)} is unknown")
    for check in (_check_values, _check_meaning):
        if trouble := check(entry):
            raise BadClass(f"{key}: {trouble}")
    days = entry.get("overdue_days")
    return MessageClass(
        key=key,
        title=_TITLES[key],
        purpose=Purpose(entry["purpose"]),
        required=tuple(entry["required"]),
        required_any=tuple(entry.get("required_any", ())),
        ending=entry.get("ending", ""),
        loan_states=frozenset(map(LoanState, entry.get("loan_states", ()))),
        overdue_days=(days[0], days[1]) if days else None,
        priority=entry["priority"],
        urgent=entry.get("urgent"),
        validity_hours=entry["validity_hours"],
        senders=frozenset(map(Role, entry["senders"])),
        second_approver_above=entry.get("second_approver_above"),
        source=entry["source"],
        date=entry["date"],
        mark=entry["mark"],
        **{flag: entry.get(flag, False) for flag in _FLAGS},
    )


def _check_values(entry: Mapping[str, Any]) -> str:
    """What is wrong with a field by itself."""
    lists: tuple[tuple[str, object], ...] = (
        ("required", VARIABLES),
        ("required_any", VARIABLES),
        ("loan_states", set(LoanState)),
        ("senders", set(Role)),
    )
    for name, allowed in lists:
        for value in entry.get(name, ()):
            if value not in allowed:  # type: ignore[operator]
                return f"{name} has an unknown value {value!r}"
    for flag in _FLAGS:
        if not isinstance(entry.get(flag, False), bool):
            return f"{flag} is neither true nor false"
    if entry["purpose"] not in set(Purpose):
        return f"purpose {entry['purpose']!r} is unknown"
    if entry["mark"] not in MARKS or not entry["source"]:
        return "a rule names its source and its mark V, 2 or U"
    if trouble := check_terms(entry):
        return trouble
    late = "urgent" in entry and not _whole(entry["urgent"], range(entry["priority"]))
    return "urgent must be before priority" if late else ""


def check_terms(entry: Mapping[str, Any]) -> str:
    """What is wrong with those fields that an office may change; empty when nothing is."""
    if not _whole(entry["priority"], PRIORITIES):
        return "priority must be 0 to 9"
    if not _whole(entry["validity_hours"], VALIDITY):
        return "validity_hours must be 1 to 720"
    above = entry.get("second_approver_above")
    if above is not None and (isinstance(above, bool) or not isinstance(above, int) or above < 0):
        return "second_approver_above must be a number of messages"
    return "" if entry["senders"] else "nobody may send it"


def _whole(value: object, allowed: range) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


def _check_meaning(entry: Mapping[str, Any]) -> str:
    """What contradicts something else."""
    purpose, per_loan = entry["purpose"], entry.get("per_loan", False)
    if purpose == Purpose.COLLECTION and not (per_loan and entry.get("own_number_only")):
        return "a notice of a debt is about one loan and goes to the debtor's own number only"
    if purpose == Purpose.MARKETING and not (entry.get("marketing_opt_out") and entry.get("ending") == OPT_OUT):
        return f"marketing can be refused and ends with {OPT_OUT}"
    days = entry.get("overdue_days")
    if days is not None and (len(days) != 2 or not _ordered(days)):
        return "overdue_days must be a first and a last day, the last one may be null"
    if not per_loan and (days is not None or entry.get("loan_states") or entry.get("ends_when_paid")):
        return "loan_states, overdue_days and ends_when_paid are for classes about one loan"
    return ""


def _ordered(days: Sequence[int | None]) -> bool:
    first, last = days
    return isinstance(first, int) and (last is None or (isinstance(last, int) and first <= last))


def _shipped() -> dict[str, MessageClass]:
    return read_classes(json.loads(resources.path("policy", "classes.json").read_text("utf-8")))


CLASSES: Mapping[str, MessageClass] = _shipped()
