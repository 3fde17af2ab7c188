"""Taking back the case just filed (撤回): asked once more, then done; what is others' too is not."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from actions.turn import conversation_id, end_turn, last_deed, said
from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import OVER, Deed, Order, Part
from cases.models import Case
from hotline.audit import Actor

NAME = "action_withdraw_case"
_SLOT, _PERSON = "withdrawing", "person"
"""The number that was asked about, or that a person was offered."""
_ANOTHER = re.compile("第|前[面一]|上一|不是[这那它]|别的|另")
"""不是这个，我要撤第一个: only the one that was asked about is taken back by a yes."""
_REASON = "市民在对话里撤回"


def is_asked(tracker: Tracker) -> bool:
    """Whether the message before was asked back: shall it really be taken back?"""
    return last_deed(tracker) == NAME and tracker.get_slot(_SLOT) not in (None, _PERSON)


def is_offered_person(tracker: Tracker) -> bool:
    """Whether it was asked whether a person shall do it."""
    return last_deed(tracker) == NAME and tracker.get_slot(_SLOT) == _PERSON


class WithdrawCase(Action):
    """Takes back the case filed last in this conversation, once he has said so twice."""

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if is_asked(tracker):
            if _ANOTHER.search(said(tracker)):
                dispatcher.utter_message(response="utter_not_withdrawn")
                return end_turn(SlotSet(_SLOT, None))
            asked = await services().cases.get(str(tracker.get_slot(_SLOT)))
            if _may_go(asked) and await _withdraw(tracker, asked):
                dispatcher.utter_message(response="utter_withdrawn")
                return end_turn(SlotSet(_SLOT, None))
            dispatcher.utter_message(response="utter_case_taken_back")
            return end_turn(SlotSet(_SLOT, _PERSON))
        case = await services().cases.latest_of(conversation_id(tracker))
        if case is None:
            dispatcher.utter_message(response="utter_nothing_filed")
            return end_turn(SlotSet(_SLOT, None))
        if not _may_go(case):
            dispatcher.utter_message(response="utter_case_taken_back")
            return end_turn(SlotSet(_SLOT, _PERSON))
        dispatcher.utter_message(
            response="utter_withdraw_ask",
            case_number=case.case_number,
            category=case.category_name or case.kind.value,
        )
        return end_turn(SlotSet(_SLOT, case.case_number))


def _may_go(case: Case) -> bool:
    """An emergency, and what others have joined, is for a person to judge."""
    return case.status not in OVER and case.emergency is None and case.weight == 1


async def _withdraw(tracker: Tracker, case: Case) -> bool:
    order = Order(Deed.WITHDRAW, case.version, _REASON)
    who = Actor("resident", conversation_id(tracker), "市民")
    try:
        await services().workflow.act(case.case_number, order, who, Part.RESIDENT)
    except (CaseNotFound, IllegalMove):
        return False  # reported already, or changed by somebody this very moment
    return True
