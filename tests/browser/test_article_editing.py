"""In real Chromium: an article edited in the console changes the next answer; an expired one is gone."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from console.service import Accounts
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.serve import pick_port
from hotline.settings import Settings
from tests.assistant import assistant_settings, serving, until_alive

playwright_api = pytest.importorskip("playwright.async_api")
from playwright.async_api import Browser, Page, expect  # noqa: E402

from tests.browser.test_main_job import PATIENCE, chromium, conversation_log, write  # noqa: E402

pytestmark = [pytest.mark.assistant, pytest.mark.browser, pytest.mark.long]

PASSWORD = "right-horse-7"
SLUG, QUESTION = "leftover-food-bin", "剩菜剩饭应该扔哪个桶"
NEW_WORDS = "厨余垃圾扔绿桶，这句话刚刚改过。"


async def add_editors(settings: Settings) -> None:
    """Who writes, and who publishes."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    accounts = Accounts(db, SystemClock(), LocalLimiter(), Vault(settings.secret_key), settings)
    await accounts.add_operator("wang", "王编辑", "operator", PASSWORD)
    await accounts.add_operator("ban", "班长", "supervisor", PASSWORD)
    await db.close()


async def log_in(browser: Browser, base: str, login: str) -> Page:
    page = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
    page.set_default_timeout(PATIENCE)
    await page.goto(f"{base}/console/login")
    await page.get_by_label("登录账号").fill(login)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await page.wait_for_url(re.compile("/console$"))
    return page


async def publish(writer: Page, boss: Page, base: str, pattern: str, instead: str) -> None:
    """The article with `pattern` replaced, through every step of the console."""
    await writer.goto(f"{base}/console/kb/new?of={SLUG}")
    box = writer.get_by_label("正文")
    text = await box.input_value()
    await box.fill(re.sub(pattern, instead, text, count=1, flags=re.M))
    await writer.get_by_role("button", name="存为草稿").click()
    await writer.get_by_role("button", name="提交审核").click()
    await expect(writer.get_by_text("请另一位班长或管理员审核发布")).to_be_visible()
    await boss.goto(writer.url)
    await expect(boss.get_by_text("题集里还没有题")).to_be_visible()
    await boss.get_by_role("button", name="发布", exact=True).click()
    await expect(boss.locator("h1 .status")).to_have_text("已发布")


async def test_an_edited_article_changes_the_next_answer_and_an_expired_one_is_gone(
    tmp_path: Path,
) -> None:
    settings = assistant_settings(tmp_path)
    await add_editors(settings)
    port = pick_port(0)
    base = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        await stack.enter_async_context(serving(tmp_path, port))
        http = await stack.enter_async_context(aiohttp.ClientSession(base))
        await until_alive(http, "/readyz")
        resident = await (await browser.new_context()).new_page()
        resident.set_default_timeout(PATIENCE)
        await resident.goto(base)
        log = conversation_log(resident)
        await write(resident, QUESTION)
        await expect(log).to_contain_text("厨余垃圾桶", timeout=PATIENCE)
        await resident.get_by_role("button", name="没用").click()
        await resident.get_by_role("button", name="不完整").click()
        await expect(log).to_contain_text("谢谢您的评价", timeout=PATIENCE)

        writer, boss = await log_in(browser, base, "wang"), await log_in(browser, base, "ban")
        await publish(writer, boss, base, "^answer: .*$", f"answer: {NEW_WORDS}")
        await write(resident, QUESTION)
        await expect(log).to_contain_text(NEW_WORDS, timeout=PATIENCE)
        await writer.goto(f"{base}/console/kb/{SLUG}")
        await expect(writer.get_by_text("第 1 版：有用 0，没用 1")).to_be_visible()

        await publish(writer, boss, base, "^valid_to: .*$", "valid_to: 2026-01-01")
        await expect(log.get_by_text(NEW_WORDS)).to_have_count(1)
        await write(resident, QUESTION)
        await expect(log.locator(".hc-from-bot")).to_have_count(4, timeout=PATIENCE)
        await expect(log.get_by_text(NEW_WORDS)).to_have_count(1)
        async with http.get(f"/kb/{SLUG}") as gone:
            assert gone.status == 404
