"""The tables that a customer's time line is made of, each read as a page of entries before a cursor."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from console.core.audit.words import action_title, detail_words
from console.core.campaigns.rules import rule_title
from console.core.campaigns.views import outcome
from console.core.compliance.purpose import PURPOSE_TITLES, Purpose
from console.core.customers.circumstances import KIND_TITLES as CIRCUMSTANCES
from console.core.customers.circumstances import last_day
from console.core.customers.consents import SOURCE_TITLES
from console.core.customers.contacts import KIND_TITLES as CONTACTS
from console.core.customers.suppressions import ISSUER_TITLES, Issuer, scope_title
from console.core.customers.timeline_entries import Cursor, Entry, Kind, Who, paged
from console.core.format import local_date
from console.core.i18n import T, Text, listed, tr
from console.core.inbound.remarks import shown
from console.core.messages.classes import CLASSES
from console.core.sending.causes import explain
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    ChangeKind,
    Circumstance,
    Consent,
    Contact,
    ContactKind,
    Exclusion,
    ImportBatch,
    ImportChange,
    ImportedCustomer,
    ImportState,
    InboundMessage,
    Loan,
    Message,
    Suppression,
    User,
)


class Source(NamedTuple):
    kind: Kind
    fetch: Callable[[Session, Who, Cursor | None, int, int, datetime], list[Entry]]


# Messages, and those that did not go


def _messages(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
    """By the moment of sending; the texts are read of those only that stand on the page."""
    at = func.coalesce(Message.sending_at, Message.done_at, Message.created_at)
    query = (
        select(Message.id, at)
        .join(Batch, Batch.id == Message.batch_id)
        .where(Message.customer_id == who.id, Batch.state.not_in([BatchState.BUILDING, BatchState.VOID]))
    )
    moments = {row[0]: row[1] for row in session.execute(paged(query, at, Message.id, before, rank, size))}
    whole = (
        select(Message, Batch, Campaign.name)
        .join(Batch, Batch.id == Message.batch_id)
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .where(Message.id.in_(moments))
    )
    found = {row[0].id: row for row in session.execute(whole)}
    return [
        Entry(
            source=rank,
            id=message.id,
            kind=Kind.MESSAGE,
            at=moment,
            title=_about(batch, campaign),
            state="pending" if batch.state is BatchState.PENDING else outcome(message.state, batch.state).value,
            body=message.body,
            note=_reason(message),
            explained=True,
        )
        for moment, (message, batch, campaign) in ((at_, found[id_]) for id_, at_ in moments.items())
    ]


def _about(batch: Batch, campaign: str | None) -> str:
    if batch.kind is BatchKind.TEST:
        return tr("Test message")
    class_ = CLASSES.get(batch.class_key)
    return " · ".join(filter(None, (str(class_.title) if class_ else "", campaign)))


def _reason(message: Message) -> str:
    if message.reason_text:
        return str(Text.load(message.reason_text))
    return str(explain(message.reason).text) if message.reason else ""


def _exclusions(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
    query = (
        select(Exclusion, Batch, Campaign.name)
        .join(Batch, Batch.id == Exclusion.batch_id)
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .where(Exclusion.customer_id == who.id, Batch.state.not_in([BatchState.BUILDING, BatchState.VOID]))
    )
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.LEFT_OUT,
            at=batch.created_at,
            title=_about(batch, campaign),
            state="left_out",
            note=str(Text.load(row.reason)) or str(rule_title(row.rule)),
            explained=True,
        )
        for row, batch, campaign in session.execute(paged(query, Batch.created_at, Exclusion.id, before, rank, size))
    ]


def _replies(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
    senders = [form for phone in who.phones for form in (phone, f"+86{phone}", f"86{phone}")]
    query = select(InboundMessage).where(or_(InboundMessage.sender.in_(senders), InboundMessage.customer_id == who.id))
    replies = paged(query, InboundMessage.received_at, InboundMessage.id, before, rank, size)
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.REPLY,
            at=row.received_at,
            title=tr("Reply"),
            body=row.body,
            note=shown(row.remarks),
        )
        for row in session.scalars(replies)
    ]


# What staff wrote down


def _contacts(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
    query = (
        select(Contact, User.display_name)
        .outerjoin(User, User.id == Contact.created_by)
        .where(Contact.customer_id == who.id)
    )
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.CONTACT,
            at=row.at,
            title=_contact_title(row),
            body=row.body,
            by=name or "",
            contact=row.kind,
        )
        for row, name in session.execute(paged(query, Contact.at, Contact.id, before, rank, size))
    ]


def _contact_title(row: Contact) -> str:
    if row.kind is ContactKind.CALL:
        return tr("Call, got through") if row.connected else tr("Call, not answered")
    return str(CONTACTS[row.kind])


def _consents(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
    query = select(Consent).where(Consent.customer_id == who.id)
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.CONSENT,
            at=row.at,
            title=_consent_title(row),
            note=said(row.source, row.evidence),
        )
        for row in session.scalars(paged(query, Consent.at, Consent.id, before, rank, size))
    ]


def _consent_title(row: Consent) -> str:
    purpose = str(PURPOSE_TITLES[Purpose(row.purpose)]) if row.purpose in set(Purpose) else row.purpose
    return tr("Agreed to: {purpose}", purpose=purpose) if row.granted else tr("Refused: {purpose}", purpose=purpose)


def said(source: str, evidence: str) -> str:
    """Where a word of a customer is known from: ``at the counter: form 17``. A reply stands on the time line itself."""
    proof = "" if evidence.startswith("inbound:") else evidence.partition(" #")[0]
    return ": ".join(filter(None, (str(SOURCE_TITLES.get(source, source)), proof)))


def _circumstances(
    session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime
) -> list[Entry]:
    query = (
        select(Circumstance, User.display_name)
        .outerjoin(User, User.id == Circumstance.created_by)
        .where(Circumstance.customer_id == who.id)
    )
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.CIRCUMSTANCE,
            at=row.created_at,
            title=str(CIRCUMSTANCES[row.kind]),
            note=tr("until {date}", date=local_date(last_day(row.until))) if row.until else "",
            body=row.note,
            by=name or "",
        )
        for row, name in session.execute(paged(query, Circumstance.created_at, Circumstance.id, before, rank, size))
    ]


def _circumstances_ended(
    session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime
) -> list[Entry]:
    ended = func.coalesce(Circumstance.ended_at, Circumstance.until)
    query = select(Circumstance, ended).where(Circumstance.customer_id == who.id, ended <= now)
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.CIRCUMSTANCE,
            at=at,
            title=tr("Over: {circumstance}", circumstance=str(CIRCUMSTANCES[row.kind])),
        )
        for row, at in session.execute(paged(query, ended, Circumstance.id, before, rank, size))
    ]


# The do-not-contact list


def _suppressions(
    session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime
) -> list[Entry]:
    query = select(Suppression).where(Suppression.phone.in_(who.phones))
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.CONSENT,
            at=row.created_at,
            title=tr("Not to be written to: {scope}", scope=scope_title(row.scope)),
            note=_listed(row),
        )
        for row in session.scalars(paged(query, Suppression.created_at, Suppression.id, before, rank, size))
    ]


def _listed(row: Suppression) -> str:
    until = tr("until {date}", date=local_date(last_day(row.until))) if row.until else ""
    return " · ".join(filter(None, (str(ISSUER_TITLES[Issuer(row.issuer)]), said(row.source, row.reason), until)))


def _suppressions_ended(
    session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime
) -> list[Entry]:
    query = select(Suppression).where(Suppression.phone.in_(who.phones), Suppression.until <= now)
    found = session.scalars(paged(query, Suppression.until, Suppression.id, before, rank, size)).all()
    ends = _ends(session, [row.id for row in found])
    return [
        Entry(
            source=rank,
            id=row.id,
            kind=Kind.CONSENT,
            at=row.until or now,
            title=tr("May be written to again: {scope}", scope=scope_title(row.scope)),
            note=ends.get(row.id, ("", ""))[0],
            by=ends.get(row.id, ("", ""))[1],
        )
        for row in found
    ]


def _ends(session: Session, suppressions: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Why and by whom each was ended, where a person did."""
    subjects = {f"suppression:{each}": each for each in suppressions}
    query = (
        select(AuditEntry.subject, AuditEntry.detail, User.display_name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.subject.in_(subjects), AuditEntry.action == "suppression.end")
        .order_by(AuditEntry.id)
    )
    return {
        subjects[subject]: (str(json.loads(detail).get("reason", "")), name or "")
        for subject, detail, name in session.execute(query)
    }


