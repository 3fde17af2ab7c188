"""Small talk, kept short: greetings, thanks, questions about the assistant, ill temper."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.answering import answer_follow_up, answer_if_sure
from actions.fallback import fail_once_more, is_noise, is_wordless
from actions.manners import choose_answer, choose_answer_aside, count_insults
from actions.scope import is_ours_after_all
from actions.tongues import choose_greeting, wants_agent
from actions.turn import end_turn, read_turn
from bot.language.injections import is_injection
from bot.language.insults import is_annoyed, is_insult
from cases.story import speaks_of_adding

_DEATH = re.compile(
    r"我(?:的|家|们)?(?:老伴|老公|老婆|爱人|[爸妈爹娘]|父亲|母亲|爷爷|奶奶|姥姥|姥爷|孩子|儿子|女儿|老人|哥|姐|弟|妹)儿?"
    r"[^，。]{0,8}(?:(?<!就)(?<!先)走了?(?:[两三几]天|[，,。！!]|$)|没了(?!电|水|气)|去世|过世|不在了(?=[，,。！!]|$))|灵堂"
)


def tells_of_death(text: str) -> bool:
    """Whether somebody close to him has died: 我老伴上个月走了."""
    return _DEATH.search(text) is not None


_KINDS = (
    (
        "utter_lonely",
        re.compile(
            r"没人(?:跟我|陪我|和我)?(?:说话|聊天|陪|说说话)|(?:就|只)?(?:我)?一个人(?:在家|过|住)|孤单|寂寞|孤独|(?:陪|跟|和)(?:我|你|您)[^，。]{0,2}聊|想[^，。]{0,4}聊聊|说说心里话|心里(?:难受|苦|闷)"
        ),
    ),
    ("utter_condolence", _DEATH),
    (
        "utter_about_privacy",
        re.compile(r"保密|泄露|泄漏|隐私|会不会(?:告诉|让)(?:别人|他|她|对方|人)"),
    ),
    (
        "utter_about_unknown",
        re.compile(
            r"录音|录像|(?:收|要|花|扣)(?:不收|不要|不花)?(?:费|钱|话费)|免费|多少钱|监听|上级|几点下班"
        ),
    ),
    (
        "utter_name",
        re.compile(r"你(?:的)?(?:名字|姓名)|叫(?:什么|啥)|怎么称呼|(?:贵|你)姓|你是谁|哪位"),
    ),
    (
        "utter_identity",
        re.compile(
            r"你是(?:什么|哪|真人|机器|人|ai|AI|不是)|机器人|真人|人工智能|你叫|几岁|你多大"
            r"|chatgpt|gpt|豆包|文心|智能助手",
            re.IGNORECASE,
        ),
    ),
    (
        "utter_thanks",
        re.compile(r"谢|多谢|感谢|辛苦|麻烦(?:你|您)了|thank|3q|🙏|❤|🌹", re.IGNORECASE),
    ),
    (
        "utter_goodbye",
        re.compile(
            r"再见|拜拜|拜了|88|回见|晚安|bye|^(?:我|那我)?(?:先)?走了|先这样|下次", re.IGNORECASE
        ),
    ),
    (
        "utter_menu",
        re.compile(
            r"帮助|help|功能|菜单|怎么用|会什么|(?:能|会|可以)(?:帮|做|干|办)"
            r"|(?:干|做|搞|管)(?:什么|啥|嘛|么)(?:的|用)|(?:什么|啥)(?:热线|电话|平台|服务|地方|公众号|系统|网站)|有(?:什么|啥)用",
            re.IGNORECASE,
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

_NOT_IN_DANGER = (
    "utter_smalltalk",
    "utter_insult",
    "utter_identity",
    "utter_goodbye",
    "utter_lonely",
)
"""What belongs to the urgent case instead."""
_KNOWLEDGE_FIRST = frozenset({"utter_about_privacy", "utter_about_unknown"})
"""Said only when the knowledge base has no answer it is sure of."""


def choose_reply(text: str, insults: int = 1) -> str:
    """Which response fits this small talk, the last of so many insults in a row if it is one."""
    if is_insult(text):
        return choose_answer(insults)
    if is_annoyed(text):
        return "utter_insult"
    greeting = choose_greeting(text)
    if greeting is not None:
        return greeting
    if is_injection(text):
        return "utter_out_of_scope"
    return next((name for name, words in _KINDS if words.search(text)), "utter_smalltalk")


def choose_aside(text: str, insults: int) -> str:
    """The same while a report is being told, whose next question follows."""
    if is_insult(text):
        return choose_answer_aside(insults)
    return "utter_sorry" if is_annoyed(text) else choose_reply(text)


class Chitchat(Action):
    """Answers small talk in one line."""

    def name(self) -> str:
        return "action_chitchat"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        reading = read_turn(tracker)
        text = reading.text
        if is_insult(text) and is_ours_after_all(reading):
            return [FollowupAction("report_form")]
        response = choose_reply(text, count_insults(tracker))
        others = response in _NOT_IN_DANGER
        if await belongs_to_urgent(dispatcher, tracker, others=others):
            return end_turn()
        if response == "utter_smalltalk" and speaks_of_adding(text):
            return [FollowupAction("action_mend_nothing")]
        answered = answer_follow_up(dispatcher, tracker) if response == "utter_smalltalk" else None
        if answered is not None:
            return end_turn(*answered)
        empty = response == "utter_smalltalk" and (is_noise(text) or is_wordless(text))
        if wants_agent(text) or empty:
            return end_turn(*fail_once_more(dispatcher, tracker))
        if not (response in _KNOWLEDGE_FIRST and answer_if_sure(dispatcher, tracker)):
            dispatcher.utter_message(response=response)
        return end_turn(SlotSet("failures", 0))
