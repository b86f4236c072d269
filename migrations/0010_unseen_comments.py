"""How many comments of a thread are held or hidden is read from an index of those alone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_UNSEEN = sa.text("state IN ('held', 'hidden')")


def upgrade() -> None:
    """Index what readers do not see."""
    op.create_index(
        "ix_comments_unseen",
        "comments",
        ["thread_id"],
        sqlite_where=_UNSEEN,
        postgresql_where=_UNSEEN,
    )


def downgrade() -> None:
    """Count them all again."""
    op.drop_index("ix_comments_unseen", "comments")
