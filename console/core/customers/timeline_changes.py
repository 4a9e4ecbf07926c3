"""Of a customer's time line: imports, changes by hand, and looks at full numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from console.core.audit.words import action_title, detail_words
from console.core.customers.timeline_entries import Entry, Kind, Page, Who
from console.core.i18n import T, Text, listed, tr
from db.models import AuditEntry, ChangeKind, ImportBatch, ImportChange, ImportedCustomer, ImportState, Loan, User


def imports(session: Session, who: Who, page: Page) -> list[Entry]:
    """Those that brought or changed the customer or a loan; standing unchanged in a file is no news."""
    own = _wrote(ChangeKind.CUSTOMER).where(ImportChange.row_id == who.id).exists()
    mine = select(Loan.id).where(Loan.customer_id == who.id)
    loans = _wrote(ChangeKind.LOAN).where(ImportChange.row_id.in_(mine)).exists()
    added = ImportedCustomer.added
    query = (
        select(ImportBatch, User.display_name, added, own, loans)
        .join(ImportedCustomer, ImportedCustomer.import_id == ImportBatch.id)
        .outerjoin(User, User.id == ImportBatch.created_by)
        .where(ImportedCustomer.customer_id == who.id, or_(added, own, loans))
        .where(ImportBatch.state.in_([ImportState.DONE, ImportState.UNDONE]))
    )
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.CHANGE,
            at=row.created_at,
            title=(tr("Came in with the file {file}", file=row.file_name) if came else _by_file(row, about, lent)),
            note=tr("This import was undone.") if row.state is ImportState.UNDONE else "",
            by=name or "",
        )
        for row, name, came, about, lent in session.execute(page.of(query, ImportBatch.created_at, ImportBatch.id))
    ]


def _wrote(kind: ChangeKind) -> Select[Any, *tuple[Any, ...]]:
    return select(ImportChange.import_id).where(ImportChange.import_id == ImportBatch.id, ImportChange.kind == kind)


def _by_file(row: ImportBatch, about: bool, lent: bool) -> str:
    if about and lent:
        return tr("Personal data and loans changed by the file {file}", file=row.file_name)
    if about:
        return tr("Personal data changed by the file {file}", file=row.file_name)
    return tr("Loans changed by the file {file}", file=row.file_name)


_ELSEWHERE = ("consent.", "contact.", "circumstance.", "suppression.")  # these have rows of their own here


def _audited(session: Session, who: Who, page: Page, *, looks: bool) -> list[Entry]:
    look = AuditEntry.action.startswith("customer.reveal")
    query = (
        select(AuditEntry, User.display_name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.subject == f"customer:{who.id}", look if looks else ~look)
    )
    for prefix in _ELSEWHERE:
        query = query.where(~AuditEntry.action.startswith(prefix))
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.LOOK if looks else Kind.CHANGE,
            at=row.at,
            title=action_title(row.action),
            note=str(json.loads(row.detail).get("reason", "")) if looks else _changed(row.detail),
            by=name or "",
        )
        for row, name in session.execute(page.of(query, AuditEntry.at, AuditEntry.id))
    ]


def _changed(detail: str) -> str:
    """The details as they stand in the audit trail; fields by their titles."""
    stored = json.loads(detail)
    names = stored.pop("changed", None)
    titles = (str(_TITLES.get(name, name)) for name in names) if isinstance(names, list) else ()
    fields = listed(dict.fromkeys(titles))
    return " · ".join(filter(None, (fields, detail_words(json.dumps(stored)))))


_TITLES: Mapping[str, Text] = {
    "number": T("Customer number"),
    "name": T("Name"),
    "title": T("Form of address"),
    "phone": T("Mobile number"),
    "id_number": T("Identity number"),
    "birthday": T("Birthday"),
    "region": T("Region"),
    "branch": T("Branch"),
    "manager": T("Customer manager"),
    "rating": T("Rating"),
    "segment": T("Segment"),
    "tags": T("Tags"),
    "channel": T("Preferred channel"),
    "hours_from": T("Contact hours"),
    "hours_to": T("Contact hours"),
    "product": T("Product"),
    "kind": T("Kind of loan"),
    "method": T("Repayment method"),
    "principal": T("Loan amount"),
    "rate": T("Yearly rate"),
    "term_months": T("Term"),
    "start_on": T("Start of the loan"),
    "due_day": T("Due day"),
    "due_on": T("Due date"),
    "amount_due": T("Amount due"),
    "penalty": T("Penalty interest"),
    "state": T("State of the loan"),
    "account": T("Repayment account"),
}


def changes(session: Session, who: Who, page: Page) -> list[Entry]:
    return _audited(session, who, page, looks=False)


def looks(session: Session, who: Who, page: Page) -> list[Entry]:
    return _audited(session, who, page, looks=True)
