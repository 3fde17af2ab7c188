"""The cases API: who may, what is told, exports that stream."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import AsyncIterator, Sequence

import openpyxl
import pytest
from sqlalchemy import select

from cases.describing import HEADER, PERSONAL_HEADER
from cases.models import CaseKind, Location, NewCase
from hotline.api_keys import ApiKeys, Scope
from hotline.app import Product
from hotline.audit import SYSTEM, AuditRow
from hotline.table_streams import CHUNK, stream_csv, stream_xlsx
from tests.product import (
    Client,
    bot,
    client,
    first_articles,
    product,
    settings,
)

WORDS = "=HYPERLINK(1) 我叫张三，电话13912345678"


async def key_of(product: Product, *scopes: Scope) -> dict[str, str]:
    """Headers with a fresh key of these scopes."""
    key = await ApiKeys(product.db, product.clock).issue("测试系统", scopes, SYSTEM)
    return {"Authorization": f"Bearer {key}"}


async def file(product: Product, nth: int = 0, **more: object) -> str:
    """A filed case's number."""
    values: dict[str, object] = {
        "description": WORDS,
        "phone": "13912345678",
        "contact_name": "张三",
        **more,
    }
    place = Location("海淀区样例路1号", district="海淀区", district_code="110108")
    new = NewCase(str(nth), CaseKind.COMPLAINT, "06029", location=place, **values)  # type: ignore[arg-type]
    return (await product.cases.file(new, SYSTEM)).case_number


async def test_a_case_is_told_without_its_person(client: Client, product: Product) -> None:
    number = await file(product)
    headers = await key_of(product, Scope.READ_CASES)
    body = await (await client.get(f"/api/v1/cases/{number}", headers=headers)).json()
    assert body["case"]["case_number"] == number
    assert (body["case"]["contact_name"], body["case"]["phone"]) == ("张**", "139****5678")
    assert "13912345678" not in body["case"]["description"]
    assert [step["status"] for step in body["history"]] == ["accepted"]
    path = f"/api/v1/cases/{number}?personal=1"
    assert (await client.get(path, headers=headers)).status == 403


async def test_of_a_confidential_person_nothing_is_told(client: Client, product: Product) -> None:
    number = await file(product, confidential=True)
    headers = await key_of(product, Scope.READ_CASES)
    case = (await (await client.get(f"/api/v1/cases/{number}", headers=headers)).json())["case"]
    assert (case["contact_name"], case["phone"]) == (None, None)


async def test_the_person_is_told_by_permission_and_audited(
    client: Client, product: Product
) -> None:
    number = await file(product)
    headers = await key_of(product, Scope.READ_CASES, Scope.READ_PERSONAL)
    response = await client.get(f"/api/v1/cases/{number}?personal=1", headers=headers)
    case = (await response.json())["case"]
    assert (case["contact_name"], case["phone"]) == ("张三", "13912345678")
    async with product.db.read() as session:
        query = select(AuditRow).where(AuditRow.action == "personal_data_revealed")
        row = (await session.scalars(query)).one()
    assert (row.object_id, row.actor_name) == (number, "测试系统")


async def test_pages_go_on_where_they_ended(client: Client, product: Product) -> None:
    numbers = [await file(product, nth) for nth in range(5)]
    headers = await key_of(product, Scope.READ_CASES)
    seen: list[str] = []
    after = ""
    while True:
        params = {"limit": "2", "after": after, "district": "110108"}
        body = await (await client.get("/api/v1/cases", params=params, headers=headers)).json()
        seen += [case["case_number"] for case in body["cases"]]
        after = body["next"] or ""
        if not after:
            break
    assert seen == numbers[::-1]


async def test_another_system_files_once(client: Client, product: Product) -> None:
    headers = await key_of(product, Scope.FILE_CASES)
    body = {
        "idempotency_key": "12345-77",
        "kind": "投诉",
        "category_code": "06029",
        "description": "楼下烧烤，油烟很大",
        "location": {"raw_text": "海淀区样例路1号", "lat": 39.98, "lon": 116.31},
        "phone": "13912345678",
    }
    numbers = set()
    for _ in range(2):
        response = await client.post("/api/v1/cases", json=body, headers=headers)
        assert response.status == 201, await response.text()
        numbers.add((await response.json())["case"]["case_number"])
    assert len(numbers) == 1
    # the same key of another caller is another case
    other = await client.post(
        "/api/v1/cases", json=body, headers=await key_of(product, Scope.FILE_CASES)
    )
    assert (await other.json())["case"]["case_number"] not in numbers


