"""The tables of comments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "threads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comments_count", sa.Integer(), nullable=False),
        sa.Column("agree_count", sa.Integer(), nullable=False),
        sa.Column("disagree_count", sa.Integer(), nullable=False),
        sa.Column("last_comment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "host_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
    )
    op.create_table(
        "thread_reactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reacted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "value IN ('agree', 'disagree')", name=op.f("ck_thread_reactions_value")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["threads.id"],
            name=op.f("fk_thread_reactions_thread_id_threads"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_thread_reactions_user_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_reactions")),
        sa.UniqueConstraint(
            "thread_id", "user_id", name=op.f("uq_thread_reactions_thread_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_thread_reactions_user_id"), "thread_reactions", ["user_id"], unique=False
    )
    op.create_table(
        "thread_tallies",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("pro", sa.Integer(), nullable=False),
        sa.Column("contra", sa.Integer(), nullable=False),
        sa.Column("agree", sa.Integer(), nullable=False),
        sa.Column("disagree", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["threads.id"],
            name=op.f("fk_thread_tallies_thread_id_threads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("thread_id", "kind", name=op.f("pk_thread_tallies")),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("root_id", sa.Integer(), nullable=True),
        sa.Column("quoted_id", sa.Integer(), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("guest_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("stance", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("hidden_reason", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agree_count", sa.Integer(), nullable=False),
        sa.Column("disagree_count", sa.Integer(), nullable=False),
        sa.Column("helpful_count", sa.Integer(), nullable=False),
        sa.Column("replies_count", sa.Integer(), nullable=False),
        sa.Column("agreement", sa.Integer(), nullable=False),
        sa.Column("bridge", sa.Integer(), nullable=False),
        sa.Column(
            "reactions_by_kind",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "author_id IS NULL OR guest_id IS NULL", name=op.f("ck_comments_one_author")
        ),
        sa.CheckConstraint("depth BETWEEN 0 AND 2", name=op.f("ck_comments_depth")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_comments_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guests.id"], name=op.f("fk_comments_guest_id_guests")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_comments_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id_comments")
        ),
        sa.ForeignKeyConstraint(
            ["quoted_id"], ["comments.id"], name=op.f("fk_comments_quoted_id_comments")
        ),
        sa.ForeignKeyConstraint(
            ["root_id"], ["comments.id"], name=op.f("fk_comments_root_id_comments")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_comments_thread_id_threads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(
        "ix_comments_agreement", "comments", ["thread_id", "depth", "agreement", "id"], unique=False
    )
    op.create_index(
        "ix_comments_answered",
        "comments",
        ["answered_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_comments_author_id_received_at_id"),
        "comments",
        ["author_id", "received_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_comments_bridge", "comments", ["thread_id", "depth", "bridge", "id"], unique=False
    )
    op.create_index(
        op.f("ix_comments_guest_id"),
        "comments",
        ["guest_id"],
        unique=False,
        sqlite_where=sa.text("guest_id IS NOT NULL"),
        postgresql_where=sa.text("guest_id IS NOT NULL"),
    )
    op.create_index(
        "ix_comments_newest", "comments", ["thread_id", "depth", "received_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_comments_organisation_id"),
        "comments",
        ["organisation_id"],
        unique=False,
        sqlite_where=sa.text("organisation_id IS NOT NULL"),
        postgresql_where=sa.text("organisation_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_comments_parent_id"),
        "comments",
        ["parent_id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_comments_pinned",
        "comments",
        ["thread_id", "answered_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_comments_quoted_id"),
        "comments",
        ["quoted_id"],
        unique=False,
        sqlite_where=sa.text("quoted_id IS NOT NULL"),
        postgresql_where=sa.text("quoted_id IS NOT NULL"),
    )
    op.create_index(
        "ix_comments_replies",
        "comments",
        ["thread_id", "depth", "replies_count", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_comments_root_id_id"), "comments", ["root_id", "id"], unique=False)
    op.create_index(
        "ix_comments_waiting",
        "comments",
        ["due_at", "id", "thread_id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
    )
    op.create_table(
        "thread_hosts",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_thread_hosts_organisation_id_organisations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["threads.id"],
            name=op.f("fk_thread_hosts_thread_id_threads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("thread_id", "organisation_id", name=op.f("pk_thread_hosts")),
    )
    op.create_index(
        op.f("ix_thread_hosts_organisation_id_thread_id"),
        "thread_hosts",
        ["organisation_id", "thread_id"],
        unique=False,
    )
    op.create_table(
        "comment_mentions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_mentions_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_comment_mentions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_mentions")),
        sa.UniqueConstraint(
            "comment_id", "user_id", name=op.f("uq_comment_mentions_comment_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_comment_mentions_user_id"), "comment_mentions", ["user_id"], unique=False
    )
    op.create_table(
        "comment_reactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reacted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_reactions_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_comment_reactions_user_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_reactions")),
        sa.UniqueConstraint(
            "comment_id", "user_id", name=op.f("uq_comment_reactions_comment_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_comment_reactions_user_id"), "comment_reactions", ["user_id"], unique=False
    )
    op.create_table(
        "comment_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("stance", sa.String(length=32), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_revisions_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_revisions")),
        sa.UniqueConstraint(
            "comment_id", "number", name=op.f("uq_comment_revisions_comment_id_number")
        ),
    )
    op.create_table(
        "official_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_official_answers_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_official_answers_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_official_answers_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official_answers")),
        sa.UniqueConstraint("comment_id", name=op.f("uq_official_answers_comment_id")),
    )
    op.create_index(
        op.f("ix_official_answers_author_id"), "official_answers", ["author_id"], unique=False
    )
    op.create_index(
        op.f("ix_official_answers_organisation_id_published_at"),
        "official_answers",
        ["organisation_id", "published_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_official_answers_published_at"), "official_answers", ["published_at"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_official_answers_published_at"), table_name="official_answers")
    op.drop_index(
        op.f("ix_official_answers_organisation_id_published_at"), table_name="official_answers"
    )
    op.drop_index(op.f("ix_official_answers_author_id"), table_name="official_answers")
    op.drop_table("official_answers")
    op.drop_table("comment_revisions")
    op.drop_index(op.f("ix_comment_reactions_user_id"), table_name="comment_reactions")
    op.drop_table("comment_reactions")
    op.drop_index(op.f("ix_comment_mentions_user_id"), table_name="comment_mentions")
    op.drop_table("comment_mentions")
    op.drop_index(op.f("ix_thread_hosts_organisation_id_thread_id"), table_name="thread_hosts")
    op.drop_table("thread_hosts")
    op.drop_index(
        "ix_comments_waiting",
        table_name="comments",
        sqlite_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL AND answered_at IS NULL"),
    )
    op.drop_index(op.f("ix_comments_root_id_id"), table_name="comments")
    op.drop_index("ix_comments_replies", table_name="comments")
    op.drop_index(
        op.f("ix_comments_quoted_id"),
        table_name="comments",
        sqlite_where=sa.text("quoted_id IS NOT NULL"),
        postgresql_where=sa.text("quoted_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_comments_pinned",
        table_name="comments",
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.drop_index(
        op.f("ix_comments_parent_id"),
        table_name="comments",
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.drop_index(
        op.f("ix_comments_organisation_id"),
        table_name="comments",
        sqlite_where=sa.text("organisation_id IS NOT NULL"),
        postgresql_where=sa.text("organisation_id IS NOT NULL"),
    )
    op.drop_index("ix_comments_newest", table_name="comments")
    op.drop_index(
        op.f("ix_comments_guest_id"),
        table_name="comments",
        sqlite_where=sa.text("guest_id IS NOT NULL"),
        postgresql_where=sa.text("guest_id IS NOT NULL"),
    )
    op.drop_index("ix_comments_bridge", table_name="comments")
    op.drop_index(op.f("ix_comments_author_id_received_at_id"), table_name="comments")
    op.drop_index(
        "ix_comments_answered",
        table_name="comments",
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.drop_index("ix_comments_agreement", table_name="comments")
    op.drop_table("comments")
    op.drop_table("thread_tallies")
    op.drop_index(op.f("ix_thread_reactions_user_id"), table_name="thread_reactions")
    op.drop_table("thread_reactions")
    op.drop_table("threads")
