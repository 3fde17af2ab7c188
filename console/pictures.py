"""How a picture leaves the console: never run as a page, never kept by a shared desk."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web


def send_picture(path: Path, content_type: str) -> web.FileResponse:
    """The picture as a response."""
    headers = {
        "Content-Type": content_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
        "Cross-Origin-Resource-Policy": "same-origin",
        # shown again without loading, but only to who is still logged in
        "Cache-Control": "private, no-cache",
    }
    return web.FileResponse(path, headers=headers)
