"""A case's whole way in real Chromium: the resident's chat, the desk, and an officer's phone.

HOTLINE_TEST_PICTURES names a folder for a picture of every page on the way.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from console.models import Role
from console.service import Accounts
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.serve import pick_port
from hotline.settings import Settings
from tests.assistant import assistant_settings, serving, until_alive
from tests.browser.test_main_job import PATIENCE, chromium, conversation_log, write

playwright_api = pytest.importorskip("playwright.async_api")
from playwright.async_api import Browser, Page, expect  # noqa: E402

pytestmark = [pytest.mark.assistant, pytest.mark.browser, pytest.mark.long]

PICTURES = os.environ.get("HOTLINE_TEST_PICTURES", "")
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TEAM = "东城区东华门街道综合行政执法队"
PLACE = "东城区王府井大街百货大楼门口每天晚上都有人摆摊卖烧烤，烟特别大"
PASSWORD = "right-horse-7"  # of an account that lives as long as the test


async def add_admin(settings: Settings) -> None:
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    accounts = Accounts(db, SystemClock(), LocalLimiter(), Vault(settings.secret_key), settings)
    await accounts.add_operator("chief", "李班长", Role.ADMIN, PASSWORD)
    await db.close()


class Stage:
    """The browsers of those who take part, and pictures of what they see."""

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._base = base
        self._taken = 0

    async def open(self, path: str, size: dict[str, int]) -> Page:
        context = await self._browser.new_context(
            viewport=size,  # type: ignore[arg-type]  # a ViewportSize
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        await page.goto(self._base + path)
        return page

    async def log_in(self, login: str, password: str, size: dict[str, int]) -> Page:
        page = await self.open("/console", size)
        await page.get_by_label("登录账号").fill(login)
        await page.get_by_label("密码").fill(password)
        await page.get_by_role("button", name="登录").click()
        await page.wait_for_url(re.compile("/console(/unit)?$"))
        return page

    async def picture(self, page: Page, name: str) -> None:
        self._taken += 1
        if PICTURES:
            path = Path(PICTURES) / f"{self._taken:02d}-{name}.png"
            await page.screenshot(path=path, full_page=True)


async def test_filed_dispatched_handled_closed_not_satisfied_reopened(tmp_path: Path) -> None:
    settings = assistant_settings(tmp_path)
    await add_admin(settings)
    port = pick_port(0)
    base = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        await stack.enter_async_context(serving(tmp_path, port))
        http = await stack.enter_async_context(aiohttp.ClientSession(base))
        await until_alive(http, "/readyz")
        stage = Stage(browser, base)
        resident = await stage.open("/", DESK)
        number = await _report(stage, resident)
        desk = await stage.log_in("chief", PASSWORD, DESK)
        officer = await stage.log_in("dhm", await _add_officer(stage, desk), PHONE)
        told = conversation_log(resident)

        await desk.goto(f"{base}/console/cases/{number}")
        await _do(desk, "立案")
        await expect(told).to_contain_text("已经立案", timeout=PATIENCE)
        await stage.picture(desk, "desk-proposal")
        await desk.get_by_role("button", name="确认派遣").click()
        await expect(told).to_contain_text(f"已派给{TEAM}处理", timeout=PATIENCE)
        await stage.picture(desk, "desk-dispatched")

        await _handle(stage, officer, number, tmp_path)
        await expect(told).to_contain_text("已开始处置", timeout=PATIENCE)
        await desk.reload()
        await expect(desk.get_by_alt_text("承办单位的照片 1")).to_be_visible()
        await _do(desk, "核查")
        await _do(desk, "结案", note="现场复核，摊位已撤")
        await expect(told).to_contain_text("已办结", timeout=PATIENCE)
        await stage.picture(desk, "desk-closed")
        await stage.picture(resident, "chat-closed")

        await _call_back(desk)
        await stage.picture(desk, "desk-called-back")
        await _do(desk, "重开", note="市民说晚上又来了")
        await expect(told).to_contain_text("已重新办理", timeout=PATIENCE)
        await expect(desk.get_by_role("heading", name=re.compile("推荐派给"))).to_be_visible()
        await expect(desk.locator(".panel-proposal")).to_contain_text("首接单位负责")
        await stage.picture(desk, "desk-reopened")
        await resident.get_by_role("log").evaluate("log => log.scrollTo(0, log.scrollHeight)")
        await stage.picture(resident, "chat-reopened")
        await officer.goto(f"{base}/console/unit")
        await expect(officer.get_by_role("main")).to_contain_text("等重新派遣")
        await stage.picture(officer, "officer-reopened")


async def _report(stage: Stage, page: Page) -> str:
    log = conversation_log(page)
    await expect(log).to_contain_text("智能助手", timeout=PATIENCE)
    await write(page, PLACE)
    await page.get_by_role("button", name="匿名", exact=True).click()
    await page.get_by_role("button", name="提交", exact=True).click()
    card = page.get_by_label(re.compile(r"工单 \d{13}"))
    await expect(card).to_contain_text("露天烧烤", timeout=PATIENCE)
    await stage.picture(page, "chat-filed")
    found = re.search(r"\d{13}", await card.inner_text())
    assert found is not None
    return found[0]


async def _add_officer(stage: Stage, desk: Page) -> str:
    """An account of the unit, made on the administrator's page; its password is shown once."""
    await desk.get_by_role("link", name="坐席管理").click()
    await desk.get_by_label("姓名或工号").fill("东华门执法队")
    await desk.get_by_label("登录账号", exact=True).fill("dhm")
    await desk.get_by_role("radio", name=re.compile("承办单位")).check()
    await desk.get_by_label(re.compile("^单位")).fill(TEAM)
    await desk.get_by_role("button", name=re.compile("添加并生成密码")).click()
    password = await desk.locator("#secret").inner_text()
    await stage.picture(desk, "desk-account")
    return password


