"""Small talk, kept short."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.fallback import fail_once_more, is_noise
from actions.turn import said

_KINDS = (
    (
        "utter_insult",
        re.compile(
            r"废物|垃圾(?:系统|机器|客服|东西)|傻[逼子x叉]|智障|滚|去死|妈的|他妈|尼玛|混蛋|骗子|白痴|有病|脑残|吃干饭|狗东西|饭桶"
            r"|没用|干不了|干不成|不管用|白养|糊弄|敷衍|什么破|笨|蠢"
        ),
    ),
    (
        "utter_identity",
        re.compile(
            r"你是(?:谁|什么|哪|真人|机器|人|ai|AI|不是)|机器人|真人吗|你叫|叫什么|几岁|你多大"
        ),
    ),
    (
        "utter_thanks",
        re.compile(r"谢|多谢|感谢|辛苦|麻烦(?:你|您)了|thank|3q|🙏|❤|🌹", re.IGNORECASE),
    ),
    (
        "utter_goodbye",
        re.compile(r"再见|拜拜|拜了|88|回见|晚安|bye|走了|先这样|下次", re.IGNORECASE),
    ),
    (
        "utter_menu",
        re.compile(
            r"帮助|help|功能|菜单|怎么用|会什么|(?:能|会|可以)(?:帮|做|干|办)", re.IGNORECASE
        ),
    ),
    (
        "utter_greet",
        re.compile(
            r"你好|您好|hello|^hi\b|在吗|在不在|在么|有人|早上好|下午好|晚上好|早安|喂|哈喽|嗨|吃了",
            re.IGNORECASE,
        ),
    ),
)


def choose_reply(text: str) -> str:
    """Which response fits this small talk."""
    return next((name for name, words in _KINDS if words.search(text)), "utter_smalltalk")


class Chitchat(Action):
    """Answers small talk in one line."""

    def name(self) -> str:
        return "action_chitchat"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        text = said(tracker)
        response = choose_reply(text)
        if response == "utter_smalltalk" and is_noise(text):
            return fail_once_more(dispatcher, tracker)
        dispatcher.utter_message(response=response)
        return [SlotSet("failures", 0)]
