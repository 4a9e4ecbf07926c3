"""Set up what is missing, then run every check: ``python3 tests/run.py``, or a part: ``... run.py tests/unit -k x``.

Needs nothing but Python 3.11 or newer. System packages are installed through apt when they are missing and we are
root; Python packages go into ``.venv`` from ``requirements-dev.lock``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import repeat
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
LOCK = ROOT / "requirements-dev.lock"
PYTEST = ("python", "-m", "pytest")
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 8 * 2**30
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

# Without them their own tests are skipped: another program that takes the emulated modem for a real one.
WELCOME_PACKAGES = {"gammu": "/usr/bin/gammu"}


def missing_system_packages() -> list[str]:
    """Debian's names of what is not there: libraries unknown to the linker, programs and fonts that do not exist."""
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    missing = [
        package
        for package, proof in SYSTEM_PACKAGES.items()
        if not (Path(proof).exists() if proof.startswith("/") else proof in known)
    ]
    return missing if find_spec("ensurepip") else [*missing, "python3-venv"]


def install_system_packages() -> None:
    if not sys.platform.startswith("linux") or not shutil.which("apt-get"):
        return
    missing = missing_system_packages()
    welcome = [package for package, proof in WELCOME_PACKAGES.items() if not Path(proof).exists()]
    if not missing and not (welcome and os.geteuid() == 0):
        return
    if os.geteuid() != 0:
        print(f"not root; the tests of the real window need: apt-get install {' '.join(missing)}", flush=True)
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=bool(missing), env=environment)
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends"]
    if missing:
        subprocess.run([*install, *missing], check=True, env=environment)
    for package in welcome:
        if subprocess.run([*install, package], check=False, env=environment).returncode:
            print(f"{package} cannot be installed here; its tests are skipped", flush=True)


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


@dataclass(frozen=True)
class Step:
    title: str
    command: tuple[str, ...]
    offscreen: bool = False
    on_screen: bool = False  # on a screen of its own (Xvfb) where there is none, offscreen as the last resort


@dataclass(frozen=True)
class Ended:
    content: bool
    said: str  # the whole output, with the verdict below


@contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """The environment with a folder for what tests write: in memory where there is room, as it outlives nothing."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
    with tempfile.TemporaryDirectory(prefix="t-", dir=MEMORY if roomy else None, ignore_cleanup_errors=True) as folder:
        yield {**os.environ, "TMPDIR": folder}


def run(step: Step, environment: Mapping[str, str]) -> Ended:
    """Run one check, and print its verdict."""
    begin = time.monotonic()
    command = [str(BIN / step.command[0]), *step.command[1:]]
    environment = {**environment, **(OFFSCREEN if step.offscreen or step.on_screen else {})}
    if step.on_screen and sys.platform.startswith("linux") and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 1440x900x24", *command]
        environment["QT_QPA_PLATFORM"] = "xcb"
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    output, took = ended.stdout.rstrip(), time.monotonic() - begin
    verdict = f"{'passed' if ended.returncode == 0 else f'FAILED ({ended.returncode})'}, {took:.0f} s"
    print(f"{step.title}: {verdict}\n    {output.rpartition(chr(10))[2]}", flush=True)
    return Ended(ended.returncode == 0, f"\n== {step.title}\n{output}\n-- {step.title}: {verdict}")


# The longest first; each that ends makes room for the next. The faults mostly wait, so three fit on two cores.
_SENDING = ("tests/unit/core/campaigns", "tests/unit/core/sending")

STEPS = (
    Step("faults", (*PYTEST, "tests/faults"), offscreen=True),
    Step("tests of campaigns and sending", (*PYTEST, *_SENDING), offscreen=True),
    Step(
        "other tests of the core",
        (*PYTEST, "tests/unit/core", *(f"--ignore={folder}" for folder in _SENDING)),
        offscreen=True,
    ),
    Step("interface tests", (*PYTEST, "tests/ui"), offscreen=True),
    Step("the real window", (*PYTEST, "tests/e2e"), on_screen=True),
    Step("wheel and packaged program", ("python", "tests/packaging.py")),
    Step("contracts of databases and transports", (*PYTEST, "tests/contract"), offscreen=True),
    Step("other unit tests", (*PYTEST, "tests/unit", "--ignore=tests/unit/core"), offscreen=True),
    Step("types on Linux", ("mypy", "--platform", "linux")),
    Step("types on Windows", ("mypy", "--platform", "win32")),
    Step("lint", ("ruff", "check", ".")),
    Step("format", ("ruff", "format", "--check", ".")),
    Step("import contracts", ("lint-imports",)),
    Step("translations", ("python", "tests/catalogues.py", "--check")),
)


def main(arguments: list[str]) -> int:
    install_system_packages()
    install_python_packages()
    steps = (Step("tests", (*PYTEST, *arguments), offscreen=True),) if arguments else STEPS
    with scratch() as environment, ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(run, steps, repeat(environment)))
    failed = [one for one in ended if not one.content]
    for one in ended if arguments else failed:  # last, so that who sees only the end of a log sees why
        print(one.said)
    print(f"\n{len(ended) - len(failed)} of {len(ended)} checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
