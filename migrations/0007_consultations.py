"""The tables of consultations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "consultations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change_reason", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("allows_guests", sa.Boolean(), nullable=False),
        sa.Column("contact_name", sa.String(length=120), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("contact_phone", sa.String(length=40), nullable=False),
        sa.Column("cover_id", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column(
            "steps", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "milestones", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=400), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("audience", sa.String(length=300), nullable=False),
        sa.Column("decides", sa.String(length=300), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("paper_html", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("outcome_html", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state = 'draft' OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)",
            name=op.f("ck_consultations_dated"),
        ),
        sa.CheckConstraint("answer_days > 0", name=op.f("ck_consultations_answer_days")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_consultations_window")),
        sa.ForeignKeyConstraint(
            ["cover_id"], ["stored_files.id"], name=op.f("fk_consultations_cover_id_stored_files")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_consultations_created_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_consultations_thread_id_threads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
        sa.UniqueConstraint("thread_id", name=op.f("uq_consultations_thread_id")),
    )
    op.create_index(
        "ix_consultations_state_closes_at", "consultations", ["state", "closes_at"], unique=False
    )
    op.create_table(
        "consultation_attachments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_attachments_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["stored_files.id"],
            name=op.f("fk_consultation_attachments_file_id_stored_files"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_attachments")),
        sa.UniqueConstraint("file_id", name=op.f("uq_consultation_attachments_file_id")),
    )
    op.create_index(
        op.f("ix_consultation_attachments_consultation_id"),
        "consultation_attachments",
        ["consultation_id"],
        unique=False,
    )
    op.create_table(
        "consultation_bulletins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_user_id", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_bulletins_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_consultation_bulletins_document_id_documents"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_bulletins")),
        sa.UniqueConstraint(
            "consultation_id", "key", name=op.f("uq_consultation_bulletins_consultation_id_key")
        ),
    )
    op.create_index(
        "ix_consultation_bulletins_waiting",
        "consultation_bulletins",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "consultation_documents",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_documents_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_consultation_documents_document_id_documents"),
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_consultation_documents")),
    )
    op.create_index(
        op.f("ix_consultation_documents_consultation_id"),
        "consultation_documents",
        ["consultation_id"],
        unique=False,
    )
    op.create_table(
        "consultation_follows",
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("followed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_follows_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_consultation_follows_user_id_users")
        ),
        sa.PrimaryKeyConstraint("consultation_id", "user_id", name=op.f("pk_consultation_follows")),
    )
    op.create_index(
        op.f("ix_consultation_follows_user_id"), "consultation_follows", ["user_id"], unique=False
    )
    op.create_table(
        "consultation_hosts",
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column(
            "role_translations",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_hosts_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_consultation_hosts_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "consultation_id", "organisation_id", name=op.f("pk_consultation_hosts")
        ),
    )
    op.create_index(
        op.f("ix_consultation_hosts_organisation_id"),
        "consultation_hosts",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "consultation_themes",
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("theme", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_themes_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("consultation_id", "theme", name=op.f("pk_consultation_themes")),
    )
    op.create_index(
        op.f("ix_consultation_themes_theme"), "consultation_themes", ["theme"], unique=False
    )
    op.create_table(
        "consultation_translations",
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=400), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("audience", sa.String(length=300), nullable=False),
        sa.Column("decides", sa.String(length=300), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("paper_html", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("outcome_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_translations_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "consultation_id", "language", name=op.f("pk_consultation_translations")
        ),
    )
    op.create_table(
        "consultation_voices",
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("voice", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_voices_consultation_id_consultations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_consultation_voices_user_id_users")
        ),
        sa.PrimaryKeyConstraint("consultation_id", "voice", name=op.f("pk_consultation_voices")),
    )
    op.create_index(
        op.f("ix_consultation_voices_user_id"), "consultation_voices", ["user_id"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_consultation_voices_user_id"), table_name="consultation_voices")
    op.drop_table("consultation_voices")
    op.drop_table("consultation_translations")
    op.drop_index(op.f("ix_consultation_themes_theme"), table_name="consultation_themes")
    op.drop_table("consultation_themes")
    op.drop_index(op.f("ix_consultation_hosts_organisation_id"), table_name="consultation_hosts")
    op.drop_table("consultation_hosts")
    op.drop_index(op.f("ix_consultation_follows_user_id"), table_name="consultation_follows")
    op.drop_table("consultation_follows")
    op.drop_index(
        op.f("ix_consultation_documents_consultation_id"), table_name="consultation_documents"
    )
    op.drop_table("consultation_documents")
    op.drop_index(
        "ix_consultation_bulletins_waiting",
        table_name="consultation_bulletins",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_table("consultation_bulletins")
    op.drop_index(
        op.f("ix_consultation_attachments_consultation_id"), table_name="consultation_attachments"
    )
    op.drop_table("consultation_attachments")
    op.drop_index("ix_consultations_state_closes_at", table_name="consultations")
    op.drop_table("consultations")
