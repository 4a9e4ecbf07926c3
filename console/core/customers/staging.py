"""Checked rows into the staging tables: shared ones, in short transactions, or private ones within one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import compress, islice, repeat
from typing import Any, Protocol

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.checking import Checked
from console.core.customers.columns import EXTRA
from console.core.customers.identity import Identity
from console.core.customers.imports import lines_send
from console.core.customers.normalise import Account
from console.core.customers.pace import Pace
from console.core.customers.pinyin import spelled
from console.core.customers.secrets import sealer
from console.core.quiet import collector_paused
from db import bulk
from db.engine import Database
from db.models import ImportBatch, ImportState, StagedInstalment, StagedRow

CHUNK = 1_000  # rows of the first transaction while lines send
CHUNK_ALONE = 12_500  # and while none does
_REMOVED = 2_500  # rows that are taken out in one transaction
_NAMES = 50_000  # whose sound is kept: some 10 MB
SECRET = "customer-number"  # noqa: S105 - the name of one
_ROWS: Any = StagedRow.__table__
_INSTALMENTS: Any = StagedInstalment.__table__
_AMOUNTS = frozenset({"principal", "amount_due", "penalty", "interest", "paid"})
_AS_IT_IS = frozenset({
    "name", "phone", "phone_2", "phone_3", "region", "branch", "manager", "rating", "segment", "consent", "loan_number",
    "product", "method", "kind", "term_months", "due_day", "sequence",
})  # fmt: skip
_JOINED = ("import_id", "loan_number")  # and by the number of the customer, which is as unique
_NULLABLE = frozenset({
    "consent", "rate", "term_months", "due_day", "birthday", "start_on", "due_on", "paid_at", *_AMOUNTS,
})  # fmt: skip
_OF_A_PLAN = {  # columns of an instalment by the field that fills them
    "due_on": "inst_due_on", "principal": "inst_principal", "interest": "inst_interest", "penalty": "inst_penalty",
    "paid": "inst_paid", "paid_at": "inst_paid_at",
}  # fmt: skip
_Columns = dict[str, Sequence[object]]


class Desk(Protocol):
    """Where staged rows stand: in the database, for everybody, or in one transaction, for nobody else."""

    def read(self) -> AbstractContextManager[Session]: ...

    def begin(self) -> AbstractContextManager[Session]: ...


class Private:
    """Everything within one transaction of somebody else's, on staging tables of its own."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self) -> AbstractContextManager[Session]:
        return nullcontext(self._session)

    def begin(self) -> AbstractContextManager[Session]:
        return nullcontext(self._session)


@contextmanager
def private(session: Session) -> Iterator[Private]:
    """Staging tables for this transaction alone, empty."""
    with bulk.private(session, _ROWS, _INSTALMENTS):
        yield Private(session)


@dataclass(frozen=True)
class Made:
    """What is to be staged, by table and column: worked out before anybody else has to wait, and used up once."""

    tables: tuple[tuple[Any, dict[str, Iterable[object]]], ...]


def make(database: Database, checked: Checked) -> Made:
    with collector_paused():
        people = () if checked.plan_only else ((_ROWS, _rows(database, checked)),)
        plans = ((_INSTALMENTS, _plans(database, checked)),) if "sequence" in checked.columns else ()
    return Made((*people, *plans))


def stage(ctx: Context, desk: Desk, import_id: int, made: Made, progress: Callable[[int], None]) -> None:
    """Write all valid rows. ``progress`` gets the rows done so far, and may raise to cancel."""
    with collector_paused():
        done = 0
        for table, values in made.tables:
            names, rows = _zipped(table, {"import_id": repeat(import_id), **values})
            done = _write(ctx, desk, table, names, rows, progress, done)
            if isinstance(desk, Private):
                with desk.begin() as session:
                    bulk.analyze(session, table, _JOINED)


def _write(
    ctx: Context,
    desk: Desk,
    table: Any,
    names: list[str],
    rows: Iterator[tuple[object, ...]],
    progress: Callable[[int], None],
    done: int,
) -> int:
    pace, size = Pace(CHUNK, CHUNK_ALONE, CHUNK_ALONE), CHUNK
    while chunk := list(islice(rows, size)):
        with desk.begin() as session:
            started = time.monotonic()
            sending = lines_send(session, ctx.clock.now())
            bulk.load(session, table, names, chunk)
        took = time.monotonic() - started
        pace.took(took, len(chunk), sending=sending)
        size = pace.next(sending=sending)
        if sending:
            time.sleep(pace.rest(took))
        done += len(chunk)
        progress(done)
    return done


def unstage(ctx: Context, import_id: int) -> None:
    """Remove the rows of one import: in short transactions, or at once where that holds nobody up."""
    with ctx.database.begin() as session:
        if _nobody_else(ctx, session, import_id):
            for table in (_ROWS, _INSTALMENTS):
                session.execute(delete(table))  # SQLite gives back whole pages without writing them
            return
    for table in (_ROWS, _INSTALMENTS):
        while True:
            with ctx.database.begin() as session:
                if not _unstage_some(session, table, import_id):
                    break


def _nobody_else(ctx: Context, session: Session, import_id: int) -> bool:
    """Whether no other import needs what is staged, and no line waits; nobody can begin one before the commit."""
    if ctx.database.dialect != "sqlite" or lines_send(session, ctx.clock.now()):
        return False
    needed = ImportBatch.state.in_((ImportState.RUNNING, ImportState.APPLYING))
    return session.scalar(select(ImportBatch.id).where(needed, ImportBatch.id != import_id).limit(1)) is None


