"""``branch-sms move`` and ``retention`` as a person types them; a password on the command line is warned of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url

from console import headless
from console.__main__ import main
from console.core import paths, workstation
from console.core.clock import SystemClock
from console.core.security import passwords
from console.core.security.permissions import Role
from console.core.security.slots import slots_beside
from console.core.security.users import new_user
from db.engine import Database
from db.keyfile import Cost
from db.models import User

PASSWORD = "梅花香自苦寒来 2026"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This workstation with its database; the words of its administrator lie in a file."""
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
    workstation.save(workstation.load().changed(language="en"))
    path = paths.default_database()
    slots = replace(slots_beside(path), cost=Cost(passes=1, memory=1024, lanes=1))
    key = slots.create("admin", PASSWORD)
    with Database.open(paths.sqlite_url(path), key=key) as database:
        database.create()
        values = new_user("admin", "admin", [Role.ADMINISTRATOR], passwords.hashed(PASSWORD), SystemClock().now())
        with database.begin() as session:
            session.execute(insert(User).values(**values))
    (tmp_path / "password").write_text(PASSWORD, "utf-8")
    return tmp_path


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    server = request.getfixturevalue("postgres_server")
    url: str = server.empty()
    yield url
    server.drop(url)


def _run(home: Path, *words: str) -> int:
    return main([*words, "--login", "admin", "--password-file", str(home / "password")])


def test_move_points_this_workstation_to_the_server(
    home: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(home, "move", "--to", target) == 0
    told = capsys.readouterr()
    assert "counts and digests of all tables are the same at both ends" in told.out
    assert "user_account" in told.out
    assert told.err == ""
    assert make_url(workstation.load().url) == make_url(target)
    assert _run(home, "move", "--to", target) == 1
    assert "on a server already" in capsys.readouterr().err
    assert _run(home, "retention") == 0  # on the server, with the same password
    assert "Messages and delivery reports: kept for 24 months, due now 0" in capsys.readouterr().out


def test_a_password_on_the_command_line_is_warned_of(
    home: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spelt = make_url(target).set(password="open sesame").render_as_string(hide_password=False)
    assert _run(home, "move", "--to", spelt) == 0
    told = capsys.readouterr()
    assert "seen by everybody on this computer" in told.err
    assert "sesame" not in told.err + told.out


def test_so_it_is_by_the_dispatcher(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    spelt = make_url(target).set(password="open sesame").render_as_string(hide_password=False)
    headless._open(headless._options(["--database", spelt])).close()
    assert "seen by everybody on this computer" in capsys.readouterr().err
    headless._open(headless._options(["--database", target])).close()
    assert capsys.readouterr().err == ""


def test_the_password_may_come_from_a_file(
    home: Path, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "server").write_text("open sesame\n", "utf-8")
    assert _run(home, "move", "--to", target, "--to-password-file", str(tmp_path / "server")) == 0
    assert capsys.readouterr().err == ""
    assert make_url(workstation.load().url).password == "open sesame"
    assert _run(home, "--database", str(paths.default_database()), "move", "--to", target) == 1
