"""Rows into a table as fast as the engine takes them: raw tuples, no types applied on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, exc, insert
from sqlalchemy.orm import Session

from db.errors import translated


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
