"""The tables of ideas, and their full-text index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "idea_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supports_close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "languages", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "submit_kinds", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "support_kinds",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("supports_each", sa.Integer(), nullable=True),
        sa.Column("takes_organisations", sa.Boolean(), nullable=False),
        sa.Column("takes_places", sa.Boolean(), nullable=False),
        sa.Column("takes_files", sa.Boolean(), nullable=False),
        sa.Column("is_premoderated", sa.Boolean(), nullable=False),
        sa.Column("naming", sa.String(length=32), nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("edit_hours", sa.Integer(), nullable=False),
        sa.Column("contact_name", sa.String(length=120), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("cover_id", sa.Integer(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=400), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state = 'draft' OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)",
            name=op.f("ck_idea_calls_dated"),
        ),
        sa.CheckConstraint("answer_days > 0", name=op.f("ck_idea_calls_answer_days")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_idea_calls_window")),
        sa.CheckConstraint("edit_hours >= 0", name=op.f("ck_idea_calls_edit_hours")),
        sa.CheckConstraint(
            "supports_close_at > opens_at", name=op.f("ck_idea_calls_supports_window")
        ),
        sa.CheckConstraint("supports_each > 0", name=op.f("ck_idea_calls_supports_each")),
        sa.ForeignKeyConstraint(
            ["cover_id"], ["stored_files.id"], name=op.f("fk_idea_calls_cover_id_stored_files")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_idea_calls_created_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_calls")),
    )
    op.create_index(
        "ix_idea_calls_state_closes_at", "idea_calls", ["state", "closes_at"], unique=False
    )
    op.create_table(
        "idea_call_fields",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column(
            "labels", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("hint", sa.String(length=300), nullable=False),
        sa.Column(
            "hints", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "option_labels",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["idea_calls.id"],
            name=op.f("fk_idea_call_fields_call_id_idea_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_call_fields")),
    )
    op.create_index(
        op.f("ix_idea_call_fields_call_id"), "idea_call_fields", ["call_id"], unique=False
    )
    op.create_table(
        "idea_call_hosts",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["idea_calls.id"],
            name=op.f("fk_idea_call_hosts_call_id_idea_calls"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_idea_call_hosts_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("call_id", "organisation_id", name=op.f("pk_idea_call_hosts")),
    )
    op.create_index(
        op.f("ix_idea_call_hosts_organisation_id"),
        "idea_call_hosts",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "idea_call_translations",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=400), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["idea_calls.id"],
            name=op.f("fk_idea_call_translations_call_id_idea_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", "language", name=op.f("pk_idea_call_translations")),
    )
    op.create_table(
        "idea_categories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "names", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["idea_calls.id"],
            name=op.f("fk_idea_categories_call_id_idea_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_categories")),
        sa.UniqueConstraint("call_id", "name", name=op.f("uq_idea_categories_call_id_name")),
    )
    op.create_table(
        "idea_criteria",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "names", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("hint", sa.String(length=300), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("is_reversed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("weight BETWEEN 1 AND 10", name=op.f("ck_idea_criteria_weight")),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["idea_calls.id"],
            name=op.f("fk_idea_criteria_call_id_idea_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_criteria")),
    )
    op.create_index(op.f("ix_idea_criteria_call_id"), "idea_criteria", ["call_id"], unique=False)
    op.create_table(
        "idea_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("rows_good", sa.Integer(), nullable=False),
        sa.Column("rows_bad", sa.Integer(), nullable=False),
        sa.Column("rows_known", sa.Integer(), nullable=False),
        sa.Column(
            "report", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["idea_calls.id"],
            name=op.f("fk_idea_imports_call_id_idea_calls"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_idea_imports_created_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_files.id"], name=op.f("fk_idea_imports_file_id_stored_files")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_imports")),
    )
    op.create_index(op.f("ix_idea_imports_call_id"), "idea_imports", ["call_id"], unique=False)
    op.create_table(
        "ideas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("rested", sa.String(length=32), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column(
            "answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("author_kind", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("hides_author", sa.Boolean(), nullable=False),
        sa.Column("author_name", sa.String(length=120), nullable=False),
        sa.Column("place_name", sa.String(length=200), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_reason", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("split_from_id", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=True),
        sa.Column("source_url", sa.String(length=500), nullable=False),
        sa.Column("supports_count", sa.Integer(), nullable=False),
        sa.Column("organisations_count", sa.Integer(), nullable=False),
        sa.Column(
            "supports_by_kind",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("comments_count", sa.Integer(), nullable=False),
        sa.Column("breadth", sa.Integer(), nullable=False),
        sa.Column("shuffle", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_ideas_whole_place")
        ),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_ideas_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_ideas_longitude")),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("ck_ideas_not_into_itself")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_ideas_author_id_users")),
        sa.ForeignKeyConstraint(
            ["call_id"], ["idea_calls.id"], name=op.f("fk_ideas_call_id_idea_calls")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["idea_categories.id"],
            name=op.f("fk_ideas_category_id_idea_categories"),
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["idea_imports.id"], name=op.f("fk_ideas_import_id_idea_imports")
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["ideas.id"], name=op.f("fk_ideas_merged_into_id_ideas")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_ideas_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["organisations.id"], name=op.f("fk_ideas_owner_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["split_from_id"], ["ideas.id"], name=op.f("fk_ideas_split_from_id_ideas")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_ideas_thread_id_threads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ideas")),
        sa.UniqueConstraint("thread_id", name=op.f("uq_ideas_thread_id")),
    )
    op.create_index(
        "ix_ideas_answered",
        "ideas",
        ["answered_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.create_index("ix_ideas_author_id", "ideas", ["author_id", "created_at", "id"], unique=False)
    op.create_index("ix_ideas_breadth", "ideas", ["call_id", "breadth", "id"], unique=False)
    op.create_index(op.f("ix_ideas_category_id"), "ideas", ["category_id"], unique=False)
    op.create_index("ix_ideas_comments", "ideas", ["call_id", "comments_count", "id"], unique=False)
    op.create_index(
        "ix_ideas_import_id",
        "ideas",
        ["import_id"],
        unique=False,
        sqlite_where=sa.text("import_id IS NOT NULL"),
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.create_index(
        "ix_ideas_merged_into_id",
        "ideas",
        ["merged_into_id"],
        unique=False,
        sqlite_where=sa.text("merged_into_id IS NOT NULL"),
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index("ix_ideas_newest", "ideas", ["call_id", "published_at", "id"], unique=False)
    op.create_index(op.f("ix_ideas_organisation_id"), "ideas", ["organisation_id"], unique=False)
    op.create_index("ix_ideas_state", "ideas", ["call_id", "state", "shuffle", "id"], unique=False)
    op.create_index(
        "ix_ideas_sums",
        "ideas",
        ["call_id", "state", "supports_count", "answered_at"],
        unique=False,
    )
    op.create_index("ix_ideas_supports", "ideas", ["call_id", "supports_count", "id"], unique=False)
    op.create_index(
        "ix_ideas_waiting",
        "ideas",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
    )
    op.create_index(
        "uq_ideas_source",
        "ideas",
        ["call_id", "source"],
        unique=True,
        sqlite_where=sa.text("source IS NOT NULL"),
        postgresql_where=sa.text("source IS NOT NULL"),
    )
    op.create_table(
        "idea_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_idea_answers_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_answers_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_idea_answers_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_answers")),
        sa.UniqueConstraint("idea_id", name=op.f("uq_idea_answers_idea_id")),
    )
    op.create_index(op.f("ix_idea_answers_author_id"), "idea_answers", ["author_id"], unique=False)
    op.create_index(
        op.f("ix_idea_answers_organisation_id_published_at"),
        "idea_answers",
        ["organisation_id", "published_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_idea_answers_published_at"), "idea_answers", ["published_at"], unique=False
    )
    op.create_table(
        "idea_attachments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_files.id"], name=op.f("fk_idea_attachments_file_id_stored_files")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_attachments_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_attachments")),
        sa.UniqueConstraint("file_id", name=op.f("uq_idea_attachments_file_id")),
    )
    op.create_index(
        op.f("ix_idea_attachments_idea_id"), "idea_attachments", ["idea_id"], unique=False
    )
    op.create_table(
        "idea_bulletins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_user_id", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_bulletins_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_bulletins")),
        sa.UniqueConstraint("idea_id", "key", name=op.f("uq_idea_bulletins_idea_id_key")),
    )
    op.create_index(
        "ix_idea_bulletins_waiting",
        "idea_bulletins",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "idea_co_authors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("invited_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_co_authors_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["users.id"], name=op.f("fk_idea_co_authors_invited_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idea_co_authors_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_co_authors")),
        sa.UniqueConstraint(
            "idea_id", "email_key", name=op.f("uq_idea_co_authors_idea_id_email_key")
        ),
    )
    op.create_index(
        op.f("ix_idea_co_authors_email_key"), "idea_co_authors", ["email_key"], unique=False
    )
    op.create_index(
        op.f("ix_idea_co_authors_user_id"), "idea_co_authors", ["user_id"], unique=False
    )
    op.create_table(
        "idea_mentions",
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_mentions_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_idea_mentions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("idea_id", "user_id", name=op.f("pk_idea_mentions")),
    )
    op.create_index(op.f("ix_idea_mentions_user_id"), "idea_mentions", ["user_id"], unique=False)
    op.create_table(
        "idea_merges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_idea_merges_by_id_users")),
        sa.ForeignKeyConstraint(
            ["idea_id"], ["ideas.id"], name=op.f("fk_idea_merges_idea_id_ideas"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["into_id"], ["ideas.id"], name=op.f("fk_idea_merges_into_id_ideas"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_merges")),
    )
    op.create_index(op.f("ix_idea_merges_idea_id"), "idea_merges", ["idea_id"], unique=False)
    op.create_index(op.f("ix_idea_merges_into_id"), "idea_merges", ["into_id"], unique=False)
    op.create_index(
        "uq_idea_merges_standing",
        "idea_merges",
        ["idea_id"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "idea_milestones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_milestones_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_milestones")),
    )
    op.create_index(
        op.f("ix_idea_milestones_idea_id"), "idea_milestones", ["idea_id"], unique=False
    )
    op.create_table(
        "idea_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_idea_notes_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"], ["ideas.id"], name=op.f("fk_idea_notes_idea_id_ideas"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_notes")),
    )
    op.create_index(op.f("ix_idea_notes_author_id"), "idea_notes", ["author_id"], unique=False)
    op.create_index(
        op.f("ix_idea_notes_idea_id_written_at"),
        "idea_notes",
        ["idea_id", "written_at"],
        unique=False,
    )
    op.create_table(
        "idea_officers",
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_officers_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_idea_officers_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("idea_id", "user_id", name=op.f("pk_idea_officers")),
    )
    op.create_index(op.f("ix_idea_officers_user_id"), "idea_officers", ["user_id"], unique=False)
    op.create_table(
        "idea_pairs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("likeness", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reported_by_id", sa.Integer(), nullable=True),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("idea_id < other_id", name=op.f("ck_idea_pairs_order")),
        sa.ForeignKeyConstraint(
            ["call_id"], ["idea_calls.id"], name=op.f("fk_idea_pairs_call_id_idea_calls")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"], ["ideas.id"], name=op.f("fk_idea_pairs_idea_id_ideas"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"],
            ["ideas.id"],
            name=op.f("fk_idea_pairs_other_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reported_by_id"], ["users.id"], name=op.f("fk_idea_pairs_reported_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_pairs")),
        sa.UniqueConstraint("idea_id", "other_id", name=op.f("uq_idea_pairs_idea_id_other_id")),
    )
    op.create_index(
        op.f("ix_idea_pairs_call_id_state_likeness"),
        "idea_pairs",
        ["call_id", "state", "likeness"],
        unique=False,
    )
    op.create_index(op.f("ix_idea_pairs_other_id"), "idea_pairs", ["other_id"], unique=False)
    op.create_table(
        "idea_posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("photo_text", sa.String(length=300), nullable=False),
        sa.Column("is_delivery", sa.Boolean(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_idea_posts_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"], ["ideas.id"], name=op.f("fk_idea_posts_idea_id_ideas"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_idea_posts_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["stored_files.id"], name=op.f("fk_idea_posts_photo_id_stored_files")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_posts")),
    )
    op.create_index(
        op.f("ix_idea_posts_idea_id_posted_at"),
        "idea_posts",
        ["idea_id", "posted_at"],
        unique=False,
    )
    op.create_table(
        "idea_promotions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["users.id"], name=op.f("fk_idea_promotions_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_promotions_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_promotions")),
        sa.UniqueConstraint(
            "idea_id", "kind", "target_id", name=op.f("uq_idea_promotions_idea_id_kind_target_id")
        ),
    )
    op.create_table(
        "idea_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("editor_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["users.id"], name=op.f("fk_idea_revisions_editor_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_revisions_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_revisions")),
        sa.UniqueConstraint("idea_id", "number", name=op.f("uq_idea_revisions_idea_id_number")),
    )
    op.create_table(
        "idea_scores",
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("criterion_id", sa.Integer(), nullable=False),
        sa.Column("officer_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("value BETWEEN 0 AND 5", name=op.f("ck_idea_scores_value")),
        sa.ForeignKeyConstraint(
            ["criterion_id"],
            ["idea_criteria.id"],
            name=op.f("fk_idea_scores_criterion_id_idea_criteria"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"], ["ideas.id"], name=op.f("fk_idea_scores_idea_id_ideas"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["users.id"], name=op.f("fk_idea_scores_officer_id_users")
        ),
        sa.PrimaryKeyConstraint(
            "idea_id", "criterion_id", "officer_id", name=op.f("pk_idea_scores")
        ),
    )
    op.create_index(
        op.f("ix_idea_scores_criterion_id"), "idea_scores", ["criterion_id"], unique=False
    )
    op.create_index(op.f("ix_idea_scores_officer_id"), "idea_scores", ["officer_id"], unique=False)
    op.create_table(
        "idea_shingles",
        sa.Column("call_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shingle", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_shingles_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", "shingle", "idea_id", name=op.f("pk_idea_shingles")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_idea_shingles_idea_id"), "idea_shingles", ["idea_id"], unique=False)
    op.create_table(
        "idea_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_idea_steps_actor_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"], ["ideas.id"], name=op.f("fk_idea_steps_idea_id_ideas"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_steps")),
    )
    op.create_index(
        op.f("ix_idea_steps_idea_id_at_id"), "idea_steps", ["idea_id", "at", "id"], unique=False
    )
    op.create_table(
        "idea_supports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idea_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("supported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["idea_calls.id"], name=op.f("fk_idea_supports_call_id_idea_calls")
        ),
        sa.ForeignKeyConstraint(
            ["idea_id"],
            ["ideas.id"],
            name=op.f("fk_idea_supports_idea_id_ideas"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_idea_supports_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_idea_supports_user_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_supports")),
        sa.UniqueConstraint(
            "idea_id", "organisation_id", name=op.f("uq_idea_supports_idea_id_organisation_id")
        ),
    )
    op.create_index(
        "ix_idea_supports_at", "idea_supports", ["idea_id", "supported_at"], unique=False
    )
    op.create_index(
        "ix_idea_supports_organisation_id",
        "idea_supports",
        ["organisation_id"],
        unique=False,
        sqlite_where=sa.text("organisation_id IS NOT NULL"),
        postgresql_where=sa.text("organisation_id IS NOT NULL"),
    )
    op.create_index(
        "ix_idea_supports_user_id", "idea_supports", ["user_id", "call_id"], unique=False
    )
    op.create_index(
        "uq_idea_supports_person",
        "idea_supports",
        ["idea_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("organisation_id IS NULL"),
        postgresql_where=sa.text("organisation_id IS NULL"),
    )
    # the words of ideas, folded; each database indexes them in its own way
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE idea_fts USING fts5(title, body, prefix='3 5')")
        op.execute(
            "CREATE TRIGGER idea_fts_forgets AFTER DELETE ON ideas BEGIN "
            "DELETE FROM idea_fts WHERE rowid = old.id; END"
        )
    else:
        op.execute(
            "CREATE TABLE idea_fts ("
            "idea_id integer PRIMARY KEY REFERENCES ideas (id) ON DELETE CASCADE, "
            "words tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_idea_fts_words ON idea_fts USING gin (words)")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE idea_fts")

    op.drop_index(
        "uq_idea_supports_person",
        table_name="idea_supports",
        sqlite_where=sa.text("organisation_id IS NULL"),
        postgresql_where=sa.text("organisation_id IS NULL"),
    )
    op.drop_index("ix_idea_supports_user_id", table_name="idea_supports")
    op.drop_index(
        "ix_idea_supports_organisation_id",
        table_name="idea_supports",
        sqlite_where=sa.text("organisation_id IS NOT NULL"),
        postgresql_where=sa.text("organisation_id IS NOT NULL"),
    )
    op.drop_index("ix_idea_supports_at", table_name="idea_supports")
    op.drop_table("idea_supports")
    op.drop_index(op.f("ix_idea_steps_idea_id_at_id"), table_name="idea_steps")
    op.drop_table("idea_steps")
    op.drop_index(op.f("ix_idea_shingles_idea_id"), table_name="idea_shingles")
    op.drop_table("idea_shingles")
    op.drop_index(op.f("ix_idea_scores_officer_id"), table_name="idea_scores")
    op.drop_index(op.f("ix_idea_scores_criterion_id"), table_name="idea_scores")
    op.drop_table("idea_scores")
    op.drop_table("idea_revisions")
    op.drop_table("idea_promotions")
    op.drop_index(op.f("ix_idea_posts_idea_id_posted_at"), table_name="idea_posts")
    op.drop_table("idea_posts")
    op.drop_index(op.f("ix_idea_pairs_other_id"), table_name="idea_pairs")
    op.drop_index(op.f("ix_idea_pairs_call_id_state_likeness"), table_name="idea_pairs")
    op.drop_table("idea_pairs")
    op.drop_index(op.f("ix_idea_officers_user_id"), table_name="idea_officers")
    op.drop_table("idea_officers")
    op.drop_index(op.f("ix_idea_notes_idea_id_written_at"), table_name="idea_notes")
    op.drop_index(op.f("ix_idea_notes_author_id"), table_name="idea_notes")
    op.drop_table("idea_notes")
    op.drop_index(op.f("ix_idea_milestones_idea_id"), table_name="idea_milestones")
    op.drop_table("idea_milestones")
    op.drop_index(
        "uq_idea_merges_standing",
        table_name="idea_merges",
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.drop_index(op.f("ix_idea_merges_into_id"), table_name="idea_merges")
    op.drop_index(op.f("ix_idea_merges_idea_id"), table_name="idea_merges")
    op.drop_table("idea_merges")
    op.drop_index(op.f("ix_idea_mentions_user_id"), table_name="idea_mentions")
    op.drop_table("idea_mentions")
    op.drop_index(op.f("ix_idea_co_authors_user_id"), table_name="idea_co_authors")
    op.drop_index(op.f("ix_idea_co_authors_email_key"), table_name="idea_co_authors")
    op.drop_table("idea_co_authors")
    op.drop_index(
        "ix_idea_bulletins_waiting",
        table_name="idea_bulletins",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_table("idea_bulletins")
    op.drop_index(op.f("ix_idea_attachments_idea_id"), table_name="idea_attachments")
    op.drop_table("idea_attachments")
    op.drop_index(op.f("ix_idea_answers_published_at"), table_name="idea_answers")
    op.drop_index(op.f("ix_idea_answers_organisation_id_published_at"), table_name="idea_answers")
    op.drop_index(op.f("ix_idea_answers_author_id"), table_name="idea_answers")
    op.drop_table("idea_answers")
    op.drop_index(
        "uq_ideas_source",
        table_name="ideas",
        sqlite_where=sa.text("source IS NOT NULL"),
        postgresql_where=sa.text("source IS NOT NULL"),
    )
    op.drop_index(
        "ix_ideas_waiting",
        table_name="ideas",
        sqlite_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
    )
    op.drop_index("ix_ideas_supports", table_name="ideas")
    op.drop_index("ix_ideas_sums", table_name="ideas")
    op.drop_index("ix_ideas_state", table_name="ideas")
    op.drop_index(op.f("ix_ideas_organisation_id"), table_name="ideas")
    op.drop_index("ix_ideas_newest", table_name="ideas")
    op.drop_index(
        "ix_ideas_merged_into_id",
        table_name="ideas",
        sqlite_where=sa.text("merged_into_id IS NOT NULL"),
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_ideas_import_id",
        table_name="ideas",
        sqlite_where=sa.text("import_id IS NOT NULL"),
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.drop_index("ix_ideas_comments", table_name="ideas")
    op.drop_index(op.f("ix_ideas_category_id"), table_name="ideas")
    op.drop_index("ix_ideas_breadth", table_name="ideas")
    op.drop_index("ix_ideas_author_id", table_name="ideas")
    op.drop_index(
        "ix_ideas_answered",
        table_name="ideas",
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.drop_table("ideas")
    op.drop_index(op.f("ix_idea_imports_call_id"), table_name="idea_imports")
    op.drop_table("idea_imports")
    op.drop_index(op.f("ix_idea_criteria_call_id"), table_name="idea_criteria")
    op.drop_table("idea_criteria")
    op.drop_table("idea_categories")
    op.drop_table("idea_call_translations")
    op.drop_index(op.f("ix_idea_call_hosts_organisation_id"), table_name="idea_call_hosts")
    op.drop_table("idea_call_hosts")
    op.drop_index(op.f("ix_idea_call_fields_call_id"), table_name="idea_call_fields")
    op.drop_table("idea_call_fields")
    op.drop_index("ix_idea_calls_state_closes_at", table_name="idea_calls")
    op.drop_table("idea_calls")
