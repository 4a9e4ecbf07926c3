"""What a customer agreed to and refused, purpose by purpose: rows are only ever added, the newest counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from console.core.compliance.policy import Need
from console.core.compliance.purpose import Purpose
from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.customers.editing import locked
from console.core.customers.normalise import text
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db.models import Consent, Suppression

EVIDENCE_LIMIT = 255


class Source(StrEnum):
    """Where a person may take a consent or a refusal from; files and replies write ``import`` and ``reply``."""

    COUNTER = "counter"
    FORM = "form"
    PHONE = "phone"
    LETTER = "letter"
    APP = "app"


SOURCE_TITLES: Mapping[str, Text] = {
    Source.COUNTER: T("at the counter"),
    Source.FORM: T("signed form"),
    Source.PHONE: T("on the phone"),
    Source.LETTER: T("by letter"),
    Source.APP: T("in the bank's app"),
    "import": T("imported file"),
    "reply": T("reply by message"),
    "manual": T("entered by hand"),
}


class ConsentRefused(UserError):
    """A record that cannot stand."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """One thing a customer said about one purpose."""

    granted: bool
    source: str
    evidence: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What holds for one purpose, and all that was ever said about it, newest first."""

    purpose: Purpose
    need: Need
    barred: bool  # the branch's own list holds the number back for this purpose
    history: tuple[Word, ...]

    @property
    def granted(self) -> bool | None:
        """None: never said."""
        return self.history[0].granted if self.history else None

    @property
    def allowed(self) -> bool:
        """May messages of this purpose leave, as far as consent goes?"""
        if self.need is Need.NOT_NEEDED:
            return True
        return self.granted if self.granted is not None else self.need is Need.UNLESS_REFUSED


def standings(ctx: Context, session: Session, customer_id: int, phone: str) -> list[Standing]:
    """One for each purpose, in the order of the purposes."""
    words: dict[str, list[Word]] = {purpose.value: [] for purpose in Purpose}
    query = select(Consent).where(Consent.customer_id == customer_id).order_by(Consent.at.desc(), Consent.id.desc())
    for row in session.scalars(query):
        if row.purpose in words:
            word = Word(granted=row.granted, source=row.source, evidence=row.evidence, at=row.at)
            words[row.purpose].append(word)
    barred = _barred(session, phone, ctx.clock.now())
    needs = policy_at(session, ctx.clock.now()).needs
    return [
        Standing(purpose=purpose, need=needs[purpose], barred=purpose in barred, history=tuple(words[purpose]))
        for purpose in Purpose
    ]


def _barred(session: Session, phone: str, now: datetime) -> set[str]:
    query = select(Suppression.scope).where(
        Suppression.phone == phone, or_(Suppression.until.is_(None), Suppression.until > now)
    )
    return set(session.scalars(query))


def record(
    ctx: Context,
    customer_id: int,
    purpose: Purpose,
    *,
    granted: bool,
    source: Source,
    evidence: str,
    lift: bool = False,
) -> None:
    """What the customer said just now. ``evidence``: what proves it, a form's number, a recording, who heard it.

    ``lift``: a consent also ends the branch's own entry of the number for this purpose on the do-not-contact list,
    which would go on holding messages back. Raises NotPermitted, NoSuchCustomer, ConsentRefused.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    proof = text(evidence)
    if not proof or len(proof) > EVIDENCE_LIMIT:
        raise ConsentRefused(T("What proves it is needed, in at most {limit} characters.", limit=EVIDENCE_LIMIT))
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        customer = locked(session, customer_id)
        session.add(
            Consent(
                customer_id=customer_id,
                purpose=purpose.value,
                granted=granted,
                source=source.value,
                evidence=proof,
                at=_after(session, customer_id, purpose, now),
            )
        )
        lifted = lift and granted and _lift(session, customer.phone, purpose, now)
        action = "consent.give" if granted else "consent.withdraw"
        detail = {"purpose": purpose.value, "source": source.value, "evidence": proof, "lifted": lifted}
        ctx.audit(session, action, f"customer:{customer_id}", **detail)


def _after(session: Session, customer_id: int, purpose: Purpose, now: datetime) -> datetime:
    """Now; but never before what was said last, which a reply may have dated a moment ahead of this clock."""
    query = select(Consent.at).where(Consent.customer_id == customer_id, Consent.purpose == purpose.value)
    last = session.scalar(query.order_by(Consent.at.desc()).limit(1))
    return now if last is None else max(now, last)


def _lift(session: Session, phone: str, purpose: Purpose, now: datetime) -> bool:
    ended = session.execute(
        update(Suppression)
        .where(
            Suppression.phone == phone,
            Suppression.scope == purpose.value,
            Suppression.issuer == "branch",
            or_(Suppression.until.is_(None), Suppression.until > now),
        )
        .values(until=now)
        .returning(Suppression.id)
    ).all()
    return bool(ended)
