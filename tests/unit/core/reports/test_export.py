"""The workbook, read again by other programs than the one that wrote it."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from console.core.errors import EnvironmentTrouble, NotPermitted, UserError
from console.core.i18n import use_language
from console.core.protection.permits import NoPermit
from console.core.protection.requests import ask_for_report, decide, write
from console.core.reports import preview, run, workbook
from console.core.reports.period import Period
from console.core.reports.requests import CARDS, Report, Request
from db.models import AuditEntry, Campaign

from .conftest import JOURNEYS, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.core.context import Context

    from .conftest import Office

WEEK = Period(date(2026, 11, 17), date(2026, 11, 23))
HEAD = 6  # rows above the first record
OFFICE = shutil.which("soffice")


def of_campaign(office: Office, **more: Any) -> Request:
    return Request(report=Report.CAMPAIGN, campaign_id=office.campaign_id, **more)


def read(path: Path, sheet: str) -> list[list[Any]]:
    """All rows of a sheet by calamine, which shares no code with openpyxl."""
    return CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def local(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23 {time}")


def last_export(ctx: Context) -> AuditEntry:
    with ctx.database.read() as session:
        query = select(AuditEntry).where(AuditEntry.action == "report.export").order_by(AuditEntry.id.desc())
        return session.scalars(query).first()  # type: ignore[return-value]


def test_the_details_hold_every_message_with_the_right_types(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    done = run.export(office.ctx, of_campaign(office), target)
    rows = read(target, "Details")
    header, records = rows[HEAD - 1], rows[HEAD:]
    assert len(records) == len(JOURNEYS)
    assert done.path == target
    first = dict(zip(header, records[0], strict=True))
    assert first["Campaign"] == "房贷11月还款提醒 (1/2)"
    assert first["Customer number"] == "00000000"  # leading zeros kept
    assert first["Mobile number"] == "138****8000"
    assert first["Message"] == "【示例银行】尊敬的李强，请于11月30日前还款。"
    assert first["Parts"] == 1.0
    assert first["State"] == "Delivered"
    assert first["Submitted"] == local("10:00:00")
    assert first["Accepted"] == local("10:00:02")
    assert first["Finished"] == local("10:00:09")
    assert first["Loan number"] == "L0000"
    assert first["Amount due"] == 3256.8
    assert first["Due date"] == date(2026, 11, 30)
    states = [row[header.index("State")] for row in records]
    assert states.count("Failed") == 2
    reasons = {row[header.index("State")]: row[header.index("Reason")] for row in records}
    assert reasons["Failed"]
    assert reasons["Outcome unknown"]
    assert reasons["Delivered"] == ""


def test_texts_that_look_like_formulas_stay_texts(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, of_campaign(office), target)
    sheet = load_workbook(target)["Details"]
    names = [sheet.cell(HEAD + 1 + n, 4) for n in range(len(NAMES))]
    assert [cell.value for cell in names] == [name.replace("\x07", "") for name in NAMES]
    assert {cell.data_type for cell in names} == {"s"}
    assert [bool(cell.quotePrefix) for cell in names[:7]] == [False, *[True] * 6]
    with zipfile.ZipFile(target) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "worksheets" in name)


def test_the_header_is_frozen_filtered_wide_enough_and_printed_on_each_page(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, of_campaign(office), target)
    sheet = load_workbook(target)["Details"]
    assert sheet.freeze_panes == f"A{HEAD + 1}"
    assert sheet.auto_filter.ref == f"A{HEAD}:Q{HEAD + len(JOURNEYS)}"
    assert sheet.print_title_rows == f"${HEAD}:${HEAD}"
    assert sheet.column_dimensions["F"].width > 50
    assert sheet.cell(HEAD + 1, 5).number_format == "@"
    assert sheet.cell(HEAD + 1, 16).number_format == "#,##0.00"
    assert sheet.cell(HEAD + 1, 17).number_format == "yyyy-mm-dd"
    assert sheet.cell(HEAD + 1, 12).number_format == "yyyy-mm-dd hh:mm:ss"
    assert sheet.cell(HEAD, 1).font.bold


def test_the_heading_says_who_when_and_how(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, of_campaign(office), target)
    heading = [row[0] for row in read(target, "Summary")[:4]]
    assert heading[0] == "Campaign report · 房贷11月还款提醒 (1/2)"
    assert heading[2] == "Exported by 王敏 (officer) at 2026-11-23 10:00:00"
    assert heading[3] == "Mobile numbers are masked."


def test_the_summary_and_its_companions(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, of_campaign(office), target)
    book = CalamineWorkbook.from_path(target)
    assert book.sheet_names == ["Summary", "Outcomes", "Causes", "Course", "Details", "Left out"]
    facts = {row[0]: row[1] for row in read(target, "Summary")[HEAD:]}
    assert facts["Made by"] == "王敏"
    assert facts["Approved by"] == "陈立"
    assert facts["Comment"] == "同意"
    assert facts["Messages"] == 10.0
    assert facts["Adds up"] == "Yes"
    assert facts["Approved digest"] == "d" * 64
    outcomes = {row[0]: row[1] for row in read(target, "Outcomes")[HEAD:]}
    assert outcomes["Delivered"] == 3.0
    assert outcomes["Total"] == 10.0
    left_out = read(target, "Left out")[HEAD]
    assert left_out[1:3] == ["赵六", "138****8050"]
    assert left_out[5] == "The customer has not agreed to marketing."


def test_numbers_in_full_need_an_approval_and_are_audited(
    office: Office, context_of: Callable[[str], Context], tmp_path: Path
) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, of_campaign(office), target)
    assert json.loads(last_export(office.ctx).detail)["revealed"] is False
    with pytest.raises(NoPermit):
        run.export(office.ctx, of_campaign(office, reveal=True), target)
    asked = ask_for_report(office.ctx, of_campaign(office), "the branch calls everybody")
    decide(context_of("supervisor"), asked, approved=True)
    rows = write(office.ctx, asked, target)
    assert read(target, "Details")[HEAD][4] == "13800138000"
    assert any("approved by 陈立" in str(row[0]) for row in read(target, "Details")[:HEAD])
    entry = last_export(office.ctx)
    assert (entry.actor, entry.subject) == ("officer", f"campaign:{office.campaign_id}")
    detail = json.loads(entry.detail)
    assert (detail["revealed"], detail["file"], detail["rows"]) == (True, "out.xlsx", rows)
    assert detail["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()


def test_without_permission_nothing_is_written(admin_ctx: Context, tmp_path: Path) -> None:
    request = Request(report=Report.DAILY, period=WEEK)
    with pytest.raises(NotPermitted):
        run.export(admin_ctx, request, tmp_path / "out.xlsx")
    with pytest.raises(NotPermitted):
        preview.preview(admin_ctx, request)
    assert not list(tmp_path.glob("*.xlsx"))


def test_the_daily_report(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, Request(report=Report.DAILY, period=WEEK), target)
    days = read(target, "By day")[HEAD:]
    assert len(days) == 8  # seven days and the total
    assert days[5][:3] == [date(2026, 11, 22), 1.0, 1.0]
    assert days[6][:8] == [date(2026, 11, 23), 7.0, 3.0, 2.0, 1.0, 1.0, 0.0, 0.0]
    assert days[7][:3] == ["Total", 8.0, 4.0]
    lines = {row[0]: row for row in read(target, "By line")[HEAD:]}
    assert lines["模块一"][1] + lines["模块二"][1] == lines["Total"][1] == 8.0
    campaigns = read(target, "By campaign")[HEAD:]
    assert [row[0] for row in campaigns] == ["房贷11月还款提醒 (1/2)", "Test messages", "Total"]
    assert campaigns[2][2] == 11.0


def test_details_and_troubles_of_a_period(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, Request(report=Report.DETAILS, period=WEEK), target)
    assert len(read(target, "Details")[HEAD:]) == 8
    run.export(office.ctx, Request(report=Report.TROUBLE, period=WEEK), target)
    rows = read(target, "Details")[HEAD:]
    assert sorted(row[7] for row in rows) == ["Failed", "Failed", "Outcome unknown"]
    assert all(row[9] for row in rows)  # what to do


def test_sheets_are_named_in_the_language_of_the_user(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.core import i18n

    class Shouting(i18n.gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return message.upper() if "{" not in message else message

    monkeypatch.setattr(i18n._State, "catalogue", Shouting())
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, of_campaign(office), target)
    assert CalamineWorkbook.from_path(target).sheet_names[4] == "DETAILS"
    assert read(target, "DETAILS")[HEAD - 1][0] == "CAMPAIGN"
    use_language("en")


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_it(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, Request(report=Report.DETAILS, period=WEEK), target)
    subprocess.run(
        [str(OFFICE), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
         "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true", "--outdir", str(tmp_path),
         str(target)],
        check=True, timeout=100, capture_output=True,
    )  # fmt: skip
    produced = next(tmp_path.glob("*.csv"))
    rows = list(csv.reader(io.StringIO(produced.read_text("utf-8"))))
    record = dict(zip(rows[HEAD - 1], rows[HEAD], strict=True))
    assert record["Mobile number"] == "138****8000"
    assert record["Customer number"] == "00000000"
    assert record["Submitted"] == "2026-11-23 10:00:00"
    assert record["Amount due"] == "3,256.80"
    assert record["Due date"] == "2026-11-30"
    assert [row[3] for row in rows[HEAD:]][1:5] == ["=1+1", "+8613800138000", "-2", "@SUM(A1)"]


class Stop(Exception): ...


def test_cancelling_leaves_the_old_file_and_nothing_else(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"old")
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done:
            raise Stop

    with office.ctx.database.begin() as session:
        campaign = session.get_one(Campaign, office.campaign_id)
        for number in range(600):
            office.ctx.audit(session, "campaign.edit", f"campaign:{campaign.id}", number=number)
    with pytest.raises(Stop):
        run.export(office.ctx, of_campaign(office), target, stop)
    assert told[0][0] == 0
    assert told[-1][0] == 256
    assert target.read_bytes() == b"old"
    assert sorted(
        path.name for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("branch.db")
    ) == ["out.xlsx"]
    assert last_export(office.ctx) is None


def test_progress_counts_to_the_end(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    done = run.export(office.ctx, of_campaign(office), tmp_path / "a.xlsx", lambda n, total: told.append((n, total)))
    assert told == [(0, done.rows)]  # fewer than are worth a report


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def full(_: int) -> None:
        raise OSError(code, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentTrouble, match="disk is full"):
        run.export(office.ctx, of_campaign(office), tmp_path / "out.xlsx")
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".part", ".xlsx")]


def test_a_really_full_file_system(office: Office, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("only Linux has /dev/full")
    with pytest.raises(OSError, match="No space"), Path("/dev/full").open("wb", buffering=0) as file:
        workbook.write(file, [], workbook.Heading(title="x", lines=(), author="x"), lambda done: None)


def test_a_file_open_in_excel(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows answers like this; nothing here can hold a file open so."""
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"old")

    def held(source: object, destination: object) -> None:
        raise PermissionError(errno.EACCES, "in use", str(destination))

    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(EnvironmentTrouble, match=r"out\.xlsx is open") as caught:
        run.export(office.ctx, of_campaign(office), target)
    assert "Close it" in str(caught.value.hint)
    assert target.read_bytes() == b"old"


