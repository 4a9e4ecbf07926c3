"""How what a file says and what is stored become one value: expressions that both engines understand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Dialect,
    FromClause,
    LargeBinary,
    String,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import JSON

from db.base import BigId, Money, Rate
from db.models import ChangeKind, Customer, ImportChange, Loan, StagedRow

S: Any = StagedRow.__table__
C: Any = Customer.__table__
L: Any = Loan.__table__

PERSON = (
    "name", "pinyin", "initials", "title", "phone", "phone_tail", "region", "branch", "manager", "rating", "segment",
    "birthday", "tags", "id_digest", "id_cipher", "id_tail", "channel", "hours_from", "hours_to", "extra",
)  # fmt: skip
TERMS = (
    "product", "principal", "rate", "method", "start_on", "term_months", "due_day", "state", "kind", "account_tail",
    "account_digest", "account_cipher", "amount_due", "due_on", "penalty",
)  # fmt: skip
FOLLOWS = {
    "pinyin": "name", "initials": "name", "phone_tail": "phone", "id_cipher": "id_digest", "id_tail": "id_digest",
    "account_cipher": "account_digest",
}  # fmt: skip
# columns and the fields of a file that fill them, where these are called otherwise
_FILLED_BY = {
    "birthday": {"birthday", "id_number"}, "title": {"title", "id_number"}, "due_on": {"due_on", "overdue_days"},
    "state": {"state", "overdue_days"}, "id_digest": {"id_number"}, "account_tail": {"account"},
    "account_digest": {"account"}, "hours_from": {"hours"}, "hours_to": {"hours"},
}  # fmt: skip
_NULLABLE = frozenset({
    "birthday", "principal", "rate", "start_on", "term_months", "due_day", "amount_due", "due_on", "penalty",
    "id_digest", "id_cipher", "account_digest", "account_cipher", "hours_from", "hours_to", "interest", "paid",
    "paid_at",
})  # fmt: skip
_JSON_EMPTY = {"tags": "[]", "extra": "{}"}


IMPORT, LOW, HIGH, ABOVE = (bindparam(f"given_{name}", type_=BigId) for name in ("import", "low", "high", "above"))


def in_span(table: Any) -> ColumnElement[bool]:
    return and_(table.c.import_id == IMPORT, table.c.id > LOW, table.c.id <= HIGH)


def given(fields: Collection[str], names: Iterable[str]) -> list[str]:
    """Those of the columns that the file fills."""

    def filled(name: str) -> bool:
        if name == "extra":
            return any(field.startswith("extra:") for field in fields)
        return not _FILLED_BY.get(name, {name}).isdisjoint(fields)

    return [name for name in names if filled(FOLLOWS.get(name, name))]


def _empty(name: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if name in _NULLABLE:
        return column.is_(None)
    if name in _JSON_EMPTY:
        return cast(column, String) == _JSON_EMPTY[name]
    return type_coerce(column, String) == ""


class Merge:
    """How a new value and a stored one become one, on this engine."""

    def __init__(self, *, sqlite_: bool) -> None:
        self._sqlite = sqlite_

    def value(self, name: str, new: Any, old: Any) -> ColumnElement[Any]:
        """The stored value after the import; ``new`` and ``old`` are collections of columns."""
        if name == "extra":
            return case((_empty(name, new.extra), old.extra), else_=self._joined(new.extra, old.extra))
        if leader := FOLLOWS.get(name):
            kept = or_(_empty(leader, new[leader]), new[leader] == old[leader])
            return case((kept, old[name]), else_=new[name])
        return case((_empty(name, new[name]), old[name]), else_=new[name])

    def differs(self, name: str, new: Any, old: Any) -> ColumnElement[bool]:
        """Whether the file says something that is not stored. Not for columns that follow another."""
        if name == "extra":
            return and_(not_(_empty(name, new.extra)), self._joined_text(new.extra, old.extra))
        if name == "tags":
            return and_(not_(_empty(name, new.tags)), cast(new.tags, String).is_distinct_from(cast(old.tags, String)))
        return and_(not_(_empty(name, new[name])), new[name].is_distinct_from(old[name]))

    def changed(self, names: Iterable[str], new: Any, old: Any) -> ColumnElement[bool]:
        return or_(false(), *(self.differs(name, new, old) for name in names if name not in FOLLOWS))

    def _joined(self, new: ColumnElement[Any], old: ColumnElement[Any]) -> ColumnElement[Any]:
        if self._sqlite:
            return type_coerce(func.json_patch(old, new), JSON)
        joined = cast(old, postgresql.JSONB).op("||")(cast(new, postgresql.JSONB))
        return cast(joined, JSON)

    def _joined_text(self, new: ColumnElement[Any], old: ColumnElement[Any]) -> ColumnElement[bool]:
        if self._sqlite:
            return type_coerce(func.json_patch(old, new), String) != type_coerce(func.json(old), String)
        stored = cast(old, postgresql.JSONB)
        return stored.op("||")(cast(new, postgresql.JSONB)).op("IS DISTINCT FROM", is_comparison=True)(stored)


class Compiled:
    """A statement that is built once and run many times: building one of these costs as much as a thousand rows."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql, self._order = str(compiled), compiled.positiontup
        self._values: dict[str, object] = {}
        for name, bound in compiled.binds.items():
            stored = bound.type.dialect_impl(dialect).bind_processor(dialect)
            self._values[name] = stored(bound.value) if stored and not bound.required else bound.value

    def run(self, session: Session, given: Mapping[str, int]) -> CursorResult[Any]:
        values: Any = {**self._values, **given}
        values = {name: values[name] for name in self._values}
        if self._order is not None:
            values = tuple(values[name] for name in self._order)
        return session.connection().exec_driver_sql(self._sql, values)


