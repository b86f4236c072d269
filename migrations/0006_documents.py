"""The tables of documents."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("translation_of_id", sa.Integer(), nullable=True),
        sa.Column("current_version_id", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_documents_created_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_documents_thread_id_threads")
        ),
        sa.ForeignKeyConstraint(
            ["translation_of_id"],
            ["documents.id"],
            name=op.f("fk_documents_translation_of_id_documents"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("thread_id", name=op.f("uq_documents_thread_id")),
    )
    op.create_index(
        op.f("ix_documents_created_by_id"), "documents", ["created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_documents_translation_of_id"), "documents", ["translation_of_id"], unique=False
    )
    op.create_table(
        "document_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("source_format", sa.String(length=32), nullable=False),
        sa.Column("source_file_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state = 'draft' OR published_at IS NOT NULL",
            name=op.f("ck_document_versions_published"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_document_versions_created_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_versions_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"],
            ["users.id"],
            name=op.f("fk_document_versions_published_by_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["source_file_id"],
            ["stored_files.id"],
            name=op.f("fk_document_versions_source_file_id_stored_files"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_versions")),
        sa.UniqueConstraint(
            "document_id", "number", name=op.f("uq_document_versions_document_id_number")
        ),
    )
    op.create_index(
        op.f("ix_document_versions_created_by_id"),
        "document_versions",
        ["created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_versions_published_by_id"),
        "document_versions",
        ["published_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_versions_source_file_id"),
        "document_versions",
        ["source_file_id"],
        unique=False,
    )
    op.create_index(
        "uq_document_versions_one_draft",
        "document_versions",
        ["document_id"],
        unique=True,
        sqlite_where=sa.text("state = 'draft'"),
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.create_table(
        "document_sections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_versions.id"],
            name=op.f("fk_document_sections_version_id_document_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_sections")),
        sa.UniqueConstraint(
            "version_id", "number", name=op.f("uq_document_sections_version_id_number")
        ),
    )
    op.create_table(
        "document_paragraphs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=32), nullable=False),
        sa.Column("previous_id", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["previous_id"],
            ["document_paragraphs.id"],
            name=op.f("fk_document_paragraphs_previous_id_document_paragraphs"),
        ),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["document_sections.id"],
            name=op.f("fk_document_paragraphs_section_id_document_sections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_document_paragraphs_thread_id_threads")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_versions.id"],
            name=op.f("fk_document_paragraphs_version_id_document_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_paragraphs")),
        sa.UniqueConstraint(
            "version_id", "key", name=op.f("uq_document_paragraphs_version_id_key")
        ),
        sa.UniqueConstraint(
            "version_id", "position", name=op.f("uq_document_paragraphs_version_id_position")
        ),
    )
    op.create_index("ix_document_paragraphs_key", "document_paragraphs", ["key"], unique=False)
    op.create_index(
        op.f("ix_document_paragraphs_previous_id"),
        "document_paragraphs",
        ["previous_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_paragraphs_section_id"),
        "document_paragraphs",
        ["section_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_paragraphs_thread_id"), "document_paragraphs", ["thread_id"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_document_paragraphs_thread_id"), table_name="document_paragraphs")
    op.drop_index(op.f("ix_document_paragraphs_section_id"), table_name="document_paragraphs")
    op.drop_index(op.f("ix_document_paragraphs_previous_id"), table_name="document_paragraphs")
    op.drop_index("ix_document_paragraphs_key", table_name="document_paragraphs")
    op.drop_table("document_paragraphs")
    op.drop_table("document_sections")
    op.drop_index(
        "uq_document_versions_one_draft",
        table_name="document_versions",
        sqlite_where=sa.text("state = 'draft'"),
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.drop_index(op.f("ix_document_versions_source_file_id"), table_name="document_versions")
    op.drop_index(op.f("ix_document_versions_published_by_id"), table_name="document_versions")
    op.drop_index(op.f("ix_document_versions_created_by_id"), table_name="document_versions")
    op.drop_table("document_versions")
    op.drop_index(op.f("ix_documents_translation_of_id"), table_name="documents")
    op.drop_index(op.f("ix_documents_created_by_id"), table_name="documents")
    op.drop_table("documents")
