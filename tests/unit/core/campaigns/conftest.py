"""A small bank for the tests of campaigns."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from console.core.context import Context

_World = runpy.run_path(str(Path(__file__).parents[3] / "campaign_world.py"))["World"]


@pytest.fixture
def world(ctx: Context) -> Any:
    return _World(ctx)
