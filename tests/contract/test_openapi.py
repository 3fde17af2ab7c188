"""The published description against the running product: schemathesis sends what it allows and
what it forbids, and every answer must be one that it names. No Rasa; the same cases each time."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import schemathesis
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cases.models import CaseKind, Location, NewCase
from conversations.models import Reply
from hotline.api_keys import ApiKeys, Scope
from hotline.app import make_app
from hotline.audit import SYSTEM
from hotline.openapi import DOCUMENT
from hotline.settings import Settings
from tests.product import SECRET_KEY, run_product

EXAMPLES = 8
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    f"{each.ok().method.upper()} {each.ok().path}": each.ok()
    for each in SCHEMA.get_all_operations()
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUICK = hypothesis_settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, slots=True)
class Running:
    """A product in a thread of its own, a key with every scope, a resident and a case."""

    url: str
    key: str
    conversation_id: str
    token: str
    case_number: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("openapi")
    shutil.copy(migrated_file, folder / "hotline.db")
    settings = Settings(
        data_dir=folder,
        secret_key=SECRET_KEY,
        calls_api_keys="of calls",
        conversations_per_minute=100_000,
        messages_per_minute=100_000,
    )
    started: list[Running] = []
    ready, done, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async with run_product(settings) as product:
            server = TestServer(make_app(product))
            await server.start_server()
            key = await ApiKeys(product.db, product.clock).issue("测试", list(Scope), SYSTEM)
            conversation, token, _ = await product.conversations.open("webchat", [Reply("您好")])
            new = NewCase("a", CaseKind.COMPLAINT, "06029", "油烟", Location("样例路1号"))
            number = (await product.cases.file(new, SYSTEM)).case_number
            url = str(server.make_url("/")).rstrip("/")
            started.append(Running(url, key, conversation.id, token, number))
            ready.set()
            await done.wait()
            await server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield started[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(30)
    loop.close()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_one_that_is_described(running: Running, name: str) -> None:
    operation = OPERATIONS[name]
    session = requests.Session()

    @QUICK
    @given(case=operation.as_strategy())
    def run(case: schemathesis.Case) -> None:
        token = running.key
        if "/conversations/{id}" in name:
            # a conversation that is there, or every answer would be 401
            case.path_parameters["id"] = running.conversation_id
            token = running.token
            case.query.pop("wait", None)
        elif name == "GET /api/v1/cases/{number}":
            case.path_parameters["number"] = running.case_number
        case.call_and_validate(
            base_url=running.url,
            session=session,
            headers={"Authorization": f"Bearer {token}"},
            checks=CHECKS,
            timeout=20,
        )

    run()
    session.close()


def test_every_public_address_is_described() -> None:
    described = set(DOCUMENT["paths"])
    doors = {
        "cases",
        "categories",
        "articles",
        "places",
        "conversations",
        "statistics",
        "open-data",
    }
    assert {f"/api/v1/{door}" for door in doors} <= described
    assert DOCUMENT["openapi"].startswith("3.1")
