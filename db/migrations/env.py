"""Run by Alembic. The connection, already inside a transaction, comes from ``db.migrations.runner``."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import False_, True_, TypeDecorator
from sqlalchemy.dialects import sqlite

import db.models  # noqa: F401 - fills the metadata
from db.base import Base, comparable


def rendered(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A revision says what stands in the database, not how today's code calls it."""
    if kind == "server_default" and isinstance(item.arg, True_ | False_):
        return f"sa.{item.arg}()"
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    everywhere, on_sqlite = item.impl_instance, item.load_dialect_impl(sqlite.dialect())
    if repr(everywhere) == repr(on_sqlite):
        return f"sa.{everywhere!r}"
    return f"sa.{everywhere!r}.with_variant(sa.{on_sqlite!r}, 'sqlite')"


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    include_object=comparable,
    render_item=rendered,
    process_revision_directives=context.config.attributes.get("directives"),
)
with context.begin_transaction():
    context.run_migrations()
