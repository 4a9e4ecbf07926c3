"""Where the files that travel with the program lie: in the source tree, in a wheel, and in a built program alike."""

from __future__ import annotations

from pathlib import Path


def path(*names: str) -> Path:
    """Absolute path of a shipped file or folder. It may not exist; the caller says what that means."""
    return Path(__file__).resolve().parent.joinpath(*names)
