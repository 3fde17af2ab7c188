"""`hotline calls import`: transcripts or recordings of human-led calls, thousands at a time.

JSONL: one call a line `{"id", "started_at"?, "segments": […], "order"?: {…}}`. CSV: one segment a
row with call_id, speaker, text, start_ms, end_ms. WAV: a folder of recordings (stereo: resident
left, operator right; mono is taken as the resident), turned into words by the configured model.
A call that was taken in to its end is skipped, so an interrupted import goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.language.embedding import load_embedder
from cases.service import Cases
from conversations.speech import Recogniser
from hotline.audit import Actor
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.errors import HotlineError, InvalidInput
from hotline.limits import LocalLimiter
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.reader import SentenceReader
from hotline.settings import Settings
from kb.service import Knowledge
from kb.vectors import PassageVectors
from telephony.reading import Segment
from telephony.sound import listen
from telephony.speech import open_recogniser
from telephony.transcripts import MOST_SEGMENTS, Transcripts, read_segments

IMPORT = Actor("system", "calls-import", "批量导入")


@dataclass(frozen=True, slots=True)
class Imported:
    """One call of a file. `sound` is set instead of segments for a recording."""

    id: str
    segments: list[Any] = field(default_factory=list)
    started_at: datetime | None = None
    order: Mapping[str, str] | None = None
    sound: Path | None = None


@dataclass(slots=True)
class Tally:
    """What an import did."""

    done: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)


def read_calls(source: Path) -> list[Imported]:
    """Every call of a JSONL or CSV file, or of a folder of WAV files; raises InvalidInput."""
    if source.is_dir():
        sounds = sorted(source.glob("*.wav"))
        if not sounds:
            raise InvalidInput(f"{source} 里没有 .wav 文件。")
        return [Imported(path.stem, sound=path) for path in sounds]
    if not source.is_file():
        raise InvalidInput(f"没有找到 {source}。")
    if source.suffix == ".wav":
        return [Imported(source.stem, sound=source)]
    if source.suffix == ".csv":
        return _read_csv(source)
    return list(_read_jsonl(source))


def _read_jsonl(source: Path) -> Iterator[Imported]:
    for number, line in enumerate(source.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            started = item.get("started_at")
            yield Imported(
                str(item["id"]),
                item["segments"],
                datetime.fromisoformat(started) if started else None,
                item.get("order"),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InvalidInput(
                f"{source} 第 {number} 行应是含 id 和 segments 的 JSON 对象。"
            ) from None


def _read_csv(source: Path) -> list[Imported]:
    calls: dict[str, Imported] = {}
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        wanted = {"call_id", "speaker", "text", "start_ms", "end_ms"}
        if not wanted <= set(reader.fieldnames or ()):
            raise InvalidInput(f"{source} 的表头应含 {'、'.join(sorted(wanted))}。")
        for row in reader:
            call = calls.setdefault(row["call_id"], Imported(row["call_id"]))
            try:
                times = {key: int(row[key]) for key in ("start_ms", "end_ms")}
            except ValueError:
                raise InvalidInput(f"{source} 第 {reader.line_num} 行的时间应是毫秒数。") from None
            call.segments.append({"speaker": row["speaker"], "text": row["text"], **times})
    return list(calls.values())


@asynccontextmanager
async def open_transcripts(
    settings: Settings,
) -> AsyncIterator[tuple[Transcripts, Recogniser | None]]:
    """The use cases on an up-to-date database, without a server."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    clock, vault = SystemClock(), Vault(settings.secret_key)
    chosen = Path(settings.embedder_dir) if settings.embedder_dir else None
    embedder = load_embedder(settings.cache_dir, chosen)
    knowledge = Knowledge(db, clock, PassageVectors(embedder, settings.cache_dir))
    await knowledge.seed()
    await knowledge.refresh()
    cases = Cases(db, clock, vault, LocalLimiter())
    reader = SentenceReader(settings, embedder)
    try:
        yield (
            Transcripts(db, clock, vault, cases, knowledge, reader),
            open_recogniser(settings.speech_model_dir, settings.speech_seconds),
        )
    finally:
        await db.close()


async def import_call(
    transcripts: Transcripts, recogniser: Recogniser | None, call: Imported, tally: Tally
) -> None:
    """One call; what is wrong with it is noted and the next one follows."""
    try:
        if await transcripts.is_final(call.id):
            tally.skipped += 1
            return
        if call.sound is not None:
            segments = await _listen(recogniser, call.sound)
        else:
            segments = _read_all(call.segments)
        for at in range(0, len(segments), MOST_SEGMENTS):
            piece = segments[at : at + MOST_SEGMENTS]
            last = at + MOST_SEGMENTS >= len(segments)
            await transcripts.add(call.id, piece, IMPORT, final=last, started_at=call.started_at)
        if call.order:
            await transcripts.check(call.id, call.order, IMPORT)
        tally.done += 1
    except HotlineError as error:
        tally.failed.append(f"{call.id}：{error.message}")


def _read_all(raw: list[Any]) -> list[Segment]:
    found: list[Segment] = []
    for at in range(0, max(len(raw), 1), MOST_SEGMENTS):
        found += read_segments(raw[at : at + MOST_SEGMENTS])
    return found


async def _listen(recogniser: Recogniser | None, path: Path) -> list[Segment]:
    if recogniser is None:
        raise InvalidInput("导入录音要先设置 HOTLINE_SPEECH_MODEL_DIR。")
    segments = await listen(recogniser, await asyncio.to_thread(path.read_bytes))
    if not segments:
        raise InvalidInput("录音里没有听到话。")
    return segments
