"""Who has tags is found by an index."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INDEX = {
    "sqlite": "(id, tags) WHERE active IS 1 AND tags <> '[]'",
    "postgresql": "(id) WHERE active IS true AND CAST(tags AS TEXT) <> '[]'",
}


def upgrade() -> None:
    op.execute(f"CREATE INDEX ix_customer_tagged ON customer {_INDEX[op.get_context().dialect.name]}")


def downgrade() -> None:
    op.drop_index("ix_customer_tagged", "customer")
