"""Reports, suggestions, praise and corrections of public information: one form, told as a draft."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.after_filing import belongs_to_filed, follows_filing, urge_case
from actions.after_places import SLOT as PLACE_QUERY
from actions.after_places import read_wrong_place
from actions.answering import answer_follow_up, answer_question, answer_reading
from actions.chitchat import tells_of_death
from actions.corrections import read_subject, receive_correction
from actions.detours import take_detour
from actions.earlier_question import complete, is_half_a_question, take_up
from actions.handoff import hand_off
from actions.hints import forget_hint, read_hint
from actions.progress import end_form
from actions.same_place import recall_place
from actions.services import services
from actions.several import (
    announce,
    carry_over,
    go_on_with_next,
    keep_upcoming,
    read_matters,
    shorten,
    take_next,
)
from actions.similar import join_case, look_for_similar, to_location
from actions.tongues import ask_in_english, greet_reporter
from actions.turn import conversation_id, end_turn, metadata, read_turn
from actions.wording import describe_case, describe_changes, describe_draft, tell_filed
from bot.language import answers
from bot.language.numbers import read_digits
from bot.language.scope import tells_of_trouble
from cases.afterwards import refers_back, tells_of_change, urges
from cases.draft import SELF_HARM, Draft, Outcome, Reading, Slot
from cases.filling import LIKE_A_NUMBER
from cases.hazards import is_hazard
from cases.models import CaseKind, NewCase, Urgency
from cases.placing import place_of
from cases.story import asks, asks_secrecy, speaks_of_adding, tells_something
from cases.telling import advance, begin, speaks_of_form
from hotline.audit import BOT

_PHOTO_HAS_PLACE = "照片里有拍摄的位置，可以直接用它。"
_USE_PHOTO = {"title": "用照片的位置", "payload": "用照片的位置"}
_PLAIN = 0.85
_COMPLAINS = re.compile(r"[我想要，。\s]{2,4}(?:投诉|举报|反映)")
"""Said so plainly it is a complaint, whatever else it sounds like."""
_HERE = re.compile(
    r"我(?:现在)?(?:就)?在(?:这|那)[儿里边]?[。！!啊呢]*$|(?:看|知道|查|定位)[^，。]{0,4}(?:我的?)?(?:位置|在哪)|定位"
)
_AGAIN = re.compile(r"^[^，。]{0,10}还(?:是)?没")
"""还是没人来收: said of what was reported, it is no new matter."""
_KINDS = {
    "make_suggestion": CaseKind.SUGGESTION,
    "report_error": CaseKind.SUGGESTION,
    "give_praise": CaseKind.PRAISE,
}


def choose_kind(reading: Reading) -> CaseKind:
    """The kind of case a first message opens."""
    if reading.intent in _KINDS and not reading.emergency and not _COMPLAINS.match(reading.text):
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
        if reading.emergency and kept and speaks_of_form(Draft.from_json(kept), reading):
            reading = replace(reading, emergency=None)
        if reading.emergency:
            message_id = metadata(tracker).get("message_id")
            await services().conversations.warn(
                conversation_id(tracker), reading.emergency, message_id
            )
        if kept is None and (upcoming := take_next(tracker)) is not None:
            return await self._begin_next(dispatcher, tracker, *upcoming)
        if kept is None:
            return await self._begin(dispatcher, tracker, reading)
        if Draft.from_json(kept).location is None:
            reading = await recall_place(dispatcher, tracker, reading)
        draft = Draft.from_json(kept)
        requested = tracker.get_slot("requested_slot")
        asked = Slot(requested) if requested in set(Slot) else draft.missing()
        outcome = advance(draft, asked, reading)
        if outcome.detour is not None:
            events, goes_on = await take_detour(dispatcher, tracker, outcome)
            if not goes_on:
                return events
            return [*events, *await self._ask_next(dispatcher, tracker, outcome.draft)]
        if outcome.draft.emergency and not draft.emergency:
            self._greet(dispatcher, outcome.draft)
        else:
            self._acknowledge(dispatcher, reading, outcome, asked)
        return await self._ask_next(dispatcher, tracker, outcome.draft)

    async def _begin(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, reading: Reading
    ) -> list[EventType]:
        if await belongs_to_urgent(dispatcher, tracker, others=False):
            return end_form()
        if not reading.emergency and await _is_of_filed(dispatcher, tracker, reading):
            return end_form()
        unsure = reading.confidence < _PLAIN or is_half_a_question(reading.text)
        if asks(reading.text) and unsure and not reading.emergency:
            answered = answer_follow_up(dispatcher, tracker)
            half = is_half_a_question(reading.text)
            if answered is None and half and complete(tracker, reading.text) is not None:
                answered = await answer_question(dispatcher, tracker)
            if answered is not None:
                return end_form(*answered)
        reading = take_up(tracker, reading) or reading
        greet_reporter(dispatcher, reading.text, reading.emergency)
        wrong = read_wrong_place(tracker, reading)
        filed, asked = read_matters(tracker) if wrong is None else ([], [])
        for question in asked:
            await answer_reading(dispatcher, tracker, question)
        first = filed[0] if filed else reading if wrong is None else wrong[0]
        if wrong is None:
            first = await recall_place(dispatcher, tracker, first)
        draft = _with_hint(begin(first, choose_kind(first)).draft, read_hint(tracker))
        if wrong is not None:
            draft = replace(draft, about=wrong[1], description=first.text)
        elif draft.kind == CaseKind.SUGGESTION.value:
            draft = replace(draft, about=await read_subject(first, conversation_id(tracker)))
        if asks_secrecy(reading.text):
            draft = replace(draft, confidential=True)
        if len(filed) > 1 and not filed[-1].doubtful:
            announce(dispatcher, filed)
        else:
            self._greet(dispatcher, draft)
        kept = [keep_upcoming(filed[1:])]
        if wrong is not None:
            kept.append(SlotSet(PLACE_QUERY, None))
        return [*kept, *await self._ask_next(dispatcher, tracker, draft)]

    async def _begin_next(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        reading: Reading,
        carried: Mapping[str, Any],
        remaining: EventType,
    ) -> list[EventType]:
        draft = carry_over(begin(reading, choose_kind(reading)).draft, carried)
        if not draft.doubtful:
            dispatcher.utter_message(response="utter_next_matter", words=shorten(reading.text))
        return [remaining, *await self._ask_next(dispatcher, tracker, draft)]

    async def _ask_next(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft
    ) -> list[EventType]:
        draft = await look_for_similar(draft, conversation_id(tracker))
        shown = describe_draft(draft, masked=True)
        await services().conversations.keep_draft(conversation_id(tracker), shown)
        missing = draft.missing()
        ask_in_english(dispatcher, draft.description or "", missing)
        if missing is Slot.LOCATION and draft.photo_position and not draft.photo_offered:
            dispatcher.utter_message(text=_PHOTO_HAS_PLACE, buttons=[_USE_PHOTO])
            draft = replace(draft, photo_offered=True)
        return [
            SlotSet("draft", draft.to_json()),
            SlotSet("failures", 0),
            forget_hint(),
            SlotSet("requested_slot", missing.value if missing else None),
        ]

    def _greet(self, dispatcher: CollectingDispatcher, draft: Draft) -> None:
        if draft.emergency and draft.missing() is not None:
            dispatcher.utter_message(response="utter_report_started_emergency")
        elif _choose_start(draft) == "utter_report_started_hazard" or (
            draft.missing() not in (None, Slot.CONFIRMED, Slot.DESCRIPTION)
        ):
            dispatcher.utter_message(response=_choose_start(draft))

    def _acknowledge(
        self,
        dispatcher: CollectingDispatcher,
        reading: Reading,
        outcome: Outcome,
        asked: Slot | None,
    ) -> None:
        missing = outcome.draft.missing()
        if Slot.SECRECY in outcome.changed:
            dispatcher.utter_message(response="utter_report_secret")
        elif outcome.missed and missing is not None:
            dispatcher.utter_message(response=_choose_miss(reading, outcome, asked))
        elif reading.attachment_ids:
            dispatcher.utter_message(response="utter_report_photo_kept")
        elif outcome.changed == (Slot.DESCRIPTION,) and missing is not Slot.CONFIRMED:
            dispatcher.utter_message(response="utter_report_heard")
        elif outcome.changed and asked not in outcome.changed:
            noted = describe_changes(outcome)
            if missing is Slot.CONFIRMED or not noted:
                dispatcher.utter_message(response="utter_report_changed")
            else:
                dispatcher.utter_message(response="utter_report_noted", noted=noted)


def _choose_start(draft: Draft) -> str:
    """The first word to a report: of thanks, of sympathy, or simply that it begins."""
    if tells_of_death(draft.description or ""):
        return "utter_report_started_grief"
    if draft.is_problem and is_hazard(draft.description or ""):
        return "utter_report_started_hazard"
    return "utter_report_started" if draft.is_problem else "utter_report_started_thanks"


async def _is_of_filed(
    dispatcher: CollectingDispatcher, tracker: Tracker, reading: Reading
) -> bool:
    """Whether it hurries the case just filed, or adds to it: no new matter, and dealt with."""
    matter = tells_of_trouble(reading.text) or place_of(reading) is not None
    again = _AGAIN.search(reading.text) is not None and place_of(reading) is None
    if urges(reading.text) and ((follows_filing(tracker) and not matter) or again):
        case = await services().cases.latest_of(conversation_id(tracker))
        return case is not None and await urge_case(dispatcher, tracker, case)
    again = tells_of_change(reading) or refers_back(reading.text)
    goes_on = follows_filing(tracker) and again
    adds = speaks_of_adding(reading.text) or goes_on
    return adds and await belongs_to_filed(dispatcher, tracker)


def _with_hint(draft: Draft, hint: Draft) -> Draft:
    return replace(
        draft,
        location=draft.location or hint.location,
        attachment_ids=(*hint.attachment_ids, *draft.attachment_ids),
        photo_position=draft.photo_position or hint.photo_position,
        phone=draft.phone or (None if draft.anonymous else hint.phone),
    )


def _choose_miss(reading: Reading, outcome: Outcome, asked: Slot | None) -> str:
    if outcome.wants_human:
        return "utter_missed_again"
    if asked is Slot.CONTACT and len(read_digits(reading.text)) >= LIKE_A_NUMBER:
        return "utter_missed_phone"
    if asked in (Slot.LOCATION, Slot.DISTRICT) and _HERE.search(reading.text):
        return "utter_missed_here"
    if asked is Slot.LOCATION and tells_something(reading.text):
        return "utter_missed_place"
    return "utter_missed"


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
        if draft.joins:
            return await join_case(dispatcher, tracker, draft)
        case = await services().cases.file(
            NewCase(
                # the message that completed the report: the same one again files nothing twice
                idempotency_key=f"{conversation}:{metadata(tracker)['message_id']}",
                kind=CaseKind(draft.kind),
                category_code=draft.category if draft.is_problem else None,
                description=draft.description or "",
                location=to_location(draft),
                occurred_text=draft.occurred,
                phone=draft.phone,
                contact_name=draft.contact_name,
                channel=str(tracker.get_latest_input_channel() or "webchat"),
                conversation_id=conversation,
                emergency=draft.emergency,
                attachment_ids=draft.attachment_ids,
                confidential=draft.confidential,
                urgency=_grade(draft),
            ),
            BOT,
        )
        await receive_correction(draft, case, conversation)
        dispatcher.utter_message(
            text=tell_filed(case, corrects=draft.about is not None),
            json_message={"case": describe_case(case)},
        )
        if case.emergency == SELF_HARM:
            hand_off(dispatcher, "市民有轻生危险", draft)
        await services().conversations.keep_draft(conversation, None)
        return [
            SlotSet("draft", None),
            SlotSet("failures", 0),
            *go_on_with_next(tracker, draft),
        ]


def _grade(draft: Draft) -> Urgency | None:
    """What waits for somebody to fall into it is 紧急; all else is graded as usual."""
    trap = draft.is_problem and not draft.emergency and is_hazard(draft.description or "")
    return Urgency.URGENT if trap else None


class MendNothing(Action):
    """A correction although nothing is being filled in: it goes to the case just filed."""

    def name(self) -> str:
        return "action_mend_nothing"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        text = read_turn(tracker).text
        if answers.takes_back_case(text):
            return [FollowupAction("action_withdraw_case")]
        if await belongs_to_urgent(dispatcher, tracker, others=True):
            pass
        elif not await belongs_to_filed(dispatcher, tracker):
            dispatcher.utter_message(response="utter_nothing_to_mend")
        return end_turn()
