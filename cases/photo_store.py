"""Photos that units add to a case: of the place before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class CasePhotoRow(Base):
    """One photo; its bytes lie in the media store under their hash."""

    __tablename__ = "case_photos"
    __table_args__ = (Index(None, "case_number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.case_number"))
    content_type: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    taken_by_name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


async def photos_of(session: AsyncSession, case_number: str) -> Sequence[CasePhotoRow]:
    """The photos of a case, oldest first."""
    query = (
        select(CasePhotoRow)
        .where(CasePhotoRow.case_number == case_number)
        .order_by(CasePhotoRow.created_at, CasePhotoRow.id)
    )
    return (await session.scalars(query)).all()
