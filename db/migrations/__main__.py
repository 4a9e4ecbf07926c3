"""Writes a revision for what the models have and the newest revision has not.

``python -m db.migrations "what changed"``. Until the first release ``--initial`` writes the one
revision anew. Format it afterwards.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from alembic import command
from alembic.operations.ops import CreateIndexOp, DropIndexOp
from sqlalchemy import Column, create_engine

from db.base import Base
from db.migrations import runner

VERSIONS = runner.FOLDER / "versions"
INITIAL = VERSIONS / "0001_initial.py"
_CIRCLE = """    if op.get_bind().dialect.name != "sqlite":  # there it stands in the table, which cannot be altered
        op.create_foreign_key(op.f("fk_campaign_batch_id"), "campaign", "batch", ["batch_id"], ["id"])
"""
_CIRCLE_BROKEN = """    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("fk_campaign_batch_id"), "campaign", type_="foreignkey")
"""


def write(message: str, *, initial: bool) -> None:
    if initial:
        INITIAL.unlink(missing_ok=True)
    with create_engine("sqlite://").connect() as connection:
        scripts = runner.config(connection)
        if initial:
            scripts.attributes["directives"] = _add_expressions
        else:
            command.upgrade(scripts, "head")
        number = len(list(VERSIONS.glob("[0-9]*.py"))) + 1
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression-based index")
            command.revision(scripts, message, autogenerate=True, rev_id=f"{number:04}")


def _add_expressions(context: Any, revision: Any, directives: list[Any]) -> None:
    """Alembic reads no index of an expression back from SQLite, and so leaves them all out."""
    for table in Base.metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if not all(isinstance(each, Column) for each in index.expressions):
                directives[0].upgrade_ops.ops.append(CreateIndexOp.from_index(index))
                directives[0].downgrade_ops.ops.insert(0, DropIndexOp.from_index(index))


def _finish_initial() -> None:
    """Campaigns and batches point at each other, and Alembic leaves such a key out."""
    lines = [line for line in INITIAL.read_text("utf-8").splitlines(keepends=True) if "# ### " not in line]
    head, up, down = "".join(lines).replace('"""initial"""', '"""The first schema."""').partition("def downgrade()")
    first, body = down.split("\n", 1)
    INITIAL.write_text(f"{head.rstrip()}\n{_CIRCLE}\n\n{up}{first}\n{_CIRCLE_BROKEN}{body}", "utf-8")


if __name__ == "__main__":
    initial = sys.argv[1:] == ["--initial"]
    write("initial" if initial else " ".join(sys.argv[1:]), initial=initial)
    if initial:
        _finish_initial()
