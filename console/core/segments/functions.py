"""Questions that the two engines answer with different functions."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Boolean, Float, Select, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_NUMBER: Final = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"


class holds(FunctionElement[bool]):  # noqa: N801 - reads like a function in a query
    """``text`` stands somewhere in the column; upper and lower case are different on both engines."""

    name = "holds"
    type = Boolean()
    inherit_cache = True

    def __init__(self, column: Any, text: str) -> None:
        super().__init__(column, bindparam("text", text, String(), unique=True))


@compiles(holds)
def _strpos(element: holds, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(holds, "sqlite")
def _instr(element: holds, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


class has_item(FunctionElement[bool]):  # noqa: N801
    """At least one of ``texts`` stands in a JSON list."""

    name = "has_item"
    type = Boolean()
    inherit_cache = True

    def __init__(self, column: Any, *texts: str) -> None:
        super().__init__(column, *(bindparam("item", text, String(), unique=True) for text in texts))


def _listed(element: has_item, compiler: SQLCompiler, kw: dict[str, Any]) -> tuple[str, str]:
    column, *texts = (compiler.process(clause, **kw) for clause in element.clauses)
    return column, ", ".join(texts)


@compiles(has_item)
def _elements(element: has_item, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = _listed(element, compiler, kw)
    source = f"json_array_elements_text({column}) AS item(value)"
    return f"(EXISTS (SELECT 1 FROM {source} WHERE item.value IN ({texts})))"  # noqa: S608 - bound parameters


@compiles(has_item, "sqlite")
def _each(element: has_item, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = _listed(element, compiler, kw)
    source = f"json_each({column}) AS item"
    return f"(EXISTS (SELECT 1 FROM {source} WHERE item.value IN ({texts})))"  # noqa: S608 - bound parameters


class outside(FunctionElement[bool]):  # noqa: N801
    """``id_`` is none of those that ``others``, a query of one column without NULL, finds. Any number of them.

    PostgreSQL reads a long list after NOT IN again for every row; SQLite searches one it has, and would look for the
    others row by row after NOT EXISTS.
    """

    name = "outside"
    type = Boolean()
    inherit_cache = True

    def __init__(self, id_: Any, others: Select[Any]) -> None:
        super().__init__(id_, others.scalar_subquery())


@compiles(outside)
def _no_match(element: outside, compiler: SQLCompiler, **kw: Any) -> str:
    id_, others = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(NOT EXISTS (SELECT 1 FROM {others} AS other(id) WHERE other.id = {id_}))"  # noqa: S608 - bound parameters


@compiles(outside, "sqlite")
def _not_in(element: outside, compiler: SQLCompiler, **kw: Any) -> str:
    id_, others = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({id_} NOT IN {others})"


class by_list_or_row(FunctionElement[bool]):  # noqa: N801
    """The same question asked twice: ``by_list`` of all at once where ``short`` says so, else ``by_row`` of each.

    SQLite makes a list once, where it comes to it. PostgreSQL chooses by itself, but not behind a CASE.
    """

    name = "by_list_or_row"
    type = Boolean()
    inherit_cache = True

    def __init__(self, short: Any, by_list: Any, by_row: Any) -> None:
        super().__init__(short, by_list, by_row)


@compiles(by_list_or_row)
def _by_row(element: by_list_or_row, compiler: SQLCompiler, **kw: Any) -> str:
    _short, _by_list, by_row = element.clauses
    return compiler.process(by_row, **kw)


@compiles(by_list_or_row, "sqlite")
def _by_either(element: by_list_or_row, compiler: SQLCompiler, **kw: Any) -> str:
    short, by_list, by_row = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(CASE WHEN {short} THEN {by_list} ELSE {by_row} END)"


class as_text(FunctionElement[str]):  # noqa: N801
    """JSON as it is stored."""

    name = "as_text"
    type = String()
    inherit_cache = True


@compiles(as_text)
def _cast(element: as_text, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS TEXT)"


@compiles(as_text, "sqlite")
def _stored(element: as_text, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


class plain(FunctionElement[Any]):  # noqa: N801
    """The same value, which draws SQLite to no index; PostgreSQL knows how many rows have it."""

    name = "plain"
    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(plain)
def _as_is(element: plain, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(plain, "sqlite")
def _unled(element: plain, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(+{compiler.process(element.clauses, **kw)})"


class number_in(FunctionElement[float]):  # noqa: N801
    """A number out of a JSON object, stored as a number or as digits; NULL for anything else."""

    name = "number_in"
    type = Float()
    inherit_cache = True

    def __init__(self, column: Any, key: str) -> None:
        super().__init__(
            column,
            bindparam("key", key, String(), unique=True),
            bindparam("path", f'$."{key}"', String(), unique=True),
            bindparam("number", _NUMBER, String(), unique=True),
        )


@compiles(number_in)
def _checked_cast(element: number_in, compiler: SQLCompiler, **kw: Any) -> str:
    column, key, _path, number = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(CASE WHEN ({column} ->> {key}) ~ {number} THEN CAST({column} ->> {key} AS double precision) END)"


@compiles(number_in, "sqlite")
def _extracted(element: number_in, compiler: SQLCompiler, **kw: Any) -> str:
    column, _key, path, _number = (compiler.process(clause, **kw) for clause in element.clauses)
    value = f"json_extract({column}, {path})"
    return f"(CASE WHEN {value} NOT GLOB '*[^0-9.-]*' AND {value} <> '' THEN CAST({value} AS REAL) END)"


class flag_in(FunctionElement[bool]):  # noqa: N801
    """A flag out of a JSON object; a missing one is off."""

    name = "flag_in"
    type = Boolean()
    inherit_cache = True

    def __init__(self, column: Any, key: str) -> None:
        super().__init__(
            column,
            bindparam("key", key, String(), unique=True),
            bindparam("path", f'$."{key}"', String(), unique=True),
        )


@compiles(flag_in)
def _as_text(element: flag_in, compiler: SQLCompiler, **kw: Any) -> str:
    column, key, _path = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(coalesce({column} ->> {key}, '') = 'true')"


@compiles(flag_in, "sqlite")
def _as_one(element: flag_in, compiler: SQLCompiler, **kw: Any) -> str:
    column, _key, path = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(coalesce(json_extract({column}, {path}), 0) = 1)"


class month_day(FunctionElement[str]):  # noqa: N801
    """Of a date, as ``02-29``."""

    name = "month_day"
    type = String()
    inherit_cache = True


@compiles(month_day)
def _to_char(element: month_day, compiler: SQLCompiler, **kw: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kw)}, 'MM-DD')"


@compiles(month_day, "sqlite")
def _tail(element: month_day, compiler: SQLCompiler, **kw: Any) -> str:
    return f"substr({compiler.process(element.clauses, **kw)}, 6)"
