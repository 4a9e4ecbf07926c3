from __future__ import annotations

import inspect
import re
from pathlib import Path

import resources
from console.shell import icons


def test_exactly_the_icons_that_are_used_travel_along() -> None:
    console = Path(inspect.getfile(icons)).parents[1]
    source = "\n".join(path.read_text("utf-8") for path in console.rglob("*.py"))
    named = set(re.findall(r'"([a-z0-9-]+)"', source))
    shipped = {path.stem for path in resources.path("icons").glob("*.svg")}
    assert shipped <= named, sorted(shipped - named)
    assert resources.path("icons", "LICENSE").is_file()
