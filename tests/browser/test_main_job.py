"""The whole main job in real Chromium: a resident and an operator, each in a browser of their own."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
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
from tests.conftest import skip_unless_required

playwright_api = pytest.importorskip("playwright.async_api")
from playwright.async_api import Browser, Page, async_playwright, expect  # noqa: E402

pytestmark = [pytest.mark.assistant, pytest.mark.browser, pytest.mark.long]

CHROMIUM = os.environ.get("HOTLINE_TEST_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
PATIENCE = 20_000  # milliseconds: a loaded machine is slow, not wrong


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    if not CHROMIUM:
        skip_unless_required("chromium", "no Chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def add_operator(settings: Settings) -> str:
    """An operator's account; returns its password."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    accounts = Accounts(db, SystemClock(), LocalLimiter(), Vault(settings.secret_key), settings)
    password = await accounts.add_operator("wang", "王坐席", "operator", None)
    await db.close()
    return password


async def write(page: Page, text: str) -> None:
    await page.get_by_role("textbox").fill(text)
    await page.keyboard.press("Enter")


def conversation_log(page: Page):  # type: ignore[no-untyped-def]  # Playwright's Locator
    return page.get_by_role("log")


async def test_ask_report_look_up_human_and_back(tmp_path: Path) -> None:
    settings = assistant_settings(tmp_path)
    password = await add_operator(settings)
    port = pick_port(0)
    base = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        await stack.enter_async_context(serving(tmp_path, port))
        http = await stack.enter_async_context(aiohttp.ClientSession(base))
        await until_alive(http, "/readyz")
        outside: list[str] = []
        resident = await _open_page(browser, base, "/", outside)
        operator = await _open_page(browser, base, "/console", outside)

        number = await _ask_and_report(resident)
        await _look_up(resident, number)
        await _talk_to_a_person(resident, operator, password)
        assert outside == [], "a page asked another host"


async def _open_page(browser: Browser, base: str, path: str, outside: list[str]) -> Page:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on(
        "request",
        lambda r: (
            outside.append(r.url)
            if not r.url.startswith((base, "blob:", "data:", "ws://127.0.0.1"))
            else None
        ),
    )
    await page.goto(base + path)
    return page


async def _ask_and_report(page: Page) -> str:
    log = conversation_log(page)
    await expect(log).to_contain_text("智能助手", timeout=PATIENCE)
    await write(page, "剩菜剩饭应该扔哪个桶")
    await expect(log).to_contain_text("厨余垃圾", timeout=PATIENCE)
    await expect(log).to_contain_text("北京市生活垃圾管理条例", timeout=PATIENCE)
    await _rate_and_reload(page)
    await write(page, "海淀区中关村大街27号门口每天晚上都有人摆摊卖烧烤，烟特别大")
    await page.get_by_role("button", name="匿名", exact=True).click()
    await page.get_by_role("button", name="提交", exact=True).click()
    card = page.get_by_label(re.compile(r"工单 \d{13}"))
    await expect(card).to_contain_text("露天烧烤", timeout=PATIENCE)
    found = re.search(r"\d{13}", await card.inner_text())
    assert found is not None
    return found[0]


async def _rate_and_reload(page: Page) -> None:
    """A pressed thumb and its reason are still pressed when the page is loaded again."""
    await page.get_by_role("button", name="没用", exact=True).click()
    await page.get_by_role("button", name="看不懂", exact=True).click()
    for _ in range(2):
        for name, pressed in (("没用", "true"), ("看不懂", "true"), ("有用", "false")):
            button = page.get_by_role("button", name=name, exact=True)
            await expect(button).to_have_attribute("aria-pressed", pressed, timeout=PATIENCE)
        await page.reload()


async def _look_up(page: Page, number: str) -> None:
    await page.get_by_role("button", name="新会话").click()
    confirm = page.get_by_role("dialog").get_by_role("button").last
    if await confirm.count():
        await confirm.click()
    log = conversation_log(page)
    await expect(log).not_to_contain_text(number, timeout=PATIENCE)
    await write(page, number)
    await expect(log).to_contain_text("已受理", timeout=PATIENCE)


async def _talk_to_a_person(resident: Page, operator: Page, password: str) -> None:
    await operator.get_by_label("登录账号").fill("wang")
    await operator.get_by_label("密码").fill(password)
    await operator.get_by_role("button", name="登录").click()
    await resident.get_by_role("button", name=re.compile("人工")).first.click()
    log = conversation_log(resident)
    await expect(log).to_contain_text("排在第 1 位", timeout=PATIENCE)
    await operator.locator("#group-queue a.card").first.click()
    await operator.get_by_role("button", name="接管").click()
    await expect(log).to_contain_text("王坐席已接入", timeout=PATIENCE)

    await write(resident, "师傅，夜里几点以后不能施工")
    await expect(operator.get_by_role("log")).to_contain_text("师傅", timeout=PATIENCE)
    await operator.locator("#words").fill("您好，我来为您解答。")
    await operator.keyboard.press("Enter")
    await expect(log).to_contain_text("我来为您解答", timeout=PATIENCE)
    assert "法典" not in await log.inner_text(), (
        "the bot spoke while a person held the conversation"
    )

    await operator.get_by_role("button", name="交还").first.click()
    confirm = operator.locator("dialog[open] button[value=yes]")
    if await confirm.count():
        await confirm.click()
    await expect(log).to_contain_text("智能助手继续为您服务", timeout=PATIENCE)
    await write(resident, "谢谢")
    await expect(log).to_contain_text("不客气", timeout=PATIENCE)
