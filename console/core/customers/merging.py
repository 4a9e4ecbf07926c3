"""One span of staged rows into customers, loans, consents and further numbers: set-based, the same on both engines.

What a file leaves empty stays as it is stored; columns that the file does not have are not touched at all. What is
written over is kept in ``import_change`` first, and what is added is marked, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Dialect,
    FromClause,
    String,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from console.core.compliance.purpose import Purpose
from console.core.customers.values import (
    FOLLOWS,
    PERSON,
    TERMS,
    C,
    Compiled,
    L,
    S,
    Script,
    alone,
    given,
    highest,
    in_span,
)
from db.models import ChangeKind, Consent, CustomerPhone, ImportedCustomer, ImportedLoan, LoanState

__all__ = ["FOLLOWS", "PERSON", "SOURCE", "TERMS", "Merger", "Span"]

SOURCE = "import"  # of a consent


@dataclass(frozen=True, kw_only=True)
class Span:
    """Staged rows of one import: ``low`` < id <= ``high``."""

    import_id: int
    low: int
    high: int

    def parameters(self, above: int = 0) -> dict[str, int]:
        return {
            "given_import": self.import_id,
            "given_low": self.low,
            "given_high": self.high,
            "given_above": above,
        }


class Merger(Script):
    """The statements for one file: ``fields`` are those that it fills; ``now`` stands as the time of its changes.

    Of the tables of customers and loans only those in ``touched`` are written.
    """

    def __init__(
        self,
        dialect: Dialect,
        fields: Collection[str],
        evidence: str,
        now: datetime,
        touched: Collection[Any] = (C, L),
    ) -> None:
        super().__init__(dialect)
        self._now, self._evidence = now, evidence
        self._any_kept = self.compiled(select(S.c.id).where(in_span(S), S.c.keeps).limit(1))
        self._merges: list[_Upsert] = [_OfPeople(self, given(fields, PERSON), now)]
        if "loan_number" in fields:
            self._merges.append(_OfLoans(self, given(fields, TERMS), now))
        self._touched = touched
        self._lesser: list[tuple[FromClause, Sequence[Compiled]]] = []
        if "consent" in fields:
            self._add(Consent.__table__, self._consents(), ChangeKind.CONSENT)
        for name in ("phone_2", "phone_3"):
            if name in fields:
                self._add(CustomerPhone.__table__, self._phones(name), ChangeKind.PHONE)

    def run(self, session: Session, span: Span) -> None:
        """Everything of these rows."""
        kept = self._any_kept.run(session, span.parameters()).first() is not None
        alone(session, C, L)
        for merge in self._merges:
            merge.run(session, span, kept=kept, touched=merge.table in self._touched)
        for table, statements in self._lesser:
            parameters = span.parameters(highest(session, table) if self.on_sqlite else 0)
            for statement in statements:
                statement.run(session, parameters)

    def _add(self, table: Any, statement: Any, kind: ChangeKind) -> None:
        """A reply that refuses must not wait: no lock on these tables, where a server would have to take one."""
        if self.on_sqlite:
            self._lesser.append((table, (self.compiled(statement), self.remember_added(kind, table))))
        else:
            self._lesser.append((table, (self.adding(kind, table, statement),)))

    def _consents(self) -> Any:
        """A row where the file says something new. A refusal that came from the customer stays a refusal."""
        table: Any = Consent.__table__
        columns = table.c
        standing = (
            select(case((columns.granted, "granted"), (columns.source == SOURCE, "refused in a file"), else_="refused"))
            .where(columns.customer_id == C.c.id, columns.purpose == Purpose.MARKETING.value)
            .order_by(columns.at.desc(), columns.id.desc())
            .limit(1)
            .correlate(C)
            .scalar_subquery()
        )
        news = or_(
            standing.is_(None),
            and_(S.c.consent, standing == "refused in a file"),
            and_(not_(S.c.consent), standing == "granted"),
        )
        values = (C.c.id, literal(Purpose.MARKETING.value), S.c.consent, literal(SOURCE), literal(self._evidence))
        source = select(*values, literal(self._now, columns.at.type))
        source = source.select_from(S.join(C, C.c.number == S.c.number))
        source = source.where(in_span(S), S.c.leads, S.c.consent.is_not(None), news)
        names = ["customer_id", "purpose", "granted", "source", "evidence", "at"]
        return self.insert(table).from_select(names, source)

    def _phones(self, name: str) -> Any:
        """Further numbers are added; none is taken away."""
        table: Any = CustomerPhone.__table__
        source = select(C.c.id, S.c[name], literal(""), literal(self._now, table.c.created_at.type))
        source = source.select_from(S.join(C, C.c.number == S.c.number))
        source = source.where(in_span(S), S.c.leads, S.c[name] != "", S.c[name] != C.c.phone)
        put = self.insert(table).from_select(["customer_id", "phone", "label", "created_at"], source)
        return put.on_conflict_do_nothing()


class _Upsert:
    """Into a table with a number: only rows that say something else are touched, and none that are to be kept."""

    table: Any
    _before: list[Compiled]  # what must be read, or kept, before it is written over
    _stood: Compiled

    def __init__(self, script: Script, columns: list[str], source: Any, names: list[str], *more: Any) -> None:
        insert, merge = script.insert(self.table), script.merge
        put = insert.from_select(columns, source)
        new = put.excluded
        values = {name: merge.value(name, new, self.table.c) for name in names} | {"updated_at": new.updated_at}
        touched = and_(merge.changed(names, new, self.table.c), *(condition(new) for condition in more))

        def upsert(rows: Any) -> Compiled:
            written = insert.from_select(columns, rows)
            key = [self.table.c.number]
            return script.compiled(written.on_conflict_do_update(index_elements=key, set_=values, where=touched))

        source = source.where(not_(S.c.same))
        self._all = upsert(source)
        self._taken = upsert(source.where(not_(S.c.keeps)))
        self._kept = script.compiled(insert.from_select(columns, source.where(S.c.keeps)).on_conflict_do_nothing())

    def run(self, session: Session, span: Span, *, kept: bool, touched: bool) -> None:
        parameters = span.parameters(above := highest(session, self.table))
        if touched:
            first = self._before if above else ()  # something is there that could change
            for statement in (*first, *((self._kept, self._taken) if kept else (self._all,))):
                statement.run(session, parameters)
        self._stood.run(session, parameters)


class _OfPeople(_Upsert):
    table = C

    def __init__(self, script: Script, names: list[str], now: datetime) -> None:
        mine = and_(in_span(S), S.c.leads)
        columns = ["number", *PERSON]
        tail = func.substr(S.c.phone, 8)
        said = (tail if name == "phone_tail" else S.c[name] for name in columns)
        source = select(*said, true(), literal(now, C.c.created_at.type), literal(now, C.c.updated_at.type))
        columns += ["active", "created_at", "updated_at"]
        super().__init__(script, columns, source.where(mine).order_by(S.c.id), names)
        stored = select().select_from(S.join(C, C.c.number == S.c.number)).where(mine)
        changed = stored.where(not_(S.c.keeps), not_(S.c.same), script.merge.changed(names, S.c, C.c))
        self._before = [script.remember(ChangeKind.CUSTOMER, C, changed, [*names, "updated_at"])]
        self._stood = script.stood(ImportedCustomer, "customer_id", C, stored)


class _OfLoans(_Upsert):
    """States are asked of the stored loan where a row leaves them empty; a new loan is being repaid."""

    table = L

    def __init__(self, script: Script, names: list[str], now: datetime) -> None:
        mine = and_(in_span(S), S.c.loan_number != "")
        state = case((S.c.state == "", literal(LoanState.ACTIVE.value, String)), else_=S.c.state)
        columns = [C.c.id, S.c.loan_number, *(state if name == "state" else S.c[name] for name in TERMS)]
        source = select(*columns, literal(now, L.c.updated_at.type)).select_from(S.join(C, C.c.number == S.c.number))
        filled = ["customer_id", "number", *TERMS, "updated_at"]
        source = source.where(mine).order_by(S.c.id)
        super().__init__(script, filled, source, names, lambda new: L.c.customer_id == new.customer_id)
        stored = select().select_from(S.join(L, L.c.number == S.c.loan_number)).where(mine)
        owner = select(C.c.id).where(C.c.number == S.c.number).scalar_subquery()
        changed = stored.where(not_(S.c.keeps), not_(S.c.same), script.merge.changed(names, S.c, L.c))
        changed = changed.where(L.c.customer_id == owner)
        self._before = [script.remember(ChangeKind.LOAN, L, changed, [*names, "updated_at"])]
        self._stood = script.stood(ImportedLoan, "loan_id", L, stored)
        if "state" in names:
            known = select(L.c.state).where(L.c.number == S.c.loan_number).correlate(S).scalar_subquery()
            unsaid = update(S).where(mine, S.c.state == "", not_(S.c.same)).values(state=func.coalesce(known, ""))
            self._before.insert(0, script.compiled(unsaid))
