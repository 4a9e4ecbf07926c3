"""The command line as a process, the way people meet it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from console.core import paths
from console.core.clock import SystemClock
from console.core.security import setup, users
from console.core.security.login import authenticate
from console.core.security.permissions import Role
from db.engine import Database
from db.keyslots import KeySlots
from db.models import Line
from gsm.emulator.client import EmulatorProcess

PASSWORD = "nine quiet paper boats"


def run(*words: str, home: Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, paths.HOME_VARIABLE: str(home), "LANG": "en_US.UTF-8", "LC_ALL": "", **environment}
    settings.pop("DISPLAY", None)
    settings.pop("WAYLAND_DISPLAY", None)
    if "QT_QPA_PLATFORM" not in environment:
        settings.pop("QT_QPA_PLATFORM", None)
    command = [sys.executable, "-m", "console", *words]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False, env=settings
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def database(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This workstation's own database with its administrator, who is an auditor too."""
    monkeypatch.setenv(paths.HOME_VARIABLE, str(home))
    path = paths.default_database()
    setup.create_embedded(path, login="admin", name="周航", password=PASSWORD, clock=SystemClock()).database.close()
    return path


def test_help_and_version_load_nothing_heavy(home: Path) -> None:
    found = run("--help", home=home)
    assert found.returncode == 0
    for verb in ("demo", "dispatch", "emulate", "import", "export", "backup", "verify-audit", "doctor"):
        assert re.search(rf"^    {verb}\b", found.stdout, re.MULTILINE), verb
    assert re.fullmatch(r"branch-sms \d+\.\d+\.\d+\S*\n", run("--version", home=home).stdout)
    heavy = "[name for name in ('PySide6', 'sqlalchemy', 'console.core') if name in sys.modules]"
    script = f"import sys, console.__main__ as main; main._parser(); print({heavy})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize("words", [(), ("demo",)])
def test_without_a_display_one_line_says_so(home: Path, words: tuple[str, ...]) -> None:
    found = run(*words, home=home)
    assert found.returncode == 1
    assert found.stdout == ""
    assert re.fullmatch(r"There is no display to open a window on\. .*DISPLAY.*\n", found.stderr)


def test_wrong_usage_is_told_with_two(home: Path) -> None:
    assert run("no-such-verb", home=home).returncode == 2


def test_verify_audit_reads_the_password_from_a_pipe(home: Path, database: Path) -> None:
    found = run("verify-audit", "--login", "admin", home=home, stdin=PASSWORD + "\n")
    assert (found.returncode, found.stderr) == (0, "")
    assert re.fullmatch(r"The trail is whole: \d+ entries, none changed, removed or added\.\n", found.stdout)


def test_a_wrong_password_is_one_line_and_nothing_else(home: Path, database: Path) -> None:
    found = run("verify-audit", "--login", "admin", home=home, stdin="not this one\n")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "The login name or the password is wrong. Check Caps Lock and the input method.\n"


def test_without_a_database_it_says_what_to_do(home: Path) -> None:
    found = run("verify-audit", "--login", "admin", home=home, stdin="x\n")
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert "There is no database here yet." in found.stderr


def test_backup_writes_a_copy_that_the_same_password_opens(home: Path, database: Path, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, "utf-8")
    login = ("--login", "admin", "--password-file", str(secret))
    found = run("backup", str(tmp_path / "copies"), *login, home=home)
    assert found.returncode == 0, found.stderr
    copy = Path(found.stdout.strip())
    assert copy.exists()
    assert copy.with_name(copy.name + ".keys").exists()
    again = run("verify-audit", "--database", str(copy), *login, home=home)
    assert again.returncode == 0, again.stderr


def test_a_service_secret_opens_the_database_for_a_dispatcher(home: Path, database: Path, tmp_path: Path) -> None:
    password, secret = tmp_path / "password", tmp_path / "service"
    password.write_text(PASSWORD, "utf-8")
    login = ("--login", "admin", "--password-file", str(password))
    found = run("service-secret", str(secret), *login, home=home)
    assert found.returncode == 0, found.stderr
    key = KeySlots(database.with_name(database.name + ".keys")).open_service(secret)
    with Database.open(f"sqlite:///{database}", key=key):
        pass
    again = run("service-secret", str(secret), *login, home=home)
    assert (again.returncode, again.stderr) == (1, "There is a file service already.\n")


def test_doctor_tells_how_things_stand_without_a_password(home: Path, database: Path) -> None:
    found = run("doctor", home=home)
    assert "SQLCipher" in found.stdout
    assert "1 users can open the database" in found.stdout
    assert found.returncode in (0, 1)  # a serial port of this machine may not be ours


def test_doctor_reads_a_modem_out(home: Path) -> None:
    with EmulatorProcess() as modem:
        found = run("doctor", "--address", modem.address, home=home)
        assert (found.returncode, found.stderr) == (0, "")
        for words in (
            "Emulated EM-1",
            "IMEI: ends in 7518",
            "IMSI ends in 7890",
            "CHINA MOBILE",
            "-73 dBm, 5 of 5 bars",
        ):
            assert words in found.stdout
        assert "+86138****0500" in found.stdout
        assert not re.search(r"\d{9}", found.stdout.replace(modem.address, ""))
        assert "Own number: +86139****1111" in found.stdout
        assert "Balance" not in found.stdout
        assert not any("CUSD" in command for command in modem.stats()["heard"])
        found = run("doctor", "--address", modem.address, "--balance", home=home)
        assert re.search(r"Balance: 12\.34 \(", found.stdout)
        modem.set(sim="SIM PIN", csq=1)
        found = run("doctor", "--address", modem.address, home=home)
        assert found.returncode == 1
        assert "!   What to do: The SIM card asks for its PIN. Enter the PIN on the Lines page." in found.stdout


