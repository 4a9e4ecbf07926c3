"""The main job as its user does it: one Excel file in, messages out, receipts back, one Excel file out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from PySide6.QtWidgets import QAbstractButton
from python_calamine import CalamineWorkbook

from console.demo_users import SUPERVISOR

if TYPE_CHECKING:
    from tests.e2e.conftest import Person

GOOD, BAD = 24, 4
HEADERS = ["客户号", "姓名", "性别", "手机号码", "地区", "借据号", "产品", "应还金额", "还款日", "还款账号"]
SURNAMES, GIVEN = "陈李王张刘赵", ("建国", "晓梅", "志强", "雅琴")
CAMPAIGN = "November instalments"
TEST_NUMBER = "13900000001"


def customer_file(folder: Path) -> Path:
    """24 rows that are right and 4 that are not, below a title as core banking prints it."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "还款明细"
    sheet.append(["城东支行 11 月应还款明细"])
    sheet.append(HEADERS)
    due = _soon()
    for n in range(GOOD):
        row = [
            f"E{n:05}",
            f"{SURNAMES[n % 6]}{GIVEN[n // 6]}",
            "男女"[n % 2],
            f"137000{n:05}",
            "城东",
            f"LN{n:06}",
            "房贷",
        ]
        sheet.append([*row, 1234.5 + n, due, f"62220000000{n:05}"])
    broken = [
        ["E90001", "号短", "男", "1380013800"],
        ["E90002", "座机", "男", "021-55550100"],
        ["E90003", "", "女", "13700099999"],
        ["E90004", "丢位", "女", "1.37E+10"],
    ]
    for row in broken:
        sheet.append([*row, "城东", f"LN{row[0]}", "房贷", 1, due, ""])
    path = folder / "还款明细.xlsx"
    book.save(path)
    return path


def _soon() -> date:
    return datetime.now().astimezone().date() + timedelta(days=4)


def import_file(person: Person, folder: Path) -> None:
    person.drop(customer_file(folder))
    person.wait_to_read(f"Import {GOOD} rows")
    errors = folder / "to correct.xlsx"
    person.save_as(errors)
    person.click("Save error workbook…")
    person.wait(errors.exists, "no error workbook")
    (header, *rows) = CalamineWorkbook.from_path(str(errors)).get_sheet_by_index(0).to_python()
    assert len(rows) == BAD
    assert all(row[-1] for row in rows)  # the reason, in the last column
    assert header[:3] == HEADERS[:3]
    person.click(f"Import {GOOD} rows")
    person.wait_to_read("The import is complete")
    person.click("Show these customers")
    person.wait(lambda: person.rows("Customers") == GOOD, "not the imported customers")


def write_campaign(person: Person) -> None:
    person.go("Campaigns")
    person.click("New campaign")
    person.write("Name of the campaign", CAMPAIGN)
    person.wait(lambda: person.offered("Template"), "no templates")
    person.choose("Template", "Risk alert · ")  # may leave at any hour, as this test may run at any
    person.click("The people of an imported file")
    person.wait_to_read(f"{GOOD}")
    person.write("Number for the test message", TEST_NUMBER)
    person.click("Send a test message")
    person.wait(lambda: len(person.modem.accepted()) > 0, "the test message did not leave")
    person.click("Submit for approval")
    person.wait_to_read(f"{GOOD} messages wait for approval.")


def cells(path: Path) -> list[list[list[object]]]:
    book = CalamineWorkbook.from_path(str(path))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def column(sheet: list[list[object]], title: str) -> list[object]:
    place, header = next((n, row) for n, row in enumerate(sheet) if title in row)
    return [row[header.index(title)] for row in sheet[place + 1 :]]


def check_workbook(path: Path) -> None:
    details = next(sheet for sheet in cells(path) if any("Message" in row for row in sheet))
    assert column(details, "State") == ["Delivered"] * GOOD
    assert all(isinstance(phone, str) and "****" in phone for phone in column(details, "Mobile number"))
    assert all(isinstance(amount, float) for amount in column(details, "Amount due"))
    assert all(isinstance(day, date) for day in column(details, "Due date"))
    assert all(isinstance(at, datetime) for at in column(details, "Accepted"))
    sheet = openpyxl.load_workbook(path).worksheets[-1]
    assert sheet.freeze_panes
    assert sheet.auto_filter.ref


def opens_in_libreoffice(path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        return  # said by the set-up; calamine has read the file already
    profile = f"-env:UserInstallation={(path.parent / 'office').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=90)
    assert path.with_suffix(".pdf").stat().st_size > 1_000


@pytest.mark.timeout(240)
def test_from_one_excel_file_to_the_other(person: Person, tmp_path: Path) -> None:
    person.log_in("Officer")
    import_file(person, tmp_path)
    write_campaign(person)
    person.log_out()

    person.log_in("Supervisor")
    person.go("Approvals")
    person.wait_to_read(CAMPAIGN)
    person.click("Approve")
    person.go("Campaigns")
    person.pick("Campaigns", CAMPAIGN)
    person.click("Pause")
    person.click("Resume")
    person.find(QAbstractButton, f"Delivered: {GOOD}")

    accepted = person.modem.accepted()
    numbers = [message["recipient"] for message in accepted]
    assert len(set(numbers)) == GOOD + 1  # and the test message
    export = tmp_path / "campaign.xlsx"
    person.save_as(export)
    person.click("Export")
    person.wait(export.exists, "no workbook")
    check_workbook(export)
    opens_in_libreoffice(export)
    person.log_out()
    audit_is_sound(person, tmp_path)


def audit_is_sound(person: Person, folder: Path) -> None:
    password = folder / "password"
    password.write_text(SUPERVISOR.password)
    command = [sys.executable, "-m", "console", "--database", person.database_url, "verify-audit"]
    told = subprocess.run(
        [*command, "--login", SUPERVISOR.login, "--password-file", str(password)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
