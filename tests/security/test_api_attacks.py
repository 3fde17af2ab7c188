"""Attacks on the cases API and its keys."""

from __future__ import annotations

import pytest

from console.models import Role
from hotline.api_keys import ApiKeys, Scope
from hotline.app import Product
from hotline.audit import SYSTEM
from tests.contract.test_cases_api import file, key_of
from tests.product import (
    Client,
    bot,
    client,
    first_articles,
    open_conversation,
    product,
    settings,
)

OPERATORS_ONLY = ("/api/v1/cases", "/api/v1/cases/2026112200001", "/api/v1/cases/export")


async def log_in(product: Product, client: Client, login: str, role: Role) -> dict[str, str]:
    """The cookie header of an operator's session."""
    password = await product.accounts.add_operator(login, login, role.value, None)
    page = await client.get("/console/login")
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    csrf = (await page.text()).partition('name="csrf_token" value="')[2][:64]
    form = {"login": login, "password": password, "csrf_token": csrf}
    answer = await client.post(
        "/console/login", data=form, headers={"Cookie": cookie}, allow_redirects=False
    )
    assert answer.status == 303, await answer.text()
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


@pytest.mark.parametrize("path", OPERATORS_ONLY)
async def test_without_a_key_nothing_is_told(client: Client, product: Product, path: str) -> None:
    await file(product)
    assert (await client.get(path)).status == 401


@pytest.mark.parametrize("path", OPERATORS_ONLY)
async def test_a_residents_token_opens_no_case(client: Client, product: Product, path: str) -> None:
    await file(product)
    resident = await open_conversation(client)
    assert (await client.get(path, headers=resident.headers)).status == 401


@pytest.mark.parametrize(
    "key", ["hk_", "hk_000000000000_x", "Basic", "", "hk_'OR'1'='1_x", "hk_" + "0" * 9000, "密钥"]
)
async def test_a_guessed_key_is_refused(client: Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/api/v1/cases", headers=headers)).status in (400, 401)


async def test_another_secret_under_a_known_id_is_refused(client: Client, product: Product) -> None:
    headers = await key_of(product, Scope.READ_CASES)
    forged = headers["Authorization"][:-4] + "AAAA"
    assert (await client.get("/api/v1/cases", headers={"Authorization": forged})).status == 401


async def test_a_session_reads_by_role_but_not_what_the_role_lacks(
    client: Client, product: Product
) -> None:
    number = await file(product)
    operator = await log_in(product, client, "lina", Role.OPERATOR)
    supervisor = await log_in(product, client, "banzhang", Role.SUPERVISOR)
    assert (await client.get("/api/v1/cases", headers=operator)).status == 200
    assert (await client.get("/api/v1/cases/export", headers=operator)).status == 403
    path = f"/api/v1/cases/{number}?personal=1"
    assert (await client.get(path, headers=operator)).status == 403
    assert (await client.get("/api/v1/cases/export", headers=supervisor)).status == 200
    assert (await client.get(path, headers=supervisor)).status == 200


async def test_csrf_another_sites_form_files_nothing_with_her_session(
    client: Client, product: Product
) -> None:
    session = await log_in(product, client, "lina", Role.OPERATOR)
    body = {"idempotency_key": "k", "description": "伪造"}
    for more in ({}, {"Origin": "https://evil.example"}, {"X-CSRF-Token": "0" * 64}):
        answer = await client.post("/api/v1/cases", json=body, headers={**session, **more})
        assert answer.status == 403
    found = await (await client.get("/api/v1/cases", headers=session)).json()
    assert found["cases"] == []


@pytest.mark.parametrize(
    "query",
    [
        "q=' OR 1=1 --",
        'text="%22 OR words MATCH',
        "text=垃圾* NEAR 烧烤",
        "unit=%27%3B DROP TABLE cases",
        "category=06%25",
        "after=2026112200001' --",
        "after=999999999999999999999999~2026112200001&order=due",
        "number=%",
        "limit=999999999999",
        "since=0001-01-01&until=9999-12-31",
        "text=" + "长" * 101,
        "phone=" + "1" * 500,
        "status=accepted,,,,x",
        "q=%00%ff",
    ],
)
async def test_sql_and_search_syntax_in_a_query_stay_words(
    client: Client, product: Product, query: str
) -> None:
    await file(product)
    headers = await key_of(product, Scope.READ_CASES)
    response = await client.get(f"/api/v1/cases?{query}", headers=headers)
    assert response.status in (200, 400)
    assert "error" in await response.json() or response.status == 200


async def test_a_huge_body_is_refused(client: Client, product: Product) -> None:
    headers = await key_of(product, Scope.FILE_CASES)
    body = {"idempotency_key": "k", "description": "x" * 100_000}
    assert (await client.post("/api/v1/cases", json=body, headers=headers)).status == 413


async def test_deep_json_is_refused(client: Client, product: Product) -> None:
    headers = {**await key_of(product, Scope.FILE_CASES), "Content-Type": "application/json"}
    data = b"[" * 20_000
    assert (await client.post("/api/v1/cases", data=data, headers=headers)).status == 400


async def test_a_number_that_is_a_path_finds_nothing(client: Client, product: Product) -> None:
    headers = await key_of(product, Scope.READ_CASES)
    for number in ("..%2f..%2fetc", "%00", "1" * 500, "x'--"):
        answer = await client.get(f"/api/v1/cases/{number}", headers=headers)
        assert answer.status == 404


async def test_only_an_administrator_issues_keys(client: Client, product: Product) -> None:
    for login, role, status in (
        ("lina", Role.OPERATOR, 403),
        ("banzhang", Role.SUPERVISOR, 403),
        ("boss", Role.ADMIN, 200),
    ):
        session = await log_in(product, client, login, role)
        assert (await client.get("/console/keys", headers=session)).status == status
    answer = await client.post("/console/keys", data={"name": "x"}, headers=session)
    assert answer.status == 403  # no CSRF token
    assert await ApiKeys(product.db, product.clock).list_keys() == []


async def test_a_keys_name_is_escaped_on_the_page(client: Client, product: Product) -> None:
    name = "<script>alert(1)</script>"
    await ApiKeys(product.db, product.clock).issue(name, [Scope.READ_CASES], SYSTEM)
    session = await log_in(product, client, "boss", Role.ADMIN)
    page = await (await client.get("/console/keys", headers=session)).text()
    assert name not in page
    assert "&lt;script&gt;" in page
