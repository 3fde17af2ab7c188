"""Brings the database to the schema of this version, and seeds what ships with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from cases.sheet_service import seed_sheets
from hotline.db import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 96310  # any number; replicas that start together migrate one after the other


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


async def upgrade_database(db: Database) -> None:
    """Run every migration that is missing, then put in shipped rows where tables are empty."""
    async with db.engine.connect() as connection:
        await connection.execution_options(writing=True)
        if not db.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade)
        await connection.commit()
    async with db.write() as session:
        await seed_sheets(session)


def _upgrade(connection: Connection, *_: Any) -> None:
    command.upgrade(alembic_config(connection), "head")
