"""Units, dispatch rules, clocks of every step, reminders, photos of units"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0007'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_areas',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('district_code', sa.String(length=12), nullable=False),
    sa.Column('subdistrict_code', sa.String(length=12), nullable=False),
    sa.Column('words', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('lat', sa.Double(), nullable=True),
    sa.Column('lon', sa.Double(), nullable=True),
    sa.Column('radius_m', sa.Integer(), nullable=False),
    sa.Column('area_class', sa.String(length=1), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('reviewed_on', sa.String(length=10), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_areas')),
    sa.UniqueConstraint('name', name=op.f('uq_case_areas_name'))
    )
    op.create_table('case_dispatch_rules',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=16), nullable=False),
    sa.Column('target', sa.String(length=64), nullable=False),
    sa.Column('categories', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('district_code', sa.String(length=12), nullable=False),
    sa.Column('subdistrict_code', sa.String(length=12), nullable=False),
    sa.Column('area_name', sa.String(length=64), nullable=False),
    sa.Column('days', sa.String(length=8), nullable=False),
    sa.Column('hours', sa.String(length=16), nullable=False),
    sa.Column('helpers', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('reviewed_on', sa.String(length=10), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_dispatch_rules')),
    sa.UniqueConstraint('name', name=op.f('uq_case_dispatch_rules_name'))
    )
    op.create_table('case_units',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('parent_name', sa.String(length=64), nullable=False),
    sa.Column('district_code', sa.String(length=12), nullable=False),
    sa.Column('subdistrict_code', sa.String(length=12), nullable=False),
    sa.Column('categories', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('contact_name', sa.String(length=64), nullable=False),
    sa.Column('contact_phone', sa.String(length=64), nullable=False),
    sa.Column('duty_hours', sa.String(length=16), nullable=False),
    sa.Column('is_default', sa.Boolean(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('reviewed_on', sa.String(length=10), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_units')),
    sa.UniqueConstraint('name', name=op.f('uq_case_units_name'))
    )
    op.create_table('case_clocks',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('case_number', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=16), nullable=False),
    sa.Column('limit_name', sa.String(length=200), nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('warn_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('left_seconds', sa.Integer(), nullable=True),
    sa.Column('extended', sa.Boolean(), nullable=False),
    sa.Column('warned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('overdue_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_number'], ['cases.case_number'], name=op.f('fk_case_clocks_case_number_cases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_clocks'))
    )
    with op.batch_alter_table('case_clocks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_clocks_case_number_id'), ['case_number', 'id'], unique=False)
        batch_op.create_index('ix_case_clocks_running', ['warn_at'], unique=False, sqlite_where=sa.text('stopped_at IS NULL'), postgresql_where=sa.text('stopped_at IS NULL'))

    op.create_table('case_photos',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('case_number', sa.String(length=16), nullable=False),
    sa.Column('content_type', sa.String(length=64), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('taken_by_name', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['case_number'], ['cases.case_number'], name=op.f('fk_case_photos_case_number_cases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_photos'))
    )
    with op.batch_alter_table('case_photos', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_photos_case_number'), ['case_number'], unique=False)

    op.create_table('case_reminders',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('case_number', sa.String(length=16), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_by_name', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['case_number'], ['cases.case_number'], name=op.f('fk_case_reminders_case_number_cases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_reminders'))
    )
    with op.batch_alter_table('case_reminders', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_reminders_case_number'), ['case_number'], unique=False)
        batch_op.create_index(batch_op.f('ix_case_reminders_unit_id_read_at'), ['unit_id', 'read_at'], unique=False)

    # the limits could not be edited before this version: the shipped ones are put in again
    op.execute('DELETE FROM case_limits')
    with op.batch_alter_table('case_limits', schema=None) as batch_op:
        batch_op.add_column(sa.Column('clock', sa.String(length=16), server_default='case', nullable=False))
        batch_op.add_column(sa.Column('urgency', sa.String(length=16), server_default='', nullable=False))
        batch_op.add_column(sa.Column('area_class', sa.String(length=1), server_default='', nullable=False))
        batch_op.add_column(sa.Column('condition', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('closing', sa.Text(), server_default='', nullable=False))
        batch_op.drop_column('emergency')

    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.add_column(sa.Column('urgency', sa.String(length=16), server_default='normal', nullable=False))
        batch_op.add_column(sa.Column('area_class', sa.String(length=1), nullable=True))
        batch_op.add_column(sa.Column('unit_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('helper_ids', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('deferred_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_cases_open_units', ['unit_id', 'due_at'], unique=False, postgresql_where=sa.text('closed_at IS NULL'), sqlite_where=sa.text('closed_at IS NULL'))

    with op.batch_alter_table('operators', schema=None) as batch_op:
        batch_op.add_column(sa.Column('unit_id', sa.Integer(), nullable=True))

    # an emergency was a flag, now it is the highest of three degrees
    op.execute("UPDATE cases SET urgency = 'critical' WHERE emergency IS NOT NULL")
    op.execute(
        "INSERT INTO case_clocks (case_number, name, limit_name, unit, source, started_at, due_at, warn_at, paused_at, extended)"
        " SELECT case_number, 'case', COALESCE(limit_name, ''), 'hours', '', created_at, due_at, due_at, paused_at, false"
        " FROM cases WHERE closed_at IS NULL AND due_at IS NOT NULL"
        " AND status NOT IN ('closed', 'called_back', 'evaluated', 'voided', 'withdrawn', 'merged')"
    )


def downgrade() -> None:
    with op.batch_alter_table('operators', schema=None) as batch_op:
        batch_op.drop_column('unit_id')

    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.drop_index('ix_cases_open_units')
        for name in ('deferred_until', 'helper_ids', 'unit_id', 'area_class', 'urgency'):
            batch_op.drop_column(name)

    op.execute('DELETE FROM case_limits')
    with op.batch_alter_table('case_limits', schema=None) as batch_op:
        batch_op.add_column(sa.Column('emergency', sa.Boolean(), nullable=False))
        for name in ('closing', 'condition', 'area_class', 'urgency', 'clock'):
            batch_op.drop_column(name)

    for name in ('case_reminders', 'case_photos', 'case_clocks', 'case_units', 'case_dispatch_rules', 'case_areas'):
        op.drop_table(name)
