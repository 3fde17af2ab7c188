"""Pictures and recordings that residents send, kept by hash.

Pictures are checked by content and stripped of hidden data.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import re
import uuid
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from conversations import store
from conversations.photo_position import read_position
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import HotlineError, NotFound, TooLarge, UnsupportedMedia

_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_MOST_PIXELS = 50_000_000
_TOO_MANY_PIXELS = "图片尺寸太大，请压缩后再发。"
_LONGEST_SIDE = 2560
_AT_ONCE = 2
"""A decoded picture takes up to 200 MB: a flood of uploads must not take the machine's memory."""
_ID = re.compile(r"[0-9a-f]{32}")


class Media:
    """Keeps residents' pictures in a folder, private by default."""

    def __init__(self, db: Database, clock: Clock, folder: Path) -> None:
        self._db = db
        self._clock = clock
        self._folder = folder
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
        await asyncio.to_thread(self._write, digest, clean)
        return digest, content_type, (width, height)

    def find_photo(self, digest: str) -> Path:
        """Where the bytes of a kept photo lie."""
        return self._path(digest)

    async def forget_file(self, digest: str) -> None:
        """Delete the bytes; the caller has made sure that no attachment refers to them."""
        await asyncio.to_thread(self._path(digest).unlink, missing_ok=True)

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
        await asyncio.to_thread(self._write, digest, data)
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
        self, conversation_id: str, attachment_id: str
    ) -> tuple[store.AttachmentRow, Path]:
        """The attachment and where its bytes lie; only within its own conversation."""
        if not _ID.fullmatch(attachment_id):
            raise NotFound  # NUL, for one, is nothing a database can look for
        async with self._db.read() as session:
            row = await session.get(store.AttachmentRow, attachment_id)
        if row is None or row.conversation_id != conversation_id:
            raise NotFound
        return row, self._path(row.sha256)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _write(self, digest: str, data: bytes) -> None:
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # two residents may send the same picture at the same moment
            part = path.with_suffix(f".{uuid.uuid4().hex}.part")
            part.write_bytes(data)
            part.replace(path)


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


def _decode(data: bytes) -> tuple[Image.Image, str]:
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=tuple(_FORMATS))
        # a JPEG with a second picture inside (a phone's brightness map) calls itself MPO
        kind = "JPEG" if image.format == "MPO" else image.format or ""
        if kind not in _FORMATS:
            raise UnsupportedMedia
        if image.width * image.height > _MOST_PIXELS:
            raise TooLarge(_TOO_MANY_PIXELS)
        # a JPEG is decoded no larger than it will be kept
        image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
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
