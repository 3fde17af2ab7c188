"""Numbers that identify people: covered in the words that are kept, the words as sent encrypted.

While a report is being told the assistant needs them as they are; once it is filed or dropped,
and outside of a report at once, nobody does but the operator who reveals them, which is audited.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.phones import read_phones
from conversations import store
from hotline.privacy import Vault, has_identity_number, mask_phone, mask_text

_REACH = 200
"""Entries looked back at: longer than any report takes to tell."""


def cover_numbers(text: str) -> tuple[str, frozenset[str]]:
    """The text with telephone and identity numbers covered, and the telephone numbers in digits."""
    numbers = [phone for phone in read_phones(text) if phone.data["kind"] != "service"]
    covered = text
    for phone in reversed(numbers):
        covered = covered[: phone.start] + mask_phone(str(phone.value)) + covered[phone.end :]
    if has_identity_number(covered):
        covered = mask_text(covered)
    return covered, frozenset(str(phone.value) for phone in numbers)


async def seal_numbers(session: AsyncSession, row: store.ConversationRow, vault: Vault) -> None:
    """Cover the numbers in what was said lately; the conversation is locked by the caller."""
    query = select(store.EntryRow).where(
        store.EntryRow.conversation_id == row.id,
        store.EntryRow.seq > row.last_seq - _REACH,
        store.EntryRow.text_sealed.is_(None),
        store.EntryRow.text != "",
    )
    said: set[str] = set()
    for entry in await session.scalars(query):
        covered, numbers = cover_numbers(entry.text)
        if covered != entry.text:
            entry.text_sealed, entry.text = vault.lock(entry.text), covered
            said |= numbers
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    for number in said:
        await session.execute(
            insert(store.SaidNumberRow)
            .values(number_blind=vault.blind(number), conversation_id=row.id)
            .on_conflict_do_nothing()
        )
