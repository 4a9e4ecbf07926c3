"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "custom_field",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("title", name=op.f("uq_custom_field_title")),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "name",
            sa.String(length=100).with_variant(sa.VARCHAR(length=100, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "pinyin",
            sa.String(length=200).with_variant(sa.VARCHAR(length=200, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "initials",
            sa.String(length=50).with_variant(sa.VARCHAR(length=50, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=20), nullable=False),
        sa.Column(
            "phone",
            sa.String(length=20).with_variant(sa.VARCHAR(length=20, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "phone_tail",
            sa.String(length=4).with_variant(sa.VARCHAR(length=4, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "region",
            sa.String(length=60).with_variant(sa.VARCHAR(length=60, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "branch",
            sa.String(length=60).with_variant(sa.VARCHAR(length=60, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "manager",
            sa.String(length=60).with_variant(sa.VARCHAR(length=60, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "rating",
            sa.String(length=10).with_variant(sa.VARCHAR(length=10, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "segment",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("id_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("id_digest", sa.String(length=64), nullable=True),
        sa.Column("id_tail", sa.String(length=4), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=20), server_default="", nullable=False),
        sa.Column("hours_from", sa.Integer(), nullable=True),
        sa.Column("hours_to", sa.Integer(), nullable=True),
        sa.Column("extra", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_number")),
    )
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customer_birthday",
            ["birthday", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_branch",
            ["branch", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_gone",
            ["id"],
            unique=False,
            sqlite_where=sa.text("active IS NOT 1"),
            postgresql_where=sa.text("active IS NOT true"),
        )
        batch_op.create_index(
            "ix_customer_id_digest",
            ["id_digest"],
            unique=False,
            sqlite_where=sa.text("id_digest IS NOT NULL"),
            postgresql_where=sa.text("id_digest IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_customer_initials",
            ["initials", "pinyin", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_manager",
            ["manager", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_name",
            ["name", "pinyin", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_name_long",
            ["name", "pinyin", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1 AND length(name) > 3"),
            postgresql_where=sa.text("active IS true AND length(name) > 3"),
        )
        batch_op.create_index(
            "ix_customer_number",
            ["number", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index("ix_customer_phone", ["phone"], unique=False)
        batch_op.create_index("ix_customer_phone_tail", ["phone_tail"], unique=False)
        batch_op.create_index(
            "ix_customer_pinyin",
            ["pinyin", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_rating",
            ["rating", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_region",
            ["region", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_segment",
            ["segment", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )
        batch_op.create_index(
            "ix_customer_updated_at",
            ["updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("active IS 1"),
            postgresql_where=sa.text("active IS true"),
        )

    op.create_table(
        "dispatcher",
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=100), nullable=False),
        sa.Column("machine", sa.String(length=64), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_dispatcher")),
    )
    op.create_table(
        "erased_refusal",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", "scope", name=op.f("pk_erased_refusal")),
    )
    op.create_table(
        "import_mapping",
        sa.Column("header_digest", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("header_digest", name=op.f("pk_import_mapping")),
    )
    op.create_table(
        "line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("pace_per_minute", sa.Integer(), nullable=True),
        sa.Column("hourly_quota", sa.Integer(), nullable=True),
        sa.Column("daily_quota", sa.Integer(), nullable=True),
        sa.Column("monthly_quota", sa.Integer(), nullable=True),
        sa.Column("opens_at", sa.Time(), nullable=True),
        sa.Column("closes_at", sa.Time(), nullable=True),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("fault", sa.String(length=64), nullable=False),
        sa.Column("fault_text", sa.Text(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("step_text", sa.Text(), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("identity", sa.JSON(), nullable=False),
        sa.Column("health", sa.JSON(), nullable=False),
        sa.Column("health_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("errand", sa.String(length=20), nullable=True),
        sa.Column("balance", sa.JSON(), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        sa.UniqueConstraint("name", name=op.f("uq_line_name")),
    )
    op.create_table(
        "move_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move_mark")),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "user_id", name=op.f("pk_setting")),
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("text", sa.String(length=18), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=False),
        sa.Column("registration", sa.String(length=60), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("text", name=op.f("uq_signature_text")),
    )
    op.create_table(
        "staged_instalment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("keeps", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "loan_number",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "principal", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True
        ),
        sa.Column("interest", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("penalty", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("paid", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_instalment")),
    )
    op.create_table(
        "staged_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("leads", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("numbered", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("keeps", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "name",
            sa.String(length=100).with_variant(sa.VARCHAR(length=100, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "pinyin",
            sa.String(length=200).with_variant(sa.VARCHAR(length=200, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "initials",
            sa.String(length=50).with_variant(sa.VARCHAR(length=50, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=20), server_default="", nullable=False),
        sa.Column(
            "phone",
            sa.String(length=20).with_variant(sa.VARCHAR(length=20, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "phone_2",
            sa.String(length=20).with_variant(sa.VARCHAR(length=20, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "phone_3",
            sa.String(length=20).with_variant(sa.VARCHAR(length=20, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "region",
            sa.String(length=60).with_variant(sa.VARCHAR(length=60, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "branch",
            sa.String(length=60).with_variant(sa.VARCHAR(length=60, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "manager",
            sa.String(length=60).with_variant(sa.VARCHAR(length=60, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "rating",
            sa.String(length=10).with_variant(sa.VARCHAR(length=10, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "segment",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("tags", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("id_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("id_digest", sa.String(length=64), nullable=True),
        sa.Column("id_tail", sa.String(length=4), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=20), server_default="", nullable=False),
        sa.Column("hours_from", sa.Integer(), nullable=True),
        sa.Column("hours_to", sa.Integer(), nullable=True),
        sa.Column("extra", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=True),
        sa.Column(
            "loan_number",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "product",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "principal", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True
        ),
        sa.Column("rate", sa.Numeric(precision=9, scale=6).with_variant(sa.String(length=12), "sqlite"), nullable=True),
        sa.Column("method", sa.String(length=40), server_default="", nullable=False),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("term_months", sa.Integer(), nullable=True),
        sa.Column("due_day", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=32), server_default="", nullable=False),
        sa.Column("kind", sa.String(length=40), server_default="", nullable=False),
        sa.Column("account_tail", sa.String(length=4), server_default="", nullable=False),
        sa.Column("account_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("account_digest", sa.String(length=64), nullable=True),
        sa.Column(
            "amount_due", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True
        ),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("penalty", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_row")),
    )
    op.create_table(
        "suppression",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=20), server_default="branch", nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint("phone", "scope", "issuer", name=op.f("uq_suppression_phone_scope_issuer")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("login", name=op.f("uq_user_account_login")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_audit_entry_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_subject"), ["subject"], unique=False)

    op.create_table(
        "bulk_edit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_bulk_edit_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_edit")),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("evidence", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_consent_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_customer_id_purpose_at", ["customer_id", "purpose", "at"], unique=False)

    op.create_table(
        "control",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["user_account.id"], name=op.f("fk_control_changed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control")),
    )
    op.create_table(
        "customer_phone",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_phone_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_phone")),
        sa.UniqueConstraint("customer_id", "phone", name=op.f("uq_customer_phone_customer_id_phone")),
    )
    with op.batch_alter_table("customer_phone", schema=None) as batch_op:
        batch_op.create_index("ix_customer_phone_phone", ["phone"], unique=False)

    op.create_table(
        "delegation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("from_user", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("to_user", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["from_user"], ["user_account.id"], name=op.f("fk_delegation_from_user")),
        sa.ForeignKeyConstraint(["to_user"], ["user_account.id"], name=op.f("fk_delegation_to_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.create_index("ix_delegation_to_user", ["to_user"], unique=False)

    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("erased_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["erased_by"], ["user_account.id"], name=op.f("fk_erasure_erased_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "export_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("requested_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_export_request_decided_by")),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_export_request_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_request")),
    )
    with op.batch_alter_table("export_request", schema=None) as batch_op:
        batch_op.create_index("ix_export_request_state", ["state"], unique=False)

    op.create_table(
        "import_batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_digest", sa.String(length=64), nullable=False),
        sa.Column("sheet", sa.String(length=100), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_added", sa.Integer(), nullable=False),
        sa.Column("rows_updated", sa.Integer(), nullable=False),
        sa.Column("rows_unchanged", sa.Integer(), nullable=False),
        sa.Column("rows_invalid", sa.Integer(), nullable=False),
        sa.Column("rows_duplicate", sa.Integer(), server_default="0", nullable=False),
        sa.Column("source", sa.String(length=60), server_default="", nullable=False),
        sa.Column("control", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("difference", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("previous_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("retire_gone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cursor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column(
            "cursor_instalment",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
        sa.Column("owner", sa.String(length=80), server_default="", nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_import_batch_created_by")),
        sa.ForeignKeyConstraint(["undone_by"], ["user_account.id"], name=op.f("fk_import_batch_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.create_index("ix_import_batch_source", ["source", "id"], unique=False)
        batch_op.create_index("ix_import_batch_state", ["state"], unique=False)

    op.create_table(
        "inbound_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sender", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("undecodable", sa.Boolean(), nullable=False),
        sa.Column("flash", sa.Boolean(), nullable=False),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_inbound_message_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
    )
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_message_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_inbound_message_sender_received_at", ["sender", "received_at"], unique=False)

    op.create_table(
        "loan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "product",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "principal", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True
        ),
        sa.Column("rate", sa.Numeric(precision=9, scale=6).with_variant(sa.String(length=12), "sqlite"), nullable=True),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("term_months", sa.Integer(), nullable=True),
        sa.Column("due_day", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), server_default="", nullable=False),
        sa.Column("account_tail", sa.String(length=4), nullable=False),
        sa.Column("account_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("account_digest", sa.String(length=64), nullable=True),
        sa.Column(
            "amount_due", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True
        ),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("penalty", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_loan_customer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan")),
        sa.UniqueConstraint("number", name=op.f("uq_loan_number")),
    )
    with op.batch_alter_table("loan", schema=None) as batch_op:
        batch_op.create_index("ix_loan_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_loan_due_on", ["due_on", "state", "customer_id", "amount_due"], unique=False)
        batch_op.create_index("ix_loan_number", ["number", "customer_id"], unique=False)
        batch_op.create_index("ix_loan_product", ["product", "customer_id"], unique=False)
        batch_op.create_index("ix_loan_state", ["state", "customer_id"], unique=False)

    op.create_table(
        "retention_rule",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("changed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["user_account.id"], name=op.f("fk_retention_rule_changed_by")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_retention_rule")),
    )
    op.create_table(
        "rule_pack",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("editors", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_rule_pack_created_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_rule_pack_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_pack")),
        sa.UniqueConstraint("number", name=op.f("uq_rule_pack_number")),
    )
    with op.batch_alter_table("rule_pack", schema=None) as batch_op:
        batch_op.create_index("ix_rule_pack_state_effective_from", ["state", "effective_from"], unique=False)

    op.create_table(
        "segment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_segment_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
    )
    op.create_table(
        "template",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("class_key", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("shipped", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_template_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint("key", name=op.f("uq_template_key")),
    )
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_template_class_key"), ["class_key"], unique=False)

    op.create_table(
        "bulk_before",
        sa.Column("edit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_bulk_before_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["edit_id"], ["bulk_edit.id"], name=op.f("fk_bulk_before_edit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("edit_id", "customer_id", name=op.f("pk_bulk_before")),
    )
    with op.batch_alter_table("bulk_before", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_before_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "circumstance",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_circumstance_created_by")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_circumstance_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_circumstance_loan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circumstance")),
    )
    with op.batch_alter_table("circumstance", schema=None) as batch_op:
        batch_op.create_index("ix_circumstance_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_circumstance_loan_id", ["loan_id"], unique=False)

    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_contact_created_by")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_contact_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_contact_loan_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_customer_id_at", ["customer_id", "at"], unique=False)
        batch_op.create_index("ix_contact_loan_id", ["loan_id"], unique=False)

    op.create_table(
        "import_change",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_batch.id"], name=op.f("fk_import_change_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "kind", "row_id", name=op.f("pk_import_change")),
    )
    with op.batch_alter_table("import_change", schema=None) as batch_op:
        batch_op.create_index("ix_import_change_kind_row_id", ["kind", "row_id"], unique=False)

    op.create_table(
        "import_errors",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("workbook", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_batch.id"], name=op.f("fk_import_errors_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import_errors")),
    )
    op.create_table(
        "imported_customer",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_imported_customer_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_batch.id"], name=op.f("fk_imported_customer_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "customer_id", name=op.f("pk_imported_customer")),
    )
    with op.batch_alter_table("imported_customer", schema=None) as batch_op:
        batch_op.create_index("ix_imported_customer_customer_id", ["customer_id"], unique=False)

    op.create_table(
        "imported_loan",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_batch.id"], name=op.f("fk_imported_loan_import_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_imported_loan_loan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "loan_id", name=op.f("pk_imported_loan")),
    )
    with op.batch_alter_table("imported_loan", schema=None) as batch_op:
        batch_op.create_index("ix_imported_loan_loan_id", ["loan_id"], unique=False)

    op.create_table(
        "instalment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "principal", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=False
        ),
        sa.Column(
            "interest", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=False
        ),
        sa.Column("penalty", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("paid", sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_instalment_loan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instalment")),
        sa.UniqueConstraint("loan_id", "sequence", name=op.f("uq_instalment_loan_id_sequence")),
    )
    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.create_index("ix_instalment_due_on", ["due_on"], unique=False)

    op.create_table(
        "segment_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("segment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_segment_version_created_by")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_segment_version_segment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_version")),
        sa.UniqueConstraint("segment_id", "number", name=op.f("uq_segment_version_segment_id_number")),
    )
    op.create_table(
        "template_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("template_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("submitted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_template_version_created_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_template_version_decided_by")),
        sa.ForeignKeyConstraint(["submitted_by"], ["user_account.id"], name=op.f("fk_template_version_submitted_by")),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_template_version_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_version")),
        sa.UniqueConstraint("template_id", "number", name=op.f("uq_template_version_template_id_number")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("class_key", sa.String(length=32), nullable=False),
        sa.Column("template_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_campaign_batch_id"), use_alter=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_campaign_created_by")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_campaign_line_id")),
        sa.ForeignKeyConstraint(
            ["template_version_id"], ["template_version.id"], name=op.f("fk_campaign_template_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_state_updated_at", ["state", "updated_at"], unique=False)

    op.create_table(
        "segment_pin",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("segment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("by_loan", sa.Boolean(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_segment_pin_created_by")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_segment_pin_segment_id")),
        sa.ForeignKeyConstraint(["version_id"], ["segment_version.id"], name=op.f("fk_segment_pin_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_pin")),
    )
    with op.batch_alter_table("segment_pin", schema=None) as batch_op:
        batch_op.create_index("ix_segment_pin_segment_id", ["segment_id"], unique=False)

    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("class_key", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Integer(), server_default="1", nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_batch_campaign_id")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_batch_created_by")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_batch_line_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["user_account.id"], name=op.f("fk_batch_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.create_index("ix_batch_campaign_id", ["campaign_id"], unique=False)
        batch_op.create_index("ix_batch_state_priority", ["state", "priority"], unique=False)

    op.create_table(
        "segment_loan",
        sa.Column("pin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_segment_loan_loan_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["pin_id"], ["segment_pin.id"], name=op.f("fk_segment_loan_pin_id")),
        sa.PrimaryKeyConstraint("pin_id", "loan_id", name=op.f("pk_segment_loan")),
    )
    with op.batch_alter_table("segment_loan", schema=None) as batch_op:
        batch_op.create_index("ix_segment_loan_loan_id", ["loan_id"], unique=False)

    op.create_table(
        "segment_member",
        sa.Column("pin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_segment_member_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["pin_id"], ["segment_pin.id"], name=op.f("fk_segment_member_pin_id")),
        sa.PrimaryKeyConstraint("pin_id", "customer_id", name=op.f("pk_segment_member")),
    )
    with op.batch_alter_table("segment_member", schema=None) as batch_op:
        batch_op.create_index("ix_segment_member_customer_id", ["customer_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("on_behalf_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_decision_batch_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_decision_campaign_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_decision_decided_by")),
        sa.ForeignKeyConstraint(["on_behalf_of"], ["user_account.id"], name=op.f("fk_decision_on_behalf_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_batch_id", ["batch_id"], unique=False)

    op.create_table(
        "exclusion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_exclusion_batch_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_exclusion_customer_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_exclusion_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusion")),
    )
    with op.batch_alter_table("exclusion", schema=None) as batch_op:
        batch_op.create_index("ix_exclusion_batch_id_rule", ["batch_id", "rule"], unique=False)
        batch_op.create_index("ix_exclusion_customer_id", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_exclusion_loan_id",
            ["loan_id"],
            unique=False,
            sqlite_where=sa.text("loan_id IS NOT NULL"),
            postgresql_where=sa.text("loan_id IS NOT NULL"),
        )

    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("reason_text", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_message_batch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_message_customer_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_message_line_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_message_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("batch_id", "recipient", name=op.f("uq_message_batch_id_recipient")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_batch_id_state_id", ["batch_id", "state", "id"], unique=False)
        batch_op.create_index("ix_message_customer_id_created_at", ["customer_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_message_done_at_state",
            ["done_at", "state"],
            unique=False,
            sqlite_where=sa.text("done_at IS NOT NULL"),
            postgresql_where=sa.text("done_at IS NOT NULL"),
        )
        batch_op.create_index("ix_message_line_id_accepted_at", ["line_id", "accepted_at"], unique=False)
        batch_op.create_index(
            "ix_message_loan_id",
            ["loan_id"],
            unique=False,
            sqlite_where=sa.text("loan_id IS NOT NULL"),
            postgresql_where=sa.text("loan_id IS NOT NULL"),
        )
        batch_op.create_index("ix_message_phone_accepted_at", ["phone", "accepted_at"], unique=False)
        batch_op.create_index(
            "ix_message_sending_at",
            ["sending_at"],
            unique=False,
            sqlite_where=sa.text("sending_at IS NOT NULL"),
            postgresql_where=sa.text("sending_at IS NOT NULL"),
        )
        batch_op.create_index("ix_message_state_lease_until", ["state", "lease_until"], unique=False)
        batch_op.create_index(
            "ix_message_waiting",
            ["batch_id", "not_before", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "message_part",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("sender_identity", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("concat_reference", sa.Integer(), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_message_part_line_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_part_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_part")),
        sa.UniqueConstraint(
            "message_id", "sequence", "attempt", name=op.f("uq_message_part_message_id_sequence_attempt")
        ),
    )
    with op.batch_alter_table("message_part", schema=None) as batch_op:
        batch_op.create_index(
            "ix_message_part_identity", ["sender_identity", "reference", "state", "sending_at"], unique=False
        )
        batch_op.create_index(
            "ix_message_part_line_id_reference_state", ["line_id", "reference", "state"], unique=False
        )
        batch_op.create_index("ix_message_part_line_id_sending_at", ["line_id", "sending_at"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sender_identity", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_receipt_line_id")),
        sa.ForeignKeyConstraint(["part_id"], ["message_part.id"], name=op.f("fk_receipt_part_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.create_index("ix_receipt_found", ["matched", "reference", "recipient"], unique=False)
        batch_op.create_index("ix_receipt_part_id", ["part_id"], unique=False)

    op.create_index(
        "ix_customer_name_2",
        "customer",
        [sa.literal_column("substr(name, 2)"), "pinyin", "id"],
        unique=False,
        sqlite_where=sa.text("active IS 1"),
        postgresql_where=sa.text("active IS true"),
        postgresql_include=["name"],
    )
    op.create_index(
        "ix_customer_name_3",
        "customer",
        [sa.literal_column("substr(name, 3)"), "pinyin", "id"],
        unique=False,
        sqlite_where=sa.text("active IS 1"),
        postgresql_where=sa.text("active IS true"),
        postgresql_include=["name"],
    )
    if op.get_bind().dialect.name != "sqlite":  # there it stands in the table, which cannot be altered
        op.create_foreign_key(op.f("fk_campaign_batch_id"), "campaign", "batch", ["batch_id"], ["id"])


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("fk_campaign_batch_id"), "campaign", type_="foreignkey")
    op.drop_index(
        "ix_customer_name_3",
        table_name="customer",
        sqlite_where=sa.text("active IS 1"),
        postgresql_where=sa.text("active IS true"),
        postgresql_include=["name"],
    )
    op.drop_index(
        "ix_customer_name_2",
        table_name="customer",
        sqlite_where=sa.text("active IS 1"),
        postgresql_where=sa.text("active IS true"),
        postgresql_include=["name"],
    )
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.drop_index("ix_receipt_part_id")
        batch_op.drop_index("ix_receipt_found")

    op.drop_table("receipt")
    with op.batch_alter_table("message_part", schema=None) as batch_op:
        batch_op.drop_index("ix_message_part_line_id_sending_at")
        batch_op.drop_index("ix_message_part_line_id_reference_state")
        batch_op.drop_index("ix_message_part_identity")

    op.drop_table("message_part")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_message_waiting",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index("ix_message_state_lease_until")
        batch_op.drop_index(
            "ix_message_sending_at",
            sqlite_where=sa.text("sending_at IS NOT NULL"),
            postgresql_where=sa.text("sending_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_message_phone_accepted_at")
        batch_op.drop_index(
            "ix_message_loan_id",
            sqlite_where=sa.text("loan_id IS NOT NULL"),
            postgresql_where=sa.text("loan_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_message_line_id_accepted_at")
        batch_op.drop_index(
            "ix_message_done_at_state",
            sqlite_where=sa.text("done_at IS NOT NULL"),
            postgresql_where=sa.text("done_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_message_customer_id_created_at")
        batch_op.drop_index("ix_message_batch_id_state_id")

    op.drop_table("message")
    with op.batch_alter_table("exclusion", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_exclusion_loan_id",
            sqlite_where=sa.text("loan_id IS NOT NULL"),
            postgresql_where=sa.text("loan_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_exclusion_customer_id")
        batch_op.drop_index("ix_exclusion_batch_id_rule")

    op.drop_table("exclusion")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_batch_id")

    op.drop_table("decision")
    with op.batch_alter_table("segment_member", schema=None) as batch_op:
        batch_op.drop_index("ix_segment_member_customer_id")

    op.drop_table("segment_member")
    with op.batch_alter_table("segment_loan", schema=None) as batch_op:
        batch_op.drop_index("ix_segment_loan_loan_id")

    op.drop_table("segment_loan")
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_state_priority")
        batch_op.drop_index("ix_batch_campaign_id")

    op.drop_table("batch")
    with op.batch_alter_table("segment_pin", schema=None) as batch_op:
        batch_op.drop_index("ix_segment_pin_segment_id")

    op.drop_table("segment_pin")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_index("ix_campaign_state_updated_at")

    op.drop_table("campaign")
    op.drop_table("template_version")
    op.drop_table("segment_version")
    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.drop_index("ix_instalment_due_on")

    op.drop_table("instalment")
    with op.batch_alter_table("imported_loan", schema=None) as batch_op:
        batch_op.drop_index("ix_imported_loan_loan_id")

    op.drop_table("imported_loan")
    with op.batch_alter_table("imported_customer", schema=None) as batch_op:
        batch_op.drop_index("ix_imported_customer_customer_id")

    op.drop_table("imported_customer")
    op.drop_table("import_errors")
    with op.batch_alter_table("import_change", schema=None) as batch_op:
        batch_op.drop_index("ix_import_change_kind_row_id")

    op.drop_table("import_change")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_loan_id")
        batch_op.drop_index("ix_contact_customer_id_at")

    op.drop_table("contact")
    with op.batch_alter_table("circumstance", schema=None) as batch_op:
        batch_op.drop_index("ix_circumstance_loan_id")
        batch_op.drop_index("ix_circumstance_customer_id")

    op.drop_table("circumstance")
    with op.batch_alter_table("bulk_before", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_before_customer_id"))

    op.drop_table("bulk_before")
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_template_class_key"))

    op.drop_table("template")
    op.drop_table("segment")
    with op.batch_alter_table("rule_pack", schema=None) as batch_op:
        batch_op.drop_index("ix_rule_pack_state_effective_from")

    op.drop_table("rule_pack")
    op.drop_table("retention_rule")
    with op.batch_alter_table("loan", schema=None) as batch_op:
        batch_op.drop_index("ix_loan_state")
        batch_op.drop_index("ix_loan_product")
        batch_op.drop_index("ix_loan_number")
        batch_op.drop_index("ix_loan_due_on")
        batch_op.drop_index("ix_loan_customer_id")

    op.drop_table("loan")
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.drop_index("ix_inbound_message_sender_received_at")
        batch_op.drop_index("ix_inbound_message_customer_id")

    op.drop_table("inbound_message")
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.drop_index("ix_import_batch_state")
        batch_op.drop_index("ix_import_batch_source")

    op.drop_table("import_batch")
    with op.batch_alter_table("export_request", schema=None) as batch_op:
        batch_op.drop_index("ix_export_request_state")

    op.drop_table("export_request")
    op.drop_table("erasure")
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.drop_index("ix_delegation_to_user")

    op.drop_table("delegation")
    with op.batch_alter_table("customer_phone", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_phone_phone")

    op.drop_table("customer_phone")
    op.drop_table("control")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_customer_id_purpose_at")

    op.drop_table("consent")
    op.drop_table("bulk_edit")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_action"))

    op.drop_table("audit_entry")
    op.drop_table("user_account")
    op.drop_table("suppression")
    op.drop_table("staged_row")
    op.drop_table("staged_instalment")
    op.drop_table("signature")
    op.drop_table("setting")
    op.drop_table("secret")
    op.drop_table("move_mark")
    op.drop_table("line")
    op.drop_table("import_mapping")
    op.drop_table("erased_refusal")
    op.drop_table("dispatcher")
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_customer_updated_at", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_segment", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_region", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_rating", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_pinyin", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index("ix_customer_phone_tail")
        batch_op.drop_index("ix_customer_phone")
        batch_op.drop_index(
            "ix_customer_number", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_name_long",
            sqlite_where=sa.text("active IS 1 AND length(name) > 3"),
            postgresql_where=sa.text("active IS true AND length(name) > 3"),
        )
        batch_op.drop_index(
            "ix_customer_name", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_manager", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_initials", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_id_digest",
            sqlite_where=sa.text("id_digest IS NOT NULL"),
            postgresql_where=sa.text("id_digest IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_customer_gone", sqlite_where=sa.text("active IS NOT 1"), postgresql_where=sa.text("active IS NOT true")
        )
        batch_op.drop_index(
            "ix_customer_branch", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )
        batch_op.drop_index(
            "ix_customer_birthday", sqlite_where=sa.text("active IS 1"), postgresql_where=sa.text("active IS true")
        )

    op.drop_table("customer")
    op.drop_table("custom_field")
    op.drop_table("audit_head")
