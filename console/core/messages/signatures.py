"""The register of signatures: whose each one is, under which number, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.messages.findings import Finding, Level
from console.core.messages.words import content_policy
from console.core.security.permissions import Permission
from db.models import Signature

WARN_DAYS = 30
HOLDER_LENGTH, REGISTRATION_LENGTH = 100, 60


class Standing(StrEnum):
    GOOD = "good"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    RETIRED = "retired"


class UnusableSignature(UserError):
    """A text, holder or number that cannot be taken."""


class SignatureGone(UserError):
    def __init__(self) -> None:
        super().__init__(T("This signature does not exist any more."), T("Look at the list again."))


@dataclass(frozen=True, kw_only=True)
class SignatureRow:
    id: int
    text: str
    holder: str
    registration: str
    valid_until: date | None
    retired: bool


def standing(row: SignatureRow, today: date) -> Standing:
    if row.retired:
        return Standing.RETIRED
    if row.valid_until is None or (row.valid_until - today).days > WARN_DAYS:
        return Standing.GOOD
    return Standing.EXPIRED if row.valid_until < today else Standing.EXPIRING


def signature_rows(session: Session) -> list[SignatureRow]:
    """Those in use first, by text."""
    return [_row(each) for each in session.scalars(select(Signature).order_by(Signature.retired, Signature.text))]


def save_signature(
    ctx: Context,
    *,
    signature_id: int | None = None,
    text: str,
    holder: str,
    registration: str,
    valid_until: date | None,
) -> int:
    """Its id. The text of a registered signature stays: another text is another registration.

    Raises NotPermitted, SignatureGone, UnusableSignature.
    """
    ctx.require(Permission.SETTINGS_EDIT)
    text, holder, registration = text.strip(), " ".join(holder.split()), registration.strip()
    trouble = _trouble(text, holder, registration)
    if trouble is not None:
        raise UnusableSignature(trouble)
    with ctx.database.begin() as session:
        known = session.scalar(select(Signature).where(Signature.text == text))
        if signature_id is None:
            if known is not None:
                raise UnusableSignature(T("This signature is already registered."))
            row = Signature(text=text, updated_at=ctx.clock.now(), holder="", registration="")
            session.add(row)
        else:
            row = _locked(session, signature_id)
        row.holder, row.registration, row.valid_until = holder, registration, valid_until
        row.updated_at = ctx.clock.now()
        session.flush()
        _record(ctx, session, "signature.save", row)
        return row.id


def retire_signature(ctx: Context, signature_id: int, *, retired: bool = True) -> None:
    """Or take it up again. Raises NotPermitted, SignatureGone."""
    ctx.require(Permission.SETTINGS_EDIT)
    with ctx.database.begin() as session:
        row = _locked(session, signature_id)
        row.retired, row.updated_at = retired, ctx.clock.now()
        _record(ctx, session, "signature.retire" if retired else "signature.restore", row)


def check_signature(rows: Sequence[SignatureRow], text: str, today: date) -> list[Finding]:
    """Whether messages may begin with ``text`` today; an office that keeps no register is asked nothing."""
    if not rows:
        return []
    row = next((each for each in rows if each.text == text), None)
    if row is None:
        return [
            _finding(
                Level.WARN,
                "unregistered",
                T(
                    "The signature {signature} is not in the register: carriers refuse what they do not know.",
                    signature=text,
                ),
                T("Enter its registration in the settings."),
            )
        ]
    found = standing(row, today)
    if found is Standing.RETIRED:
        why = T("The signature {signature} was retired.", signature=text)
        return [_finding(Level.BLOCK, "retired", why, T("Choose another one in the settings."))]
    if found is Standing.EXPIRED:
        why = T(
            "The registration of the signature {signature} ended on {day}.", signature=text, day=str(row.valid_until)
        )
        return [_finding(Level.BLOCK, "expired", why, T("Renew it, then enter the new end in the settings."))]
    if found is Standing.EXPIRING:
        why = T(
            "The registration of the signature {signature} ends on {day}.", signature=text, day=str(row.valid_until)
        )
        return [_finding(Level.WARN, "expiring", why, T("Renew it in time."))]
    return []


def signature_findings(session: Session, text: str, today: date) -> list[Finding]:
    return check_signature(signature_rows(session), text, today)


def _finding(level: Level, name: str, why: Text, mend: Text) -> Finding:
    return Finding(level=level, rule=f"signature.{name}", why=why, mend=mend)


def _trouble(text: str, holder: str, registration: str) -> Text | None:
    policy = content_policy()
    low, high = policy.signature_shortest, policy.signature_longest
    if not low <= len(text) <= high or set(text) & set("【】[]"):
        return T("The signature must have {low} to {high} characters and no brackets.", low=low, high=high)
    if not 0 < len(holder) <= HOLDER_LENGTH:
        return T("Name the holder of the registration.")
    if not 0 < len(registration) <= REGISTRATION_LENGTH:
        return T("Enter the number of the registration.")
    return None


def _locked(session: Session, signature_id: int) -> Signature:
    row = session.get(Signature, signature_id, with_for_update=True)
    if row is None:
        raise SignatureGone()
    return row


def _row(row: Signature) -> SignatureRow:
    return SignatureRow(
        id=row.id,
        text=row.text,
        holder=row.holder,
        registration=row.registration,
        valid_until=row.valid_until,
        retired=row.retired,
    )


def _record(ctx: Context, session: Session, action: str, row: Signature) -> None:
    ctx.audit(
        session, action, f"signature:{row.id}", signature=row.text, holder=row.holder, registration=row.registration,
        valid_until=row.valid_until,
    )  # fmt: skip
