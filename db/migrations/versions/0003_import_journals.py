"""Who stood in which file is kept without foreign keys, which cost more than the rows, and on SQLite in one tree."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JOURNALS = {"imported_customer": "customer", "imported_loan": "loan"}


def upgrade() -> None:
    for table, of in _JOURNALS.items():
        if op.get_context().dialect.name == "sqlite":
            _made_anew(table, of, sqlite_with_rowid=False)
        else:
            for column in ("import_id", f"{of}_id"):
                op.drop_constraint(op.f(f"fk_{table}_{column}"), table, type_="foreignkey")


def downgrade() -> None:
    for table, of in _JOURNALS.items():
        keys = {"import_id": "import_batch", f"{of}_id": of}
        if op.get_context().dialect.name == "sqlite":
            made = (
                sa.ForeignKeyConstraint([own], [f"{other}.id"], name=op.f(f"fk_{table}_{own}"), ondelete="CASCADE")
                for own, other in keys.items()
            )
            _made_anew(table, of, *made)
        else:
            for own, other in keys.items():
                op.create_foreign_key(op.f(f"fk_{table}_{own}"), table, other, [own], ["id"], ondelete="CASCADE")


def _made_anew(table: str, of: str, *constraints: sa.Constraint, **options: bool) -> None:
    made = f"{table}_made_anew"
    op.create_table(
        made,
        sa.Column("import_id", _ID, nullable=False),
        sa.Column(f"{of}_id", _ID, nullable=False),
        sa.Column("added", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", f"{of}_id", name=op.f(f"pk_{table}")),
        *constraints,
        **options,
    )
    columns = f"import_id, {of}_id, added"
    op.execute(f"INSERT INTO {made} ({columns}) SELECT {columns} FROM {table} ORDER BY import_id, {of}_id")  # noqa: S608
    op.drop_table(table)
    op.rename_table(made, table)
    op.create_index(f"ix_{table}_{of}_id", table, [f"{of}_id"])
