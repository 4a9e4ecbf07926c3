"""Checked rows into the staging table: short transactions, so that no line waits long for the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice, repeat
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from console.core.customers.checking import Checked
from console.core.customers.pinyin import spelled
from console.core.customers.quiet import collector_paused
from db import bulk
from db.engine import Database
from db.models import StagedRow

CHUNK = 5_000  # rows a transaction: some 50 ms of the write lock
SECRET = "customer-number"  # noqa: S105 - the name of one
_TABLE: Any = StagedRow.__table__
_AMOUNTS = frozenset({"principal", "amount_due", "penalty"})
_AS_IT_IS = frozenset({
    "name", "phone", "region", "branch", "manager", "rating", "segment", "consent", "loan_number", "product", "method",
    "term_months", "due_day", "account_tail",
})  # fmt: skip
_NULLABLE = frozenset({"consent", "rate", "term_months", "due_day", "birthday", "start_on", "due_on", *_AMOUNTS})


def stage(database: Database, import_id: int, checked: Checked, progress: Callable[[int], None]) -> None:
    """Write all valid rows. ``progress`` gets the rows done so far, and may raise to cancel."""
    with collector_paused():
        names, rows = _rows(database, import_id, checked)
        _write(database, names, rows, progress)


def _write(
    database: Database, names: list[str], rows: Iterator[tuple[object, ...]], progress: Callable[[int], None]
) -> None:
    done = 0
    while chunk := list(islice(rows, CHUNK)):
        with database.begin() as session:
            bulk.load(session, _TABLE, names, chunk)
        done += len(chunk)
        progress(done)


def unstage(session: Session, import_id: int) -> None:
    """Remove the rows of one import; all at once where no other import is on its way."""
    others = session.scalar(select(StagedRow.id).where(StagedRow.import_id != import_id).limit(1))
    everything = delete(StagedRow)
    session.execute(everything if others is None else everything.where(StagedRow.import_id == import_id))


def _rows(database: Database, import_id: int, checked: Checked) -> tuple[list[str], Iterator[tuple[object, ...]]]:
    """The columns that the file fills and the rows to write; every other column has its default."""
    sheet, columns = checked.sheet, checked.columns
    sounds = _Sounds()
    spelt = [sounds[name] for name in columns["name"]]
    given = columns.get("number") or [""] * len(checked.valid)
    numbers = given if all(given) else list(_numbers(database, given, columns["phone"], columns["name"]))
    values: dict[str, Iterable[object]] = {
        "import_id": repeat(import_id),
        "row": [sheet.first_row + index for index in checked.valid],
        "number": numbers,
        "pinyin": [sound[0] for sound in spelt],
        "initials": [sound[1] for sound in spelt],
    }
    if not all(checked.leads):
        values["leads"] = checked.leads
    if numbers is not given:
        values["numbered"] = [bool(number) for number in given]
    for name in columns.keys() - values.keys():
        plain = name in _AS_IT_IS or (name in _AMOUNTS and database.dialect == "sqlite")
        stored = columns[name] if plain else map(_Stored(name, database.dialect).__getitem__, columns[name])
        values[name] = stored
    if "consent" in columns:
        values["consent"] = _consents(numbers, columns["consent"])
    names = [column.name for column in _TABLE.columns if column.name in values]
    return names, zip(*(values[name] for name in names), strict=False)  # not strict: repeat() never ends


class _Sounds(dict[object, tuple[str, str]]):
    def __missing__(self, name: object) -> tuple[str, str]:
        found = self[name] = spelled(str(name))
        return found


def _numbers(
    database: Database, given: Sequence[object], phones: Sequence[object], names: Sequence[object]
) -> Iterator[object]:
    """A number for each customer whom the file gives none: the same one at every import, telling nothing."""
    secret = database.secret(SECRET)
    for number, phone, name in zip(given, phones, names, strict=True):
        if number:
            yield number
        else:
            digest = hmac.digest(secret, f"{phone}\n{name}".encode(), hashlib.sha256)
            yield "M" + base64.b32encode(digest)[:12].decode()


def _consents(numbers: Sequence[object], consents: Sequence[object]) -> list[object]:
    """Per row; where rows of one customer disagree, the refusal holds."""
    refused = {number for number, consent in zip(numbers, consents, strict=True) if consent is False}
    return [False if number in refused else consent for number, consent in zip(numbers, consents, strict=True)]


class _Stored(dict[object, Any]):
    def __init__(self, name: str, dialect: str) -> None:
        super().__init__()
        self.name = name
        self.dialect = dialect

    def __missing__(self, value: object) -> object:
        stored = self[value] = self._convert(value)
        return stored

    def _convert(self, value: object) -> object:
        if self.name == "tags":
            return json.dumps(list(value)) if isinstance(value, tuple) else "[]"
        if value is None:
            return None if self.name in _NULLABLE else ""
        if isinstance(value, date):
            return value.isoformat()
        if self.name in _AMOUNTS and self.dialect != "sqlite" and isinstance(value, int):
            return f"{value // 100}.{value % 100:02}"
        return f"{value:f}" if self.name == "rate" else value
