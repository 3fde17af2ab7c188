"""Figures of each day, files of open data"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0008d'
down_revision = '0006'
branch_labels = None
depends_on = None

_COUNTS = (
    'registered', 'open', 'closed', 'voided', 'withdrawn', 'merged', 'reworked', 'returned', 'deferred', 'reopened',
    'called_back', 'contacted', 'solved', 'satisfied', 'late', 'due_file', 'on_time_file', 'due_dispatch',
    'on_time_dispatch', 'due_handle', 'on_time_handle', 'due_check', 'on_time_check', 'due_case', 'on_time_case',
)


def upgrade() -> None:
    op.create_table('case_figures',
    sa.Column('day', sa.String(length=8), nullable=False),
    sa.Column('dimension', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    *(sa.Column(name, sa.Integer(), server_default='0', nullable=False) for name in _COUNTS),
    sa.Column('late_share', sa.Float(), server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('day', 'dimension', 'key', name=op.f('pk_case_figures'))
    )
    op.create_table('case_figures_state',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_figures_state'))
    )
    op.create_table('open_files',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('downloads', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_open_files'))
    )


def downgrade() -> None:
    for table in ('open_files', 'case_figures_state', 'case_figures'):
        op.drop_table(table)
