"""Pictures that residents send: checked by content, stripped of hidden data, kept by hash."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from conversations import store
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import NotFound, TooLarge, UnsupportedMedia

_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_MOST_PIXELS = 50_000_000
_LONGEST_SIDE = 2560


class Media:
    """Keeps residents' pictures in a folder, private by default."""

    def __init__(self, db: Database, clock: Clock, folder: Path) -> None:
        self._db = db
        self._clock = clock
        self._folder = folder

    async def keep_image(self, conversation_id: str, name: str, data: bytes) -> store.AttachmentRow:
        """Store a picture of a conversation; raises UnsupportedMedia or TooLarge."""
        clean, content_type, width, height = await asyncio.to_thread(clean_image, data)
        digest = hashlib.sha256(clean).hexdigest()
        await asyncio.to_thread(self._write, digest, clean)
        row = store.AttachmentRow(
            id=store.new_id(),
            conversation_id=conversation_id,
            kind="image",
            content_type=content_type,
            name=os.path.basename(name)[:128] or "image",
            sha256=digest,
            bytes=len(clean),
            width=width,
            height=height,
            created_at=self._clock.now(),
        )
        async with self._db.write() as session:
            session.add(row)
        return row

    async def open_attachment(
        self, conversation_id: str, attachment_id: str
    ) -> tuple[store.AttachmentRow, Path]:
        """The attachment and where its bytes lie; only within its own conversation."""
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
            part = path.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(data)
            part.replace(path)


def clean_image(data: bytes) -> tuple[bytes, str, int, int]:
    """Decode and encode again: (bytes, content type, width, height).

    What comes out is a picture and nothing else: no EXIF position, no trailing data.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data))
            kind = opened.format or ""
            if kind not in _FORMATS:
                raise UnsupportedMedia
            if opened.width * opened.height > _MOST_PIXELS:
                raise TooLarge("图片尺寸太大，请压缩后再发。")
            opened.load()
            image: Image.Image = ImageOps.exif_transpose(opened)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise UnsupportedMedia from error
    except (OSError, ValueError, SyntaxError) as error:
        raise UnsupportedMedia("图片文件已损坏，请重新拍照或选择。") from error
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    if kind == "JPEG" and image.mode != "RGB":
        image = image.convert("RGB")
    out = io.BytesIO()
    image.save(out, kind, quality=88)
    return out.getvalue(), _FORMATS[kind], image.width, image.height
