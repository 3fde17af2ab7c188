"""Already reported nearby: shown while a report is told, and joined when it is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from actions.several import go_on_with_next
from actions.turn import conversation_id
from actions.wording import describe_case, tell_due
from cases.categories import UNSORTED
from cases.draft import Draft, Slot
from cases.errors import IllegalMove
from cases.followers import Follower
from cases.models import Case, Location
from cases.nearby import Sighting
from cases.nearby_service import tell_likely
from hotline.audit import Actor

_PLACED = frozenset({Slot.OCCURRED, Slot.CONTACT, Slot.CONFIRMED})
"""What is still to ask once the trouble and its place are known."""
_JOIN, _APART = "就是这件，我也关注", "不是，继续提交"


async def look_for_similar(draft: Draft, conversation: str) -> Draft:
    """The draft with a case beside it that is likely the same; looked up once for each place."""
    # what fits no category is like nothing else by it
    is_sorted = draft.is_problem and draft.category != UNSORTED
    if draft.emergency or draft.missing() not in _PLACED or not is_sorted:
        return draft
    place = draft.location or {}
    key = f"{draft.category}|{place.get('raw_text')}|{place.get('lat')}"
    if key == draft.similar_key:
        return draft
    told = Sighting(draft.category, draft.description or "", to_location(draft))
    found = await services().nearby.find(told)
    if not found:
        return replace(draft, similar_key=key, similar=None)
    similar = {"case_number": found[0].case_number, "line": tell_likely(found[0])}
    return replace(draft, similar_key=key, similar=similar)


async def join_case(
    dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft
) -> list[EventType]:
    """Follow the case instead of filing another; go on filing when it has just ended."""
    conversation, number = conversation_id(tracker), str(draft.joins)
    channel = str(tracker.get_latest_input_channel() or "webchat")
    who = Follower(
        conversation, channel, draft.description or "", draft.attachment_ids, draft.phone
    )
    try:
        await services().followers.join(number, who, Actor("resident", conversation, "市民"))
    except IllegalMove:
        dispatcher.utter_message(response="utter_similar_over")
        alone = replace(draft, joins=None, similar=None)
        return [SlotSet("draft", alone.to_json()), FollowupAction("report_form")]
    case = await services().cases.get(number)
    dispatcher.utter_message(text=tell_joined(case), json_message={"case": describe_case(case)})
    await services().conversations.keep_draft(conversation, None)
    return [SlotSet("draft", None), SlotSet("failures", 0), *go_on_with_next(tracker, draft)]


def tell_joined(case: Case) -> str:
    """What follows from joining: the number, where it stands, what he will hear."""
    due = tell_due(case)
    return (
        f"好的，您说的情况已补充进这张工单，工单号 {case.case_number}，现在{case.status_name}，"
        f"已有 {case.weight} 人次反映。{due}有进展会告诉您，凭工单号可以随时查进度。"
    )


def to_location(draft: Draft) -> Location | None:
    """The draft's place as cases keep it."""
    if draft.location is None:
        return None
    known = {key: draft.location.get(key) for key in Location.__dataclass_fields__}
    return Location(**known)  # type: ignore[arg-type]  # a JSON mapping with these very keys


class AskSimilar(Action):
    """Tells in one line what was reported nearby, and asks whether it is the same."""

    def name(self) -> str:
        return "action_ask_report_form_similar"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        similar = Draft.from_json(tracker.get_slot("draft")).similar or {}
        line = similar.get("line", "")
        if tracker.get_latest_input_channel() == "voice":
            text = f"{line}。是同一件请说是，不是请说不是。"
        else:
            text = f"附近可能已经有人反映：{line}。是同一件的话，您可以关注它，不用再填。"
        buttons = [{"title": title, "payload": title} for title in (_JOIN, _APART, "取消")]
        dispatcher.utter_message(text=text, buttons=buttons)
        return []
