"""New words go into the index at once: a list of waiting ones would be read by every search"""

from __future__ import annotations

from alembic import op


revision = '0008f'
down_revision = '0008e'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER INDEX ix_case_words_words SET (fastupdate = off)')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER INDEX ix_case_words_words RESET (fastupdate)')
