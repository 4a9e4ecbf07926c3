from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from console.core import paths, workstation


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
    return tmp_path


def test_a_new_workstation_uses_the_embedded_database(home: Path) -> None:
    found = workstation.load()
    assert found.url == f"sqlite:///{home}/data/branch.db"
    assert found.language == "system"


def test_what_is_saved_is_loaded_and_only_this_user_can_read_it(home: Path) -> None:
    wanted = workstation.load().changed(database_url="postgresql+psycopg://u:p@h/d", last_login="officer", font_size=15)
    workstation.save(wanted)
    assert workstation.load() == wanted
    assert wanted.url == "postgresql+psycopg://u:p@h/d"
    file = home / "config" / "workstation.json"
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"theme": 3, "font_size": "big", "unknown": 1, "last_login": "li"}']
)
def test_a_damaged_file_keeps_nobody_out(home: Path, content: str) -> None:
    (paths.config_folder() / "workstation.json").write_text(content, "utf-8")
    found = workstation.load()
    assert (found.theme, found.font_size) == ("system", 13)
    assert found.last_login in ("", "li")
