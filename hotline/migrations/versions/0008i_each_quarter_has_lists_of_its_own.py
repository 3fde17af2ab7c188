"""PostgreSQL's word index keeps each quarter's words apart; the index of days goes"""

from __future__ import annotations

from alembic import op


revision = '0008i'
down_revision = '0008h'
branch_labels = None
depends_on = None

_QUARTER = "substr(number::text, 1, 4)::int * 4 + (substr(number::text, 5, 2)::int - 1) / 3"


def _rewrite(word: str) -> None:
    op.execute('DROP INDEX ix_case_words_words')
    op.execute(
        'UPDATE case_words SET words = array_to_tsvector(ARRAY('
        f'SELECT {word} FROM unnest(tsvector_to_array(words)) AS word))'
    )
    op.execute(
        'CREATE INDEX ix_case_words_words ON case_words USING gin (words) WITH (fastupdate = off)'
    )


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP INDEX ix_case_words_number')
        _rewrite(f'({_QUARTER})::text || word')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        _rewrite('substr(word, 5)')
        op.execute(
            'CREATE INDEX ix_case_words_number ON case_words USING brin (number) '
            'WITH (pages_per_range = 16, autosummarize = on)'
        )
