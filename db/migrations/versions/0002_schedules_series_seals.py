"""Schedules, series, held-out groups, variants, word findings, seals and reconciliation."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("campaigns", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name=op.f("fk_reconciliation_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("pattern_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recurrence", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("maker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["maker_id"], ["user_account.id"], name=op.f("fk_series_maker_id")),
        sa.ForeignKeyConstraint(["pattern_id"], ["campaign.id"], name=op.f("fk_series_pattern_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("pattern_id", name=op.f("uq_series_pattern_id")),
    )
    op.create_table(
        "batch_finding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_finding_batch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_finding")),
        sa.UniqueConstraint("batch_id", "place", name=op.f("uq_batch_finding_batch_id_place")),
    )
    op.create_table(
        "batch_flow",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_flow_batch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch_flow")),
    )
    op.create_table(
        "discrepancy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("alarm", sa.Boolean(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_discrepancy_batch_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_discrepancy_line_id")),
        sa.ForeignKeyConstraint(["settled_by"], ["user_account.id"], name=op.f("fk_discrepancy_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discrepancy")),
    )
    with op.batch_alter_table("discrepancy", schema=None) as batch_op:
        batch_op.create_index("ix_discrepancy_settled_at", ["settled_at"], unique=False)

    op.create_table(
        "hold_out",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_hold_out_batch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_hold_out")),
    )
    op.create_table(
        "series_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_series_run_campaign_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_series_run_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_run")),
        sa.UniqueConstraint("series_id", "due_on", name=op.f("uq_series_run_series_id_due_on")),
    )
    with op.batch_alter_table("series_run", schema=None) as batch_op:
        batch_op.create_index("ix_series_run_campaign_id", ["campaign_id"], unique=False)

    op.create_table(
        "resend",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_resend_decided_by")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_resend_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resend")),
    )
    with op.batch_alter_table("resend", schema=None) as batch_op:
        batch_op.create_index("ix_resend_message_id", ["message_id"], unique=False)

    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("schedule", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("seal", sa.String(length=64), server_default="", nullable=False))

    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("schedule", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("hold_out", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("control", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("classes", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))

    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_phone"))
        batch_op.create_index("ix_customer_phone", ["phone", "id"], unique=False)
        batch_op.drop_index(batch_op.f("ix_customer_phone_tail"))
        batch_op.create_index("ix_customer_phone_tail", ["phone_tail", "id"], unique=False)
        batch_op.create_index(
            "ix_customer_shown",
            ["id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )

    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seal", sa.String(length=64), server_default="", nullable=False))

    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_instalment_unpaid",
            ["due_on", "loan_id"],
            unique=False,
            sqlite_where=sa.text("principal + interest + penalty - paid > 0"),
            postgresql_where=sa.text("principal + interest + penalty - paid > 0"),
        )

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("variant", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "told_amount", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(sa.Column("told_due", sa.Date(), nullable=True))
        batch_op.create_index(
            "ix_message_customer_id_sending_at",
            ["customer_id", "sending_at"],
            unique=False,
            sqlite_where=sa.text("sending_at IS NOT NULL"),
            postgresql_where=sa.text("sending_at IS NOT NULL"),
        )

    with op.batch_alter_table("message_part", schema=None) as batch_op:
        batch_op.add_column(sa.Column("counted", sa.Boolean(), nullable=True))

    with op.batch_alter_table("staged_row", schema=None) as batch_op:
        batch_op.add_column(sa.Column("same", sa.Boolean(), server_default="0", nullable=False))

    with op.batch_alter_table("template_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("variants", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("template_version", schema=None) as batch_op:
        batch_op.drop_column("variants")

    with op.batch_alter_table("staged_row", schema=None) as batch_op:
        batch_op.drop_column("same")

    with op.batch_alter_table("message_part", schema=None) as batch_op:
        batch_op.drop_column("counted")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_message_customer_id_sending_at",
            sqlite_where=sa.text("sending_at IS NOT NULL"),
            postgresql_where=sa.text("sending_at IS NOT NULL"),
        )
        batch_op.drop_column("told_due")
        batch_op.drop_column("told_amount")
        batch_op.drop_column("variant")

    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_instalment_unpaid",
            sqlite_where=sa.text("principal + interest + penalty - paid > 0"),
            postgresql_where=sa.text("principal + interest + penalty - paid > 0"),
        )

    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_column("seal")

    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_customer_shown", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index("ix_customer_phone_tail")
        batch_op.create_index(batch_op.f("ix_customer_phone_tail"), ["phone_tail"], unique=False)
        batch_op.drop_index("ix_customer_phone")
        batch_op.create_index(batch_op.f("ix_customer_phone"), ["phone"], unique=False)

    with op.batch_alter_table("control", schema=None) as batch_op:
        batch_op.drop_column("classes")
        batch_op.drop_column("reason")

    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_column("hold_out")
        batch_op.drop_column("schedule")

    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_column("seal")
        batch_op.drop_column("schedule")

    with op.batch_alter_table("resend", schema=None) as batch_op:
        batch_op.drop_index("ix_resend_message_id")

    op.drop_table("resend")
    with op.batch_alter_table("series_run", schema=None) as batch_op:
        batch_op.drop_index("ix_series_run_campaign_id")

    op.drop_table("series_run")
    op.drop_table("hold_out")
    with op.batch_alter_table("discrepancy", schema=None) as batch_op:
        batch_op.drop_index("ix_discrepancy_settled_at")

    op.drop_table("discrepancy")
    op.drop_table("batch_flow")
    op.drop_table("batch_finding")
    op.drop_table("series")
    op.drop_table("reconciliation")
