"""Places in and out of files, for the command line: the console's own use cases, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from hotline.audit import Actor
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.migrate import upgrade_database
from hotline.settings import Settings
from hotline.tables import check_size
from kb.place_files import Usual, write_places
from kb.place_service import Places
from kb.places import PlaceKind

_ACTOR = Actor("system", "command_line", "命令行")
_MOST_PROBLEMS = 50


@asynccontextmanager
async def open_places(settings: Settings) -> AsyncIterator[Places]:
    """Places on an up-to-date database."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    try:
        places = Places(db, SystemClock())
        await places.refresh()
        yield places
    finally:
        await db.close()


def read_usual(kind: str, source: str, checked_on: str, gcj02: bool) -> Usual:
    """What holds for every row, from the options; raises InvalidInput."""
    try:
        return Usual(
            PlaceKind(kind) if kind else None,
            source.strip(),
            date.fromisoformat(checked_on) if checked_on else None,
            gcj02,
        )
    except ValueError:
        raise InvalidInput(
            "kind 应是 market、breakfast、team 或 office；checked-on 应写成 2026-11-22 这样。"
        ) from None


async def import_places(
    settings: Settings, file: Path, usual: Usual, *, replaces: bool, dry_run: bool
) -> list[str]:
    """Take a file in, or only check it; returns the report in lines."""
    data = await asyncio.to_thread(_read_file, file)
    async with open_places(settings) as places:
        preview = await places.preview(file.name, data, usual, _ACTOR, replaces=replaces)
        lines = [
            f"第 {problem.row} 行{'跳过' if problem.fatal else '注意'}：{problem.text}"
            for problem in preview.problems[:_MOST_PROBLEMS]
        ]
        if len(preview.problems) > _MOST_PROBLEMS:
            lines.append(f"还有 {len(preview.problems) - _MOST_PROBLEMS} 行有问题，没有逐一列出。")
        counts = f"新增 {preview.added}，更新 {preview.changed}，下线 {preview.removed}"
        if dry_run or not preview.places:
            await places.drop(preview.id)
            return [*lines, f"检查完毕，没有导入。可导入 {len(preview.places)} 行：{counts}。"]
        await places.confirm(preview.id, _ACTOR)
        return [*lines, f"已导入 {len(preview.places)} 行：{counts}。可在坐席工作台里撤销。"]


async def export_places(settings: Settings, file: Path) -> int:
    """Write every place to a .csv or .xlsx file; returns how many."""
    ending = file.suffix.casefold().removeprefix(".")
    if ending not in ("csv", "xlsx"):
        raise InvalidInput("只能导出成 csv 或 xlsx 文件。")
    async with open_places(settings) as places:
        written = write_places(places.all(), ending)
        await asyncio.to_thread(_write_file, file, written)
        return len(places.all())


def _read_file(file: Path) -> bytes:
    try:
        check_size(file.stat().st_size)
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"读不了文件 {file}（{error.strerror}）。") from error


def _write_file(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InvalidInput(f"写不了文件 {file}（{error.strerror}）。") from error
