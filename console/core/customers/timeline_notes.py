"""Of a customer's time line: what staff wrote down, and what the customer agreed to and refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.compliance.purpose import PURPOSE_TITLES, Purpose
from console.core.customers.circumstances import KIND_TITLES as CIRCUMSTANCES
from console.core.customers.circumstances import last_day
from console.core.customers.consents import SOURCE_TITLES
from console.core.customers.contacts import KIND_TITLES as CONTACTS
from console.core.customers.suppressions import ISSUER_TITLES, Issuer, scope_title
from console.core.customers.timeline_entries import Entry, Kind, Page, Who
from console.core.format import local_date
from console.core.i18n import tr
from db.models import AuditEntry, Circumstance, Consent, Contact, ContactKind, Suppression, User


def contacts(session: Session, who: Who, page: Page) -> list[Entry]:
    query = (
        select(Contact, User.display_name)
        .outerjoin(User, User.id == Contact.created_by)
        .where(Contact.customer_id == who.id)
    )
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.CONTACT,
            at=row.at,
            title=_contact_title(row),
            body=row.body,
            by=name or "",
            contact=row.kind,
        )
        for row, name in session.execute(page.of(query, Contact.at, Contact.id))
    ]


def _contact_title(row: Contact) -> str:
    if row.kind is ContactKind.CALL:
        return tr("Call, got through") if row.connected else tr("Call, not answered")
    return str(CONTACTS[row.kind])


def consents(session: Session, who: Who, page: Page) -> list[Entry]:
    query = select(Consent).where(Consent.customer_id == who.id)
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.CONSENT,
            at=row.at,
            title=_consent_title(row),
            note=said(row.source, row.evidence),
        )
        for row in session.scalars(page.of(query, Consent.at, Consent.id))
    ]


def _consent_title(row: Consent) -> str:
    purpose = str(PURPOSE_TITLES[Purpose(row.purpose)]) if row.purpose in set(Purpose) else row.purpose
    return tr("Agreed to: {purpose}", purpose=purpose) if row.granted else tr("Refused: {purpose}", purpose=purpose)


def said(source: str, evidence: str) -> str:
    """Where a word of a customer is known from: ``at the counter: form 17``. A reply stands on the time line itself."""
    proof = "" if evidence.startswith("inbound:") else evidence.partition(" #")[0]
    return ": ".join(filter(None, (str(SOURCE_TITLES.get(source, source)), proof)))


def circumstances(session: Session, who: Who, page: Page) -> list[Entry]:
    query = (
        select(Circumstance, User.display_name)
        .outerjoin(User, User.id == Circumstance.created_by)
        .where(Circumstance.customer_id == who.id)
    )
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.CIRCUMSTANCE,
            at=row.created_at,
            title=str(CIRCUMSTANCES[row.kind]),
            note=tr("until {date}", date=local_date(last_day(row.until))) if row.until else "",
            body=row.note,
            by=name or "",
        )
        for row, name in session.execute(page.of(query, Circumstance.created_at, Circumstance.id))
    ]


def circumstances_ended(session: Session, who: Who, page: Page) -> list[Entry]:
    ended = func.coalesce(Circumstance.ended_at, Circumstance.until)
    query = select(Circumstance, ended).where(Circumstance.customer_id == who.id, ended <= page.now)
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.CIRCUMSTANCE,
            at=at,
            title=tr("Over: {circumstance}", circumstance=str(CIRCUMSTANCES[row.kind])),
        )
        for row, at in session.execute(page.of(query, ended, Circumstance.id))
    ]


def suppressions(session: Session, who: Who, page: Page) -> list[Entry]:
    query = select(Suppression).where(Suppression.phone.in_(who.phones))
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.CONSENT,
            at=row.created_at,
            title=tr("Not to be written to: {scope}", scope=scope_title(row.scope)),
            note=_listed(row),
        )
        for row in session.scalars(page.of(query, Suppression.created_at, Suppression.id))
    ]


def _listed(row: Suppression) -> str:
    until = tr("until {date}", date=local_date(last_day(row.until))) if row.until else ""
    return " · ".join(filter(None, (str(ISSUER_TITLES[Issuer(row.issuer)]), said(row.source, row.reason), until)))


def suppressions_ended(session: Session, who: Who, page: Page) -> list[Entry]:
    query = select(Suppression).where(Suppression.phone.in_(who.phones), Suppression.until <= page.now)
    found = session.scalars(page.of(query, Suppression.until, Suppression.id)).all()
    ends = _ends(session, [row.id for row in found])
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.CONSENT,
            at=row.until or page.now,
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
