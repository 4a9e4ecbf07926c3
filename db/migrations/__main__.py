"""Writes a revision for what the models have and the newest revision has not.

``python -m db.migrations "what changed"``. ``--again "what changed"`` takes the newest one back, which nobody has yet,
and writes it anew; the first, on which databases stand, is never touched. An index of an expression is added by hand,
for Alembic reads none back from SQLite.
"""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from db.migrations import runner

VERSIONS = runner.FOLDER / "versions"
SCHEMA = Path(__file__).resolve().parents[1] / "schema.py"


def write(message: str, *, again: bool) -> None:
    written = sorted(VERSIONS.glob("[0-9]*.py"))
    if again and len(written) > 1:
        written.pop().unlink()
    number = f"{len(written) + 1:04}"
    with create_engine("sqlite://").connect() as connection:
        scripts = runner.config(connection)
        command.upgrade(scripts, "head")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression-based index")
            command.revision(scripts, message, autogenerate=True, rev_id=number)
    made = next(VERSIONS.glob(f"{number}_*.py"))
    made.write_text("".join(line for line in made.read_text("utf-8").splitlines(True) if "# ### " not in line), "utf-8")
    SCHEMA.write_text(re.sub(r'REVISION = "\d+"', f'REVISION = "{number}"', SCHEMA.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    again = arguments[:1] == ["--again"]
    write(" ".join(arguments[1:] if again else arguments), again=again)
