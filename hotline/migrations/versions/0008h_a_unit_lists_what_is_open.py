"""An index of a unit's open cases by number: its list walked through the closed ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0008h'
down_revision = '0008g'
branch_labels = None
depends_on = None

_OPEN = sa.text('closed_at IS NULL')


def upgrade() -> None:
    op.create_index(
        'ix_cases_open_unit_names',
        'cases',
        ['unit_name', 'case_number'],
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_index('ix_cases_open_unit_names', 'cases')
