"""What residents ask in vain, and say about answers and places; hit tests; reminders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0006'
down_revision = '0007'
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table('kb_unanswered', schema=None) as batch_op:
        batch_op.add_column(sa.Column('outcome', sa.String(length=16), server_default='declined', nullable=False))
        batch_op.add_column(sa.Column('conversation_id', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('gap_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_kb_unanswered_gap_id'), ['gap_id'], unique=False)
    op.create_index(
        'ix_kb_unanswered_waiting', 'kb_unanswered', ['id'],
        sqlite_where=sa.text('gap_id IS NULL'), postgresql_where=sa.text('gap_id IS NULL'),
    )

    # the row that processes wait for each other on is there before any of them needs it
    op.execute(sa.text('INSERT INTO kb_revision (id, revision) VALUES (3, 0)'))
    op.create_table('kb_gaps',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('title', sa.String(length=500), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('centre', sa.LargeBinary(), nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.Column('first_at', _MOMENT, nullable=False),
    sa.Column('last_at', _MOMENT, nullable=False),
    sa.Column('draft_id', sa.Integer(), nullable=True),
    sa.Column('slug', sa.String(length=96), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('decided_by', sa.String(length=64), nullable=False),
    sa.Column('decided_at', _MOMENT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kb_gaps'))
    )
    op.create_index(op.f('ix_kb_gaps_state'), 'kb_gaps', ['state'])

    op.create_table('kb_ratings',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('slug', sa.String(length=96), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('helpful', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('question', sa.String(length=500), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('rated_at', _MOMENT, nullable=False),
    sa.Column('seen_by', sa.String(length=64), nullable=False),
    sa.Column('seen_at', _MOMENT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kb_ratings')),
    sa.UniqueConstraint('conversation_id', 'seq', name=op.f('uq_kb_ratings_conversation_id_seq'))
    )
    op.create_index(op.f('ix_kb_ratings_slug_version'), 'kb_ratings', ['slug', 'version'])
    op.create_index(op.f('ix_kb_ratings_helpful_seen_at'), 'kb_ratings', ['helpful', 'seen_at'])

    op.create_table('kb_corrections',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('case_number', sa.String(length=16), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=True),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('subject', sa.String(length=16), nullable=False),
    sa.Column('subject_key', sa.String(length=96), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('shown', _JSON, nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('answered_by', sa.String(length=64), nullable=False),
    sa.Column('answered_at', _MOMENT, nullable=True),
    sa.Column('received_at', _MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kb_corrections'))
    )
    op.create_index(op.f('ix_kb_corrections_case_number'), 'kb_corrections', ['case_number'], unique=True)
    op.create_index(op.f('ix_kb_corrections_state'), 'kb_corrections', ['state'])

    op.create_table('kb_trials',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('question', sa.String(length=500), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('best_slug', sa.String(length=96), nullable=True),
    sa.Column('confidence', sa.Double(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('actor_name', sa.String(length=64), nullable=False),
    sa.Column('tried_at', _MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kb_trials'))
    )
    op.create_index(op.f('ix_kb_trials_tried_at'), 'kb_trials', ['tried_at'])

    op.create_table('kb_trial_questions',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('question', sa.String(length=500), nullable=False),
    sa.Column('slug', sa.String(length=96), nullable=True),
    sa.Column('added_by', sa.String(length=64), nullable=False),
    sa.Column('added_at', _MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kb_trial_questions'))
    )
    op.create_index(op.f('ix_kb_trial_questions_question'), 'kb_trial_questions', ['question'], unique=True)

    op.create_table('kb_draft_scores',
    sa.Column('draft_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('slug', sa.String(length=96), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('right_before', sa.Integer(), nullable=False),
    sa.Column('right_after', sa.Integer(), nullable=False),
    sa.Column('changes', _JSON, nullable=False),
    sa.Column('actor_name', sa.String(length=64), nullable=False),
    sa.Column('scored_at', _MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('draft_id', name=op.f('pk_kb_draft_scores'))
    )
    op.create_index(op.f('ix_kb_draft_scores_slug'), 'kb_draft_scores', ['slug'])

    op.create_table('kb_reminders',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('slug', sa.String(length=96), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('review_by', sa.String(length=10), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('owner', sa.String(length=64), nullable=False),
    sa.Column('created_at', _MOMENT, nullable=False),
    sa.Column('seen_by', sa.String(length=64), nullable=False),
    sa.Column('seen_at', _MOMENT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kb_reminders')),
    sa.UniqueConstraint('slug', 'review_by', 'kind', name=op.f('uq_kb_reminders_slug_review_by_kind'))
    )


def downgrade() -> None:
    for table in ('kb_reminders', 'kb_draft_scores', 'kb_trial_questions', 'kb_trials',
                  'kb_corrections', 'kb_ratings', 'kb_gaps'):
        op.drop_table(table)
    op.execute(sa.text('DELETE FROM kb_revision WHERE id = 3'))
    op.drop_index('ix_kb_unanswered_waiting', 'kb_unanswered')
    with op.batch_alter_table('kb_unanswered', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_kb_unanswered_gap_id'))
        batch_op.drop_column('gap_id')
        batch_op.drop_column('conversation_id')
        batch_op.drop_column('outcome')
