"""`hotline wechat menu push`."""

from __future__ import annotations

import aiohttp

from channels.wechat.line import open_api
from channels.wechat.menu import push_menu
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.settings import Settings


async def push(settings: Settings) -> int:
    """Make the account show the shipped menu; returns how many entries can be pressed."""
    if not settings.wechat_is_on:
        raise InvalidInput(
            "请先设置 HOTLINE_WECHAT_TOKEN、HOTLINE_WECHAT_APPID 和 HOTLINE_WECHAT_SECRET。"
        )
    db = Database(settings.effective_database_url)
    try:
        await upgrade_database(db)
        async with aiohttp.ClientSession() as http:
            clock, vault = SystemClock(), Vault(settings.secret_key)
            return await push_menu(*open_api(http, db, clock, vault, settings))
    finally:
        await db.close()
