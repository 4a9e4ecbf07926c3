"""Asking for a file with full numbers: who, what exactly, why; decided by somebody else; written once, in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, select

from console.core.context import Context
from console.core.customers.browse import CustomerFilter, customer_ids
from console.core.customers.browse import Sort as CustomerSort
from console.core.customers.export import export_customers
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import T, Text, tr
from console.core.listing import Sort
from console.core.logs import masked_numbers
from console.core.protection.permits import NoPermit, Permit, digest_of
from console.core.reports import requests
from console.core.reports import run as reports
from console.core.reports.period import Period
from console.core.reports.requests import Report, Request
from console.core.security.permissions import Permission
from db.models import ExportRequest, RequestState, User

CUSTOMERS, REPORT = "customers", "report"
_LONGEST_IDS = 20_000  # chosen one by one; a longer list is described by its filter
LONGEST_REASON = 300

STATE_TITLES: dict[str, Text] = {
    RequestState.PENDING: T("Waits for a decision"),
    RequestState.APPROVED: T("Approved"),
    RequestState.REFUSED: T("Not approved"),
    RequestState.USED: T("Used"),
    "expired": T("Expired"),
}
Tell = Callable[[int, int], None]


class OwnRequest(UserError):
    def __init__(self) -> None:
        super().__init__(T("Nobody decides on their own request."), T("Ask another supervisor."))


class Decided(UserError):
    def __init__(self) -> None:
        super().__init__(T("This request was decided already, or has expired."), T("Refresh the list."))


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRow:
    id: int
    title: str
    rows: int
    reason: str
    state: str  # of RequestState, or "expired"
    requester: str
    requester_id: int
    requested_at: datetime
    decider: str
    decided_at: datetime | None
    comment: str
    expires_at: datetime
    digest: str


# --- asking -----------------------------------------------------------------------------------------------------


def ask_for_customers(ctx: Context, wanted: CustomerFilter, reason: str, *, only: Sequence[int] = ()) -> int:
    """The customers that match, or ``only`` these; the number of the request. Raises NotPermitted, UserError."""
    ctx.require(Permission.CUSTOMERS_VIEW)
    with ctx.database.read() as session:
        ids = list(only) or customer_ids(session, wanted, CustomerSort("number"))
    if len(only) > _LONGEST_IDS:
        raise UserError(
            T("At most {n} customers can be chosen one by one.", n=_LONGEST_IDS), T("Describe them with a filter.")
        )
    title = tr("Customers: {filter}", filter=wanted.describe() or tr("All customers"))
    if only:
        title = tr("Customers: {n} chosen", n=len(only))
    return _ask(ctx, CUSTOMERS, title, {"filter": wanted.dump(), "ids": list(only)}, ids, reason)


def ask_for_report(ctx: Context, request: Request, reason: str) -> int:
    """The number of the request. Raises NotPermitted, UserError."""
    ctx.require(Permission.REPORTS_EXPORT)
    with ctx.database.read() as session:
        ids = requests.numbers_of(session, request)
        title = f"{requests.CARDS[request.report].title} · {requests.about(session, request)}"
    return _ask(ctx, REPORT, title, _dumped(request), ids, reason)


def _ask(ctx: Context, kind: str, title: str, wanted: dict[str, Any], ids: Sequence[int], reason: str) -> int:
    title, reason = masked_numbers(title), masked_numbers(reason.strip())[:LONGEST_REASON]
    if not reason:
        raise UserError(T("Write why full numbers are needed."))
    if not ids:
        raise UserError(T("There is nothing to export."))
    now, digest = ctx.clock.now(), digest_of(ids)
    with ctx.database.begin() as session:
        row = ExportRequest(
            kind=kind, title=title, wanted=wanted, digest=digest, rows=len(ids), reason=reason,
            state=RequestState.PENDING, requested_by=ctx.actor.user_id, requested_at=now, expires_at=now + _life(ctx),
        )  # fmt: skip
        session.add(row)
        session.flush()
        subject = f"full_export:{row.id}"
        ctx.audit(session, "full_export.request", subject, name=title, rows=len(ids), digest=digest, reason=reason)
        return row.id


def _life(ctx: Context) -> timedelta:
    return timedelta(hours=ctx.settings.integer("security.full_export_hours"))


# --- deciding ---------------------------------------------------------------------------------------------------


def decide(ctx: Context, request_id: int, *, approved: bool, comment: str = "") -> None:
    """Maker is never checker. Raises NotPermitted, OwnRequest, Decided, UserError for a refusal without a reason."""
    ctx.require(Permission.APPROVALS_DECIDE)
    comment = comment.strip()[:LONGEST_REASON]
    if not approved and not comment:
        raise UserError(T("Write why it is not approved."))
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        row = session.get(ExportRequest, request_id, with_for_update=True)
        if row is None or row.state is not RequestState.PENDING or row.expires_at <= now:
            raise Decided()
        if row.requested_by == ctx.actor.user_id:
            raise OwnRequest()
        row.state = RequestState.APPROVED if approved else RequestState.REFUSED
        row.decided_by, row.decided_at, row.comment = ctx.actor.user_id, now, comment
        row.expires_at = now + _life(ctx)
        ctx.audit(
            session, "full_export.approve" if approved else "full_export.refuse", f"full_export:{row.id}",
            name=row.title, rows=row.rows, digest=row.digest, comment=comment, expires_at=row.expires_at,
        )  # fmt: skip


# --- writing ----------------------------------------------------------------------------------------------------


def write(ctx: Context, request_id: int, path: Path, tell: Tell | None = None) -> int:
    """The approved file, once; its rows. Raises NoPermit, ListChanged, UserError, and what ``tell`` raises."""
    row, permit = _permit(ctx, request_id)
    if row.kind == CUSTOMERS:
        wanted = CustomerFilter.load(row.wanted["filter"])
        sort = CustomerSort("number")
        return export_customers(ctx, wanted, sort, path, tell, only=row.wanted["ids"], permit=permit)
    return reports.export(ctx, replace(_loaded(row.wanted), reveal=True), path, tell, permit=permit).rows


def _permit(ctx: Context, request_id: int) -> tuple[ExportRequest, Permit]:
    with ctx.database.read() as session:
        row = session.get(ExportRequest, request_id)
        approver = session.get(User, row.decided_by) if row is not None and row.decided_by is not None else None
    usable = (
        row is not None
        and row.state is RequestState.APPROVED
        and row.requested_by == ctx.actor.user_id
        and row.expires_at > ctx.clock.now()
    )
    if row is None or not usable or approver is None or row.decided_at is None:
        raise NoPermit()
    note = tr(
        "Request {n}, approved by {name} at {time}. Reason: {reason}",
        n=row.id, name=approver.display_name, time=local_datetime(row.decided_at), reason=row.reason,
    )  # fmt: skip
    return row, Permit(request_id=row.id, digest=row.digest, rows=row.rows, note=note)


def _dumped(request: Request) -> dict[str, Any]:
    period = request.period
    return {
        "report": request.report.value,
        "campaign": request.campaign_id,
        "period": None if period is None else [period.first.isoformat(), period.last.isoformat()],
    }


def _loaded(stored: dict[str, Any]) -> Request:
    period = stored["period"]
    return Request(
        report=Report(stored["report"]),
        campaign_id=stored["campaign"],
        period=None if period is None else Period(*map(date.fromisoformat, period)),
    )


# --- the list ---------------------------------------------------------------------------------------------------


def request_ids(ctx: Context, sort: Sort) -> list[int]:
    """One's own; for who decides, everybody's. Those that wait first, then the newest."""
    waits = ExportRequest.state == RequestState.PENDING
    query = select(ExportRequest.id).where(_visible(ctx)).order_by((~waits).asc(), ExportRequest.id.desc())
    with ctx.database.read() as session:
        return list(session.scalars(query))


def request_rows(ctx: Context, ids: Sequence[int]) -> list[RequestRow]:
    """In the order of ``ids``."""
    now = ctx.clock.now()
    with ctx.database.read() as session:
        found = session.scalars(select(ExportRequest).where(ExportRequest.id.in_(ids), _visible(ctx))).all()
        people = {row.requested_by for row in found} | {row.decided_by for row in found}
        known = session.execute(select(User.id, User.display_name).where(User.id.in_(people - {None})))
        names: dict[int | None, str] = {id_: name for id_, name in known}  # noqa: C416 - a Row is no tuple
    rows = {row.id: _row(row, names, now) for row in found}
    return [rows[id_] for id_ in ids if id_ in rows]


def _visible(ctx: Context) -> ColumnElement[bool]:
    if ctx.allowed(Permission.APPROVALS_DECIDE) or ctx.allowed(Permission.AUDIT_VIEW):
        return ExportRequest.id > 0
    return ExportRequest.requested_by == ctx.actor.user_id


def _row(row: ExportRequest, names: dict[int | None, str], now: datetime) -> RequestRow:
    over = row.state in (RequestState.PENDING, RequestState.APPROVED) and row.expires_at <= now
    return RequestRow(
        id=row.id,
        title=row.title,
        rows=row.rows,
        reason=row.reason,
        state="expired" if over else row.state.value,
        requester=names.get(row.requested_by, ""),
        requester_id=row.requested_by,
        requested_at=row.requested_at,
        decider=names.get(row.decided_by, ""),
        decided_at=row.decided_at,
        comment=row.comment,
        expires_at=row.expires_at,
        digest=row.digest,
    )