@pytest.mark.parametrize(
    "changed",
    [
        {"idempotency_key": ""},
        {"description": " "},
        {"description": 7},
        {"kind": "唱歌"},
        {"category_code": "00000"},
        {"location": {"lat": 39}},
        {"location": {"raw_text": "某处", "lat": 91, "lon": 0}},
        {"location": {"raw_text": "某处", "lat": True, "lon": 0}},
        {"phone": "abc"},
    ],
)
async def test_what_cannot_be_filed_is_named(
    client: Client, product: Product, changed: dict[str, object]
) -> None:
    headers = await key_of(product, Scope.FILE_CASES)
    body = {"idempotency_key": "k", "description": "油烟", **changed}
    response = await client.post("/api/v1/cases", json=body, headers=headers)
    assert response.status == 400
    assert (await response.json())["error"]["message"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_an_export_is_whole_and_no_cell_a_formula(
    client: Client, product: Product, form: str
) -> None:
    numbers = [await file(product, nth) for nth in range(3)]
    headers = await key_of(product, Scope.EXPORT_CASES)
    response = await client.get(f"/api/v1/cases/export?format={form}", headers=headers)
    assert response.status == 200
    rows = read_table(form, await response.read())
    assert tuple(rows[0]) == HEADER
    assert [row[0] for row in rows[1:]] == numbers[::-1]
    words = rows[1][HEADER.index("内容")]
    assert words.startswith("'=" if form == "csv" else "=")
    assert "13912345678" not in words
    assert rows[1][HEADER.index("登记时间")] == "2026-11-22T10:00:00+08:00"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_personal_columns_are_there_by_permission_only(
    client: Client, product: Product, form: str
) -> None:
    await file(product)
    path = f"/api/v1/cases/export?format={form}&personal=1"
    refused = await client.get(path, headers=await key_of(product, Scope.EXPORT_CASES))
    assert refused.status == 403
    headers = await key_of(product, Scope.EXPORT_CASES, Scope.READ_PERSONAL)
    rows = read_table(form, await (await client.get(path, headers=headers)).read())
    assert tuple(rows[0]) == HEADER + PERSONAL_HEADER
    assert rows[1][-2:] == ["张三", "13912345678"]
    async with product.db.read() as session:
        query = select(AuditRow).where(AuditRow.action == "cases_exported")
        assert [row.detail["personal"] for row in await session.scalars(query)] == [True]


def read_table(form: str, data: bytes) -> list[list[str]]:
    """The rows as a spreadsheet would show them."""
    if form == "csv":
        assert data.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    return [["" if v is None else str(v) for v in row] for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize("stream", [stream_csv, stream_xlsx])
async def test_memory_does_not_grow_with_the_rows(stream: object) -> None:
    async def rows() -> AsyncIterator[Sequence[str]]:
        for nth in range(30_000):
            yield [str(nth), f"内容{nth * 7919}" * 8]

    tracemalloc.start()
    sent = 0
    async for piece in stream(("a", "b"), rows()):  # type: ignore[operator]
        sent += len(piece)
        assert len(piece) < 4 * CHUNK
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > 250_000
    assert peak < 2_000_000


async def test_a_key_is_kept_as_a_hash_and_revoked_at_once(
    client: Client, product: Product
) -> None:
    keys = ApiKeys(product.db, product.clock)
    key = await keys.issue("外部系统", [Scope.READ_CASES], SYSTEM)
    headers = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/api/v1/cases", headers=headers)).status == 200
    data = b"".join(path.read_bytes() for path in product.settings.data_dir.glob("hotline.db*"))
    assert key.encode() not in data
    assert key.rpartition("_")[2].encode() not in data
    (found,) = await keys.list_keys()
    await keys.revoke(found.id, SYSTEM)
    assert (await client.get("/api/v1/cases", headers=headers)).status == 401
    async with product.db.read() as session:
        query = select(AuditRow.action).where(AuditRow.object_type == "api_key")
        assert list(await session.scalars(query)) == ["api_key_issued", "api_key_revoked"]


async def test_a_request_shows_a_hint_of_what_it_lacks(client: Client, product: Product) -> None:
    headers = await key_of(product, Scope.READ_STATISTICS)
    response = await client.get("/api/v1/cases", headers=headers)
    assert response.status == 403
    assert "cases:read" in (await response.json())["error"]["message"]
