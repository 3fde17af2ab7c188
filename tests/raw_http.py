"""Bytes on the wire, for requests that no well-behaved client would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.product import Client

_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The `error` object of an API answer."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error


def make_request(
    method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """A request as bytes, half characters standing for bytes; the connection ends after it."""
    lines = {"Host": "test", "Connection": "close", **(headers or {})}
    if body:
        lines["Content-Length"] = str(len(body))
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape") + body


async def send_raw(client: Client, *pieces: bytes, pause: float = 0.0) -> Answer:
    """Send the pieces, `pause` seconds apart, and read the one answer."""
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    try:
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(pause)
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in rest if ": " in line)
            length = int(headers.get("Content-Length", "0"))
            return Answer(int(first.split()[1]), headers, await reader.readexactly(length))
    finally:
        writer.close()