def test_a_folder_that_is_gone(office: Office, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentTrouble, match="cannot be written"):
        run.export(office.ctx, of_campaign(office), tmp_path / "gone" / "out.xlsx")


def test_a_campaign_that_is_gone_and_requests_that_lack_something(office: Office, tmp_path: Path) -> None:
    for request in (
        Request(report=Report.CAMPAIGN, campaign_id=999),
        Request(report=Report.CAMPAIGN),
        Request(report=Report.DAILY),
    ):
        with pytest.raises(UserError):
            run.export(office.ctx, request, tmp_path / "out.xlsx")


def test_a_sheet_too_long_goes_on_in_the_next(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)
    target = tmp_path / "out.xlsx"
    run.export(office.ctx, Request(report=Report.DETAILS, period=WEEK), target)
    book = CalamineWorkbook.from_path(target)
    assert book.sheet_names == ["Details", "Details 2"]
    assert [len(read(target, name)[HEAD:]) for name in book.sheet_names] == [4, 4]


def test_the_preview_shows_what_the_file_holds(office: Office) -> None:
    shown = preview.preview(office.ctx, of_campaign(office, reveal=True))
    assert (shown.about, shown.days) == ("房贷11月还款提醒 (1/2)", ())
    sheets = {sheet.name: sheet for sheet in shown.sheets}
    details = sheets["Details"]
    assert details.total == len(details.rows) == 10
    assert details.rows[0][4] == "138****8000"  # masked whatever was asked
    assert details.rows[0][15] == "3,256.80"
    assert sheets["Outcomes"].closing == ("Total", "10", "100.0%")


def test_the_preview_of_the_daily_report_has_every_day(office: Office) -> None:
    shown = preview.preview(office.ctx, Request(report=Report.DAILY, period=WEEK))
    assert shown.about == "2026-11-17 – 2026-11-23"
    assert [day.counts.delivered for day in shown.days] == [0, 0, 0, 0, 0, 1, 3]


def test_names_of_files(office: Office) -> None:
    assert run.suggested_path(office.ctx, of_campaign(office)).name == "Campaign report 房贷11月还款提醒 (1_2).xlsx"
    daily = run.suggested_path(office.ctx, Request(report=Report.DAILY, period=WEEK))
    assert daily.name == "Daily report 2026-11-17_2026-11-23.xlsx"
    assert [choice.name for choice in run.campaign_choices(office.ctx)] == ["房贷11月还款提醒 (1/2)"]


def test_nothing_but_an_export_loads_openpyxl() -> None:
    script = (
        "import sys\nfrom console.core.reports import preview, run, requests\n"
        "assert 'openpyxl' not in sys.modules, 'loaded too early'"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_every_report_has_a_card() -> None:
    assert set(CARDS) == set(Report)
