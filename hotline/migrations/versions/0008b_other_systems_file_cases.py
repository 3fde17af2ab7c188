"""Other systems file cases: what they send besides, sealed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0008b'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('cases', sa.Column('submission_sealed', sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.drop_column('submission_sealed')
