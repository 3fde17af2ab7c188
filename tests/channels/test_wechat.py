"""The Official Account against the fake WeChat, over real sockets."""

from __future__ import annotations

import asyncio
import io
import random
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing

import aiohttp
import pytest
from PIL import Image
from sqlalchemy import func, select

from channels.tencent.crypto import sign
from channels.tencent.fake.wechat import Mode
from channels.tencent.store import ChannelUserRow, InboundRow
from channels.tencent.xml import write_xml
from conversations.bot import ScriptedBot
from conversations.models import Button, Handoff, Operator, Reply, Turn
from conversations.speech import Transcript
from conversations.store import AttachmentRow, ConversationRow, EntryRow, OutboxRow
from hotline.dialogue_memory import memory_file
from hotline.settings import Settings
from tests.channels.running import TOKEN, WeChatRun, running_wechat, until
from tests.product import echo, open_client

ZHANG = "oZhang0001"
WANG = Operator("op1", "王坐席")


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return out.getvalue()


async def conversation_of(run: WeChatRun, user: str = ZHANG) -> str:
    async with run.product.db.read() as session:
        row = await session.get(ChannelUserRow, {"channel": "wechat", "external_user": user})
    assert row is not None
    assert row.conversation_id is not None
    return row.conversation_id


async def test_the_url_check_gives_the_echo_back(settings: Settings) -> None:
    async with running_wechat(settings) as run, aiohttp.ClientSession() as http:
        query = {"timestamp": "1410685589", "nonce": "test", "echostr": "<b>4711</b>"}
        query["signature"] = sign(TOKEN, query["timestamp"], query["nonce"])
        async with http.get(run.fake.gateway, params=query) as response:
            assert (response.status, await response.text()) == (200, "<b>4711</b>")
            assert response.content_type == "text/plain"
        query["signature"] = "0" * 40
        async with http.get(run.fake.gateway, params=query) as response:
            assert response.status == 403


async def test_without_its_settings_the_address_is_not_there(settings: Settings) -> None:
    async with open_client(settings) as client:
        assert (await client.get("/wechat")).status == 404
        channels = (await (await client.get("/readyz")).json())["channels"]
        assert (channels["wechat"], channels["wecom"]) == ("off", "off")


@pytest.mark.parametrize("mode", ["plain", "mixed", "aes"])
async def test_a_text_is_answered_at_once(settings: Settings, mode: Mode) -> None:
    async with running_wechat(settings, mode=mode) as run:
        await run.say(ZHANG, "你好")
        assert [(b["via"], b["text"]) for b in run.bubbles(ZHANG)] == [("passive", "收到：你好")]
        assert run.fake.resident(ZHANG).left() == 5


async def test_a_slow_turn_is_answered_once_and_later(settings: Settings) -> None:
    bot = ScriptedBot(echo, delay_seconds=1.2)
    async with running_wechat(settings, bot, wechat_reply_seconds=0.3) as run:
        assert await run.say(ZHANG, "你好") == "success"
        assert run.bubbles(ZHANG) == []
        await run.until_bubbles(ZHANG, 1)
        await asyncio.sleep(0.5)
        assert [(b["via"], b["text"]) for b in run.bubbles(ZHANG)] == [("customer", "收到：你好")]
        assert len(bot.turns) == 1


async def test_retries_that_overlap_a_running_turn_give_one_turn(settings: Settings) -> None:
    bot = ScriptedBot(echo, delay_seconds=3.75)
    async with running_wechat(settings, bot) as run:
        run.fake.answer_seconds = 1.5  # cut off and sent again while the first still runs
        await run.say(ZHANG, "你好")
        await run.until_bubbles(ZHANG, 1)
        await asyncio.sleep(0.3)
        assert [b["text"] for b in run.bubbles(ZHANG)] == ["收到：你好"]
        assert run.fake.tries == 3
        assert len(bot.turns) == 1


