"""Pictures as the console sends them: nothing but a picture, kept only by who may see it."""

from __future__ import annotations

from aiohttp import web

from conversations.media import Opened
from hotline.web import send_file


async def send_picture(request: web.Request, opened: Opened) -> web.Response:
    """The picture or the recording as a response."""
    headers = {
        "Content-Type": opened.content_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
        "Cross-Origin-Resource-Policy": "same-origin",
        # shown again without loading, but only to who is still logged in
        "Cache-Control": "private, no-cache",
    }
    return await send_file(request, opened.tag, opened.read, headers)
