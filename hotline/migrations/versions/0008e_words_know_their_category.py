"""The words of a case know its category, place and channel"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cases.models import Location
from cases.words_store import facets_of, words_of


revision = '0008e'
down_revision = '0008d'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('DELETE FROM case_words')
    bind = op.get_bind()
    names = ('case_number', 'description', 'category_code', 'category_name', 'district_code', 'subdistrict_code', 'channel')
    cases = sa.table('cases', *(sa.column(name, sa.String) for name in names), sa.column('location', sa.JSON), sa.column('erased_at', sa.DateTime))
    if bind.dialect.name == 'sqlite':
        put = sa.text('INSERT INTO case_words (rowid, words) VALUES (:number, :words)')
    else:
        put = sa.text('INSERT INTO case_words (number, words) VALUES (:number, array_to_tsvector(CAST(:words AS text[])))')
    last = ''
    while rows := bind.execute(sa.select(cases).where(cases.c.case_number > last).order_by(cases.c.case_number).limit(1000)).all():
        for row in rows:
            if row.erased_at is None:
                place = Location(**row.location) if row.location else None
                words = words_of(row.description, place, row.category_name)
                words += facets_of(row.category_code, row.district_code, row.subdistrict_code, row.channel)
                bind.execute(put, {'number': int(row.case_number), 'words': ' '.join(words) if bind.dialect.name == 'sqlite' else words})
        last = rows[-1].case_number


def downgrade() -> None:
    pass
