"""What this service does not do, told plainly."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import answer_if_sure
from actions.fallback import fail_once_more, is_noise
from actions.turn import said

_OTHER_BODY = re.compile(
    r"社保|医保|公积金|身份证|户口|护照|驾照|驾驶证|结婚|离婚|落户|居住证|入学|上学|学校|快递|工资|欠薪|劳动|社区医院|挂号"
    r"|电费|水费|燃气费|宽带|信号|公交卡|地铁|火车票|退休|养老金|低保|税|营业执照|房产证|不动产"
)


def choose_reply(text: str) -> str:
    """Which response fits a matter that is not ours."""
    letters = sum(character.isascii() and character.isalpha() for character in text)
    if letters >= 8 and letters > len(text) * 0.5:
        return "utter_scope_english"
    return "utter_scope_other_body" if _OTHER_BODY.search(text) else "utter_out_of_scope"


class ExplainScope(Action):
    """Declines in one line, unless the knowledge base does have the answer."""

    def name(self) -> str:
        return "action_explain_scope"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        text = said(tracker)
        if answer_if_sure(dispatcher, tracker):
            return [SlotSet("failures", 0)]
        if is_noise(text):
            return fail_once_more(dispatcher, tracker)
        dispatcher.utter_message(response=choose_reply(text))
        return [SlotSet("failures", 0)]
