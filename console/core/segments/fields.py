"""The fields by which a segment is described, each declared once: key, title, kind, where it belongs.

A field of kind DATE is a local day; of kind MOMENT a moment, looked at as the local day on which it fell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from console.core.compliance.purpose import PURPOSE_TITLES, SCOPE_ALL
from console.core.customers.loanstates import LOAN_STATE_TITLES
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.messages.classes import CLASSES
from console.core.segments.operators import Kind
from db.models import CircumstanceKind, ContactKind, FieldKind


class Scope(StrEnum):
    """What a condition is about. All but CUSTOMER are looked at record by record: "has a loan that ..."."""

    CUSTOMER = "customer"
    LOAN = "loan"
    INSTALMENT = "instalment"
    MESSAGE = "message"  # sent, or on its way out; test messages never count
    REPLY = "reply"
    CONTACT = "contact"
    CONSENT = "consent"  # the newest word on each purpose
    SUPPRESSION = "suppression"  # in force
    CIRCUMSTANCE = "circumstance"  # in force


SCOPE_TITLES: Final[Mapping[Scope, Text]] = {
    Scope.CUSTOMER: T("Customer"),
    Scope.LOAN: T("Loans"),
    Scope.INSTALMENT: T("Instalments"),
    Scope.MESSAGE: T("Messages sent"),
    Scope.REPLY: T("Replies"),
    Scope.CONTACT: T("Contacts by staff"),
    Scope.CONSENT: T("Consents"),
    Scope.SUPPRESSION: T("Suppression list"),
    Scope.CIRCUMSTANCE: T("Special circumstances"),
}
WITHIN: Final[Mapping[Scope, tuple[Scope, ...]]] = {
    Scope.CUSTOMER: tuple(scope for scope in Scope if scope is not Scope.CUSTOMER),
    Scope.LOAN: (Scope.INSTALMENT, Scope.MESSAGE),  # of this loan, about this loan
}


class Outcome(StrEnum):
    """How a message ended, as an officer sorts them."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    OPEN = "open"


OUTCOME_TITLES: Final[Mapping[str, Text]] = {
    Outcome.DELIVERED: T("Delivered"),
    Outcome.FAILED: T("Not delivered"),
    Outcome.UNKNOWN: T("Unknown outcome"),
    Outcome.OPEN: T("No report yet"),
}
CONTACT_TITLES: Final[Mapping[str, Text]] = {
    ContactKind.CALL: T("Call"),
    ContactKind.VISIT: T("Visit"),
    ContactKind.NOTE: T("Note"),
}
CIRCUMSTANCE_TITLES: Final[Mapping[str, Text]] = {
    CircumstanceKind.PROMISED: T("Promised to pay"),
    CircumstanceKind.DISPUTED: T("Disputes the debt"),
    CircumstanceKind.COMPLAINT: T("Open complaint"),
    CircumstanceKind.BEREAVED: T("Bereaved"),
    CircumstanceKind.VULNERABLE: T("Needs consideration"),
}
ISSUER_TITLES: Final[Mapping[str, Text]] = {
    "branch": T("Branch"),
    "head_office": T("Head office"),
    "regulator": T("Regulator"),
}
_PURPOSES: Final[Mapping[str, Text]] = {purpose.value: title for purpose, title in PURPOSE_TITLES.items()}


@dataclass(frozen=True, kw_only=True)
class Field:
    key: str  # stored: scope and name; never changed once shipped
    title: Text
    kind: Kind
    scope: Scope
    choices: Mapping[str, Text] | None = None  # of CHOICE; None: the values that the database has
    own: str = ""  # CustomField.key of a field that the administrator made up


class UnknownField(UserError):
    """Never skipped: a condition left out would widen the segment."""

    def __init__(self, key: str) -> None:
        super().__init__(
            T("The segment uses a field that this program or this database does not have: {field}.", field=key),
            T("Replace that condition, or ask your administrator."),
        )


def _fields(
    scope: Scope, *declared: tuple[str, Text, Kind] | tuple[str, Text, Kind, Mapping[str, Text]]
) -> list[Field]:
    return [
        Field(
            key=f"{scope.value}.{each[0]}",
            title=each[1],
            kind=each[2],
            scope=scope,
            choices=each[3] if len(each) == 4 else None,
        )
        for each in declared
    ]


