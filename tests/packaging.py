"""Build what is shipped and start it: the wheel from an unrelated folder, the one-folder program to its login.

Both run the demo, which makes its own encrypted database and emulated modem, and end once the login stands.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY = "login ready"


def start_to_login(command: list[str], folder: Path, **environment: str) -> None:
    """Run the demo offscreen until its login window stands; it says so on standard output and ends."""
    started = subprocess.run(
        [*command, "demo", "--until", "login"],
        cwd=folder,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if started.returncode or READY not in started.stdout:
        raise SystemExit(f"{command[0]} did not reach its login:\n{started.stdout}\n{started.stderr}")
    print(f"{Path(command[0]).name}: {started.stdout.strip().splitlines()[-1]}")


def try_wheel(folder: Path) -> None:
    """The wheel's own files only, from an empty folder: nothing may be read from the source tree."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", str(site), str(wheel)], check=True)
    empty = folder / "empty"
    empty.mkdir()
    start_to_login([sys.executable, "-m", "console"], empty, PYTHONPATH=str(site))


def try_program(folder: Path) -> None:
    build = ["--noconfirm", "--log-level", "ERROR", "--distpath", str(folder), "--workpath", str(folder / "work")]
    subprocess.run([sys.executable, "-m", "PyInstaller", *build, str(ROOT / "build.spec")], check=True, cwd=ROOT)
    ending = ".exe" if os.name == "nt" else ""
    program = folder / "branch-sms-console"
    for name in ("branch-sms", "BranchSMS"):
        start_to_login([str(program / f"{name}{ending}")], folder)


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="branch-sms-package-"))
    try:
        try_wheel(folder)
        try_program(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
