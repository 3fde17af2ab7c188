"""Spans of days are cut out of the word index by a small index over the numbers' blocks"""

from __future__ import annotations

from alembic import op


revision = '0008g'
down_revision = '0008f'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(
            'CREATE INDEX ix_case_words_number ON case_words USING brin (number) '
            'WITH (pages_per_range = 16, autosummarize = on)'
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP INDEX ix_case_words_number')
