from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select, update

from console.core.context import Context
from console.core.customers.watching import FolderWatch, Outcome, whole
from console.core.customers.workbook import Sheet
from console.core.errors import EnvironmentTrouble, NotPermitted
from db.models import Customer, ImportBatch, ImportState

SheetOf = Callable[..., Sheet]
HEADER: list[object] = ["客户号", "姓名", "手机号"]
ZHANG: list[object] = ["C1", "张三", "13800138000"]
WRONG: list[object] = ["C2", "李四", "138"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def put(sheet_of: SheetOf, tmp_path: Path, folder: Path) -> Callable[..., Path]:
    def make(*rows: list[object], name: str) -> Path:
        sheet_of(HEADER, *rows, name=name)
        return Path(shutil.move(tmp_path / name, folder / name))

    return make


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def customers(ctx: Context) -> int:
    with ctx.database.read() as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


def test_only_files_that_have_stopped_growing() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    assert whole({a: (5, 9), b: (5, 3), c: (0, 1)}, {a: (5, 9), b: (5, 3), c: (0, 1)}) == [b, a]
    assert whole({a: (6, 9), b: (5, 4)}, {a: (5, 9), b: (5, 3)}) == []


def test_a_whole_file_is_imported_once_and_moved(ctx: Context, folder: Path, put: Callable[..., Path]) -> None:
    watch = FolderWatch(ctx, folder)
    put(ZHANG, name="a.xlsx")
    (folder / "~$a.xlsx").write_bytes(b"x")
    (folder / "b.xlsx.part").write_bytes(b"x")
    (folder / "notes.docx").write_bytes(b"x")
    assert watch.look() == []
    assert customers(ctx) == 0
    handled = watch.look()
    assert [(one.file_name, one.outcome) for one in handled] == [("a.xlsx", Outcome.IMPORTED)]
    assert "1 added" in handled[0].words
    assert customers(ctx) == 1
    assert names(folder) == ["b.xlsx.part", "done", "notes.docx", "results.txt", "~$a.xlsx"]
    shutil.copy(folder / "done" / "a.xlsx", folder / "again.xlsx")
    watch.look()
    assert [one.outcome for one in watch.look()] == [Outcome.KNOWN]
    assert names(folder / "done") == ["a.xlsx", "again.xlsx"]
    lines = (folder / "results.txt").read_text("utf-8").splitlines()
    assert [line.split("\t")[1:3] for line in lines] == [["imported", "a.xlsx"], ["known", "again.xlsx"]]


def test_the_same_file_by_force(ctx: Context, folder: Path, put: Callable[..., Path]) -> None:
    for _ in range(2):
        put(ZHANG, name="a.xlsx")
        watch = FolderWatch(ctx, folder, force=True)
        watch.look()
        assert [one.outcome for one in watch.look()] == [Outcome.IMPORTED]
    assert len(names(folder / "done")) == 2  # the first one is not written over


def test_wrong_rows_and_what_is_no_table(ctx: Context, folder: Path, put: Callable[..., Path]) -> None:
    put(ZHANG, WRONG, name="half.xlsx")
    put(WRONG, name="none.xlsx")
    (folder / "picture.xlsx").write_bytes(b"\x89PNG\r\n")
    watch = FolderWatch(ctx, folder)
    watch.look()
    outcomes = {one.file_name: one.outcome for one in watch.look()}
    assert outcomes == {"half.xlsx": Outcome.PARTLY, "none.xlsx": Outcome.FAILED, "picture.xlsx": Outcome.FAILED}
    assert names(folder / "failed") == [
        "half - to correct.xlsx", "half.xlsx", "none - to correct.xlsx", "none.xlsx", "picture.xlsx",
    ]  # fmt: skip
    page = load_workbook(folder / "failed" / "half - to correct.xlsx").active
    assert page is not None
    assert [cell.value for cell in page[2]][:3] == WRONG
    assert customers(ctx) == 1


def test_totals_that_differ(ctx: Context, folder: Path, put: Callable[..., Path]) -> None:
    put(ZHANG, name="名单_3户.xlsx")
    watch = FolderWatch(ctx, folder)
    watch.look()
    (handled,) = watch.look()
    assert handled.outcome is Outcome.FAILED
    assert "sender states" in handled.words
    assert customers(ctx) == 0
    shutil.move(folder / "failed" / "名单_3户.xlsx", folder / "名单_3户.xlsx")
    watch = FolderWatch(ctx, folder, confirmed=True)
    watch.look()
    assert [one.outcome for one in watch.look()] == [Outcome.IMPORTED]


def test_it_waits_while_another_import_is_written(ctx: Context, folder: Path, put: Callable[..., Path]) -> None:
    put(ZHANG, name="a.xlsx")
    watch = FolderWatch(ctx, folder)
    watch.look()
    with ctx.database.begin() as session:
        session.add(
            ImportBatch(
                file_name="x", file_digest="0", sheet="", mapping={}, state=ImportState.APPLYING, owner="elsewhere|1|x",
                touched_at=ctx.clock.now(), created_by=ctx.actor.user_id, created_at=ctx.clock.now(),
            )
        )  # fmt: skip
    assert watch.look() == []
    assert "a.xlsx" in names(folder)
    with ctx.database.begin() as session:
        session.execute(update(ImportBatch).values(state=ImportState.DONE))
    assert [one.outcome for one in watch.look()] == [Outcome.IMPORTED]


def test_no_folder(ctx: Context, folder: Path) -> None:
    with pytest.raises(EnvironmentTrouble):
        FolderWatch(ctx, folder / "none").look()


def test_who_may_not(supervisor_ctx: Context, folder: Path, put: Callable[..., Path]) -> None:
    put(ZHANG, name="a.xlsx")
    watch = FolderWatch(supervisor_ctx, folder)
    watch.look()
    (handled,) = watch.look()
    assert handled.outcome is Outcome.FAILED
    assert str(NotPermitted().message) in handled.words
