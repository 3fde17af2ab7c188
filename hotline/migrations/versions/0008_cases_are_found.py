"""Cases are found: indexes for lists and searches, the words of a case"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cases.models import Location
from cases.words_store import words_of


revision = '0008'
down_revision = '0005'
branch_labels = None
depends_on = None

_PAIRS = ('status', 'category_code', 'unit_name', 'district_code', 'subdistrict_code', 'channel')


def upgrade() -> None:
    for column in _PAIRS:
        op.create_index(f'ix_cases_{column}_case_number', 'cases', [column, 'case_number'])
    is_open, is_emergency = sa.text('closed_at IS NULL'), sa.text('emergency IS NOT NULL')
    op.create_index('ix_cases_open_due_at', 'cases', ['due_at', 'case_number'], postgresql_where=is_open, sqlite_where=is_open)
    op.create_index('ix_cases_emergencies', 'cases', ['case_number'], postgresql_where=is_emergency, sqlite_where=is_emergency)
    op.create_index('ix_cases_updated_at', 'cases', ['updated_at'])
    if op.get_bind().dialect.name == 'sqlite':
        # the pairs are words already, so nothing is folded; only which case has which is kept
        op.execute("CREATE VIRTUAL TABLE case_words USING fts5(words, detail=none, tokenize='unicode61 remove_diacritics 0')")
    else:
        op.execute('CREATE TABLE case_words (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)')
        op.execute('CREATE INDEX ix_case_words_words ON case_words USING gin (words)')
    _index_earlier_cases()


def _index_earlier_cases() -> None:
    bind = op.get_bind()
    cases = sa.table('cases', sa.column('case_number', sa.String), sa.column('description', sa.Text), sa.column('location', sa.JSON), sa.column('category_name', sa.String), sa.column('erased_at', sa.DateTime))
    last = ''
    while True:
        rows = bind.execute(sa.select(cases).where(cases.c.case_number > last).order_by(cases.c.case_number).limit(1000)).all()
        for row in rows:
            if row.erased_at is None:
                place = Location(**row.location) if row.location else None
                words = words_of(row.description, place, row.category_name)
                if bind.dialect.name == 'sqlite':
                    bind.execute(sa.text('INSERT INTO case_words (rowid, words) VALUES (:number, :words)'), {'number': int(row.case_number), 'words': ' '.join(words)})
                else:
                    bind.execute(sa.text('INSERT INTO case_words (number, words) VALUES (:number, array_to_tsvector(CAST(:words AS text[])))'), {'number': int(row.case_number), 'words': words})
        if len(rows) < 1000:
            return
        last = rows[-1].case_number


def downgrade() -> None:
    op.execute('DROP TABLE case_words')
    for name in ('updated_at', 'emergencies', 'open_due_at', *(f'{column}_case_number' for column in _PAIRS)):
        op.drop_index(f'ix_cases_{name}', 'cases')
