"""Declarative base, named constraints, and the column types both engines share."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, DateTime, Integer, MetaData, Numeric, String, TypeDecorator
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


def Word(length: int) -> String:  # noqa: N802 - reads like the type it is
    """Text that is sorted and searched by its beginning: in the order of its bytes on both engines.

    Only then does an ordinary index of PostgreSQL answer a prefix.
    """
    return String(length).with_variant(VARCHAR(length, collation="C"), "postgresql")


class ByEngine(ColumnElement[Any]):
    """What an index has, in the words of each engine."""

    inherit_cache = False

    def __init__(self, *, sqlite: str, postgresql: str) -> None:
        self.words = {"sqlite": sqlite, "postgresql": postgresql}


@compiles(ByEngine)
def _in_its_words(element: ByEngine, compiler: Any, **_: Any) -> str:
    return element.words[compiler.dialect.name]


def comparable(item: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Whether Alembic can compare it. What is said by engine is added to a revision by hand."""
    if kind != "index" or item.table.name not in Base.metadata.tables:
        return True
    ours = next((index for index in Base.metadata.tables[item.table.name].indexes if index.name == name), None)
    return ours is None or not any(isinstance(each, ByEngine) for each in ours.expressions)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes only; UTC in storage, microseconds kept."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """Amounts in yuan with two places: Numeric(18, 2), and whole fen on SQLite, which has no decimals."""

    impl = Numeric(18, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(18, 2))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        if value is None or dialect.name != "sqlite":
            return value
        return int((Decimal(value) * 100).to_integral_value())

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value).scaleb(-2) if dialect.name == "sqlite" else Decimal(value)


class Rate(TypeDecorator[Decimal]):
    """Per cent a year, ``3.05``: Numeric(9, 6), and its digits as text on SQLite, which has no decimals."""

    impl = Numeric(9, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(12) if dialect.name == "sqlite" else Numeric(9, 6))

    def process_bind_param(self, value: Decimal | str | None, dialect: Dialect) -> Decimal | str | None:
        if value is None:
            return None
        return str(value) if dialect.name == "sqlite" else Decimal(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


E_ = TypeVar("E_", bound=StrEnum)


class EnumValue(TypeDecorator[E_]):
    """A StrEnum stored by value; an unknown stored value is an error, never a silent default."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[E_]) -> None:
        super().__init__()
        self.kind = kind
        self._members = {member.value: member for member in kind}

    def process_bind_param(self, value: E_ | str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E_ | None:
        return None if value is None else self._members.get(value) or self.kind(value)


# SQLite gives a rowid alias (and so cheap auto-increment) only to INTEGER, never to BIGINT.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Id = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]
