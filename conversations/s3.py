"""Files in a private bucket of an S3-compatible storage, addressed by path."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import structlog
from yarl import URL

from conversations.files import Files, FilesAway, FolderFiles, place_of
from conversations.signing import S3Key, sign
from hotline.clock import Clock
from hotline.errors import NotFound
from hotline.settings import Settings

log = structlog.get_logger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
_PAUSES = (0.2, 1.0)
_LARGEST = 64 * 1024 * 1024
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")
_BUSY = frozenset({429, 500, 502, 503, 504})


class S3Files:
    """Files of one bucket; what is refused or unanswered is logged and raised as FilesAway.

    No request carries an ACL: objects are as private as the bucket, which must be private.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        clock: Clock,
        url: str,
        bucket: str,
        key: S3Key,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = URL(url)
        self._bucket = bucket
        self._key = key
        self._pauses = pauses

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        status, code, _ = await self._send("PUT", name, data, content_type)
        if status != 200:
            raise _refused("PUT", status, code)

    async def get(self, name: str) -> bytes:
        status, code, data = await self._send("GET", name)
        if (status, code) == (404, "NoSuchKey"):
            raise NotFound
        if status != 200:
            raise _refused("GET", status, code)
        return data

    async def delete(self, name: str) -> None:
        status, code, _ = await self._send("DELETE", name)
        if status not in (200, 204) and (status, code) != (404, "NoSuchKey"):
            raise _refused("DELETE", status, code)

    async def _send(
        self, method: str, name: str, data: bytes = b"", content_type: str = ""
    ) -> tuple[int, str, bytes]:
        """Status, the storage's error code, and the body; every operation may be repeated."""
        reason = ""
        for pause in (*self._pauses, None):
            try:
                status, code, body = await self._send_once(method, name, data, content_type)
                if status not in _BUSY:
                    return status, code, body
                reason = code or str(status)
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = type(error).__name__
            if pause is not None:
                await asyncio.sleep(pause)
        log.error("files.away", method=method, reason=reason)
        raise FilesAway

    async def _send_once(
        self, method: str, name: str, data: bytes, content_type: str
    ) -> tuple[int, str, bytes]:
        path = f"/{self._bucket}/{place_of(name)}"
        port = "" if self._url.is_default_port() else f":{self._url.port}"
        headers = {"Host": f"{self._url.host}{port}"}
        if content_type:
            headers["Content-Type"] = content_type
        signed = sign(self._key, method, path, {}, headers, data, self._clock.now())
        async with self._http.request(
            method,
            self._url.with_path(path),
            data=data or None,
            headers=signed,
            skip_auto_headers=() if content_type else ("Content-Type",),
            allow_redirects=False,  # a signature is for one address only
            timeout=_TIMEOUT,
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > _LARGEST:
                    raise aiohttp.ClientPayloadError("more than was ever kept")
            found = _CODE.search(body) if response.status >= 300 else None
            return response.status, found[1].decode() if found else "", bytes(body)


@asynccontextmanager
async def open_files(settings: Settings, clock: Clock) -> AsyncIterator[Files]:
    """The store that the settings name: a bucket, or the folder in the data directory."""
    if not settings.media_s3_url:
        yield FolderFiles(settings.media_dir)
        return
    key = S3Key(
        settings.media_s3_access_key, settings.media_s3_secret_key, settings.media_s3_region
    )
    async with aiohttp.ClientSession() as http:
        yield S3Files(http, clock, settings.media_s3_url, settings.media_s3_bucket, key)


def _refused(method: str, status: int, code: str) -> FilesAway:
    log.error("files.refused", method=method, status=status, code=code)
    return FilesAway()
