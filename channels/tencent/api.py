"""Calls of Tencent's HTTP APIs: errors come with status 200, tokens are renewed once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from channels.tencent.errors import ApiFailed
from channels.tencent.tokens import Tokens

TOKEN_REFUSED = frozenset({40001, 40014, 42001})
BUSY = frozenset({-1, 45009, 45011, None})
"""Trying again later helps: their server is busy, we called too often, or nobody answered."""
_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
_MEDIA_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)
_JSON_BYTES = 4 * 1024 * 1024


class Api:
    """One account's API."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")

    async def post_plain(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST without a token."""
        return await self._request("POST", path, {}, body)

    async def get_plain(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """GET without a token."""
        return await self._request("GET", path, params, None)

    async def post(self, tokens: Tokens, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST JSON with the access token; a refused token is renewed once."""
        token = await tokens.get()
        try:
            return await self._request("POST", path, {"access_token": token}, body)
        except ApiFailed as error:
            if error.errcode not in TOKEN_REFUSED:
                raise
        token = await tokens.replace(token)
        return await self._request("POST", path, {"access_token": token}, body)

    async def download(self, tokens: Tokens, media_id: str, most: int) -> tuple[bytes, str]:
        """A media file and its content type, at most `most` bytes; raises ApiFailed."""
        token = await tokens.get()
        try:
            return await self._download(token, media_id, most)
        except ApiFailed as error:
            if error.errcode not in TOKEN_REFUSED:
                raise
        return await self._download(await tokens.replace(token), media_id, most)

    async def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        # \u escapes are refused (40033): the text must be UTF-8 itself
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"} if data is not None else {}
        try:
            async with self._http.request(
                method,
                self._base_url + path,
                params=dict(params),
                data=data,
                headers=headers,
                timeout=_TIMEOUT,
            ) as response:
                answer = json.loads(await _read(response, _JSON_BYTES))
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # the address holds the token, and the error's text may hold the address
            raise ApiFailed(None, type(error).__name__) from None
        if not isinstance(answer, dict) or status != 200:
            raise ApiFailed(None, f"status {status}")
        _check(answer)
        return answer

    async def _download(self, token: str, media_id: str, most: int) -> tuple[bytes, str]:
        try:
            async with self._http.get(
                f"{self._base_url}/cgi-bin/media/get",
                params={"access_token": token, "media_id": media_id},
                timeout=_MEDIA_TIMEOUT,
            ) as response:
                data, kind = await _read(response, most), response.content_type
                if response.status != 200:
                    raise ApiFailed(None, f"status {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiFailed(None, type(error).__name__) from None
        if kind in ("application/json", "text/plain"):
            try:
                answer = json.loads(data)
            except ValueError:
                raise ApiFailed(None, "neither media nor JSON") from None
            _check(answer if isinstance(answer, dict) else {})
            raise ApiFailed(40007, "no media in the answer")
        return data, kind


def _check(answer: Mapping[str, Any]) -> None:
    errcode = answer.get("errcode", 0)
    if errcode:
        raise ApiFailed(int(errcode), str(answer.get("errmsg", "")))


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        data += chunk
        if len(data) > most:
            raise ApiFailed(40006, "the file is too large")
    return bytes(data)