def test_doctor_looks_at_the_lines_of_the_database(home: Path, database: Path) -> None:
    with EmulatorProcess() as modem:
        _attach(database, "柜台一号", modem.address, held=False)
        found = run("doctor", "--login", "admin", home=home, stdin=PASSWORD + "\n")
        assert f"Line 柜台一号 at {modem.address}: Emulated EM-1" in found.stdout
        heard = len(modem.stats()["heard"])
        _attach(database, "柜台二号", "socket://127.0.0.1:2", held=True)
        found = run("doctor", "--login", "admin", "--address", "socket://127.0.0.1:2", home=home, stdin=PASSWORD + "\n")
        assert "held by the sending" in found.stdout
        assert len(modem.stats()["heard"]) == heard


def test_the_demo_starts_by_itself_and_ends(home: Path) -> None:
    found = run("demo", "--until", "window", home=home, QT_QPA_PLATFORM="offscreen")
    assert (found.returncode, found.stderr) == (0, "")
    assert re.fullmatch(r"login ready: .*\nwindow ready .*\n", found.stdout)


def test_a_customer_list_goes_in_by_the_command_line(home: Path, database: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["客户号", "姓名", "手机号码"])
    sheet.append(["E00001", "陈建国", "13700000001"])
    sheet.append(["E00002", "李晓梅", "13700000002"])
    sheet.append(["E00003", "张志强", "1370000"])
    book.save(tmp_path / "list.xlsx")
    _officer(database)
    login = ("--login", "officer", "--errors", str(tmp_path / "wrong.xlsx"))
    found = run("import", str(tmp_path / "list.xlsx"), *login, home=home, stdin=PASSWORD + "\n")
    assert (found.returncode, found.stderr) == (1, "")
    assert "3 rows: 2 can be used, 1 cannot, 0 say nothing new." in found.stdout
    assert "2 added, 0 updated, 0 unchanged." in found.stdout
    wrong = list(openpyxl.load_workbook(tmp_path / "wrong.xlsx").active.values)
    assert [row[0] for row in wrong] == ["客户号", "E00003"]
    refused = run("import", str(tmp_path / "list.xlsx"), "--login", "admin", home=home, stdin=PASSWORD + "\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("You are not permitted to do this.")


def test_a_watched_folder_for_a_scheduler(home: Path, database: Path, tmp_path: Path) -> None:
    _officer(database)
    folder, secret = tmp_path / "in", tmp_path / "secret"
    folder.mkdir()
    login = ("--login", "admin")
    assert run("service-secret", str(secret), *login, home=home, stdin=PASSWORD + "\n").returncode == 0
    (folder / "a.csv").write_text("客户号,姓名,手机号码\nE00001,陈建国,13700000001\n", "utf-8")
    words = ("import", "--watch", str(folder), "--once", "--interval", "0.01", "--secret-file", str(secret))
    found = run(*words, "--login", "officer", home=home)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("+ a.csv: import 1: 1 added")
    assert (folder / "done" / "a.csv").exists()
    (folder / "b.csv").write_text("客户号,姓名,手机号码\nE00002,李晓梅,137\n", "utf-8")
    found = run(*words, "--login", "officer", home=home)
    assert (found.returncode, found.stdout[:8]) == (1, "x b.csv:")
    assert run(*words, "--login", "nobody", home=home).returncode == 1
    (tmp_path / "wrong").write_text("x")
    found = run(*words[:-1], str(tmp_path / "wrong"), "--login", "officer", home=home)
    assert "opens nothing" in found.stderr


def test_a_campaign_that_is_not_there_is_told(home: Path, database: Path, tmp_path: Path) -> None:
    _officer(database)
    found = run("export", "17", str(tmp_path / "out.xlsx"), "--login", "officer", home=home, stdin=PASSWORD + "\n")
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert not (tmp_path / "out.xlsx").exists()


def _officer(database: Path) -> None:
    entered = authenticate(paths.sqlite_url(database), "admin", PASSWORD, clock=SystemClock())
    with entered.context.database:
        roles = {Role.OFFICER, Role.REPORTER}
        users.create_user(entered.context, login="officer", name="王敏", roles=roles, password="eleven blue umbrellas")
    officer = authenticate(paths.sqlite_url(database), "officer", "eleven blue umbrellas", clock=SystemClock())
    with officer.context.database:
        users.change_password(officer.context, "eleven blue umbrellas", PASSWORD)


def _attach(database: Path, name: str, address: str, *, held: bool) -> None:
    entered = authenticate(f"sqlite:///{database}", "admin", PASSWORD, clock=SystemClock())
    now = SystemClock().now()
    with entered.context.database as opened, opened.begin() as session:
        line = Line(kind="modem", options={}, created_at=now, name=name, address=address, enabled=True)
        if held:
            line.owner, line.lease_until = "run", now + timedelta(minutes=5)
        session.add(line)
