"""Where the bytes of pictures and recordings lie: one interface, a folder by default.

A name is a SHA-256 in hex, with an ending for what was made from it. The same layout
(`ab/abcdef…`) in the folder and in a bucket: a copy of one serves as the other.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from pathlib import Path
from typing import Protocol

from hotline.errors import NotFound, Unavailable

_NAME = re.compile(r"[0-9a-f]{64}(\.[a-z]{1,16})?")


class FilesAway(Unavailable):
    """The storage does not answer or refuses us; nothing was kept."""

    message = "图片和语音暂时存取不了，请稍后再试，也可以先用文字说明。"


class Files(Protocol):
    """A store of immutable files; every operation raises FilesAway when the storage is away."""

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Keep the bytes under the name; the same name again is no error."""
        ...

    async def get(self, name: str) -> bytes:
        """The bytes; raises NotFound."""
        ...

    async def delete(self, name: str) -> None:
        """Forget the bytes; a missing name is no error."""
        ...


class FolderFiles:
    """Files in a folder of this machine; the content type is the database's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        await asyncio.to_thread(self._write, self._path(name), data)

    async def get(self, name: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(name).read_bytes)
        except FileNotFoundError:
            raise NotFound from None

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / place_of(name)

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # two residents may send the same picture at the same moment
            part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
            part.write_bytes(data)
            part.replace(path)


def place_of(name: str) -> str:
    """`ab/abcdef…` for a name; raises ValueError for what is no name of ours."""
    if not _NAME.fullmatch(name):
        raise ValueError("not the name of a kept file")
    return f"{name[:2]}/{name}"
