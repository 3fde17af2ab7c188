"""Open311 GeoReport v2, read with an independent client (georeport) and by the specification."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from defusedxml.ElementTree import fromstring
from georeport import GeoReport

from cases.lifecycle import Deed, Order, Part
from cases.models import STATUS_NAMES, CaseKind, NewCase
from cases.open311.models import _NOTES
from hotline.app import Product
from hotline.audit import SYSTEM
from hotline.clock import FakeClock
from hotline.settings import Settings
from tests.product import (
    Client,
    bot,
    first_articles,
    run_product,
    serve_product,
    settings,
)

KEY = "a key of another city's system"
FORM = {
    "api_key": KEY,
    "service_code": "06029",
    "description": "路口烧烤摊油烟很大，我叫王小明，电话13912345678",
    "address_string": "海淀区中关村大街27号3号楼2单元501室",
    "lat": "39.983456",
    "long": "116.315678",
    "first_name": "小明",
    "last_name": "王",
    "phone": "139 1234 5678",
    "email": "xiaoming@example.com",
    "device_id": "device-7",
    "account_id": "account-9",
    "media_url": "http://127.0.0.1:1/picture.jpg",
    "attribute[occurred]": "每晚十点",
    "attribute[kind]": "举报",
}
PERSONAL = (
    "王小明",
    "小明",
    "13912345678",
    "5678",
    "xiaoming",
    "device-7",
    "501",
    "单元",
    "picture",
)


@pytest.fixture
async def product(settings: Settings, clock: FakeClock) -> AsyncIterator[Product]:
    keyed = replace(settings, open311_api_keys=f"other key, {KEY}")
    async with run_product(keyed, None, clock) as running:
        yield running


@pytest.fixture
async def client(product: Product) -> AsyncIterator[Client]:
    async with serve_product(product) as browser:
        yield browser


async def post(client: Client, format: str = "json", **changed: str) -> aiohttp.ClientResponse:
    """Post the form with fields changed; "" leaves one out."""
    form = {name: value for name, value in {**FORM, **changed}.items() if value}
    return await client.post(f"/open311/v2/requests.{format}", data=form)


async def filed(client: Client, **changed: str) -> str:
    """The id of a request filed."""
    response = await post(client, **changed)
    assert response.status == 200, await response.text()
    (answer,) = await response.json()
    return str(answer["service_request_id"])


async def listed(client: Client, **query: str) -> list[str]:
    """The ids of a listing."""
    response = await client.get("/open311/v2/requests.json", params=query)
    assert response.status == 200, await response.text()
    return [row["service_request_id"] for row in await response.json()]


def geo(client: Client, format: str) -> GeoReport:
    """The independent client."""
    return GeoReport(str(client.make_url("/open311/v2")), output_format=format)


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_an_independent_client_finds_its_way(client: Client, format: str) -> None:
    number = await filed(client)
    away = geo(client, format)

    def ask() -> tuple[Any, ...]:
        return (
            away.get_service_list(),
            away.get_service_definition("06029"),
            away.get_service_requests(service_request_id=f"{number},20200101000001"),
            away.get_service_request(number),
        )

    services, definition, many, one = await asyncio.to_thread(ask)
    smoke = next(each for each in services if each["service_code"] == "06029")
    assert smoke["service_name"] == "露天烧烤"
    assert smoke["group"] == "市容环境"
    assert {"占道经营", "烤串"} & set(smoke["keywords"].split(","))
    assert len(smoke["keywords"].split(",")) > 3
    assert str(smoke["metadata"]).lower() == "true"
    assert smoke["type"] == "realtime"
    attributes = definition["attributes"]
    attributes = attributes["attribute"] if format == "xml" else attributes
    kind = next(each for each in attributes if each["code"] == "kind")
    assert kind["datatype"] == "singlevaluelist"
    values = kind["values"]["value"] if format == "xml" else kind["values"]
    assert {"key": "举报", "name": "举报"} in values
    assert (many if isinstance(many, dict) else many[0]) == one
    assert one["service_request_id"] == number
    assert one["status"] == "open"
    assert one["status_notes"]
    assert one["agency_responsible"]
    assert one["address"] == "海淀区中关村大街27号"
    assert str(one["lat"]) == "39.983"
    for name in ("requested_datetime", "updated_datetime", "expected_datetime"):
        assert datetime.fromisoformat(one[name]).utcoffset() == timedelta(hours=8)


async def test_what_was_posted_is_a_case_with_all_of_it(client: Client, product: Product) -> None:
    number = await filed(client)
    case = await product.cases.get(number)
    assert case.kind is CaseKind.REPORT
    assert case.category_code == "06029"
    assert case.description == FORM["description"]
    assert case.location is not None
    assert case.location.district_code == "110108"
    assert (case.contact_name, case.phone_masked) == ("王小明", "139****5678")
    assert (case.occurred_text, case.channel) == ("每晚十点", "open311")
    assert await product.cases.check_key(number, "5678")
    assert await product.cases.get_submission(number) == {
        name: FORM[name] for name in ("email", "device_id", "account_id", "media_url")
    }


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_no_answer_tells_anything_of_the_person(client: Client, format: str) -> None:
    number = await filed(client)
    for path in (f"requests/{number}", "requests"):
        text = await (await client.get(f"/open311/v2/{path}.{format}")).text()
        assert number in text
        assert not [each for each in PERSONAL if each in text]


async def test_xml_is_the_published_shape(client: Client) -> None:
    response = await post(client, "xml")
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    body = await response.read()
    assert body.lower().startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    root = fromstring(body)
    assert [root.tag, root[0].tag] == ["service_requests", "request"]
    assert {"service_request_id", "service_notice", "account_id"} == {each.tag for each in root[0]}
    number = root.findtext("request/service_request_id")
    found = fromstring(await (await client.get(f"/open311/v2/requests/{number}.xml")).read())
    assert found.findtext("request/service_name") == "露天烧烤"
    assert found.find("request/zipcode") is not None
    definition = await client.get("/open311/v2/services/06029.xml")
    root = fromstring(await definition.read())
    assert root.tag == "service_definition"
    assert root.findtext("attributes/attribute/order") == "1"
    assert root.findtext("attributes/attribute/values/value/key") == "举报"
    # without a format it is XML, the one every server must speak
    assert (await client.get("/open311/v2/services")).content_type == "text/xml"


async def test_discovery_names_the_endpoint(client: Client) -> None:
    for path in ("/open311/discovery.json", "/open311/v2/discovery.json"):
        found = await (await client.get(path)).json()
        assert found["endpoints"][0]["url"].endswith("/open311/v2")
        assert found["endpoints"][0]["formats"] == ["text/xml", "application/json"]
    root = fromstring(await (await client.get("/open311/discovery.xml")).read())
    assert root.findtext("endpoints/endpoint/formats/format") == "text/xml"


async def test_filters(client: Client, product: Product, clock: FakeClock) -> None:
    old = await filed(client)
    clock.advance(timedelta(days=60))
    smoke = await filed(client)
    rubbish = await filed(client, service_code="06010")
    clock.advance(timedelta(days=40))
    order = Order(Deed.WITHDRAW, 1, note="不报了")
    await product.workflow.act(smoke, order, SYSTEM, Part.RESIDENT)
    assert await listed(client) == [rubbish, smoke]  # the last 90 days
    assert await listed(client, status="open") == [rubbish]
    assert await listed(client, status="closed") == [smoke]
    assert await listed(client, status="open,closed") == [rubbish, smoke]
    assert await listed(client, service_code="06029") == [smoke]
    assert await listed(client, service_code="06029,06010") == [rubbish, smoke]
    # ids win over everything else
    assert await listed(client, service_request_id=old, status="closed") == [old]
    span = {"start_date": "2026-11-20T00:00:00+08:00", "end_date": "2026-11-30T00:00:00Z"}
    assert await listed(client, **span) == [old]
    later = {"start_date": "2026-12-01T00:00:00Z"}
    assert await listed(client, **later) == [rubbish, smoke]
    assert await listed(client, end_date="2026-11-30T00:00:00Z") == [old]


async def test_what_is_not_public_is_not_listed(client: Client, product: Product) -> None:
    asked = NewCase("a", CaseKind.CONSULTATION, None, "几点上班", None)
    hurt = NewCase("b", CaseKind.HELP, None, "不想活了", None, emergency="self_harm")
    numbers = [(await product.cases.file(new, SYSTEM)).case_number for new in (asked, hurt)]
    assert await listed(client) == []
    for number in numbers:
        assert (await client.get(f"/open311/v2/requests/{number}.json")).status == 404


async def test_the_same_idempotency_key_files_once_and_is_a_token(client: Client) -> None:
    headers = {"Idempotency-Key": "tablet-12:0001"}
    numbers = set()
    for _ in range(2):
        response = await client.post("/open311/v2/requests.json", data=FORM, headers=headers)
        numbers.add((await response.json())[0]["service_request_id"])
    assert len(numbers) == 1
    found = await (await client.get("/open311/v2/tokens/tablet-12:0001.json")).json()
    assert found == [{"service_request_id": numbers.pop(), "token": "tablet-12:0001"}]
    assert (await client.get("/open311/v2/tokens/unknown.json")).status == 404


async def test_danger_is_filed_as_such_and_told_to_call(client: Client, product: Product) -> None:
    response = await post(client, description="楼下着火了，快来人")
    (answer,) = await response.json()
    assert "119" in answer["service_notice"]
    assert (await product.cases.get(answer["service_request_id"])).emergency == "fire"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"service_code": ""}, 400),
        ({"service_code": "00000"}, 400),
        ({"description": ""}, 400),
        ({"lat": "", "long": "", "address_string": ""}, 400),
        ({"lat": "91"}, 400),
        ({"lat": "nan"}, 400),
        ({"long": ""}, 400),
        ({"phone": "not a phone"}, 400),
        ({"attribute[kind]": "唱歌"}, 400),
        ({"attribute[colour]": "red"}, 400),
        ({"media_url": "file:///etc/passwd"}, 400),
        ({"address_id": "999999"}, 400),
        ({"description": "长" * 4001}, 400),
    ],
)
@pytest.mark.parametrize("format", ["json", "xml"])
async def test_errors_come_in_the_asked_format(
    client: Client, changed: dict[str, str], status: int, format: str
) -> None:
    response = await post(client, format, **changed)
    assert response.status == status
    if format == "json":
        (error,) = await response.json()
    else:
        root = fromstring(await response.read())
        assert [root.tag, root[0].tag] == ["errors", "error"]
        error = {each.tag: each.text for each in root[0]}
    assert str(error["code"]) == str(status)
    assert error["description"]
    assert await listed(client) == []


async def test_wrong_questions(client: Client) -> None:
    for query in (
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"},
        {"start_date": "yesterday"},
        {"start_date": "0001-01-01T00:00:00Z"},
        {"status": "maybe"},
    ):
        assert (await client.get("/open311/v2/requests.json", params=query)).status == 400
    for path in ("services/00000.json", "requests/20260101000001.json", "requests/x'y.json"):
        assert (await client.get(f"/open311/v2/{path}")).status == 404


async def test_another_jurisdiction_is_not_found(settings: Settings) -> None:
    chosen = replace(settings, open311_api_keys=KEY, open311_jurisdiction_id="beijing.gov.cn")
    async with run_product(chosen) as running, serve_product(running) as client:
        path = "/open311/v2/services.json"
        assert (await client.get(path, params={"jurisdiction_id": "paris.fr"})).status == 404
        assert (await client.get(path, params={"jurisdiction_id": "beijing.gov.cn"})).status == 200
        assert (await client.get(path)).status == 200


async def test_without_keys_the_door_is_not_there(settings: Settings) -> None:
    async with run_product(settings) as running, serve_product(running) as client:
        assert (await client.get("/open311/v2/services.json")).status == 404
        assert (await client.get("/open311/discovery.json")).status == 404
        channels = (await (await client.get("/readyz")).json())["channels"]
        assert channels["open311"] == "off"


def test_every_status_has_words_for_everybody() -> None:
    assert _NOTES.keys() == STATUS_NAMES.keys()
