"""Instalments that a file brings: beside what is stored, and into the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Dialect, and_, case, false, func, literal, not_, or_, select, update
from sqlalchemy.orm import Session

from console.core.customers.checking import BadRow, Checked, Problem
from console.core.customers.effects import Effect, Known, bad_row
from console.core.customers.merging import Span
from console.core.customers.staging import Desk
from console.core.customers.values import IMPORT, Script, alone, highest, in_span
from console.core.i18n import T
from db.models import ChangeKind, ImportedCustomer, ImportedLoan, Instalment, Loan, StagedInstalment
from db.paging import chunked

P: Any = StagedInstalment.__table__
I: Any = Instalment.__table__  # noqa: E741 - beside P, C and L
L: Any = Loan.__table__
NAMED: Mapping[str, str] = {  # columns of an instalment, as the fields of a file call them
    "due_on": "inst_due_on", "principal": "inst_principal", "interest": "inst_interest", "penalty": "inst_penalty",
    "paid": "inst_paid", "paid_at": "inst_paid_at",
}  # fmt: skip
_ROWS = P.outerjoin(L, L.c.number == P.c.loan_number).outerjoin(
    I, and_(I.c.loan_id == L.c.id, I.c.sequence == P.c.sequence)
)


def given(fields: Collection[str]) -> list[str]:
    return [name for name, key in NAMED.items() if key in fields]


def _differs(name: str, new: Any, old: Any) -> ColumnElement[bool]:
    return and_(new[name].is_not(None), new[name].is_distinct_from(old[name]))


def _changed(names: Iterable[str], new: Any, old: Any) -> ColumnElement[bool]:
    return or_(false(), *(_differs(name, new, old) for name in names))


def look(
    session: Session,
    import_id: int,
    checked: Checked,
    place: Mapping[int, int],
    known: dict[int, Known],
    bits: int,
) -> dict[int, BadRow]:
    """Add what is stored of the staged instalments to ``known``; the rows without a loan, by position.

    ``bits``: how many names ``Prepared.names`` has; the last of them are those of the instalment.
    """
    names = given(checked.fields)
    changes: ColumnElement[int] = literal(0)
    for bit, name in enumerate(names, bits - len(names)):
        differs = and_(I.c.id.is_not(None), _differs(name, P.c, I.c))
        changes = changes + case((differs, 1 << bit), else_=0)
    owed = func.coalesce(I.c.principal + I.c.interest + I.c.penalty, 0)
    paid = and_(I.c.paid < owed, P.c.paid >= owed)
    query = select(P.c.row, L.c.customer_id, L.c.id.label("loan_id"), I.c.id, changes.label("changes"), paid)
    refused: dict[int, BadRow] = {}
    for row, customer_id, loan_id, instalment_id, differing, paid_since in session.execute(
        query.select_from(_ROWS).where(P.c.import_id == import_id)
    ):
        position = place[row]
        if checked.plan_only and loan_id is None:
            why = T("no loan with this number is known: import the loans first")
            refused[position] = bad_row(checked, position, Problem("loan_number", why))
            continue
        before = known.get(position)
        changed = differing | (before.changes if before else 0)
        new = instalment_id is None or (before is not None and before.effect is Effect.NEW)
        if loan_id is not None:
            effect = Effect.NEW if new else Effect.CHANGED if changed else Effect.SAME
            since = bool(paid_since) or (before is not None and before.paid)
            known[position] = Known(customer_id, loan_id, effect, changed, since)
    return refused


def mark_kept(desk: Desk, import_id: int, rows: Iterable[int]) -> None:
    for chunk in chunked(rows, 500):
        with desk.begin() as session:
            session.execute(update(P).where(P.c.import_id == import_id, P.c.row.in_(chunk)).values(keeps=True))


class PlanMerger(Script):
    """Spans of staged instalments into the database."""

    def __init__(self, dialect: Dialect, fields: Collection[str]) -> None:
        super().__init__(dialect)
        names, table = given(fields), self.insert(I)
        rows = P.join(L, L.c.number == P.c.loan_number)
        with_stored = rows.outerjoin(I, and_(I.c.loan_id == L.c.id, I.c.sequence == P.c.sequence))
        changed = select().select_from(with_stored)
        changed = changed.where(in_span(P), not_(P.c.keeps), I.c.id.is_not(None), _changed(names, P.c, I.c))
        self._remember = self.remember(ChangeKind.INSTALMENT, I, changed, names)
        amounts = [func.coalesce(P.c[name], I.c[name], 0) for name in ("principal", "interest", "penalty", "paid")]
        said = (L.c.id, P.c.sequence, P.c.due_on, *amounts, func.coalesce(P.c.paid_at, I.c.paid_at))
        source = select(*said).select_from(with_stored).where(in_span(P)).order_by(P.c.id)
        columns = ["loan_id", "sequence", "due_on", "principal", "interest", "penalty", "paid", "paid_at"]
        put = table.from_select(columns, source.where(not_(P.c.keeps)))
        values = {name: put.excluded[name] for name in names}
        touched = or_(false(), *(put.excluded[name].is_distinct_from(I.c[name]) for name in names))
        key = [I.c.loan_id, I.c.sequence]
        self._taken = self.compiled(put.on_conflict_do_update(index_elements=key, set_=values, where=touched))
        kept = table.from_select(columns, source.where(P.c.keeps))
        self._kept = self.compiled(kept.on_conflict_do_nothing())
        self._added = self.remember_added(ChangeKind.INSTALMENT, I)
        self._stood = [
            self._who_stood(ImportedLoan, "loan_id", L.c.id, rows),
            self._who_stood(ImportedCustomer, "customer_id", L.c.customer_id, rows),
        ]

    def _who_stood(self, table: Any, name: str, id_: Any, rows: Any) -> Any:
        found = select(IMPORT, id_, false()).select_from(rows).where(in_span(P)).distinct()
        put = self.insert(table.__table__).from_select(["import_id", name, "added"], found)
        return self.compiled(put.on_conflict_do_nothing())

    def run(self, session: Session, span: Span) -> None:
        alone(session, I)
        parameters = span.parameters(above := highest(session, I))
        statements = [self._kept, self._taken, self._added, *self._stood]
        for statement in [self._remember, *statements] if above else statements:
            statement.run(session, parameters)
