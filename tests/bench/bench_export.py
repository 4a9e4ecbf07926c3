"""Export of 100,000 detail rows against openpyxl writing the very same cells: ``python tests/bench/bench_export.py``.

Target: at most 1.5 times. The floor is the plainest loop there is: ``append`` of ready values to a write-only sheet.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from openpyxl import Workbook, load_workbook
from sqlalchemy import insert

from console.core.clock import FixedClock
from console.core.context import Actor, Context
from console.core.reports import run
from console.core.reports.requests import Report, Request
from console.core.security.permissions import Role
from console.core.settings import Settings
from db import paging
from db.engine import Database
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Customer,
    Line,
    Loan,
    Message,
    MessageState,
    User,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BODY = (
    "【示例银行】尊敬的客户{n:06}，您的房贷本期应还{due:,.2f}元，还款日2026-11-30，请保持账户余额充足。客服021-55550100"
)
TARGET = 1.5
REPEATS = 2
STATES = [MessageState.DELIVERED] * 8 + [MessageState.UNDELIVERED, MessageState.ACCEPTED]


def customers(rows: int) -> Iterator[dict[str, object]]:
    for n in range(1, rows + 1):
        yield {
            "id": n, "number": f"C{n:08}", "name": f"客户{n:06}", "pinyin": "kehu", "initials": "kh",
            "phone": f"138{n:08}", "phone_tail": f"{n % 10_000:04}", "created_at": NOW, "updated_at": NOW,
        }  # fmt: skip


def loans(rows: int) -> Iterator[dict[str, object]]:
    for n in range(1, rows + 1):
        yield {
            "id": n, "customer_id": n, "number": f"L{n:010}", "product": "房贷", "due_on": date(2026, 11, 30),
            "amount_due": Decimal(n) / 100, "updated_at": NOW,
        }  # fmt: skip


def messages(rows: int) -> Iterator[dict[str, object]]:
    for n in range(1, rows + 1):
        left = NOW + timedelta(seconds=n)
        yield {
            "batch_id": 1, "customer_id": n, "loan_id": n, "phone": f"138{n:08}", "recipient": f"138{n:08}:{n}",
            "body": BODY.format(n=n, due=n / 100),
            "parts": 1, "digest": "0" * 64, "state": STATES[n % 10], "reason": "tp.49" if n % 10 == 8 else "",
            "line_id": 1, "created_at": NOW, "sending_at": left, "accepted_at": left, "done_at": left,
        }  # fmt: skip


def fill(database: Database, rows: int) -> Actor:
    database.create()
    with database.begin() as session:
        session.add(User(id=1, login="bench", display_name="bench", password_hash="!", roles=[], created_at=NOW))
        session.add(Line(id=1, name="模块一", address="COM1", created_at=NOW))
        session.flush()
        session.add(
            Campaign(
                id=1, name="房贷11月还款提醒", class_key="repayment", audience={}, variables={}, batch_id=None,
                state=CampaignState.APPROVED, created_by=1, created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            Batch(
                id=1, kind=BatchKind.CAMPAIGN, campaign_id=1, class_key="repayment", state=BatchState.OPEN,
                messages=rows, parts=rows, created_by=1, created_at=NOW, opened_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.get_one(Campaign, 1).batch_id = 1
        session.flush()
        for table, made in ((Customer, customers), (Loan, loans), (Message, messages)):
            for chunk in paging.chunked(made(rows), 10_000):
                session.execute(insert(table), chunk)
    return Actor.of(1, "bench", "bench", frozenset({Role.REPORTER}))


def plain(cells: list[list[object]], target: Path) -> float:
    start = time.perf_counter()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Details")
    for row in cells:
        sheet.append(row)
    book.save(target)
    return time.perf_counter() - start


def main(rows: int) -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        Database.open(f"sqlite:///{folder}/bench.db", key=secrets.token_bytes(32)) as database,
    ):
        actor = fill(database, rows)
        ctx = Context(database=database, clock=FixedClock(NOW), actor=actor, settings=Settings())
        request = Request(report=Report.CAMPAIGN, campaign_id=1)
        target, floor = Path(folder, "ours.xlsx"), Path(folder, "floor.xlsx")
        run.export(ctx, request, target)
        book = load_workbook(target, read_only=True)
        cells = [list(row) for row in book["Details"].iter_rows(min_row=7, values_only=True)]
        book.close()
        assert len(cells) == rows
        ours, theirs = [], []
        for _ in range(REPEATS):
            theirs.append(plain(cells, floor))
            start = time.perf_counter()
            run.export(ctx, request, target)
            ours.append(time.perf_counter() - start)
    ratio = min(ours) / min(theirs)
    print(f"export {rows:,} rows x {len(cells[0])}: {min(ours):.2f} s; openpyxl alone {min(theirs):.2f} s;"
          f" ratio {ratio:.2f} (target <= {TARGET}); peak {getrusage(RUSAGE_SELF).ru_maxrss // 1024} MB")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
