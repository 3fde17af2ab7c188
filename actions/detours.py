"""What comes in between while a report is told: answered, and then the report goes on or ends."""

from __future__ import annotations

import re
from dataclasses import replace

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import answer_question
from actions.chitchat import choose_aside
from actions.handoff import hand_off
from actions.manners import count_insults
from actions.office import say_office
from actions.progress import end_form, named_case, say_latest, say_progress
from actions.scope import explain_scope
from actions.services import services
from actions.several import go_on_with_next, keep_one_more
from actions.turn import conversation_id, read_turn
from bot.language import answers
from cases.afterwards import asks_when, urges
from cases.draft import Detour, Draft, Outcome, Reading
from cases.placing import place_of

_OF_ANOTHER = re.compile("撤|单|第一|上一|刚才那|之前|好了|[修清来]了|解决")
_ONLY_ASKED = re.compile(
    r"不(?:是|用|要)(?:要|你|您|让你)*(?:给我)?(?:登记|投诉|举报)|我(?:就|只)?是(?:想)?问|(?:只|就)是?(?:想)?问(?:问|一下)"
)
"""我是问大型犬能不能养，不是要登记: nothing is to be filed."""
_PAUSED = "paused"
"""A requested slot with no question: the form waits in silence while a person talks."""


async def take_detour(
    dispatcher: CollectingDispatcher, tracker: Tracker, outcome: Outcome
) -> tuple[list[EventType], bool]:
    """Deal with what `outcome.detour` names; what it leaves, and whether the report goes on."""
    draft, text = outcome.draft, read_turn(tracker).text
    kept: list[EventType] = []
    filed = None
    if answers.takes_back_case(text):
        filed = await services().cases.latest_of(conversation_id(tracker))
        if outcome.detour is Detour.CHECK_CASE and filed is None:
            # there is but this one to be given up
            outcome = replace(outcome, detour=Detour.CANCEL)
    if outcome.detour is Detour.CANCEL:
        over = "utter_one_matter" if draft.doubtful else "utter_report_cancelled"
        dispatcher.utter_message(response=over)
        if filed is not None and _OF_ANOTHER.search(text):
            stands = filed.case_number
            dispatcher.utter_message(response="utter_filed_stands", case_number=stands)
        await services().conversations.keep_draft(conversation_id(tracker), None)
        return [*end_form(SlotSet("draft", None)), *go_on_with_next(tracker, draft)], False
    if outcome.detour is Detour.HUMAN:
        hand_off(dispatcher, "市民要求人工", draft)
        return [SlotSet("draft", draft.to_json()), SlotSet("requested_slot", _PAUSED)], False
    if outcome.detour is Detour.NO_DANGER:
        return await _calm_down(dispatcher, tracker, draft)
    if outcome.detour is Detour.WHY_CONTACT:
        dispatcher.utter_message(response="utter_why_contact")
    elif outcome.detour is Detour.ANOTHER:
        kept = [keep_one_more(tracker, read_turn(tracker))]
        dispatcher.utter_message(response="utter_matter_kept")
    elif outcome.detour is Detour.QUESTION:
        kept = await answer_question(dispatcher, tracker)
        if _ONLY_ASKED.search(text):
            await services().conversations.keep_draft(conversation_id(tracker), None)
            return end_form(*kept, SlotSet("draft", None)), False
    elif outcome.detour is Detour.CHECK_CASE:
        number = named_case(read_turn(tracker))
        if answers.takes_back_case(text):
            dispatcher.utter_message(response="utter_withdraw_later")
        elif number is None and urges(text):
            dispatcher.utter_message(response="utter_report_hurry")
        elif number is None and asks_when(text):
            dispatcher.utter_message(response="utter_report_when")
        elif not await _say_progress(dispatcher, tracker, number):
            dispatcher.utter_message(response="utter_report_which_case")
    elif outcome.detour is Detour.FIND_PLACE:
        _find_place(dispatcher, read_turn(tracker))
    elif outcome.detour is Detour.CHITCHAT:
        response = choose_aside(text, count_insults(tracker))
        greets = response in ("utter_greet", "utter_menu", "utter_smalltalk")
        dispatcher.utter_message(response="utter_report_go_on" if greets else response)
    else:
        explain_scope(dispatcher, text)
    return kept, True


async def _calm_down(
    dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft
) -> tuple[list[EventType], bool]:
    """No danger after all: on with what was told before, else nothing is filed."""
    if draft.description:
        dispatcher.utter_message(response="utter_no_danger_go_on")
        return [], True
    dispatcher.utter_message(response="utter_no_danger")
    await services().conversations.keep_draft(conversation_id(tracker), None)
    return end_form(SlotSet("draft", None)), False


async def _say_progress(
    dispatcher: CollectingDispatcher, tracker: Tracker, number: str | None
) -> bool:
    if number is not None:
        return await say_progress(dispatcher, number) is not None
    text = read_turn(tracker).text
    return await say_latest(dispatcher, conversation_id(tracker), text) is not None


def _find_place(dispatcher: CollectingDispatcher, reading: Reading) -> None:
    if reading.intent == "find_market":
        dispatcher.utter_message(response="utter_market_no_data")
    elif not say_office(dispatcher, place_of(reading)) and not dispatcher.messages:
        dispatcher.utter_message(response="utter_report_which_office")
