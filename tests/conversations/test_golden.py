"""Golden conversations: whole dialogues in Chinese with the real assistant (*.yml beside this file).

A file holds conversations; each is a list of steps:

    - name: what it shows
      steps:
        - say: 市民的话                # or location: {lat, lon, label}
          expect: [必须出现, 也要出现]    # in the replies, in any order
          expect_any: [至少出现一个]
          never: [不得出现]
          buttons: [按钮标题]            # each must be offered
          cites: 依据片段                # in a citation's source line
          files: {category_code: "06029", district_code: "110108"}   # a case with these is filed
          holder: queue                 # who holds the conversation afterwards
    `{case_number}` in a later step is the number of the case filed last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from sqlalchemy import delete

from cases.nearby_store import CaseMarkRow
from conversations.models import Entry, SharedLocation
from hotline.app import Product
from tests.assistant import Resident, assistant_settings, running_assistant

pytestmark = [pytest.mark.assistant, pytest.mark.asyncio(loop_scope="module")]

_UNFINISHED = ("utter_", "action_", "None", "null", "{", "}", "？，", "。。")
"""What no resident should ever read, whatever was said."""

HERE = Path(__file__).parent
GOLDEN = [
    (f"{path.stem}-{number}", item)
    for path in sorted(HERE.glob("*.yml"))
    for number, item in enumerate(yaml.safe_load(path.read_text("utf-8")), 1)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    settings = assistant_settings(tmp_path_factory.mktemp("golden"))
    async with running_assistant(settings) as running:
        yield running


@pytest.mark.parametrize(
    "conversation", [item for _, item in GOLDEN], ids=[label for label, _ in GOLDEN]
)
async def test_golden(product: Product, conversation: dict[str, Any]) -> None:
    await _forget_places(product)
    resident = await Resident.arrive(product)
    filed = ""
    name = conversation["name"]
    for number, step in enumerate(conversation["steps"], 1):
        if step.get("new_conversation"):
            resident = await Resident.arrive(product)
        location = SharedLocation(**step["location"]) if "location" in step else None
        said = str(step.get("say") or "").replace("{case_number}", filed)
        replies = await resident.say(said, location)
        where = f"{name}，第 {number} 步“{said}”\n" + "\n".join(reply.text for reply in replies)
        filed = await _check(product, resident, step, replies, where) or filed


async def _forget_places(product: Product) -> None:
    """What an earlier conversation reported at the same place is not "already reported" here."""
    async with product.db.write() as session:
        await session.execute(delete(CaseMarkRow))


async def _check(
    product: Product, resident: Resident, step: dict[str, Any], replies: list[Entry], where: str
) -> str | None:
    text = "\n".join(reply.text for reply in replies)
    for wanted in step.get("expect") or ():
        assert wanted in text, f"没有“{wanted}”：{where}"
    either = step.get("expect_any") or [""]
    assert any(wanted in text for wanted in either), f"{either} 一个也没有：{where}"
    for unwanted in (*_UNFINISHED, *(step.get("never") or ())):
        assert unwanted not in text, f"不该有“{unwanted}”：{where}"
    titles = [button["title"] for reply in replies for button in reply.payload.get("buttons", ())]
    for wanted in step.get("buttons") or ():
        assert wanted in titles, f"没有按钮“{wanted}”：{where} {titles}"
    if "cites" in step:
        sources = [c["source"] for reply in replies for c in reply.payload.get("citations", ())]
        assert any(step["cites"] in source for source in sources), f"{where} {sources}"
    if "holder" in step:
        state = await product.conversations.get(resident.conversation_id)
        assert state.holder == step["holder"], where
    if "files" not in step:
        assert not any("case" in r.payload and "已登记" in r.text for r in replies), where
        return None
    card = next((reply.payload["case"] for reply in replies if "case" in reply.payload), None)
    assert card is not None, f"没有立案：{where}"
    case = await product.cases.get(card["case_number"])
    for key, value in step["files"].items():
        found = getattr(case, key, None)
        if found is None and case.location is not None:
            found = getattr(case.location, key, None)
        assert found == value, f"{key} 是 {found}，应为 {value}：{where}"
    return str(card["case_number"])
