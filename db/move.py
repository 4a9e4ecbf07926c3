"""All rows of an embedded database into an empty PostgreSQL: one transaction, then compared row by row.

Rows are compared as what the types of the models make of them, so that fen and decimals, or two spellings of one
JSON object, count as equal; the digest of a table does not depend on the order of its rows.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Connection, CursorResult, Table, delete, exc, func, insert, select, text

from db.base import Base
from db.errors import DatabaseError
from db.models import AuditHead, Control, MoveMark, MoveState

MARK_ID = 1
_CHUNK = 5_000  # rows
_SEEDS = (AuditHead, Control)  # every database has these rows from its first minute
_BITS = 256
_COLUMN = re.compile(r"COPY \w+, line \d+, column (\w+)")

Tell = Callable[[int, int], None]  # rows done, rows in all (each row counts twice: copied, compared); may raise to stop


class Unmovable(DatabaseError):
    """A value that the embedded database keeps and the server refuses."""

    def __init__(self, table: str, column: str, why: str) -> None:
        super().__init__(f"{table}.{column}: {why}" if column else f"{table}: {why}")


class NotTheSame(DatabaseError):
    """A table differs after it was copied."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    table: str
    rows: int
    digest: str  # hexadecimal


def tables() -> list[Table]:
    """Those that are moved, what is pointed at before what points."""
    mark = MoveMark.__table__
    return [table for table in Base.metadata.sorted_tables if table is not mark]


def first_filled(target: Connection) -> str:
    """The name of a table that holds something of somebody; empty when none does."""
    for table in tables():
        if (
            table not in [seed.__table__ for seed in _SEEDS]
            and target.execute(select(table).limit(1)).first() is not None
        ):
            return table.name
    return ""


def copy(source: Connection, target: Connection, tell: Tell) -> list[Copied]:
    """Fill ``target``, whose tables are empty but for the seeds, in the caller's transaction, and compare.

    Raises Unmovable, NotTheSame, and what ``tell`` raises.
    """
    counts = {table: source.scalar(select(func.count()).select_from(table)) or 0 for table in tables()}
    told = _Told(tell, 2 * sum(counts.values()))
    _lock(target)
    keys = _drop_foreign_keys(target)
    for seed in _SEEDS:
        target.execute(delete(seed))
    copied = [_copy_table(source, target, table, told) for table in counts]
    for statement in keys:
        target.exec_driver_sql(statement)
    _set_sequences(target)
    for left in copied:
        right = _look(target, Base.metadata.tables[left.table], told)
        if left != right:
            raise NotTheSame(f"{left.table}: {left.rows} rows left, {right.rows} arrived, or not as they were")
    return copied


def mark_of(connection: Connection) -> tuple[MoveState, str, str] | None:
    """State, token and place."""
    row = connection.execute(select(MoveMark.state, MoveMark.token, MoveMark.place)).first()
    return None if row is None else (row[0], row[1], row[2])


def set_mark(connection: Connection, state: MoveState, token: str, place: str, at: datetime) -> None:
    connection.execute(delete(MoveMark))
    connection.execute(insert(MoveMark).values(id=MARK_ID, state=state, token=token, place=place[:255], at=at))


def clear_mark(connection: Connection) -> None:
    connection.execute(delete(MoveMark))


class _Told:
    def __init__(self, tell: Tell, total: int) -> None:
        self._tell, self._total, self._done = tell, total, 0
        tell(0, total)

    def more(self, rows: int) -> None:
        self._done += rows
        self._tell(min(self._done, self._total), self._total)


# --- rows -------------------------------------------------------------------------------------------------------


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_PLAIN: Mapping[type, Callable[[Any], str]] = {  # what JSON has no word for; enumerations are texts
    Decimal: lambda value: f"{value.normalize():f}",
    datetime: lambda value: value.astimezone(UTC).isoformat(timespec="microseconds"),
    date: date.isoformat,
    bytes: bytes.hex,
    memoryview: lambda value: bytes(value).hex(),
}


def canonical(row: Sequence[Any]) -> bytes:
    """One row as bytes that are the same on every engine."""
    return _ENCODER.encode([plain(value) if (plain := _PLAIN.get(type(value))) else value for value in row]).encode()


class _Digest:
    """Of a set of rows, whatever their order."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Sequence[Any]) -> None:
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(canonical(row)).digest())

    def of(self, table: Table) -> Copied:
        digest = (self._sum % (1 << _BITS)).to_bytes(_BITS // 8)
        return Copied(table=table.name, rows=self.rows, digest=digest.hex())


def _all(connection: Connection, table: Table) -> CursorResult[Any]:
    """Read in pages, to be closed by the caller."""
    return connection.execute(select(table), execution_options={"yield_per": _CHUNK})


def _look(connection: Connection, table: Table, told: _Told) -> Copied:
    digest = _Digest()
    with closing(_all(connection, table)) as found:
        for page in found.partitions():
            for row in page:
                digest.add(row)
            told.more(len(page))
    return digest.of(table)


def _copy_table(source: Connection, target: Connection, table: Table, told: _Told) -> Copied:
    """COPY; values go through the bind processors of the models' types."""
    digest = _Digest()
    binds = [_binder(column, target) for column in table.columns]
    quote = target.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    driver: Any = target.connection.driver_connection
    errors: Any = target.dialect.loaded_dbapi
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    try:
        with (
            closing(_all(source, table)) as found,
            driver.cursor() as cursor,
            cursor.copy(statement) as into,
        ):
            for page in found.partitions():
                for row in page:
                    digest.add(row)
                    into.write_row([bind(value) for bind, value in zip(binds, row, strict=True)])
                told.more(len(page))
    except errors.DataError as error:
        place = _COLUMN.search(error.diag.context or "")
        raise Unmovable(table.name, place[1] if place else "", str(error).partition("\n")[0]) from error
    except errors.Error as error:
        raise exc.DBAPIError.instance(statement, None, error, errors.Error, hide_parameters=True) from error
    return digest.of(table)


def _binder(column: Column[Any], target: Connection) -> Callable[[Any], Any]:
    bind = column.type.dialect_impl(target.dialect).bind_processor(target.dialect)
    if bind is None:
        return lambda value: value
    nothing = None if isinstance(column.type, JSON) and column.nullable else bind(None)
    return lambda value: nothing if value is None else bind(value)


# --- the target's keys and sequences ----------------------------------------------------------------------------


def _lock(target: Connection) -> None:
    quote = target.dialect.identifier_preparer.quote
    names = ", ".join(quote(table.name) for table in Base.metadata.sorted_tables)
    target.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def _drop_foreign_keys(target: Connection) -> list[str]:
    """Tables that point at each other could not be filled otherwise. The statements that put the keys back."""
    found = target.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"
        )
    ).all()
    for table, name, _ in found:
        target.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in found]


def _set_sequences(target: Connection) -> None:
    quote = target.dialect.identifier_preparer.quote
    for table in tables():
        column = table.autoincrement_column
        if column is None:
            continue
        sequence = target.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": quote(table.name), "column": column.name}
        )
        if sequence is not None:
            highest = select(func.coalesce(func.max(column), 0) + 1)
            target.execute(select(func.setval(sequence, highest.scalar_subquery(), False)))
