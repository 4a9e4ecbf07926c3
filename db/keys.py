"""Thousands of keys as one parameter that a query joins: compiled once, bound at once, looked up by index.

``column IN (...)`` with a bind parameter for each value costs more in the client than the rows themselves.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import BigInteger, String, TableValuedAlias, bindparam, column, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session


def keys(session: Session, values: Collection[int] | Collection[str]) -> TableValuedAlias:
    """A table of one column, ``value``, with each of ``values`` once: ``.join(k := keys(...), k.c.value == X.id)``."""
    distinct = list(dict.fromkeys(values))
    kind = String() if distinct and isinstance(distinct[0], str) else BigInteger()
    value = column("value", kind)
    if session.get_bind().dialect.name == "sqlite":
        text = bindparam("keys", json.dumps(distinct), type_=String(), unique=True)
        return func.json_each(text).table_valued(value)
    array = bindparam("keys", distinct, type_=ARRAY(kind), unique=True)
    return func.unnest(array).table_valued(value).render_derived()
