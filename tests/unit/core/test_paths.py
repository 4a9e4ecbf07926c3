from __future__ import annotations

from pathlib import Path

import pytest

from console.core import paths


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def test_everything_may_live_in_one_folder(home: Path) -> None:
    for folder in (paths.data_folder(), paths.config_folder(), paths.log_folder(), paths.crash_folder()):
        assert folder.is_dir()
        assert folder.is_relative_to(home)
    assert paths.default_database() == home / "data" / "branch.db"


def test_the_url_of_a_file(tmp_path: Path) -> None:
    assert paths.sqlite_url(tmp_path / "数据.db") == f"sqlite:///{tmp_path}/数据.db"