def _unstage_some(session: Session, table: Any, import_id: int) -> bool:
    first = select(table.c.id).where(table.c.import_id == import_id).order_by(table.c.id).limit(1)
    found = session.scalar(first)
    if found is None:
        return False
    session.execute(delete(table).where(table.c.import_id == import_id, table.c.id < found + _REMOVED))
    return True


def _rows(database: Database, checked: Checked) -> dict[str, Iterable[object]]:
    """The columns that the file fills; every other one has its default."""
    sheet = checked.sheet
    leads: Sequence[bool] = checked.leads
    columns: _Columns = dict(checked.columns)
    valid: Sequence[int] = checked.valid
    if "sequence" in columns:  # of a plan only the first row of each loan and customer says something new
        wanted = [a or b for a, b in zip(leads, checked.loan_leads, strict=True)]
        columns = {key: list(compress(values, wanted)) for key, values in columns.items()}
        leads, valid = list(compress(leads, wanted)), list(compress(valid, wanted))
    spelt = list(map(_sounds.__getitem__, columns["name"]))
    given = columns.get("number") or [""] * len(valid)
    numbers = given if all(given) else list(_numbers(database, given, columns["phone"], columns["name"]))
    values: dict[str, Iterable[object]] = {
        "row": [sheet.first_row + index for index in valid],
        "number": numbers,
        "pinyin": [sound[0] for sound in spelt],
        "initials": [sound[1] for sound in spelt],
    }
    if not all(leads):
        values["leads"] = leads
    if numbers is not given:
        values["numbered"] = [bool(number) for number in given]
    values.update(_sealed(database, columns))
    values.update(_unfolded(columns))
    staged = {column.name for column in _ROWS.columns}
    for name in (columns.keys() & staged) - values.keys():
        values[name] = _stored(name, columns[name], database.dialect)
    if "consent" in columns:
        values["consent"] = _consents(numbers, columns["consent"])
    return values


def _plans(database: Database, checked: Checked) -> dict[str, Iterable[object]]:
    columns, dialect = checked.columns, database.dialect
    values: dict[str, Iterable[object]] = {
        "row": [checked.sheet.first_row + index for index in checked.valid],
        "loan_number": columns["loan_number"],
        "sequence": columns["sequence"],
    }
    for name, key in _OF_A_PLAN.items():
        if key in columns:
            values[name] = _stored(name, columns[key], dialect)
    return values


def _zipped(table: Any, values: dict[str, Iterable[object]]) -> tuple[list[str], Iterator[tuple[object, ...]]]:
    names = [column.name for column in table.columns if column.name in values]
    return names, zip(*(values[name] for name in names), strict=False)  # not strict: repeat() never ends


class _Sounds(dict[object, tuple[str, str]]):
    """Names come again in every file, and within one."""

    def __missing__(self, name: object) -> tuple[str, str]:
        if len(self) >= _NAMES:
            self.clear()
        found = self[name] = spelled(str(name))
        return found


_sounds = _Sounds()


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


def _sealed(database: Database, columns: _Columns) -> dict[str, list[object]]:
    """Identity and account numbers: the staging table never holds them in clear."""
    found: dict[str, list[object]] = {}
    seal = sealer(database).seal if {"id_number", "account"} & columns.keys() else None
    if seal is None:
        return found
    if "id_number" in columns:
        sealed = [seal(one.number) if isinstance(one, Identity) else None for one in columns["id_number"]]
        found["id_cipher"] = [one and one.cipher for one in sealed]
        found["id_digest"] = [one and one.digest for one in sealed]
        found["id_tail"] = [one.tail if one else "" for one in sealed]
    if "account" in columns:
        accounts = [one if isinstance(one, Account) else None for one in columns["account"]]
        sealed = [seal(one.number) if one and one.number else None for one in accounts]
        found["account_cipher"] = [one and one.cipher for one in sealed]
        found["account_digest"] = [one and one.digest for one in sealed]
        found["account_tail"] = [one.tail if one else "" for one in accounts]
    return found


def _unfolded(columns: _Columns) -> dict[str, list[object]]:
    """Fields that fill two columns, and columns that several fields fill."""
    found: dict[str, list[object]] = {}
    if "hours" in columns:
        spans = [one if isinstance(one, tuple) else (None, None) for one in columns["hours"]]
        found["hours_from"], found["hours_to"] = [one[0] for one in spans], [one[1] for one in spans]
    own = {key.removeprefix(EXTRA): values for key, values in columns.items() if key.startswith(EXTRA)}
    if own:
        found["extra"] = [
            json.dumps({key: value for key, value in zip(own, each, strict=True) if value is not None})
            for each in zip(*own.values(), strict=True)
        ]
    return found


def _consents(numbers: Sequence[object], consents: Sequence[object]) -> list[object]:
    """Per row; where rows of one customer disagree, the refusal holds."""
    refused = {number for number, consent in zip(numbers, consents, strict=True) if consent is False}
    return [False if number in refused else consent for number, consent in zip(numbers, consents, strict=True)]


def _stored(name: str, values: Sequence[object], dialect: str) -> Iterable[object]:
    if name in _AS_IT_IS or (name in _AMOUNTS and dialect == "sqlite"):
        return values
    return map(_Stored(name, dialect).__getitem__, values)


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
        if isinstance(value, datetime):
            utc = value.astimezone(UTC)
            return utc.replace(tzinfo=None).isoformat(" ", "microseconds") if self.dialect == "sqlite" else utc
        if isinstance(value, date):
            return value.isoformat()
        if self.name in _AMOUNTS and self.dialect != "sqlite" and isinstance(value, int):
            return f"{value // 100}.{value % 100:02}"
        return f"{value:f}" if self.name == "rate" else value