# Imports, changes, looks


def _imports(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
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
            source=rank,
            id=row.id,
            kind=Kind.CHANGE,
            at=row.created_at,
            title=(tr("Came in with the file {file}", file=row.file_name) if came else _by_file(row, about, lent)),
            note=tr("This import was undone.") if row.state is ImportState.UNDONE else "",
            by=name or "",
        )
        for row, name, came, about, lent in session.execute(
            paged(query, ImportBatch.created_at, ImportBatch.id, before, rank, size)
        )
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


def _audited(session: Session, who: Who, before: Cursor | None, rank: int, size: int, *, looks: bool) -> list[Entry]:
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
            source=rank,
            id=row.id,
            kind=Kind.LOOK if looks else Kind.CHANGE,
            at=row.at,
            title=action_title(row.action),
            note=str(json.loads(row.detail).get("reason", "")) if looks else _changed(row.detail),
            by=name or "",
        )
        for row, name in session.execute(paged(query, AuditEntry.at, AuditEntry.id, before, rank, size))
    ]


def _changed(detail: str) -> str:
    """The details as they stand in the audit trail; fields by their titles."""
    stored = json.loads(detail)
    names = stored.pop("changed", None)
    titles = (str(FIELD_TITLES.get(name, name)) for name in names) if isinstance(names, list) else ()
    fields = listed(dict.fromkeys(titles))
    return " · ".join(filter(None, (fields, detail_words(json.dumps(stored)))))


FIELD_TITLES: Mapping[str, Text] = {
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


def _changes(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
    return _audited(session, who, before, rank, size, looks=False)


def _looks(session: Session, who: Who, before: Cursor | None, rank: int, size: int, now: datetime) -> list[Entry]:
    return _audited(session, who, before, rank, size, looks=True)


SOURCES = (
    Source(Kind.MESSAGE, _messages),
    Source(Kind.LEFT_OUT, _exclusions),
    Source(Kind.REPLY, _replies),
    Source(Kind.CONTACT, _contacts),
    Source(Kind.CONSENT, _consents),
    Source(Kind.CONSENT, _suppressions),
    Source(Kind.CONSENT, _suppressions_ended),
    Source(Kind.CIRCUMSTANCE, _circumstances),
    Source(Kind.CIRCUMSTANCE, _circumstances_ended),
    Source(Kind.CHANGE, _imports),
    Source(Kind.CHANGE, _changes),
    Source(Kind.LOOK, _looks),
)
