"""Reports, suggestions, praise and corrections of public information: one form, told as a draft."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import answer_question
from actions.chitchat import choose_reply as choose_smalltalk
from actions.handoff import hand_off
from actions.office import say_office
from actions.progress import say_progress
from actions.scope import choose_reply as choose_scope
from actions.services import services
from actions.turn import conversation_id, metadata, read_turn
from cases.categories import UNSORTED, get_category
from cases.draft import Detour, Draft, Outcome, Reading, Slot
from cases.models import Case, CaseKind, Location, NewCase
from cases.telling import advance, begin
from hotline.audit import BOT
from hotline.clock import iso, to_city

_PAUSED = "paused"
"""A requested slot with no question: the form waits in silence while a person talks."""
_KINDS = {
    "make_suggestion": CaseKind.SUGGESTION,
    "report_error": CaseKind.SUGGESTION,
    "give_praise": CaseKind.PRAISE,
}


def choose_kind(reading: Reading) -> CaseKind:
    """The kind of case a first message opens."""
    if reading.intent in _KINDS and not reading.emergency:
        return _KINDS[reading.intent]
    if "举报" in reading.text:
        return CaseKind.REPORT
    if "求助" in reading.text or reading.emergency:
        return CaseKind.HELP
    return CaseKind.COMPLAINT


class ValidateReportForm(Action):
    """Lets each message change the draft, answers what comes in between, asks what is missing."""

    def name(self) -> str:
        return "validate_report_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        reading = read_turn(tracker)
        kept = tracker.get_slot("draft")
        if kept is None:
            outcome = begin(reading, choose_kind(reading))
            self._greet(dispatcher, outcome.draft)
        else:
            draft = Draft.from_json(kept)
            requested = tracker.get_slot("requested_slot")
            asked = Slot(requested) if requested in set(Slot) else draft.missing()
            outcome = advance(draft, asked, reading)
            if outcome.detour is not None:
                return await self._take_detour(dispatcher, tracker, outcome)
            self._acknowledge(dispatcher, reading, outcome, asked)
        return await self._ask_next(tracker, outcome.draft)

    async def _ask_next(self, tracker: Tracker, draft: Draft) -> list[EventType]:
        await services().conversations.keep_draft(conversation_id(tracker), describe_draft(draft))
        missing = draft.missing()
        return [
            SlotSet("draft", draft.to_json()),
            SlotSet("failures", 0),
            SlotSet("requested_slot", missing.value if missing else None),
        ]

    def _greet(self, dispatcher: CollectingDispatcher, draft: Draft) -> None:
        if draft.emergency:
            dispatcher.utter_message(response="utter_report_started_emergency")
        elif draft.missing() not in (None, Slot.CONFIRMED, Slot.DESCRIPTION):
            dispatcher.utter_message(response="utter_report_started")

    def _acknowledge(
        self,
        dispatcher: CollectingDispatcher,
        reading: Reading,
        outcome: Outcome,
        asked: Slot | None,
    ) -> None:
        if outcome.missed:
            again = "utter_missed_again" if outcome.wants_human else "utter_missed"
            dispatcher.utter_message(response=again)
        elif reading.attachment_ids:
            dispatcher.utter_message(response="utter_report_photo_kept")
        elif outcome.changed and asked not in outcome.changed:
            dispatcher.utter_message(response="utter_report_changed")

    async def _take_detour(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, outcome: Outcome
    ) -> list[EventType]:
        draft, text = outcome.draft, read_turn(tracker).text
        if outcome.detour is Detour.CANCEL:
            dispatcher.utter_message(response="utter_report_cancelled")
            await services().conversations.keep_draft(conversation_id(tracker), None)
            return [
                SlotSet("draft", None),
                SlotSet("requested_slot", None),
                ActiveLoop(None),
                FollowupAction("action_listen"),
            ]
        if outcome.detour is Detour.HUMAN:
            hand_off(dispatcher, "市民要求人工", draft)
            return [SlotSet("draft", draft.to_json()), SlotSet("requested_slot", _PAUSED)]
        if outcome.detour is Detour.QUESTION:
            await answer_question(dispatcher, tracker)
        elif outcome.detour is Detour.CHECK_CASE:
            await say_progress(dispatcher, read_turn(tracker))
        elif outcome.detour is Detour.FIND_PLACE:
            say_office(dispatcher, read_turn(tracker))
        elif outcome.detour is Detour.CHITCHAT:
            dispatcher.utter_message(response=choose_smalltalk(text))
        else:
            dispatcher.utter_message(response=choose_scope(text))
        return await self._ask_next(tracker, draft)


class AskDescription(Action):
    """Asks what it is about, in the words of the kind."""

    def name(self) -> str:
        return "action_ask_report_form_description"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        draft = Draft.from_json(tracker.get_slot("draft"))
        intent = read_turn(tracker).intent
        response = "utter_ask_description"
        if draft.kind == CaseKind.PRAISE.value:
            response = "utter_ask_praise"
        elif draft.kind == CaseKind.SUGGESTION.value:
            response = (
                "utter_ask_correction" if intent == "report_error" else "utter_ask_suggestion"
            )
        dispatcher.utter_message(response=response)
        return []


class AskCategory(Action):
    """Asks which category fits, with the likely ones as choices."""

    def name(self) -> str:
        return "action_ask_report_form_category"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        draft = Draft.from_json(tracker.get_slot("draft"))
        if not draft.offered:
            dispatcher.utter_message(response="utter_ask_category_openly")
            return []
        buttons = [{"title": name, "payload": name} for _, name in draft.offered]
        buttons.append({"title": "都不是", "payload": "都不是"})
        dispatcher.utter_message(response="utter_ask_category", buttons=buttons)
        return []


class AskConfirmed(Action):
    """Reads the report back and asks whether to hand it in."""

    def name(self) -> str:
        return "action_ask_report_form_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        draft = Draft.from_json(tracker.get_slot("draft"))
        lines = [f"{name}：{value}" for name, value in describe_draft(draft)["fields"]]
        dispatcher.utter_message(
            text="请核对：\n" + "\n".join(lines) + "\n没有问题请回复“提交”；要改哪项直接说。",
            buttons=[
                {"title": "提交", "payload": "提交"},
                {"title": "修改", "payload": "修改"},
                {"title": "取消", "payload": "取消"},
            ],
        )
        return []


class SubmitReport(Action):
    """Files the case and tells its number and when it is due."""

    def name(self) -> str:
        return "action_submit_report"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        kept = tracker.get_slot("draft")
        if kept is None:
            return []
        draft = Draft.from_json(kept)
        conversation = conversation_id(tracker)
        case = await services().cases.file(
            NewCase(
                # the message that completed the report: the same one again files nothing twice
                idempotency_key=f"{conversation}:{metadata(tracker)['message_id']}",
                kind=CaseKind(draft.kind),
                category_code=draft.category if draft.is_problem else None,
                description=draft.description or "",
                location=_to_location(draft),
                occurred_text=draft.occurred,
                phone=draft.phone,
                contact_name=draft.contact_name,
                channel=str(tracker.get_latest_input_channel() or "webchat"),
                conversation_id=conversation,
                emergency=draft.emergency,
                attachment_ids=draft.attachment_ids,
            ),
            BOT,
        )
        dispatcher.utter_message(text=tell_filed(case), json_message={"case": describe_case(case)})
        await services().conversations.keep_draft(conversation, None)
        return [SlotSet("draft", None), SlotSet("failures", 0)]


class MendNothing(Action):
    """A correction although nothing is being filled in."""

    def name(self) -> str:
        return "action_mend_nothing"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        dispatcher.utter_message(response="utter_nothing_to_mend")
        return []


def describe_draft(draft: Draft) -> dict[str, Any]:
    """The draft for reading back and for the operator's desk: (name, value) lines in order."""
    fields: list[tuple[str, str]] = [("类型", draft.kind)]
    if draft.category and draft.is_problem:
        fields.append(("类别", get_category(draft.category).name))
    if draft.location:
        place = draft.location
        prefix = "".join(
            str(place.get(key) or "")
            for key in ("district", "subdistrict")
            if place.get(key) and str(place[key]) not in place["raw_text"]
        )
        fields.append(("地点", prefix + place["raw_text"]))
    if draft.occurred:
        fields.append(("时间", draft.occurred))
    if draft.description:
        fields.append(("内容", draft.description))
    if draft.phone:
        fields.append(("电话", _group_phone(draft.phone)))
    elif draft.anonymous:
        fields.append(("联系方式", "匿名"))
    if draft.attachment_ids:
        fields.append(("图片", f"{len(draft.attachment_ids)} 张"))
    return {"fields": fields, "emergency": draft.emergency}


def _group_phone(phone: str) -> str:
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}" if len(phone) == 11 else phone


def _to_location(draft: Draft) -> Location | None:
    if draft.location is None:
        return None
    known = {key: draft.location.get(key) for key in Location.__dataclass_fields__}
    return Location(**known)  # type: ignore[arg-type]  # a JSON mapping with these very keys


def tell_filed(case: Case) -> str:
    """The promise at filing: number, category, when it is due."""
    lines = [f"已登记，工单号 {case.case_number}。"]
    if case.category_name and case.category_code != UNSORTED:
        lines.append(f"类别：{case.category_name}。")
    if case.due_at is not None:
        lines.append(
            f"计划在 {to_city(case.due_at):%m月%d日 %H:%M} 前答复（{case.limit_name}内）。"
        )
    lines.append("凭工单号可以随时查进度。")
    return "".join(lines)


def describe_case(case: Case) -> dict[str, Any]:
    """The case card of the chat API."""
    return {
        "case_number": case.case_number,
        "status": case.status.value,
        "status_name": case.status_name,
        "category_code": case.category_code,
        "category_name": case.category_name,
        "due_at": iso(case.due_at) if case.due_at else None,
    }
