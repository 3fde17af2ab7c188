"""Pictures and recordings that residents send, kept by hash.

Pictures are checked by content and stripped of hidden data.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from PIL import Image, ImageOps, UnidentifiedImageError

from conversations import store
from conversations.files import Files, FilesAway, FolderFiles
from conversations.photo_position import read_position
from conversations.s3 import open_files
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import HotlineError, InvalidInput, NotFound, TooLarge, UnsupportedMedia
from hotline.settings import Settings

log = structlog.get_logger(__name__)

_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_MOST_PIXELS = 50_000_000
_TOO_MANY_PIXELS = "图片尺寸太大，请压缩后再发。"
_LONGEST_SIDE = 2560
_SMALL_SIDE = 320
_SMALL, _SMALL_TYPE = ".small", "image/jpeg"
_AT_ONCE = 2
"""A decoded picture takes up to 200 MB: a flood of uploads must not take the machine's memory."""
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that may be sent: `tag` changes with its bytes, `read` fetches them."""

    content_type: str
    tag: str
    read: Callable[[], Awaitable[bytes]]


class Media:
    """Keeps residents' pictures and recordings, private by default.

    `files` None: they lie in `folder`. It also holds the marks of files still to be deleted.
    """

    def __init__(
        self, db: Database, clock: Clock, folder: Path, files: Files | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._files = files or FolderFiles(folder)
        self._undeleted = folder / "undeleted"
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def keep_image(self, conversation_id: str, name: str, data: bytes) -> store.AttachmentRow:
        """Store a picture of a conversation; raises UnsupportedMedia or TooLarge."""
        async with self._slots:
            position = await asyncio.to_thread(read_position, data)
            clean, content_type, width, height = await asyncio.to_thread(clean_image, data)
        return await self._keep(
            conversation_id, "image", name, clean, content_type, (width, height), position
        )

    async def keep_audio(
        self, conversation_id: str, name: str, data: bytes, content_type: str
    ) -> store.AttachmentRow:
        """Store a recording of a conversation, as the channel decoded it."""
        return await self._keep(conversation_id, "audio", name, data, content_type)

    async def keep_photo(self, data: bytes) -> tuple[str, str, tuple[int, int]]:
        """Store a picture that belongs to no conversation: (hash, content type, pixels)."""
        async with self._slots:
            clean, content_type, width, height = await asyncio.to_thread(clean_image, data)
        digest = hashlib.sha256(clean).hexdigest()
        await self._put(digest, clean, content_type)
        return digest, content_type, (width, height)

    def open_photo(self, digest: str, content_type: str, size: str = "") -> Opened:
        """A kept photo as open_attachment has it; the caller has checked whose it is."""
        if size not in ("", "small"):
            raise InvalidInput("size 只能是 small，或者不填。")
        if size and content_type.startswith("image/"):
            return Opened(_SMALL_TYPE, digest + _SMALL, lambda: self._read_small(digest))
        return Opened(content_type, digest, lambda: self._files.get(digest))

    async def forget_file(self, digest: str) -> bool:
        """Delete the bytes and what was made of them; nobody may refer to them any more.

        False: the storage is away; the file is marked, to be deleted by a later call.
        """
        mark = self._undeleted / digest
        try:
            await self._files.delete(digest + _SMALL)
            await self._files.delete(digest)
        except FilesAway:
            log.error("media.not_deleted", digest=digest)
            await asyncio.to_thread(_touch, mark)
            return False
        await asyncio.to_thread(mark.unlink, missing_ok=True)
        return True

    async def undeleted(self) -> Collection[str]:
        """Hashes of the files that could not be deleted when they should have been."""
        if not await asyncio.to_thread(self._undeleted.is_dir):
            return ()
        return [path.name for path in await asyncio.to_thread(list, self._undeleted.iterdir())]

    async def keep_after_all(self, digest: str) -> None:
        """Take the mark away: somebody has sent the same picture since."""
        await asyncio.to_thread((self._undeleted / digest).unlink, missing_ok=True)

    async def _keep(
        self,
        conversation_id: str,
        kind: str,
        name: str,
        data: bytes,
        content_type: str,
        size: tuple[int, int] | None = None,
        position: dict[str, float] | None = None,
    ) -> store.AttachmentRow:
        digest = hashlib.sha256(data).hexdigest()
        await self._put(digest, data, content_type)
        row = store.AttachmentRow(
            id=store.new_id(),
            conversation_id=conversation_id,
            kind=kind,
            content_type=content_type,
            name=os.path.basename(name)[:128] or kind,
            sha256=digest,
            bytes=len(data),
            width=size[0] if size else None,
            height=size[1] if size else None,
            position=position,
            created_at=self._clock.now(),
        )
        async with self._db.write() as session:
            session.add(row)
        return row

    async def open_attachment(
        self, conversation_id: str, attachment_id: str, size: str = ""
    ) -> Opened:
        """The attachment, or its thumbnail (`size` "small"); only within its own conversation."""
        if not _ID.fullmatch(attachment_id):
            raise NotFound  # NUL, for one, is nothing a database can look for
        async with self._db.read() as session:
            row = await session.get(store.AttachmentRow, attachment_id)
        if row is None or row.conversation_id != conversation_id:
            raise NotFound
        return self.open_photo(row.sha256, row.content_type, size)

    async def _put(self, digest: str, data: bytes, content_type: str) -> None:
        await self._files.put(digest, data, content_type)
        if not content_type.startswith("image/"):
            return
        async with self._slots:
            small = await asyncio.to_thread(make_small, data)
        try:
            await self._files.put(digest + _SMALL, small, _SMALL_TYPE)
        except FilesAway:
            log.warning("media.thumbnail_not_kept", digest=digest)  # made when it is asked for

    async def _read_small(self, digest: str) -> bytes:
        try:
            return await self._files.get(digest + _SMALL)
        except NotFound:
            # from before there were thumbnails; not kept: its original may go at this moment
            data = await self._files.get(digest)
            async with self._slots:
                return await asyncio.to_thread(make_small, data)


@asynccontextmanager
async def open_media(settings: Settings, db: Database, clock: Clock) -> AsyncIterator[Media]:
    """The pictures and recordings, in the storage that the settings name."""
    async with open_files(settings, clock) as files:
        yield Media(db, clock, settings.media_dir, files)


def clean_image(data: bytes) -> tuple[bytes, str, int, int]:
    """Decode and encode again: (bytes, content type, width, height).

    What comes out is a picture and nothing else: no position, no comment, no trailing data.
    """
    image, kind = _decode(data)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    if kind == "JPEG":
        image = image.convert("RGB")
    # encoders write out what decoders found: comments, colour profiles, whatever hides in them
    transparency = image.info.get("transparency")
    image.info = {} if transparency is None else {"transparency": transparency}
    out = io.BytesIO()
    image.save(out, kind, quality=88)
    return out.getvalue(), _FORMATS[kind], image.width, image.height


def make_small(data: bytes) -> bytes:
    """A thumbnail of a picture that clean_image made: JPEG, on white where it was transparent."""
    image, _ = _decode(data, _SMALL_SIDE * 2)
    image.thumbnail((_SMALL_SIDE, _SMALL_SIDE))
    image = image.convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image)
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _decode(data: bytes, side: int = _LONGEST_SIDE) -> tuple[Image.Image, str]:
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=tuple(_FORMATS))
        # a JPEG with a second picture inside (a phone's brightness map) calls itself MPO
        kind = "JPEG" if image.format == "MPO" else image.format or ""
        if kind not in _FORMATS:
            raise UnsupportedMedia
        if image.width * image.height > _MOST_PIXELS:
            raise TooLarge(_TOO_MANY_PIXELS)
        # a JPEG is decoded hardly larger than it will be needed
        image.draft("RGB", (side, side))
        image.load()
    except HotlineError:
        raise
    except UnidentifiedImageError as error:
        raise UnsupportedMedia from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(_TOO_MANY_PIXELS) from error
    except Exception as error:  # a broken file makes a decoder fail in every way there is
        raise UnsupportedMedia("图片文件已损坏，请重新拍照或选择。") from error
    try:
        return ImageOps.exif_transpose(image), kind
    except Exception:  # likewise: a picture with broken EXIF data is shown as it lies
        return image, kind
