"""Calls, visits and remarks, written down by staff; never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from console.core.context import Context
from console.core.customers.editing import locked, require_loan
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db.models import Contact, ContactKind

__all__ = ["KIND_TITLES", "ContactKind", "ContactRefused", "add_contact"]

BODY_LIMIT = 2000
_AHEAD = timedelta(minutes=2)  # a clock of another computer

KIND_TITLES: Mapping[ContactKind, Text] = {
    ContactKind.CALL: T("Call"),
    ContactKind.VISIT: T("Visit"),
    ContactKind.NOTE: T("Remark"),
}


class ContactRefused(UserError):
    """A record that cannot stand."""


def add_contact(
    ctx: Context,
    customer_id: int,
    kind: ContactKind,
    body: str,
    *,
    connected: bool | None = None,
    at: datetime | None = None,
    loan_id: int | None = None,
) -> int:
    """The id. ``at``: when it took place, now when not given. A call says whether it got through: it counts for the
    limits of collection. Raises NotPermitted, NoSuchCustomer, NotTheirLoan, ContactRefused.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    now, words = ctx.clock.now(), body.strip()
    if len(words) > BODY_LIMIT:
        raise ContactRefused(T("At most {limit} characters.", limit=BODY_LIMIT))
    if not words and not (kind is ContactKind.CALL and connected is False):
        raise ContactRefused(T("Write what was said."))
    if (kind is ContactKind.CALL) != (connected is not None):
        raise ContactRefused(T("Say whether the call got through."))
    if at is not None and at > now + _AHEAD:
        raise ContactRefused(T("This is still to come."), T("Enter it after it took place."))
    with ctx.database.begin() as session:
        locked(session, customer_id)
        require_loan(session, customer_id, loan_id)
        row = Contact(
            customer_id=customer_id,
            loan_id=loan_id,
            kind=kind,
            at=at or now,
            connected=connected,
            body=words,
            created_by=ctx.actor.user_id,
            created_at=now,
        )
        session.add(row)
        session.flush()
        detail = {"kind": kind.value, "loan": loan_id}
        if connected is not None:
            detail["connected"] = connected
        ctx.audit(session, "contact.add", f"customer:{customer_id}", **detail)
        return row.id
