"""Run by Alembic. The connection, already inside a transaction, comes from ``db.migrations.runner``."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import TypeDecorator

import db.models  # noqa: F401 - fills the metadata
from db.base import Base, Money


def rendered(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A revision says what stands in the database, not how today's code calls it."""
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    if isinstance(item, Money):
        return "sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), 'sqlite')"
    return f"sa.{item.impl_instance!r}"


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=rendered,
)
with context.begin_transaction():
    context.run_migrations()
