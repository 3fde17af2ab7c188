"""The questions of a report whose words depend on what was told: story, category, summary."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import read_turn
from actions.wording import describe_draft
from cases.choosing import find_question
from cases.draft import Draft
from cases.models import CaseKind

_LONG, _SHOWN = 160, 80
_CHECKED = "没有问题请回复“提交”，要改哪项直接说。"


class AskDescription(Action):
    """Asks what it is about, in the words of the kind."""

    def name(self) -> str:
        return "action_ask_report_form_description"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        draft = Draft.from_json(tracker.get_slot("draft"))
        intent = read_turn(tracker).intent
        response = "utter_ask_description"
        if draft.kind == CaseKind.PRAISE.value:
            response = "utter_ask_praise"
        elif draft.kind == CaseKind.SUGGESTION.value:
            response = (
                "utter_ask_correction" if intent == "report_error" else "utter_ask_suggestion"
            )
        dispatcher.utter_message(response=response)
        return []


class AskCategory(Action):
    """Asks which category fits, with the likely ones as choices."""

    def name(self) -> str:
        return "action_ask_report_form_category"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        draft = Draft.from_json(tracker.get_slot("draft"))
        if not draft.offered:
            dispatcher.utter_message(response="utter_ask_category_openly")
            return []
        buttons = [{"title": name, "payload": name} for _, name in draft.offered]
        buttons += [{"title": word, "payload": word} for word in ("都不是", "取消")]
        codes = [code for code, _ in draft.offered]
        question = find_question(*codes[:2]) if len(codes) > 1 else None
        if question:
            dispatcher.utter_message(text=f"请问{question}", buttons=buttons)
        else:
            dispatcher.utter_message(response="utter_ask_category", buttons=buttons)
        return []


class AskConfirmed(Action):
    """Reads the report back and asks whether to hand it in."""

    def name(self) -> str:
        return "action_ask_report_form_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        draft = Draft.from_json(tracker.get_slot("draft"))
        fields = describe_draft(draft)["fields"][1:]
        lines = [f"{name}：{_abridge(value)}" for name, value in fields]
        dispatcher.utter_message(
            text=f"请核对这条{draft.kind}：\n" + "\n".join(lines) + f"\n{_CHECKED}",
            buttons=[
                {"title": "提交", "payload": "提交"},
                {"title": "修改", "payload": "修改"},
                {"title": "取消", "payload": "取消"},
            ],
        )
        return []


def _abridge(told: str) -> str:
    """A letter is not read back whole: he sees that all of it goes along."""
    if len(told) <= _LONG:
        return told
    return f"{told[:_SHOWN]}……（共 {len(told)} 字，全文会一起提交）"
