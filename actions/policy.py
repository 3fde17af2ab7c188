"""Questions about rules, rights and procedure."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.after_filing import hurry_filed
from actions.answering import answer_question
from actions.progress import say_latest
from actions.turn import conversation_id, end_turn, said
from cases.afterwards import asks_when

_BARE = frozenset(
    {"我想问个政策", "问政策", "咨询", "我要咨询", "咨询政策", "我想咨询", "政策咨询", "咨询建议"}
)
_OPENS = re.compile(
    r"(?:你好|您好)?[，,\s]*(?:我)?(?:想|要)?(?:跟|向)?(?:您|你们?)?(?:问|咨询|打听|请教)(?:您|你)?(?:一?[个件]|一下|点)(?:事儿?|问题|情况)?"
)


class AnswerPolicy(Action):
    """Answers a question from the knowledge base."""

    def name(self) -> str:
        return "action_answer_policy"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        words = said(tracker).strip(" 。！!？?，,")
        if words in _BARE or _OPENS.fullmatch(words):
            dispatcher.utter_message(response="utter_policy_ask")
            return []
        if await belongs_to_urgent(dispatcher, tracker, others=False):
            return end_turn()
        if await hurry_filed(dispatcher, tracker):
            return end_turn(SlotSet("failures", 0))
        if asks_when(words) and await say_latest(dispatcher, conversation_id(tracker)) is not None:
            return end_turn(SlotSet("failures", 0))
        return end_turn(*await answer_question(dispatcher, tracker))
