from __future__ import annotations

import sys

from alembic import command
from sqlalchemy import create_engine

from db.migrations import runner


def main(message: str) -> None:
    with create_engine("sqlite://").connect() as connection:
        scripts = runner.config(connection)
        command.upgrade(scripts, "head")
        number = len(list((runner.FOLDER / "versions").glob("[0-9]*.py"))) + 1
        command.revision(scripts, message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
