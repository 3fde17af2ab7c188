"""Attacks on the operators' console, each test named after the attack it must withstand."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError
from argon2 import PasswordHasher
from sqlalchemy import select

from console.door import COOKIE, CSRF_HEADER
from console.errors import LoginFailed, TooManyLogins
from console.intake import read_next
from console.models import Role
from console.passwords import Passwords
from console.service import Accounts
from console.store import OperatorSessionRow
from console.testing import (
    PASSWORD,
    Client,
    Page,
    World,
    build_world,
    find_csrf,
    origin_of,
    post_login,
)
from hotline.limits import LocalLimiter
from hotline.privacy import Vault

API = "/console/api/conversations"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    yield world
    await world.close()


@pytest.fixture
async def lina(world: World) -> Page:
    return await world.log_in("lina")


async def operator_id(world: World, login: str) -> str:
    found = await world.context.accounts.list_operators()
    return next(each.id for each in found if each.login == login)


# --- logging in -----------------------------------------------------------------------------


async def test_password_guessing_is_throttled_per_login(world: World) -> None:
    browser = await world.browser()
    for _ in range(world.context.settings.login_attempts):
        assert (await post_login(browser, "lina", "guess")).status == 401
    blocked = await post_login(browser, "lina", PASSWORD)
    assert blocked.status == 429
    assert (await browser.get("/console/api/me")).status == 401


async def test_password_spraying_is_throttled_per_address(world: World) -> None:
    accounts, attempts = world.context.accounts, world.context.settings.login_attempts
    for number in range(attempts * 20):
        with pytest.raises(LoginFailed):
            await accounts.log_in(f"user{number}", "Summer-2026", "192.0.2.1")
    with pytest.raises(TooManyLogins):
        await accounts.log_in("lina", PASSWORD, "192.0.2.1")
    await accounts.log_in("lina", PASSWORD, "192.0.2.2")


async def test_throttle_evasion_by_forged_forwarding_header(world: World) -> None:
    browser = await world.browser()
    statuses = []
    for number in range(world.context.settings.login_attempts + 1):
        page = await (await browser.get("/console/login")).text()
        form = {"csrf_token": find_csrf(page), "login": " LINA ", "password": "guess"}
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        answer = await browser.post("/console/login", data=form, headers=headers)
        statuses.append(answer.status)
    assert statuses[-1] == 429


class CountingHasher(PasswordHasher):
    """Counts how often a password was compared."""

    compared = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # same call, plainer types
        type(self).compared += 1
        return super().verify(hash, password)


async def test_user_enumeration_by_answer_or_by_work(world: World) -> None:
    context = world.context
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = Accounts(
        context.db,
        world.clock,
        LocalLimiter(),
        Vault("x" * 40),
        context.settings,
        Passwords(hasher),
    )
    told = set()
    for login in ("lina", "nobody", "x" * 5000, "李娜' OR 1=1 --"):
        before = CountingHasher.compared
        with pytest.raises(LoginFailed) as failure:
            await accounts.log_in(login, "guess", "192.0.2.1")
        assert CountingHasher.compared == before + 1
        told.add(failure.value.message)
    assert len(told) == 1


async def test_session_fixation(world: World) -> None:
    victim = await world.browser()
    await victim.get("/console/login")
    planted = _cookie(victim)
    assert (await post_login(victim, "lina", PASSWORD)).status == 303
    assert _cookie(victim) != planted
    assert await world.context.accounts.find(planted) is None


async def test_session_fixation_with_the_attackers_own_session(world: World) -> None:
    await world.add("mallory")
    attacker = await world.log_in("mallory")
    planted = attacker.token
    logged_in = await world.context.accounts.log_in("lina", PASSWORD, "192.0.2.1", planted)
    assert logged_in.token != planted
    assert await world.context.accounts.find(planted) is None


async def test_login_csrf(world: World) -> None:
    browser, form = await world.browser(), {"login": "lina", "password": PASSWORD}
    bare = await browser.post("/console/login", data=form)
    assert bare.status == 403
    other_browser = await world.browser()
    stolen = find_csrf(await (await other_browser.get("/console/login")).text())
    await browser.get("/console/login")
    foreign = await browser.post("/console/login", data={**form, "csrf_token": stolen})
    assert foreign.status == 403
    assert (await browser.get("/console/api/me")).status == 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console\\@evil.example",
        "/console/../../evil",
        "/console/%2e%2e/evil",
        "javascript:alert(1)",
        "/consoleevil.example",
        "/console.evil.example",
        "/console@evil.example",
        "/console/x\r\nSet-Cookie: a=b",
        "/console/login?next=/console/login",
        "/console/logout",
        "/console/api/me",
        "/",
        " /console",
    ],
)
async def test_open_redirect_after_login(world: World, target: str) -> None:
    answer = await post_login(await world.browser(), "lina", PASSWORD, next=target)
    location = answer.headers["Location"]
    assert answer.status == 303
    assert location == read_next(target) == "/console"


async def test_header_injection_through_next(world: World) -> None:
    browser = await world.browser()
    answer = await browser.get("/console/login", params={"next": "/console/a\r\nX-Evil: 1"})
    assert "X-Evil" not in answer.headers


# --- stolen and faded sessions ---------------------------------------------------------------


async def test_session_tokens_cannot_be_read_out_of_the_database(world: World, lina: Page) -> None:
    async with world.context.db.read() as session:
        stored = (await session.scalars(select(OperatorSessionRow.token_hash))).all()
    assert lina.token not in stored
    assert hashlib.sha256(lina.token.encode()).hexdigest() in stored


async def test_replay_of_a_cookie_after_logout(world: World, lina: Page) -> None:
    stolen = lina.token
    await lina.submit("/console/logout")
    thief = await world.browser()
    answer = await thief.get("/console/api/me", headers={"Cookie": f"{COOKIE}={stolen}"})
    assert answer.status == 401


async def test_replay_of_a_cookie_after_the_account_was_disabled(world: World, lina: Page) -> None:
    await world.add("boss", Role.ADMIN)
    boss = await world.log_in("boss")
    await boss.submit(f"/console/operators/{await operator_id(world, 'lina')}/disable")
    assert (await lina.client.get("/console/api/me")).status == 401


@pytest.mark.parametrize("token", ["", "x", "\u00e4\u00bd", "a" * 5000, "' OR 1=1 --"])
async def test_forged_session_tokens(world: World, token: str) -> None:
    browser = await world.browser()
    answer = await browser.get("/console/api/me", headers={"Cookie": f'{COOKIE}="{token}"'})
    assert answer.status in (400, 401)


async def test_cookie_theft_by_script_or_in_the_clear(tmp_path: Path) -> None:
    world = await build_world(tmp_path, public_base_url="https://96310.example.gov.cn")
    await world.add("lina")
    browser = await world.browser()
    page = await browser.get("/console/login")
    # the test browser keeps a Secure cookie to itself on plain http, so it is sent by hand
    before = page.headers["Set-Cookie"]
    form = {"csrf_token": find_csrf(await page.text()), "login": "lina", "password": PASSWORD}
    answer = await browser.post(
        "/console/login", data=form, headers={"Cookie": before.split(";")[0]}, allow_redirects=False
    )
    after = answer.headers["Set-Cookie"]
    await world.close()
    assert answer.status == 303
    for cookie in (before, after):
        for flag in ("HttpOnly", "SameSite=Strict", "Secure"):
            assert flag in cookie


# --- requests from elsewhere -----------------------------------------------------------------

UNSAFE = [
    "take",
    "return",
    "close",
    "messages",
    "notes",
    "reveal",
]


@pytest.mark.parametrize("deed", UNSAFE)
async def test_csrf_against_the_api(world: World, lina: Page, deed: str) -> None:
    conversation = await world.enqueue()
    path = f"{API}/{conversation}/{deed}"
    before = await world.state(conversation)
    for headers in ({}, {CSRF_HEADER: "0" * 64}, {CSRF_HEADER: ""}):
        answer = await lina.client.post(path, json={"text": "x"}, headers=headers)
        assert answer.status == 403
        assert (await answer.json())["error"]["code"] == "foreign_request"
    assert await world.state(conversation) == before


@pytest.mark.parametrize("path", ["/console/logout", "/console/password", "/console/operators"])
async def test_csrf_against_forms(world: World, path: str) -> None:
    await world.add("boss", Role.ADMIN)
    boss = await world.log_in("boss")
    fields = {"login": "evil", "name": "x", "role": "admin"}
    answer = await boss.client.post(path, data=fields, allow_redirects=False)
    assert answer.status == 403
    assert await world.context.accounts.find(boss.token) is not None
    assert len(await world.context.accounts.list_operators()) == 2


async def test_csrf_with_the_token_of_another_operator(world: World, lina: Page) -> None:
    await world.add("mallory")
    mallory = await world.log_in("mallory")
    conversation = await world.enqueue()
    answer = await lina.client.post(
        f"{API}/{conversation}/take", json={}, headers={CSRF_HEADER: mallory.csrf}
    )
    assert answer.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_cross_site_request_with_a_leaked_token(
    world: World, lina: Page, headers: dict[str, str]
) -> None:
    conversation = await world.enqueue()
    answer = await lina.client.post(
        f"{API}/{conversation}/take", json={}, headers={CSRF_HEADER: lina.csrf, **headers}
    )
    assert answer.status == 403


async def test_own_pages_pass_the_origin_check(world: World, lina: Page) -> None:
    conversation = await world.enqueue()
    headers = {
        CSRF_HEADER: lina.csrf,
        "Origin": origin_of(lina.client),
        "Sec-Fetch-Site": "same-origin",
    }
    answer = await lina.client.post(f"{API}/{conversation}/take", json={}, headers=headers)
    assert answer.status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_csrf_by_a_form_that_looks_like_json(
    world: World, lina: Page, content_type: str
) -> None:
    conversation = await world.enqueue()
    headers = {CSRF_HEADER: lina.csrf, "Content-Type": content_type}
    answer = await lina.client.post(f"{API}/{conversation}/take", data="{}", headers=headers)
    assert answer.status == 415


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_cross_site_websocket_hijacking(lina: Page, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(WSServerHandshakeError) as refused:
        await lina.client.ws_connect("/console/api/socket", headers=headers)
    assert refused.value.status == 403


async def test_clickjacking_and_leaking_referrers(lina: Page) -> None:
    for path in ("/console", "/console/login", "/console/api/me", "/console/cases/0"):
        headers = (await lina.client.get(path, allow_redirects=False)).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"


def _cookie(browser: Client) -> str:
    cookies = browser.session.cookie_jar.filter_cookies(browser.make_url("/console"))
    return cookies[COOKIE].value
