"""Single keys on the pages of moderation can be switched off by each person."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """On, as they were for everybody."""
    op.add_column(
        "users", sa.Column("uses_shortcuts", sa.Boolean(), nullable=False, server_default=sa.true())
    )


def downgrade() -> None:
    """Forget who wanted none."""
    op.drop_column("users", "uses_shortcuts")
