"""What follows after places were shown, turn by turn: the place form without Rasa."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

import actions.services
from actions.after_places import read_wrong_place
from actions.office import ValidatePlaceForm
from actions.services import Services
from actions.turn import read_turn
from kb.places import Place, PlaceIndex, PlaceKind

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def place(id: int, name: str, district: str, subdistrict: str) -> Place:
    return Place(PlaceKind.MARKET, name, f"{id}号", district, subdistrict, source="测试", id=id)


PLACES = [
    place(1, "甲市场", "东城区", "和平里街道"),
    place(2, "乙市场", "东城区", "和平里街道"),
    place(3, "丙市场", "东城区", "东直门街道"),
    place(4, "丁市场", "海淀区", "中关村街道"),
]


class FewPlaces:
    """The places of a city, without a database."""

    def __init__(self, places: list[Place]) -> None:
        self._index = PlaceIndex(places)
        self.has, self.get = self._index.has, self._index.get

    def find(self, kinds: Any, where: Any, *, only_open: bool = False) -> Any:
        return self._index.find(kinds, where, NOW, only_open=only_open)

    def now(self) -> datetime:
        return NOW


class Talk:
    """One conversation with the place form; slots and the form's end are kept between turns."""

    def __init__(self) -> None:
        self.slots: dict[str, Any] = {}
        self.then = "action_listen"
        self.message: dict[str, Any] = {}

    async def say(self, text: str, intent: str, where: tuple[str, str] | None = None) -> str:
        """The bot's words and the responses it names, in one text."""
        entities = []
        if where is not None:
            data = {"district": where[0], "subdistrict": where[1]}
            entities = [{"entity": "location", "value": text, "text": text, "data": data}]
        self.message = {
            "text": text,
            "intent": {"name": intent, "confidence": 0.9},
            "entities": [{"start": 0, "end": len(text), **each} for each in entities],
        }
        dispatcher = CollectingDispatcher()
        for event in await ValidatePlaceForm().run(dispatcher, self.tracker, {}):
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "followup":
                self.then = event["name"]
        return "\n".join(
            f"{said.get('text')}{said.get('response')}{said.get('custom')}"
            for said in dispatcher.messages
        )

    @property
    def tracker(self) -> Tracker:
        return Tracker("c", self.slots, self.message, [], False, None, {}, "action_listen")


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Talk:
    bound = cast(Services, SimpleNamespace(places=FewPlaces(PLACES)))
    monkeypatch.setattr(actions.services, "_bound", bound)
    return Talk()


EAST = ("东城区", "和平里街道")


async def test_more_are_those_of_the_district_and_then_there_are_no_more(talk: Talk) -> None:
    first = await talk.say("和平里街道有菜市场吗", "find_market", EAST)
    assert "甲市场" in first
    assert "乙市场" in first
    assert "丙市场" not in first
    rest = await talk.say("还有别的吗", "ask_policy")
    assert "丙市场" in rest
    assert "甲市场" not in rest
    for more in ("再来几个", "远一点的也行"):
        assert "就是这些" in await talk.say(more, "inform")
    assert talk.then == "action_listen"


async def test_places_taken_off_the_list_meanwhile_are_not_promised(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [place(n, f"{n}号市场", *EAST) for n in range(10, 15)]
    bound = cast(Services, SimpleNamespace(places=FewPlaces(many)))
    monkeypatch.setattr(actions.services, "_bound", bound)
    await talk.say("和平里街道有菜市场吗", "find_market", EAST)
    bound = cast(Services, SimpleNamespace(places=FewPlaces(many[:3])))
    monkeypatch.setattr(actions.services, "_bound", bound)
    assert "utter_place_no_more" in await talk.say("好的", "affirm")


async def test_another_district_is_looked_up_by_its_bare_name(talk: Talk) -> None:
    await talk.say("和平里街道有菜市场吗", "find_market", EAST)
    assert "whereabouts" not in await talk.say("换个区", "inform")
    assert talk.slots["requested_slot"] == "whereabouts"
    assert "丁市场" in await talk.say("海淀区", "inform", ("海淀区", ""))
    assert "utter_market_not_here" in await talk.say("朝阳区", "inform", ("朝阳区", ""))
    assert "甲市场" in await talk.say("东城区", "inform", ("东城区", ""))


@pytest.mark.parametrize(
    ("text", "intent", "then"),
    [
        ("遛狗不拴绳罚多少", "ask_policy", "action_answer_policy"),
        ("门口有人烧垃圾", "report_case", "report_form"),
        ("我的工单到哪一步了", "check_case", "progress_form"),
        ("你叫什么名字", "chitchat", "action_chitchat"),
    ],
)
async def test_any_other_matter_goes_its_way(talk: Talk, text: str, intent: str, then: str) -> None:
    await talk.say("和平里街道有菜市场吗", "find_market", EAST)
    await talk.say(text, intent)
    assert talk.then == then
    assert talk.slots["place_query"] is None


async def test_a_report_that_names_a_place_is_no_search(talk: Talk) -> None:
    await talk.say("和平里街道有菜市场吗", "find_market", EAST)
    await talk.say("海淀区中关村大街有人占道摆摊卖水果", "report_case", ("海淀区", "中关村街道"))
    assert talk.then == "report_form"


@pytest.mark.parametrize("text", ["这个市场早就拆了", "电话不对"])
async def test_the_one_place_shown_is_what_is_wrong(talk: Talk, text: str) -> None:
    await talk.say("中关村街道有菜市场吗", "find_market", ("海淀区", "中关村街道"))
    await talk.say(text, "report_case")
    assert talk.then == "report_form"
    wrong = read_wrong_place(talk.tracker, read_turn(talk.tracker))
    assert wrong is not None
    reading, about = wrong
    assert (reading.text, reading.intent) == (text, "report_error")
    assert (about["kind"], about["key"], about["title"]) == ("place", "4", "丁市场")
    assert about["shown"]["address"] == "4号"


async def test_which_of_several_is_wrong_is_asked_once(talk: Talk) -> None:
    await talk.say("和平里街道有菜市场吗", "find_market", EAST)
    assert "哪一个" in await talk.say("早就关门了", "inform")
    await talk.say("第二个", "inform")
    wrong = read_wrong_place(talk.tracker, read_turn(talk.tracker))
    assert wrong is not None
    assert (wrong[0].text, wrong[1]["title"]) == ("乙市场：早就关门了", "乙市场")


async def test_not_answering_which_one_is_no_trap(talk: Talk) -> None:
    await talk.say("和平里街道有菜市场吗", "find_market", EAST)
    await talk.say("地址不对", "inform")
    assert "丁市场" in await talk.say("海淀区", "inform", ("海淀区", ""))
    assert talk.slots["place_query"]["wrong"] is None
