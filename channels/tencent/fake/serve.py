"""`hotline dev wechat`: both fakes as a process of their own, with a page that looks like a chat."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from channels.tencent.fake.wechat import FakeWeChat, Mode
from channels.tencent.fake.wecom import FakeWeCom

PAGE = Path(__file__).parent / "page"
TOKEN = "dev-token"  # noqa: S105 - known to everybody on purpose: it opens nothing real
SECRET = "dev-secret"  # noqa: S105 - likewise
APPID, CORPID = "wx96310devaccount", "ww96310devaccount"
AES_KEY = "devdevdevdevdevdevdevdevdevdevdevdevdevdevd"


def gateway_environment(port: int) -> dict[str, str]:
    """The settings that connect a gateway to the fakes."""
    base = f"http://127.0.0.1:{port}"
    return {
        "HOTLINE_WECHAT_TOKEN": TOKEN,
        "HOTLINE_WECHAT_APPID": APPID,
        "HOTLINE_WECHAT_SECRET": SECRET,
        "HOTLINE_WECHAT_AES_KEY": AES_KEY,
        "HOTLINE_WECHAT_API_BASE": f"{base}/weixin",
        "HOTLINE_WECOM_TOKEN": TOKEN,
        "HOTLINE_WECOM_CORPID": CORPID,
        "HOTLINE_WECOM_SECRET": SECRET,
        "HOTLINE_WECOM_AES_KEY": AES_KEY,
        "HOTLINE_WECOM_API_BASE": f"{base}/qyapi",
    }


def make_fakes(gateway: str, mode: Mode) -> web.Application:
    """Both fakes and the page; `gateway` is the root address of the gateway."""
    app = web.Application(client_max_size=20 * 1024 * 1024)
    wechat = FakeWeChat(f"{gateway}/wechat", TOKEN, APPID, SECRET, AES_KEY, mode)
    wecom = FakeWeCom(f"{gateway}/wecom", TOKEN, CORPID, SECRET, AES_KEY)
    app.add_subapp("/weixin", wechat.make_app())
    app.add_subapp("/qyapi", wecom.make_app())

    async def show_page(_: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")

    app.add_routes([web.get("/", show_page), web.static("/static", PAGE)])
    return app


async def serve_fakes(port: int, gateway: str, mode: Mode) -> None:
    """Run until cancelled."""
    runner = web.AppRunner(make_fakes(gateway, mode), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
