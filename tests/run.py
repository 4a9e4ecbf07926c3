"""Set up what is missing, then run every check: ``python3 tests/run.py [--quick] [pytest arguments]``.

Needs nothing but Python 3.11 or newer. System packages are installed through apt when they are missing and we are
root; Python packages go into ``.venv`` from ``requirements-dev.lock``. ``--quick`` leaves out the packaged program.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
LOCK = ROOT / "requirements-dev.lock"
PYTEST = ("python", "-m", "pytest")
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}

# What Qt's xcb platform, the tests of the real window and the second reader of our workbooks need on Debian.
SYSTEM_PACKAGES = {
    "xvfb": "/usr/bin/Xvfb",
    "xauth": "/usr/bin/xauth",
    "fonts-wqy-microhei": "/usr/share/fonts/truetype/wqy",
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libxcb-xinerama0": "libxcb-xinerama.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "binutils": "/usr/bin/objdump",
    "libreoffice-calc-nogui": "/usr/bin/soffice",
}


def missing_system_packages() -> list[str]:
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    return [
        package
        for package, proof in SYSTEM_PACKAGES.items()
        if not (Path(proof).exists() if proof.startswith("/") else proof in known)
    ]


def install_system_packages() -> None:
    if not sys.platform.startswith("linux") or not shutil.which("apt-get"):
        return
    missing = missing_system_packages()
    if not missing:
        return
    if os.geteuid() != 0:
        print(f"not root; the tests of the real window need: apt-get install {' '.join(missing)}", flush=True)
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environment)
    subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing], check=True, env=environment)


def install_python_packages() -> None:
    """A virtual environment with exactly the locked packages, made anew only when the lock changed."""
    stamp = VENV / "lock.sha256"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    if not BIN.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    pip = [str(BIN / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True, env=environment)
    subprocess.run([*pip, "--no-deps", "-e", str(ROOT)], check=True, env=environment)
    stamp.write_text(digest)


def step(title: str, *command: str, environment: dict[str, str] | None = None, on_screen: bool = False) -> None:
    """Run one check. ``on_screen``: on a screen of its own (Xvfb) where there is none, offscreen as the last resort."""
    print(f"\n== {title}", flush=True)
    begin = time.monotonic()
    whole = [str(BIN / command[0]), *command[1:]]
    if on_screen and sys.platform.startswith("linux"):
        if shutil.which("xvfb-run"):
            whole = ["xvfb-run", "-a", "-s", "-screen 0 1440x900x24", *whole]
            environment = {"QT_QPA_PLATFORM": "xcb"}
        else:
            environment = OFFSCREEN
    subprocess.run(whole, check=True, cwd=ROOT, env={**os.environ, **(environment or {})})
    print(f"-- {title}: {time.monotonic() - begin:.0f} s", flush=True)


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    pytest_arguments = [argument for argument in arguments if argument != "--quick"]
    install_system_packages()
    install_python_packages()
    try:
        step("lint", "ruff", "check", ".")
        step("format", "ruff", "format", "--check", ".")
        step("types on Linux", "mypy", "--platform", "linux")
        step("types on Windows", "mypy", "--platform", "win32")
        step("import contracts", "lint-imports")
        step("translations", "python", "tests/catalogues.py", "--check")
        if not quick:
            step("wheel and packaged program", "python", "tests/packaging.py")
        if pytest_arguments:
            step("tests", *PYTEST, *pytest_arguments, environment=OFFSCREEN)
        else:
            step("tests of the real window", *PYTEST, "tests/e2e", on_screen=True)
            step("tests", *PYTEST, "--ignore=tests/e2e", environment=OFFSCREEN)
    except subprocess.CalledProcessError as failure:
        print(f"\nfailed: {failure.cmd}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
