"""Schedules, variants, word lists and stopped classes of campaigns."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_message_customer_id_sending_at",
            ["customer_id", "sending_at"],
            unique=False,
            sqlite_where=sa.text("sending_at IS NOT NULL"),
            postgresql_where=sa.text("sending_at IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_message_customer_id_sending_at",
            sqlite_where=sa.text("sending_at IS NOT NULL"),
            postgresql_where=sa.text("sending_at IS NOT NULL"),
        )
