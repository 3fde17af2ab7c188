"""Pictures, their thumbnails, and what happens while the storage is away."""

from __future__ import annotations

import io
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from channels.tencent.attachments import NO_SOUND, Attachments
from channels.tencent.models import Kind
from channels.tencent.store import InboundRow
from conversations.files import FilesAway
from conversations.media import Media, make_small, open_media
from conversations.s3 import S3Files
from conversations.service import Conversations
from conversations.signing import S3Key
from hotline.audit import SYSTEM
from hotline.bus import LocalBus
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.privacy import Vault
from hotline.retention import Retention
from hotline.settings import Settings
from tests.fake_s3 import FakeS3

OPENID = "oAbCdEf_1234567890-zhang"


def picture(kind: str = "PNG", size: tuple[int, int] = (1200, 900), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, (200, 30, 30, 0)[: len(mode)]).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("JPEG", "RGB"), ("WEBP", "RGBA")])
@pytest.mark.parametrize(("size", "small"), [((1200, 900), (320, 240)), ((40, 8), (40, 8))])
def test_a_thumbnail_is_a_small_jpeg(
    kind: str, mode: str, size: tuple[int, int], small: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO(make_small(picture(kind, size, mode)))) as made:
        assert (made.format, made.size, made.mode) == ("JPEG", small, "RGB")
        assert not made.getexif()
        seen = made.getpixel((4, 4))
    assert isinstance(seen, tuple)
    assert min(seen) > 250 if mode == "RGBA" else seen[0] > seen[1]


def _lose_thumbnail(folder: Path) -> None:
    [path] = folder.rglob("*.small")
    path.unlink()


async def test_a_picture_is_opened_small_or_whole(
    db: Database, clock: FakeClock, bus: LocalBus, vault: Vault, tmp_path: Path
) -> None:
    media = Media(db, clock, tmp_path)
    talk, _, _ = await Conversations(db, clock, bus, vault).open("webchat", ())
    kept = await media.keep_image(talk.id, "a.png", picture())
    whole = await media.open_attachment(talk.id, kept.id)
    small = await media.open_attachment(talk.id, kept.id, "small")
    assert (whole.content_type, small.content_type) == ("image/png", "image/jpeg")
    assert whole.tag != small.tag
    data = await small.read()
    assert len(data) < len(await whole.read())
    with pytest.raises(InvalidInput):
        await media.open_attachment(talk.id, kept.id, "large")
    # one that was kept before there were thumbnails
    _lose_thumbnail(tmp_path)
    assert await small.read() == data
    sound = await media.keep_audio(talk.id, "s", b"RIFF", "audio/wav")
    assert await (await media.open_attachment(talk.id, sound.id, "small")).read() == b"RIFF"


async def test_the_settings_name_the_storage(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    fake = FakeS3(clock)
    async with fake.server() as server:
        settings = Settings(
            data_dir=tmp_path,
            media_s3_url=str(server.make_url("/")),
            media_s3_bucket=fake.bucket,
            media_s3_region=fake.region,
            media_s3_access_key=fake.access_key,
            media_s3_secret_key=fake.secret_key,
        )
        async with open_media(settings, db, clock) as media:
            digest, content_type, _ = await media.keep_photo(picture())
            assert len(fake.objects) == 2
            assert len(await media.open_photo(digest, content_type, "small").read()) < 3000
    assert not _files_below(tmp_path)


def _files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "media" in path.parts]


async def test_files_that_could_not_be_deleted_are_deleted_later(
    db: Database, clock: FakeClock, bus: LocalBus, vault: Vault, tmp_path: Path
) -> None:
    fake = FakeS3(clock)
    async with fake.server() as server, aiohttp.ClientSession() as http:
        key = S3Key(fake.access_key, fake.secret_key, fake.region)
        files = S3Files(http, clock, str(server.make_url("/")), fake.bucket, key, pauses=())
        media = Media(db, clock, tmp_path / "media", files)
        conversations = Conversations(db, clock, bus, vault)
        talk, _, _ = await conversations.open("wechat", (), OPENID)
        other, _, _ = await conversations.open("webchat", ())
        await media.keep_image(talk.id, "a.png", picture())
        await media.keep_image(talk.id, "b.png", picture(size=(64, 64)))
        assert len(fake.objects) == 4
        retention = Retention(db, clock, vault, media)
        fake.status = 503
        with pytest.raises(FilesAway):
            await media.keep_image(other.id, "c.png", picture())
        erased = await retention.erase_person(OPENID, SYSTEM)
        assert (erased.conversations, erased.files_left, len(fake.objects)) == (1, 2, 4)
        assert (await retention.retain(SYSTEM)).files_left == 2
        fake.status = 0
        # somebody else sends the same picture meanwhile: it stays
        await media.keep_image(other.id, "a.png", picture())
        assert (await retention.retain(SYSTEM)).files_left == 0
        assert sorted(kind for _, kind in fake.objects.values()) == ["image/jpeg", "image/png"]
        assert not await media.undeleted()


class _Line:
    async def fetch_media(self, media_id: str) -> tuple[bytes, str]:
        return (picture(), "image/png") if media_id == "p" else (b"RIFF", "audio/wav")


async def test_a_resident_is_told_that_his_file_was_not_kept(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    async with aiohttp.ClientSession() as http:
        key = S3Key("a", "b", "c")
        files = S3Files(http, clock, "http://127.0.0.1:9", "photos", key, pauses=())
        media = Media(db, clock, tmp_path, files)
        attachments = Attachments(_Line(), media, None)  # type: ignore[arg-type]

        def sent(kind: Kind, media_id: str, heard: str = "") -> InboundRow:
            return InboundRow(kind=kind.value, body={"media_id": media_id, "heard": heard})

        seen = await attachments.fetch(sent(Kind.IMAGE, "p"), "c" * 32)
        assert seen.answer is not None
        assert (seen.answer.text, seen.attachment_ids) == (FilesAway.message, ())
        mute = await attachments.fetch(sent(Kind.VOICE, "s"), "c" * 32)
        assert (mute.answer, mute.attachment_ids) == (NO_SOUND, ())
        heard = await attachments.fetch(sent(Kind.VOICE, "s", "门口有人烧烤"), "c" * 32)
        assert (heard.text, heard.attachment_ids, heard.answer) == ("门口有人烧烤", (), None)
