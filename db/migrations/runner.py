"""Bring a database to the newest schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

from db.errors import IntegrityBroken, SchemaTooNew
from db.schema import seed

FOLDER = Path(__file__).resolve().parent
_LOCK = 5_367_001  # any number, the same in every version


def config(connection: Connection) -> Config:
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return made


def upgrade(engine: Engine, backup: Callable[[str], Path | None]) -> Path | None:
    """To the newest revision, all or nothing. ``backup`` is called with the old revision before anything changes.

    Raises SchemaTooNew.
    """
    with engine.connect() as connection:
        _foreign_keys(connection, "OFF")  # tables are rebuilt; SQLite cannot switch this inside a transaction
        try:
            with connection.begin():
                _alone(connection)
                return _upgrade(connection, backup)
        finally:
            _foreign_keys(connection, "ON")


def _upgrade(connection: Connection, backup: Callable[[str], Path | None]) -> Path | None:
    scripts = ScriptDirectory.from_config(config(connection))
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return None  # another process was faster
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaTooNew(f"schema {current} was made by a newer version")
    copied = None if current is None else backup(current)
    command.upgrade(config(connection), "head")
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise IntegrityBroken(f"{len(broken)} rows point nowhere after the upgrade")
    seed(connection)
    return copied


def stamp(connection: Connection) -> None:
    """Say that a database made from the metadata stands at the newest revision."""
    command.stamp(config(connection), "head")


def _foreign_keys(connection: Connection, state: str) -> None:
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA foreign_keys={state}")


def _alone(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE has seen to it
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
