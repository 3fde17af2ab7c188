"""The call-back after a closed case: the answers, one question at a time, and what follows."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import hand_off
from actions.progress import end_form, leave_for
from actions.services import services
from actions.turn import conversation_id, read_turn
from bot.language import answers
from cases.call_backs import QUESTIONS, Heard
from cases.draft import Reading
from cases.survey import Question, Survey, hear

_LATER = re.compile(r"以后再|回头|等会|晚点|改天|没空|在忙|不方便|稍后")
_OTHER_TASKS = {
    "chitchat": "action_chitchat",
    "check_case": "progress_form",
    "inform": "action_take_hint",
    "correct_slot": "action_mend_nothing",
}
_SURE = 0.6


class ValidateCallBackForm(Action):
    """Takes the answer to the question asked last; whatever else he says goes where it belongs."""

    def name(self) -> str:
        return "validate_call_back_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        reading, conversation = read_turn(tracker), conversation_id(tracker)
        surveys = services().surveys
        survey = await surveys.peek(conversation)
        if survey is None:
            return await self._end_late(dispatcher, conversation, reading)
        if answers.wants_human(reading.text):
            await surveys.leave(conversation, later=False)
            hand_off(dispatcher, "回访时要求人工")
            return await _end(conversation)
        if reading.emergency:
            return end_form(SlotSet("failures", 0), then="report_form")
        if answers.is_cancel(reading.text) or answers.is_back(reading.text):
            await surveys.leave(conversation, later=False)
            dispatcher.utter_message(response="utter_done")
            return await _end(conversation)
        if survey == Survey() and _LATER.search(reading.text):
            await surveys.leave(conversation, later=True)
            dispatcher.utter_message(response="utter_call_back_later")
            return await _end(conversation)
        other = _other_task(survey, reading)
        if other is not None:
            return end_form(
                SlotSet("failures", 0), then=other
            )  # the survey stays open for his next words
        heard = await surveys.hear(conversation, reading.text)
        if heard is None:
            return await self._end_late(dispatcher, conversation, reading)
        if heard.question is not None:
            return _ask(dispatcher, heard, heard.question)
        _close(dispatcher, heard)
        return await _end(conversation)

    async def _end_late(
        self, dispatcher: CollectingDispatcher, conversation: str, reading: Reading
    ) -> list[EventType]:
        """Nothing is asked any more: what he says is taken for itself."""
        other = leave_for(reading) or _OTHER_TASKS.get(reading.intent)
        if hear(Survey(), reading.text) is not None or other is None:
            dispatcher.utter_message(response="utter_call_back_over")
            return await _end(conversation)
        return await _end(conversation, then=other)


def _other_task(survey: Survey, reading: Reading) -> str | None:
    """The action of what he says instead of an answer; None when it may be one."""
    if survey.next_question() is Question.REASON or hear(survey, reading.text) is not None:
        return None
    if reading.intent == "check_case" and reading.confidence >= _SURE:
        return _OTHER_TASKS["check_case"]
    return leave_for(reading)


def _ask(dispatcher: CollectingDispatcher, heard: Heard, question: Question) -> list[EventType]:
    text, buttons = QUESTIONS[question]
    if heard.missed:
        dispatcher.utter_message(response="utter_call_back_missed")
    dispatcher.utter_message(
        text=text, buttons=[{"title": title, "payload": title} for title in buttons]
    )
    # a form that sets nothing but its question counts as refused, and other rules would speak first;
    # the requested slot has no question of its own: it has been asked already
    return [SlotSet("failures", 0), SlotSet("requested_slot", question.value)]


def _close(dispatcher: CollectingDispatcher, heard: Heard) -> None:
    if heard.reopened:
        response = "utter_call_back_reopened"
    elif heard.missed or (heard.survey.solved and heard.survey.satisfied):
        response = "utter_call_back_content"
    else:
        response = "utter_call_back_noted"
    dispatcher.utter_message(response=response)


async def _end(conversation: str, then: str = "action_listen") -> list[EventType]:
    await services().conversations.close_question(conversation)
    return end_form(SlotSet("failures", 0), then=then)
