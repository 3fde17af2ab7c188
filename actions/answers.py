"""Bare information and a bare yes or no outside any task."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.after_filing import belongs_to_filed, follows_filing, hurry_filed
from actions.answering import answer_follow_up
from actions.corrections import rate_last_answer
from actions.earlier_question import take_up
from actions.fallback import fail_once_more
from actions.handoff import hand_off
from actions.hints import keep_hint
from actions.services import services
from actions.turn import conversation_id, last_deed, read_turn
from actions.withdrawal import is_asked, is_offered_person
from bot.language import answers
from cases.afterwards import says_slip
from cases.confirming import says_hand_in
from cases.story import own_phone
from kb.places import PlaceKind

_OFFER_OF_A_PERSON = 2
"""After so many failures in a row the last question was whether to hand over."""
_NO_MORE = frozenset("不用 没有 不需要 不要 没 没事 没别的 不了".split())
_BARE_NO, _SHORT = 4, 20


class TakeHint(Action):
    """Bare information: a position, a picture, a number, a title, a place."""

    def name(self) -> str:
        return "action_take_hint"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read_turn(tracker)
        if services().knowledge.find_by_title(turn.text) is not None:
            return [FollowupAction("action_answer_policy")]
        if take_up(tracker, turn) is not None:
            return [FollowupAction("report_form")]
        if turn.first("case_number") is not None:
            return [FollowupAction("progress_form")]
        if await belongs_to_urgent(dispatcher, tracker, others=True):
            return []
        if await hurry_filed(dispatcher, tracker):
            return []
        slip = turn.first("location") is not None and says_slip(turn.text)
        if (slip or follows_filing(tracker)) and await belongs_to_filed(dispatcher, tracker):
            return []
        if (answered := answer_follow_up(dispatcher, tracker)) is not None:
            return answered
        if own_phone(turn) is not None:
            dispatcher.utter_message(response="utter_got_phone")
        elif turn.attachment_ids:
            dispatcher.utter_message(response="utter_got_photo")
        elif turn.shared_location is not None or turn.first("location") is not None:
            markets = services().places.has([PlaceKind.MARKET, PlaceKind.BREAKFAST])
            response = "utter_got_place" if markets else "utter_got_place_only"
            dispatcher.utter_message(response=response)
        else:
            return fail_once_more(dispatcher, tracker)
        return [keep_hint(tracker, turn), SlotSet("failures", 0)]


class TakeAnswer(Action):
    """What a bare yes or no means depends on what was said before it."""

    def name(self) -> str:
        return "action_take_answer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read_turn(tracker)
        # a yes is no news for the people on their way
        if await belongs_to_urgent(dispatcher, tracker, others=False):
            return []
        if await hurry_filed(dispatcher, tracker):
            return [SlotSet("failures", 0)]
        if is_asked(tracker):
            if turn.intent == "affirm" or answers.takes_back_case(turn.text):
                return [FollowupAction("action_withdraw_case")]
            dispatcher.utter_message(response="utter_not_withdrawn")
            return [SlotSet("failures", 0)]
        if turn.intent == "affirm" and is_offered_person(tracker):
            hand_off(dispatcher, "要撤回工单")
            return [SlotSet("failures", 0)]
        if turn.intent == "affirm" and take_up(tracker, turn) is not None:
            return [FollowupAction("report_form")]
        if turn.intent == "affirm":
            if says_hand_in(turn):
                await _say_nothing_open(dispatcher, tracker)
            elif int(tracker.get_slot("failures") or 0) >= _OFFER_OF_A_PERSON:
                hand_off(dispatcher, "多次没有听明白")
            else:
                dispatcher.utter_message(response="utter_done")
            return [SlotSet("failures", 0)]
        cancels = "取消" in turn.text and answers.is_cancel(turn.text)
        if cancels or answers.takes_back_case(turn.text) or await _takes_back(tracker, turn.text):
            return [FollowupAction("action_withdraw_case")]
        response = _choose_reply_to_no(turn.text, last_deed(tracker))
        mends = response == "utter_nothing_to_mend"
        if mends and len(turn.text) > _BARE_NO and await belongs_to_filed(dispatcher, tracker):
            return [SlotSet("failures", 0)]
        if response is None:
            return fail_once_more(dispatcher, tracker)
        if response == "utter_policy_not_helped":
            channel = str(tracker.get_latest_input_channel() or "webchat")
            await rate_last_answer(conversation_id(tracker), channel, turn.text)
        dispatcher.utter_message(response=response)
        return [SlotSet("failures", 0)]


_NO_LONGER = re.compile(r"(?:不|别|不想|不要)(?:再)?(?:投诉|举报|报|登记)了?|改主意")


async def _takes_back(tracker: Tracker, text: str) -> bool:
    """我改主意了，不投诉了, after a case was filed."""
    if _NO_LONGER.search(text) is None or len(text) > _SHORT:
        return False
    return await services().cases.latest_of(conversation_id(tracker)) is not None


async def _say_nothing_open(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    case = await services().cases.latest_of(conversation_id(tracker))
    if case is None:
        dispatcher.utter_message(response="utter_nothing_to_submit")
    else:
        number = case.case_number
        dispatcher.utter_message(response="utter_already_submitted", case_number=number)


def _choose_reply_to_no(text: str, last_deed: str | None) -> str | None:
    if answers.is_cancel(text) or answers.trim(text) in _NO_MORE:
        return "utter_done"
    if last_deed == "action_answer_policy":
        return "utter_policy_not_helped"
    return "utter_nothing_to_mend" if last_deed == "action_submit_report" else None
