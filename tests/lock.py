"""Write both lock files from ``pyproject.toml``: exact versions and hashes, no registry address.

Needs ``uv``; the index that uv uses is left to the environment and is not written down.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def lock(output: str, *extra: str) -> None:
    options = ["--universal", "--generate-hashes", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    name = ["--custom-compile-command", "python tests/lock.py"]
    command = ["uv", "pip", "compile", "-q", *options, *name, *extra, "pyproject.toml", "-o", output]
    subprocess.run(command, check=True, cwd=ROOT)
    if "://" in (ROOT / output).read_text():
        raise SystemExit(f"{output} names an address")


if __name__ == "__main__":
    lock("requirements.lock")
    lock("requirements-dev.lock", "--group", "dev")
