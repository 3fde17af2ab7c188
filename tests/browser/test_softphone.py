"""The telephone in the browser, in real Chromium, with a stand-in for the provider's Device.

The stand-in has the methods and events of @twilio/voice-sdk that the page uses; sound and the
provider's network are not part of it. That the vendored script offers the same is asserted too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from conversations.bot import ScriptedBot
from hotline.app import Product, open_product
from hotline.clock import SystemClock
from hotline.settings import Settings
from telephony.provider import RecordingProvider
from tests.phone import with_phone
from tests.product import (
    Client,
    TinyEmbedder,
    echo,
    first_articles,
    serve_product,
    settings,
)

playwright_api = pytest.importorskip("playwright.async_api")
from playwright.async_api import BrowserContext, Page, expect  # noqa: E402

from tests.browser.test_main_job import PATIENCE, chromium  # noqa: E402

pytestmark = pytest.mark.browser
PASSWORD = "a-long-passw0rd"
FAKE_DEVICE = """
class Emitter {
  constructor() { this.listeners = {}; }
  on(name, deed) { (this.listeners[name] ||= []).push(deed); }
  emit(name, value) { for (const deed of this.listeners[name] ?? []) deed(value); }
}
class Call extends Emitter {
  constructor(id) { super(); this.customParameters = new Map([["call", id]]); this.done = []; this.muted = false; }
  accept() { this.done.push("accept"); this.emit("accept"); }
  reject() { this.done.push("reject"); this.emit("reject"); }
  disconnect() { this.done.push("disconnect"); this.emit("disconnect"); }
  sendDigits(digits) { this.done.push("digits " + digits); if (digits === "2") this.emit("disconnect"); }
  mute(on) { this.muted = on; this.done.push("mute " + on); }
  isMuted() { return this.muted; }
}
window.Twilio = { Device: class extends Emitter {
  constructor(token, options) { super(); window.fake = this; this.token = token; this.options = options; }
  async register() { this.emit("registered"); }
  updateToken(token) { this.updated = token; }
  destroy() { this.destroyed = true; }
  ring(id) { this.call = new Call(id); this.emit("incoming", this.call); }
} };
"""


@pytest.fixture
async def product(settings: Settings) -> AsyncIterator[Product]:
    chosen = replace(
        with_phone(settings, public_base_url="http://phone.test"),
        twilio_api_key="SK" + "2" * 32,
        twilio_api_secret="tests only, no secret, but long enough for it",
    )
    async with open_product(
        chosen, bot=ScriptedBot(echo), clock=SystemClock(), embedder=TinyEmbedder(),
        provider=RecordingProvider(),
    ) as running:  # fmt: skip
        await running.accounts.add_operator("li", "小李", "operator", PASSWORD)
        yield running


async def open_softphone(context: BrowserContext, client: Client) -> Page:
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    base = str(client.make_url("")).rstrip("/")
    await page.goto(f"{base}/console/login?next=/console/calls/softphone")
    await page.get_by_label("账号").fill("li")
    await page.get_by_label("密码", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("heading", name="网页话机")).to_be_visible()
    await page.wait_for_load_state("load")  # its scripts come after the words
    return page


async def line_of(product: Product) -> tuple[str, bool] | None:
    (account,) = await product.accounts.list_operators()
    return await product.telephony.transfers.line_of(account.id)


async def test_the_browser_takes_a_call_mutes_and_hangs_up(product: Product) -> None:
    async with serve_product(product) as client, chromium() as browser:
        context = await browser.new_context()
        await context.route(
            "**/vendor/twilio.min.js",
            lambda route: route.fulfill(body=FAKE_DEVICE, content_type="text/javascript"),
        )
        page = await open_softphone(context, client)
        state = page.get_by_role("status")

        await page.get_by_role("button", name="开始接听").click()
        await expect(state).to_have_text("可以接听，等候来电。")
        assert await line_of(product) == ("browser", True)

        await page.evaluate("fake.ring('c1')")
        await expect(page.get_by_role("link", name="打开这通电话")).to_have_attribute(
            "href", "/console/calls/c1"
        )
        await page.get_by_role("button", name="接起，听摘要").click()
        await page.get_by_role("button", name="接通市民").click()
        await expect(state).to_have_text("正在通话。")
        await page.get_by_role("button", name="静音").click()
        await expect(state).to_contain_text("已静音")
        await page.get_by_role("button", name="静音").click()
        await page.get_by_role("button", name="挂断").click()
        await expect(state).to_have_text("可以接听，等候来电。")
        assert await page.evaluate("fake.call.done") == [
            "accept", "digits 1", "mute true", "mute false", "disconnect",
        ]  # fmt: skip

        await page.evaluate("fake.ring('c2')")
        await page.get_by_role("button", name="不接").click()
        await expect(state).to_have_text("可以接听，等候来电。")
        first = await page.evaluate("fake.token")
        await page.evaluate("fake.emit('tokenWillExpire')")
        async with asyncio.timeout(5):
            while not await page.evaluate("fake.updated || ''"):
                await asyncio.sleep(0.05)
        assert first.count(".") == 2

        await page.evaluate("fake.emit('error', {message: '麦克风被占用'})")
        await expect(state).to_contain_text("麦克风被占用")
        await expect(page.get_by_role("button", name="开始接听")).to_be_visible()
        await page.get_by_role("button", name="开始接听").click()
        await expect(state).to_have_text("可以接听，等候来电。")
        await page.goto(str(client.make_url("/console/calls")))
        await expect(page.get_by_text("暂不接听").first).to_be_visible()
        assert await line_of(product) == ("browser", False)


async def test_the_vendored_script_is_what_the_page_expects(product: Product) -> None:
    async with serve_product(product) as client, chromium() as browser:
        context = await browser.new_context()
        page = await open_softphone(context, client)
        outside: list[str] = []
        page.on("request", lambda request: outside.append(request.url))
        found = await page.evaluate(
            """() => {
              const { Device } = window.Twilio;
              const has = (kind, names) => names.filter((name) => typeof kind.prototype[name] !== "function");
              return [
                ...has(Device, ["register", "updateToken", "destroy", "on"]),
                ...has(window.Twilio.Call, ["accept", "reject", "disconnect", "sendDigits", "mute", "isMuted", "on"]),
              ];
            }"""
        )
        assert found == []
        made = await page.evaluate(
            """async () => {
              const { SOUNDS } = await import("/console/calls-static/softphone.js");
              return new window.Twilio.Device("a.b.c", { sounds: SOUNDS }).state;
            }"""
        )
        assert made == "unregistered"
        ours = str(client.make_url("/"))
        assert [url for url in outside if not url.startswith(ours)] == []
