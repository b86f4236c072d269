"""How many rows of a file of ideas come in without being shown."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was read before has none."""
    op.add_column(
        "idea_imports", sa.Column("rows_unseen", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("idea_imports", "rows_unseen")
