"""A report by text, picture and place through the fake WeChat, with the real assistant."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from PIL import Image
from sqlalchemy import select

from cases.store import CaseRow
from channels.tencent.fake.wechat import FakeWeChat
from hotline.app import make_app
from hotline.serve import pick_port
from tests.assistant import assistant_settings, running_assistant
from tests.channels.running import AES_KEY, APPID, SECRET, TOKEN, WeChatRun, wechat_settings

ZHANG = "oZhang0001"

pytestmark = pytest.mark.assistant


async def test_a_report_by_text_picture_and_place_becomes_a_case(tmp_path: Path) -> None:
    fake = FakeWeChat("", TOKEN, APPID, SECRET, AES_KEY)
    server = TestServer(fake.make_app(), port=pick_port(0))
    await server.start_server()
    settings = wechat_settings(
        assistant_settings(tmp_path), wechat_api_base=str(server.make_url("")).rstrip("/")
    )
    try:
        async with running_assistant(settings) as product:
            gateway = TestServer(make_app(product))
            await gateway.start_server()
            fake.gateway = str(gateway.make_url("/wechat"))
            run = WeChatRun(product, fake, gateway)
            await _report(run)
            await gateway.close()
            async with product.db.read() as session:
                case = (await session.scalars(select(CaseRow))).one()
            assert case.channel == "wechat"
            assert len(case.attachment_ids) == 1
            assert case.location is not None
            assert case.location["lat"] == pytest.approx(39.98412)
            assert case.case_number in "".join(item["text"] for item in run.bubbles(ZHANG))
    finally:
        await server.close()


async def _report(run: WeChatRun) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "gray").save(out, "JPEG")
    media_id = run.fake.keep_media(out.getvalue(), "image/jpeg")
    steps = (
        ("text", {"Content": "每天晚上都有人摆摊卖烧烤，烟特别大"}),
        ("image", {"MediaId": media_id, "PicUrl": "http://x/p.jpg"}),
        (
            "location",
            {
                "Location_X": "39.98412",
                "Location_Y": "116.30748",
                "Scale": 16,
                "Label": "海淀区中关村大街27号",
            },
        ),
        ("text", {"Content": "匿名"}),
        ("text", {"Content": "提交"}),
    )
    for kind, content in steps:
        before = len(run.bubbles(ZHANG))
        await run.fake.act(ZHANG, kind, **content)
        await run.until_bubbles(ZHANG, before + 1, 30)
        await asyncio.sleep(0.2)