async def _do(desk: Page, name: str, note: str = "") -> None:
    """One step on the case page, by its form."""
    step = desk.locator(
        "details.step", has=desk.locator("summary", has_text=re.compile(f"^{name}"))
    )
    if await step.get_attribute("open") is None:
        await step.locator("summary").click()
    if note:
        await step.get_by_label("说明").fill(note)
    async with desk.expect_navigation():
        await step.get_by_role("button", name=name, exact=True).click()


async def _call_back(desk: Page) -> None:
    step = desk.locator("details.step", has=desk.locator("summary", has_text=re.compile("^回访")))
    for question, answer in (("是否联系", "是"), ("是否解决", "否"), ("是否满意", "否")):
        await step.get_by_label(question).select_option(answer)
    async with desk.expect_navigation():
        await step.get_by_role("button", name="回访", exact=True).click()


async def _handle(stage: Stage, officer: Page, number: str, folder: Path) -> None:
    await officer.reload()
    await expect(officer.get_by_role("main")).to_contain_text("待接单")
    await stage.picture(officer, "officer-list")
    await officer.locator(f"a.case-card[href$='{number}']").click()
    await stage.picture(officer, "officer-case")
    await officer.get_by_role("button", name="开始处置").click()
    data = io.BytesIO()
    Image.new("RGB", (800, 600), "seagreen").save(data, "JPEG")
    photo = folder / "photo.jpg"
    photo.write_bytes(data.getvalue())
    await officer.get_by_label("照片", exact=True).set_input_files(photo)
    await officer.get_by_role("button", name="添加照片").click()
    await expect(officer.get_by_alt_text("承办单位的照片 1")).to_be_visible()
    await officer.get_by_label("处置情况").fill("已劝离，炉具已收走")
    await stage.picture(officer, "officer-handling")
    await officer.get_by_role("button", name="提交反馈").click()
    await expect(officer.get_by_role("main")).to_contain_text("已反馈")
    await stage.picture(officer, "officer-reported")