_ALL: Final = (
    *_fields(
        Scope.CUSTOMER,
        ("number", T("Customer number"), Kind.TEXT),
        ("name", T("Name"), Kind.TEXT),
        ("title", T("Salutation"), Kind.CHOICE),
        ("phone", T("Mobile number"), Kind.TEXT),
        ("region", T("Region"), Kind.CHOICE),
        ("branch", T("Branch"), Kind.CHOICE),
        ("manager", T("Manager"), Kind.CHOICE),
        ("rating", T("Rating"), Kind.CHOICE),
        ("segment", T("Segment (in the file)"), Kind.CHOICE),
        ("tags", T("Tags"), Kind.TAGS),
        ("birthday", T("Birthday"), Kind.ANNIVERSARY),
        ("age", T("Age"), Kind.AGE),
        ("channel", T("Preferred channel"), Kind.CHOICE),
        ("id_known", T("ID number is known"), Kind.FLAG),
        ("second_phone", T("Has a second number"), Kind.FLAG),
        ("created", T("Added"), Kind.MOMENT),
        ("updated", T("Changed"), Kind.MOMENT),
    ),
    *_fields(
        Scope.LOAN,
        ("due_on", T("Due date"), Kind.DATE),
        ("overdue", T("Days overdue"), Kind.DAYS),
        ("amount_due", T("Amount due"), Kind.MONEY),
        ("product", T("Product"), Kind.CHOICE),
        ("kind", T("Kind of loan"), Kind.CHOICE),
        ("state", T("State"), Kind.CHOICE, LOAN_STATE_TITLES),
        ("principal", T("Principal"), Kind.MONEY),
        ("penalty", T("Penalty"), Kind.MONEY),
        ("rate", T("Rate a year, %"), Kind.NUMBER),
        ("method", T("Method of repayment"), Kind.CHOICE),
        ("start_on", T("Start"), Kind.DATE),
        ("term", T("Term, months"), Kind.NUMBER),
        ("due_day", T("Due day of the month"), Kind.NUMBER),
        ("number", T("Loan number"), Kind.TEXT),
        ("account_tail", T("Tail of the repayment account"), Kind.TEXT),
    ),
    *_fields(
        Scope.INSTALMENT,
        ("due_on", T("Due date"), Kind.DATE),
        ("open", T("Not yet paid"), Kind.FLAG),
        ("overdue", T("Days overdue"), Kind.DAYS),
        ("outstanding", T("Amount outstanding"), Kind.MONEY),
        ("sequence", T("Number of the instalment"), Kind.NUMBER),
        ("principal", T("Principal"), Kind.MONEY),
        ("interest", T("Interest"), Kind.MONEY),
        ("penalty", T("Penalty"), Kind.MONEY),
        ("paid", T("Amount paid"), Kind.MONEY),
        ("paid_at", T("Last payment"), Kind.MOMENT),
    ),
    *_fields(
        Scope.MESSAGE,
        ("sent", T("Time of sending"), Kind.MOMENT),
        ("class", T("Kind of message"), Kind.CHOICE, {key: class_.title for key, class_ in CLASSES.items()}),
        ("outcome", T("Outcome"), Kind.CHOICE, OUTCOME_TITLES),
        ("body", T("Text"), Kind.TEXT),
        ("parts", T("Parts"), Kind.NUMBER),
    ),
    *_fields(Scope.REPLY, ("received", T("Received"), Kind.MOMENT), ("body", T("Text"), Kind.TEXT)),
    *_fields(
        Scope.CONTACT,
        ("at", T("Took place"), Kind.MOMENT),
        ("kind", T("Kind of contact"), Kind.CHOICE, CONTACT_TITLES),
        ("connected", T("Was reached"), Kind.FLAG),
        ("body", T("Note"), Kind.TEXT),
    ),
    *_fields(
        Scope.CONSENT,
        ("purpose", T("Purpose"), Kind.CHOICE, _PURPOSES),
        ("granted", T("Agreed"), Kind.FLAG),
        ("at", T("Date"), Kind.MOMENT),
        ("source", T("Source"), Kind.TEXT),
    ),
    *_fields(
        Scope.SUPPRESSION,
        ("scope", T("Applies to"), Kind.CHOICE, {SCOPE_ALL: T("All messages"), **_PURPOSES}),
        ("issuer", T("Issued by"), Kind.CHOICE, ISSUER_TITLES),
        ("since", T("Since"), Kind.MOMENT),
        ("until", T("Until"), Kind.MOMENT),
        ("reason", T("Reason"), Kind.TEXT),
    ),
    *_fields(
        Scope.CIRCUMSTANCE,
        ("kind", T("Circumstance"), Kind.CHOICE, CIRCUMSTANCE_TITLES),
        ("since", T("Since"), Kind.MOMENT),
        ("until", T("Until"), Kind.MOMENT),
        ("note", T("Note"), Kind.TEXT),
    ),
)

FIELDS: Final[Mapping[str, Field]] = {field.key: field for field in _ALL}

_OWN = re.compile(r"own\.(text|number|date|choice|flag)\.([A-Za-z0-9_.-]{1,32})")


def own_field(kind: FieldKind | str, key: str, title: str = "", choices: Iterable[str] = ()) -> Field:
    """A field that the administrator made up; its kind stands in the key, so that reading it needs no look-up."""
    kind = FieldKind(kind)
    return Field(
        key=f"own.{kind.value}.{key}",
        title=T("{title}", title=title or key),
        kind=Kind(kind.value),
        scope=Scope.CUSTOMER,
        choices={choice: T("{title}", title=choice) for choice in choices} or None,
        own=key,
    )


def field_of(key: str) -> Field:
    """Raises UnknownField. A field made up by the administrator is taken on trust: see ``store.require_known``."""
    if key in FIELDS:
        return FIELDS[key]
    own = _OWN.fullmatch(key)
    if own is None:
        raise UnknownField(key)
    return own_field(own[1], own[2])