class Script:
    """The statements of one piece of work."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.on_sqlite = dialect.name == "sqlite"
        self.merge = Merge(sqlite_=self.on_sqlite)

    def compiled(self, statement: Any) -> Compiled:
        return Compiled(statement, self._dialect)

    def insert(self, table: Any) -> Any:
        return (sqlite.insert if self.on_sqlite else postgresql.insert)(table)

    def snapshot(self, table: Any, names: Iterable[str]) -> ColumnElement[Any]:
        """The named columns as one JSON object; ``undoing.revived`` reads it."""
        pairs: list[ColumnElement[Any]] = []
        for name in names:
            column = table.c[name]
            value: ColumnElement[Any] = column
            if isinstance(column.type, LargeBinary):
                hexed = func.hex(column) if self.on_sqlite else func.encode(column, "hex")
                value = case((column.is_(None), null()), else_=type_coerce(hexed, String))
            elif isinstance(column.type, JSON) and self.on_sqlite:
                value = func.json(column)
            elif isinstance(column.type, (Money, Rate)) and not self.on_sqlite:
                value = cast(column, String)
            pairs += [literal(name, String), value]
        made = func.json_object(*pairs) if self.on_sqlite else func.json_build_object(*pairs)
        return type_coerce(made, JSON)

    def remember(self, kind: ChangeKind, table: Any, changed: Any, names: Iterable[str]) -> Compiled:
        """Keep what is about to be written over; ``changed`` is a select without columns, joined to the table."""
        before = self.snapshot(table, names)
        source = changed.with_only_columns(IMPORT, literal(kind.value, String), table.c.id, before)
        put = self.insert(ImportChange.__table__).from_select(["import_id", "kind", "row_id", "before"], source)
        return self.compiled(put.on_conflict_do_nothing())

    def remember_added(self, kind: ChangeKind, table: Any) -> Compiled:
        """Keep which rows were added; the table has been kept alone since ``ABOVE`` was its highest id."""
        source = select(IMPORT, literal(kind.value, String), table.c.id).where(table.c.id > ABOVE)
        put = self.insert(ImportChange.__table__).from_select(["import_id", "kind", "row_id"], source)
        return self.compiled(put.on_conflict_do_nothing())

    def adding(self, kind: ChangeKind, table: Any, put: Any) -> Compiled:
        """Insert and keep which rows were added, in one statement; not on SQLite."""
        added = put.returning(table.c.id).cte("added")
        source = select(IMPORT, literal(kind.value, String), added.c.id)
        remembered = self.insert(ImportChange.__table__).from_select(["import_id", "kind", "row_id"], source)
        return self.compiled(remembered.on_conflict_do_nothing())

    def stood(self, table: Any, name: str, of: Any, rows: Any) -> Compiled:
        """Keep who stood in the file; ``rows`` is a select without columns, joined to ``of``."""
        source = rows.with_only_columns(IMPORT, of.c.id, of.c.id > ABOVE)
        put = self.insert(table.__table__).from_select(["import_id", name, "added"], source)
        return self.compiled(put.on_conflict_do_nothing())


def alone(session: Session, *tables: FromClause) -> None:
    """Keep other writers off these tables until the commit, so that ids above the highest one are ours.

    SQLite has one writer at a time anyway. Readers and the foreign keys of the outbox are not held up.
    """
    if session.connection().dialect.name != "sqlite":
        names = ", ".join(str(table) for table in tables)
        session.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def highest(session: Session, table: Any) -> int:
    return session.scalar(select(func.max(table.c.id))) or 0
