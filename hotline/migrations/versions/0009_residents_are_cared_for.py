"""Cases near each other, followers, call-backs in chat, confidential cases, sealed words"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0009'
down_revision = '0008c'
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column('cases', sa.Column('confidential', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('conversations', sa.Column('open_question', _JSON, nullable=True))
    op.add_column('messages', sa.Column('text_sealed', sa.Text(), nullable=True))
    op.add_column('attachments', sa.Column('position', _JSON, nullable=True))
    op.create_index('ix_cases_merged_into', 'cases', ['merged_into'])
    op.create_table(
        'case_marks',
        sa.Column('case_number', sa.String(16), nullable=False),
        sa.Column('mark', sa.String(48), nullable=False),
        sa.Column('created_at', _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['case_number'], ['cases.case_number'], name='fk_case_marks_case_number_cases'),
        sa.PrimaryKeyConstraint('case_number', 'mark', name='pk_case_marks'),
    )
    op.create_index('ix_case_marks_mark_created_at', 'case_marks', ['mark', 'created_at'])
    op.create_index('ix_case_marks_created_at_mark', 'case_marks', ['created_at', 'mark'])
    op.create_table(
        'case_followers',
        sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('case_number', sa.String(16), nullable=False),
        sa.Column('conversation_id', sa.String(32), nullable=False),
        sa.Column('channel', sa.String(16), nullable=False),
        sa.Column('phone_sealed', sa.Text(), nullable=True),
        sa.Column('phone_blind', sa.String(64), nullable=True),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('attachment_ids', _JSON, nullable=False),
        sa.Column('joined_at', _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['case_number'], ['cases.case_number'], name='fk_case_followers_case_number_cases'),
        sa.PrimaryKeyConstraint('id', name='pk_case_followers'),
        sa.UniqueConstraint('case_number', 'conversation_id', name='uq_case_followers_case_number_conversation_id'),
    )
    op.create_index('ix_case_followers_conversation_id', 'case_followers', ['conversation_id'])
    op.create_index('ix_case_followers_phone_blind', 'case_followers', ['phone_blind'])
    op.create_table(
        'case_call_backs',
        sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('case_number', sa.String(16), nullable=False),
        sa.Column('conversation_id', sa.String(32), nullable=False),
        sa.Column('channel', sa.String(16), nullable=False),
        sa.Column('known_as', sa.String(16), nullable=False),
        sa.Column('status', sa.String(16), nullable=False),
        sa.Column('question', sa.String(16), nullable=True),
        sa.Column('answers', _JSON, nullable=False),
        sa.Column('due_at', _MOMENT, nullable=False),
        sa.Column('created_at', _MOMENT, nullable=False),
        sa.Column('done_at', _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(['case_number'], ['cases.case_number'], name='fk_case_call_backs_case_number_cases'),
        sa.PrimaryKeyConstraint('id', name='pk_case_call_backs'),
    )
    op.create_index('ix_case_call_backs_status_due_at', 'case_call_backs', ['status', 'due_at'])
    op.create_index('ix_case_call_backs_conversation_id_status', 'case_call_backs', ['conversation_id', 'status'])
    op.create_index('ix_case_call_backs_case_number', 'case_call_backs', ['case_number'])
    op.create_table(
        'said_numbers',
        sa.Column('number_blind', sa.String(64), nullable=False),
        sa.Column('conversation_id', sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name='fk_said_numbers_conversation_id_conversations'),
        sa.PrimaryKeyConstraint('number_blind', 'conversation_id', name='pk_said_numbers'),
    )
    op.create_index('ix_said_numbers_conversation_id', 'said_numbers', ['conversation_id'])


def downgrade() -> None:
    for table in ('said_numbers', 'case_call_backs', 'case_followers', 'case_marks'):
        op.drop_table(table)
    op.drop_index('ix_cases_merged_into', 'cases')
    op.drop_column('attachments', 'position')
    op.drop_column('messages', 'text_sealed')
    op.drop_column('conversations', 'open_question')
    op.drop_column('cases', 'confidential')