async def test_duplicates_and_disorder_give_nothing_twice(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wechat(settings, bot, messages_per_minute=100_000) as run:
        fields = [
            {
                "ToUserName": "gh_96310fake0001",
                "FromUserName": f"oUser{n % 20}",
                "CreateTime": int(time.time()),
                "MsgType": "text",
                "Content": f"第{n}句",
                "MsgId": 10_000 + n,
            }
            for n in range(100)
        ]
        order = [write_xml(item) for item in fields * 10]
        random.Random(7).shuffle(order)
        for n in range(20):
            run.fake.resident(f"oUser{n}").open("message", 100, 3600)
        answers = []
        for start in range(0, len(order), 50):
            answers += await asyncio.gather(
                *(run.fake.post(xml) for xml in order[start : start + 50])
            )
        await until(lambda: len(bot.turns) == 100, 30)
        await asyncio.sleep(1)
        assert len(bot.turns) == len({turn.text for turn in bot.turns}) == 100
        said = [run.fake.unwrap(text) for text in answers if text != "success"]
        said += [b["text"] for n in range(20) for b in run.bubbles(f"oUser{n}")]
        whole = "\n".join(said)
        assert [whole.count(f"收到：第{n}句") for n in range(100)] == [1] * 100


async def test_what_comes_again_after_its_answer_is_not_kept_waiting(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wechat(settings, bot, wechat_reply_seconds=600) as run, asyncio.timeout(60):
        xml = write_xml(
            {
                "ToUserName": "gh_96310fake0001",
                "FromUserName": ZHANG,
                "CreateTime": int(time.time()),
                "MsgType": "text",
                "Content": "路灯不亮",
                "MsgId": 20_001,
            }
        )
        at_once = await asyncio.gather(*(run.fake.post(xml) for _ in range(3)))
        later = await run.fake.post(xml)
        assert later == "success"
        assert sorted(text == "success" for text in at_once) == [False, True, True]


async def test_choices_are_numbered_and_digits_and_words_select(settings: Settings) -> None:
    def script(turn: Turn) -> Sequence[Reply]:
        offer = (Button("查进度", "/查"), Button("转人工", "人工"))
        return [Reply(f"您说：{turn.text}", buttons=offer if turn.text == "你好" else ())]

    async with running_wechat(settings, ScriptedBot(script)) as run:
        for text in ("你好", "2", "你好", "查进度", "2"):
            await run.say(ZHANG, text)
        texts = [b["text"] for b in run.bubbles(ZHANG)]
        assert texts[0] == "您说：你好\n\n回复数字选择：\n1. 查进度\n2. 转人工"
        assert texts[1] == "您说：人工"
        assert texts[3] == "您说：/查"
        assert texts[4] == "您说：2"  # nothing was offered last, so a digit is a digit


@pytest.mark.parametrize("slow", [False, True], ids=["at_once", "later"])
async def test_a_long_answer_is_a_card_that_leads_to_the_articles_page(
    settings: Settings, slow: bool
) -> None:
    slugs: list[str] = []

    def script(_: Turn) -> Sequence[Reply]:
        cited = {"slug": slugs[0], "title": "垃圾分类怎么分", "source": "《条例》"}
        return [Reply("分四类。" + "详细规定如下，" * 60, citations=(cited,))]

    bot = ScriptedBot(script, delay_seconds=0.4 if slow else 0.0)
    base = "https://96310.example"
    seconds = 0.1 if slow else 4.5
    async with running_wechat(
        settings, bot, public_base_url=base, wechat_reply_seconds=seconds
    ) as run:
        slugs.append(run.product.knowledge.all()[0].slug)
        await run.say(ZHANG, "垃圾怎么分")
        (card,) = await run.until_bubbles(ZHANG, 1)
        assert card["via"] == ("customer" if slow else "passive")
        assert (card["title"], card["url"]) == ("垃圾分类怎么分", f"{base}/kb/{slugs[0]}")
        assert card["text"].startswith("分四类")
        assert len(card["text"]) <= 125
        page = run.gateway.make_url(card["url"].removeprefix(base))
        async with aiohttp.ClientSession() as http, http.get(page) as response:
            assert response.status == 200
            assert run.product.knowledge.all()[0].answer in await response.text()


async def test_a_picture_and_a_place_reach_the_bot(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wechat(settings, bot) as run:
        media_id = run.fake.keep_media(picture(), "image/jpeg")
        await run.fake.act(ZHANG, "image", MediaId=media_id, PicUrl="http://x/p.jpg")
        await run.fake.act(
            ZHANG, "location", Location_X="39.98", Location_Y="116.31", Scale=15, Label="海淀黄庄"
        )
        image, place = bot.turns
        assert image.attachments[0]["kind"] == "image"
        assert place.location is not None
        assert (place.location.lat, place.location.label) == (39.98, "海淀黄庄")


async def test_a_lost_picture_is_asked_for_again(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wechat(settings, bot) as run:
        await run.fake.act(ZHANG, "image", MediaId="gone", PicUrl="http://x/p.jpg")
        assert "图片没有收到" in run.bubbles(ZHANG)[0]["text"]
        assert bot.turns == []


class Ears:
    async def transcribe(self, audio: bytes, content_type: str) -> Transcript:
        assert (audio[:4], content_type) == (b"RIFF", "audio/wav")
        return Transcript("门口有人卖烧烤", 0.9)


AMR = b"#!AMR\n" + (b"\x3c" + b"\x08" * 31) * 20 + b"\x44" + b"\x00" * 5 + b"\x7c"
"""Twenty frames of 12.2 kbit/s, one of comfort noise, one empty."""


async def test_voice_is_heard_or_kindly_declined(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wechat(settings, bot, recogniser=Ears()) as run:
        media_id = run.fake.keep_media(AMR, "audio/amr")
        await run.fake.act(ZHANG, "voice", MediaId=media_id, Format="amr")
        assert [turn.text for turn in bot.turns] == ["门口有人卖烧烤"]
        assert list(bot.turns[0].attachments) == []  # a recording is no picture of the place
        async with run.product.db.read() as session:
            kept = (await session.scalars(select(AttachmentRow))).one()
        assert (kept.kind, kept.content_type) == ("audio", "audio/wav")
        assert kept.bytes == 44 + 22 * 320


async def test_voice_without_a_recogniser_asks_to_type(settings: Settings) -> None:
    async with running_wechat(settings) as run:
        media_id = run.fake.keep_media(AMR, "audio/amr")
        await run.fake.act(ZHANG, "voice", MediaId=media_id, Format="amr")
        assert "请打字告诉我" in run.bubbles(ZHANG)[0]["text"]


async def test_following_greets_the_menu_speaks_and_unfollowing_erases(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wechat(settings, bot) as run:
        await run.fake.act(ZHANG, "event", Event="subscribe", EventKey="")
        assert "96310" in run.bubbles(ZHANG)[0]["text"]
        await run.fake.act(ZHANG, "event", Event="CLICK", EventKey="report")
        assert [turn.text for turn in bot.turns] == ["我要反映问题"]
        media_id = run.fake.keep_media(picture(), "image/jpeg")
        await run.fake.act(ZHANG, "image", MediaId=media_id, PicUrl="http://x/p.jpg")
        files = list(run.product.settings.media_dir.rglob("*"))
        assert [path for path in files if path.is_file()]
        memory = memory_file(run.product.settings.data_dir)
        with closing(sqlite3.connect(memory)) as tracker:  # as Rasa keeps it
            tracker.execute("CREATE TABLE events (sender_id TEXT, data TEXT)")
            mine = f"{await conversation_of(run)}.1"
            tracker.executemany("INSERT INTO events VALUES (?, 'x')", [(mine,), ("another.1",)])
            tracker.commit()
        await run.fake.act(ZHANG, "event", Event="unsubscribe", EventKey="", at=1)
        await asyncio.sleep(0.3)  # acknowledged before it is done
        with closing(sqlite3.connect(memory)) as tracker:
            assert tracker.execute("SELECT sender_id FROM events").fetchall() == [("another.1",)]
        async with run.product.db.read() as session:
            for table in (ConversationRow, EntryRow, ChannelUserRow, InboundRow, AttachmentRow):
                assert await session.scalar(select(func.count()).select_from(table)) == 0, table
        files = list(run.product.settings.media_dir.rglob("*"))
        assert not [path for path in files if path.is_file()]


async def test_unknown_types_are_acknowledged_and_change_nothing(settings: Settings) -> None:
    async with running_wechat(settings) as run:
        assert await run.fake.act(ZHANG, "hologram") == "success"
        assert await run.fake.act(ZHANG, "event", Event="wifi_connected") == "success"
        assert run.bubbles(ZHANG) == []


async def test_an_expired_token_is_renewed_once(settings: Settings) -> None:
    bot = ScriptedBot(echo, delay_seconds=0.3)
    async with running_wechat(settings, bot, wechat_reply_seconds=0.1) as run:
        await run.say(ZHANG, "一")
        await run.until_bubbles(ZHANG, 1)
        run.fake.tokens = dict.fromkeys(run.fake.tokens, 0.0)
        await run.say(ZHANG, "二")
        await run.until_bubbles(ZHANG, 2)
        assert run.fake.tokens_given == 2


async def test_the_quota_is_kept_and_nothing_is_lost(settings: Settings) -> None:
    def script(turn: Turn) -> Sequence[Reply]:
        return [Reply("稍等", handoff=Handoff("resident_asked"))]

    async with running_wechat(settings, ScriptedBot(script)) as run:
        await run.say(ZHANG, "人工")
        conversation_id = await conversation_of(run)
        await run.product.conversations.take_over(conversation_id, WANG)
        for n in range(8):
            await run.product.conversations.answer(
                conversation_id, WANG, f"第{n}条" + "长" * (590 if n else 20)
            )
            await asyncio.sleep(0.05)
        await run.until_bubbles(ZHANG, 6)
        await asyncio.sleep(0.7)
        sent = run.bubbles(ZHANG)
        assert "王坐席已接入" in sent[1]["text"]
        assert "第0条" in sent[1]["text"]  # the announcement travelled with the first words
        assert [b["via"] for b in sent] == ["passive"] + ["customer"] * 5
        assert run.fake.resident(ZHANG).left() == 0
        await run.say(ZHANG, "继续")
        await until(lambda: "第7条" in "".join(b["text"] for b in run.bubbles(ZHANG)))
        whole = "".join(b["text"] for b in run.bubbles(ZHANG))
        assert [whole.count(f"第{n}条") for n in range(8)] == [1] * 8


async def test_progress_outside_the_window_goes_as_a_notice(settings: Settings) -> None:
    async with running_wechat(settings, wechat_template_id="TPL") as run:
        await run.say(ZHANG, "你好")
        conversation_id = await conversation_of(run)
        run.fake.resident(ZHANG).quotas.clear()  # 48 hours later
        case = {"case_number": "2026112400001", "status": "closed", "status_name": "已办结"}
        async with run.product.db.write() as session:
            await run.product.conversations.tell(
                session, conversation_id, "您的工单已办结。", {"case": case}
            )
        await until(lambda: run.fake.notices)
        assert run.fake.notices[0]["data"]["character_string1"]["value"] == "2026112400001"
        waiting = select(func.count()).select_from(OutboxRow).where(OutboxRow.done_at.is_(None))
        async with asyncio.timeout(10):  # written down once the platform has taken it
            while True:
                async with run.product.db.read() as session:
                    if await session.scalar(waiting) == 0:
                        break
                await asyncio.sleep(0.02)
