"""To a person, at any moment."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.after_filing import hurry_filed
from actions.turn import end_turn, said
from bot.language import answers
from cases.draft import Draft


def summarise(draft: Draft | None) -> str:
    """What the operator should know before her first word."""
    if draft is None or not draft.description:
        return ""
    place = (draft.location or {}).get("raw_text") or "地点未说明"
    return f"{draft.kind}：{draft.description[:80]}（{place}）"


def hand_off(dispatcher: CollectingDispatcher, reason: str, draft: Draft | None = None) -> None:
    """Ask the gateway to move the conversation to the queue together with this reply."""
    dispatcher.utter_message(
        response="utter_handoff",
        json_message={"handoff": {"reason": reason, "summary": summarise(draft)}},
    )


class RequestHuman(Action):
    """The resident wants a person."""

    def name(self) -> str:
        return "action_request_human"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if await belongs_to_urgent(dispatcher, tracker, others=False):
            return end_turn()
        if not answers.wants_human(said(tracker)) and await hurry_filed(dispatcher, tracker):
            return end_turn()
        hand_off(dispatcher, "市民要求人工")
        return end_turn(SlotSet("failures", 0))
