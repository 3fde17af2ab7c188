"""Where a case stands: by its number; anything personal only with the phone's last four digits."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.after_filing import urge_case
from actions.answering import answer_follow_up
from actions.earlier_question import complete
from actions.handoff import hand_off
from actions.services import services
from actions.turn import conversation_id, read_turn
from actions.wording import describe_case, describe_place, tell_due
from bot.language import answers
from bot.language.numbers import view_digits
from cases.afterwards import urges
from cases.draft import Reading
from cases.errors import CaseNotFound
from cases.lifecycle import OVER
from cases.models import Case
from hotline.clock import to_city
from hotline.errors import RateLimited

NUMBER, KEY = "case_number", "last_four"
_AGAIN = "case_number_again"
"""A requested slot with no question: what to do has been said already."""
_FOUR_DIGITS = re.compile(r"(?<!\d)(?:\d{7})?(\d{4})(?!\d)")
_LOST = re.compile(r"忘|记不|不记得|找不|丢了|不知道|不清楚|没有?(?:工?单|编)?号")
_NAMED_SO = re.compile(r"(?:后|末|尾)(?:号|四位|4位)+")
_OF_A_CASE = re.compile("单|进度|投诉|反映|登记|办到|处理|结果")
_HOW_MANY = re.compile(
    "几[件个单条]|[两俩二2三3][件个][^，。]{0,4}单|两[件个]都|都给我查|全部|所有"
)
_MOST_LISTED = 5
_MOST_MISSES = 2
_OTHER_TASKS = {
    "report_case": "report_form",
    "make_suggestion": "report_form",
    "give_praise": "report_form",
    "report_error": "report_form",
    "ask_policy": "action_answer_policy",
    "find_office": "place_form",
    "find_market": "place_form",
    "out_of_scope": "action_explain_scope",
    "request_human": "action_request_human",
}


def leave_for(reading: Reading, sure: float = 0.6) -> str | None:
    """The action of another task that the message clearly begins."""
    if reading.emergency:
        return "report_form"
    return _OTHER_TASKS.get(reading.intent) if reading.confidence >= sure else None


def end_form(*events: EventType, then: str = "action_listen") -> list[EventType]:
    """Close the running form and go on with `then`."""
    return [*events, SlotSet("requested_slot", None), ActiveLoop(None), FollowupAction(then)]


def tell_status(case: Case) -> str:
    """What anybody who has the number may know."""
    lines = [f"工单 {case.case_number}：{case.status_name}。"]
    if case.category_name:
        lines.append(f"类别：{case.category_name}。")
    lines.append(f"登记时间：{to_city(case.created_at):%m月%d日 %H:%M}。")
    if case.due_at is not None and case.status not in OVER:
        lines.append(tell_due(case))
    return "".join(lines)


def tell_details(case: Case) -> str:
    """What only the person who filed it may know."""
    lines = [f"内容：{case.description}"]
    if case.location:
        lines.append(f"地点：{describe_place(asdict(case.location))}")
    if case.occurred_text:
        lines.append(f"时间：{case.occurred_text}")
    lines.append("办理经过：")
    lines += [f"{to_city(step.at):%m月%d日 %H:%M} {step.note}" for step in case.history]
    return "\n".join(lines)


def named_case(reading: Reading) -> str | None:
    """The number of the case in a message."""
    found = reading.first("case_number")
    return str(found["value"]) if found else None


def read_key(text: str) -> str | None:
    """The last four digits in an answer, typed or spoken, alone or at the end of the number."""
    match = _FOUR_DIGITS.search(view_digits(_NAMED_SO.sub(" ", text)).text)
    return match[1] if match else None


async def say_progress(dispatcher: CollectingDispatcher, number: str) -> Case | None:
    """Tell the status of the case with this number; None, and nothing said, when there is none."""
    try:
        case = await services().cases.get(number)
    except CaseNotFound:
        return None
    dispatcher.utter_message(text=tell_status(case), json_message={"case": describe_case(case)})
    return case


async def say_latest(
    dispatcher: CollectingDispatcher, conversation: str, asked: str = ""
) -> Case | None:
    """The same for the case that was filed last in this conversation: 我那件办到哪一步了.

    All of them where he asks how many there are.
    """
    if _HOW_MANY.search(asked):
        filed = await services().cases.of_conversation(conversation)
        if len(filed) > 1:
            lines = [f"您在这里登记过 {len(filed)} 件："]
            lines += [tell_status(case) for case in filed[:_MOST_LISTED]]
            dispatcher.utter_message(text="\n".join(lines))
            return filed[0]
    case = await services().cases.latest_of(conversation)
    if case is not None:
        text = f"您最近登记的是这一件。{tell_status(case)}要查别的，请说工单号。"
        dispatcher.utter_message(text=text, json_message={"case": describe_case(case)})
    return case


async def _go_on_with(
    dispatcher: CollectingDispatcher, tracker: Tracker, case: Case, *, urged: bool
) -> list[EventType]:
    """Its details want the key; an anonymous case has none, and who urges has what he wanted."""
    if urged:
        await urge_case(dispatcher, tracker, case)
    if urged or case.anonymous:
        return end_form(SlotSet("lookup", None))
    kept = {"case_number": case.case_number}
    return [SlotSet("lookup", kept), SlotSet("requested_slot", KEY)]


class ValidateProgressForm(Action):
    """Number first, then, if wanted, the key to the details."""

    def name(self) -> str:
        return "validate_progress_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        reading = read_turn(tracker)
        lookup = dict(tracker.get_slot("lookup") or {})
        asked = tracker.get_slot("requested_slot")
        if asked and answers.wants_human(reading.text):
            hand_off(dispatcher, "查询工单进度")
            return end_form(SlotSet("lookup", None))
        if answers.takes_back_case(reading.text):
            return end_form(SlotSet("lookup", None), then="action_withdraw_case")
        if asked == KEY and "case_number" in lookup and reading.first("case_number") is None:
            return await self._take_key(dispatcher, tracker, reading, lookup)
        if asked is None and await belongs_to_urgent(dispatcher, tracker, others=False):
            return end_form()
        if asked is None and named_case(reading) is None:
            case = await say_latest(dispatcher, conversation_id(tracker), reading.text)
            if case is not None:
                urged = urges(reading.text)
                return await _go_on_with(dispatcher, tracker, case, urged=urged)
            of_a_case = _OF_A_CASE.search(reading.text)
            answered = None if of_a_case else answer_follow_up(dispatcher, tracker)
            if answered is not None:  # 去哪办, after an answer
                return end_form(*answered)
            if not of_a_case and complete(tracker, reading.text) is not None:
                return end_form(then="action_answer_policy")
            started = {"misses": 0, "urged": urges(reading.text)}
            return [SlotSet("lookup", started), SlotSet("requested_slot", NUMBER)]
        return await self._take_number(dispatcher, tracker, reading, lookup)

    async def _take_number(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        reading: Reading,
        lookup: dict[str, Any],
    ) -> list[EventType]:
        number = named_case(reading)
        if number is None:
            if answers.is_cancel(reading.text) or answers.is_back(reading.text):
                dispatcher.utter_message(response="utter_done")
                return end_form(SlotSet("lookup", None))
            other = leave_for(reading)
            if other is not None:
                return end_form(SlotSet("lookup", None), then=other)
        else:
            case = await say_progress(dispatcher, number)
            if case is not None:
                urged = bool(lookup.get("urged")) or urges(reading.text)
                return await _go_on_with(dispatcher, tracker, case, urged=urged)
        misses = int(lookup.get("misses") or 0) + 1
        if misses >= _MOST_MISSES or _LOST.search(reading.text):
            dispatcher.utter_message(response="utter_progress_no_number")
            return end_form(SlotSet("lookup", None))
        if number is not None:
            dispatcher.utter_message(response="utter_progress_not_found", case_number=number)
        again = _AGAIN if number is not None else NUMBER
        return [SlotSet("lookup", {**lookup, "misses": misses}), SlotSet("requested_slot", again)]

    async def _take_key(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        reading: Reading,
        lookup: dict[str, Any],
    ) -> list[EventType]:
        digits = read_key(reading.text)
        if digits is None:
            over = answers.is_deny(reading.text) or answers.is_cancel(reading.text)
            if over or reading.intent in ("deny", "affirm", "chitchat"):
                dispatcher.utter_message(response="utter_done")
                return end_form(SlotSet("lookup", None))
            if urges(reading.text):
                case = await services().cases.get(lookup["case_number"])
                return await _go_on_with(dispatcher, tracker, case, urged=True)
            if reading.intent == "check_case" and not lookup.get("misses"):
                dispatcher.utter_message(response="utter_progress_only_so_far")
                return [SlotSet("lookup", {**lookup, "misses": 1}), SlotSet("requested_slot", KEY)]
            other = leave_for(reading)
            return end_form(SlotSet("lookup", None), then=other or "action_default_fallback")
        try:
            matches = await services().cases.check_key(lookup["case_number"], digits)
        except RateLimited:
            dispatcher.utter_message(response="utter_progress_locked")
            return end_form(SlotSet("lookup", None))
        if matches:
            case = await services().cases.get(lookup["case_number"])
            dispatcher.utter_message(text=tell_details(case))
            return end_form(SlotSet("lookup", None))
        dispatcher.utter_message(response="utter_progress_wrong_key")
        return [SlotSet("lookup", lookup), SlotSet("requested_slot", KEY)]
