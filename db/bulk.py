"""Rows into tables as fast as the engine takes them: raw tuples, private tables, indexes built at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, exc, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

from db.errors import translated

_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = :name",
    "postgresql": (
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = to_regclass(:name) AND NOT indisunique"
    ),
}
_OURS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:name)"


def load(session: Session, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Append ``rows`` in the caller's transaction; values as the driver stores them, in the order of ``columns``.

    SQLite: dates as ISO 8601, amounts in fen, flags as 0 and 1. PostgreSQL (COPY): anything that psycopg can write.
    """
    connection = session.connection()
    with translated():
        if connection.dialect.name == "sqlite":
            ordered = [name for name in table.columns.keys() if name in columns]  # noqa: SIM118 - a collection, no dict
            if list(columns) != ordered:
                raise ValueError("columns must stand in the order of the table")
            compiled = insert(table).compile(dialect=connection.dialect, column_keys=ordered)
            if values := list(map(tuple, rows)):
                connection.exec_driver_sql(str(compiled), values)
            return
        _copy(connection, table, columns, rows)


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    statement = f"COPY {quote(table.name)} ({', '.join(quote(name) for name in columns)}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.loaded_dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except errors.Error as error:  # it came past SQLAlchemy, which would have wrapped it
        raise exc.DBAPIError.instance(statement, None, error, errors.Error, hide_parameters=True) from error


@contextmanager
def private(session: Session, *tables: Table) -> Iterator[None]:
    """Empty tables of these names that this connection alone sees, and instead of the shared ones; in memory if it can.

    Where the block fails they stay for the rollback to remove.
    """
    connection = session.connection()
    schema = "temp" if connection.dialect.name == "sqlite" else "pg_temp"
    for table in tables:
        made = str(CreateTable(table).compile(dialect=connection.dialect)).lstrip()
        connection.exec_driver_sql(made.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1))
    yield
    for table in tables:
        connection.exec_driver_sql(f"DROP TABLE {schema}.{table.name}")


def analyze(session: Session, table: Table, columns: Sequence[str]) -> None:
    """Tell PostgreSQL what a private table holds: nobody else ever counts it. SQLite needs no statistics."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name} ({', '.join(columns)})")


@contextmanager
def indexes_later(session: Session, *tables: Table) -> Iterator[None]:
    """While the block fills these tables they have no indexes but those of their keys; all are built at its end.

    Only where the tables are empty, and ours: otherwise it does nothing. Nobody else can read them on PostgreSQL until
    the commit; where the block fails the indexes return with the rollback.
    """
    connection = session.connection()
    engine = connection.dialect.name
    if any(session.scalar(select(1).select_from(table).limit(1)) for table in tables):
        yield
        return
    if engine == "postgresql":
        if not all(session.scalar(text(_OURS), {"name": table.name}) for table in tables):
            yield
            return
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(table.name for table in tables)} IN ACCESS EXCLUSIVE MODE")
    found = [row for table in tables for row in session.execute(text(_INDEXES[engine]), {"name": table.name}).all()]
    for name, _ in found:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for _, definition in found:
        connection.exec_driver_sql(definition)


@contextmanager
def roomy(session: Session, kibibytes: int) -> Iterator[None]:
    """SQLite keeps so much of the file in memory during the block, not what is usual, and gives it back at its end."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size=-{kibibytes}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size={before}")
