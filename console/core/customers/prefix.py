"""``starts_with``: a prefix condition that an ordinary index can answer on both engines."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, and_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

_AFTER_ALL = "\U0010ffff"


class starts_with(FunctionElement[bool]):  # noqa: N801 - reads like a function in a query
    """``column LIKE 'prefix%'``; as a range on SQLite, whose LIKE ignores case and so ignores the index."""

    name = "starts_with"
    type = Boolean()
    inherit_cache = True

    def __init__(self, column: Any, prefix: str) -> None:
        escaped = prefix.replace("/", "//").replace("%", "/%").replace("_", "/_")
        texts = (f"{escaped}%", prefix, prefix + _AFTER_ALL)
        super().__init__(column, *(bindparam("prefix", text, String(), unique=True) for text in texts))


@compiles(starts_with)
def _as_like(element: starts_with, compiler: SQLCompiler, **kw: Any) -> str:
    column, pattern, _, _ = element.clauses
    return compiler.process(column.like(pattern, escape="/"), **kw)


@compiles(starts_with, "sqlite")
def _as_range(element: starts_with, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, low, high = element.clauses
    return f"({compiler.process(and_(column >= low, column < high), **kw)})"
