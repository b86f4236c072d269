"""Mails that go as soon as they are delivered: the last one to an account that is closed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mark them; those already written stay as long as others."""
    op.add_column(
        "mails", sa.Column("is_brief", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Forget the mark."""
    op.drop_column("mails", "is_brief")
