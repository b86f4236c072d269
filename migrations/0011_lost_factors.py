"""What a way back for lost second steps needs: when somebody first came in, their address before."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; whoever has an account by now counts as having signed in before."""
    op.add_column("users", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("former_email", sa.String(length=254), nullable=True))
    op.add_column("users", sa.Column("email_changed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE users SET signed_in_at = confirmed_at WHERE closed_at IS NULL")


def downgrade() -> None:
    """Drop them."""
    op.drop_column("users", "email_changed_at")
    op.drop_column("users", "former_email")
    op.drop_column("users", "signed_in_at")
